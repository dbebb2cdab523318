"""A new agreement: the commented template, ready to be filled in."""

from __future__ import annotations

import json
import textwrap
import uuid
from collections.abc import Sequence
from importlib.resources import files

from pprl.agreement.legal import EXCEPTIONS
from pprl.agreement.party import HUB, IDENTIFIER
from pprl.errors import UsageError


def template(exception: str, parties: Sequence[str]) -> str:
    """The template's text, with a partnership of its own.

    Args:
        exception: a key of `EXCEPTIONS`.
        parties: ids of the institutions, at least two.

    Raises:
        UsageError: the exception is not known, or an id is not acceptable.
    """
    if exception not in EXCEPTIONS:
        raise UsageError(f"{exception!r} is not known; one of: {', '.join(EXCEPTIONS)}.")
    if len(set(parties)) < max(2, len(parties)):
        raise UsageError("An agreement has at least two parties, each with an id of its own.")
    for party in parties:
        if party == HUB or not IDENTIFIER.fullmatch(party):
            raise UsageError(f"{party!r}: an id is lower case, digits, '-', '.', '_', not 'hub'.")
    ground = EXCEPTIONS[exception]
    text = files(__package__).joinpath("template.toml").read_text(encoding="utf-8")
    blocks = [
        f'[[party]]\nid = {json.dumps(party)}\nname = ""\nrole = "other"\n'
        'public_key = ""\nrecipient = ""\n'
        for party in parties
    ]
    for mark, value in {
        "@EXCEPTION@": json.dumps(exception),
        "@CITATION@": json.dumps("" if exception == "other" else ground.citation),
        "@ASKS@": textwrap.fill(ground.asks, 99, initial_indent="#   ", subsequent_indent="#   "),
        "@PARTIES@": "\n".join(blocks).rstrip(),
        "@PARTNERSHIP@": json.dumps(str(uuid.uuid4())),
    }.items():
        text = text.replace(mark, value)
    return text
