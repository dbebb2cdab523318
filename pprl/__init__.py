"""Privacy-preserving record linkage for school districts and colleges.

An institution encodes its students (`Agreement`, `LinkageKey`, `read_students`, `encode`); a hub
that never sees a name links the submissions (`Submission`, `link`). Names are imported when they
are first used, so that a hub never loads the code that sees students.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from pprl._version import __version__
from pprl.errors import PPRLError

if TYPE_CHECKING:
    from pprl.agreement import Agreement, Party
    from pprl.exchange import Identity, Payload, SigningKey, Submission
    from pprl.hub import Linkage, Registry, link
    from pprl.hub.custody import LinkageStore
    from pprl.institution import (
        DisclosureLog,
        Encoded,
        LinkageKey,
        State,
        encode,
        inspect,
        read_students,
        with_other_names,
    )
    from pprl.results import Evaluation, evaluate
    from pprl.results.report import report
    from pprl.similarity import similar_pairs, similar_pairs_lsh

_HOMES = {
    "Agreement": "pprl.agreement",
    "Party": "pprl.agreement",
    "Identity": "pprl.exchange",
    "Payload": "pprl.exchange",
    "SigningKey": "pprl.exchange",
    "Submission": "pprl.exchange",
    "Linkage": "pprl.hub",
    "Registry": "pprl.hub",
    "link": "pprl.hub",
    "LinkageStore": "pprl.hub.custody",
    "DisclosureLog": "pprl.institution",
    "Encoded": "pprl.institution",
    "LinkageKey": "pprl.institution",
    "State": "pprl.institution",
    "encode": "pprl.institution",
    "inspect": "pprl.institution",
    "read_students": "pprl.institution",
    "with_other_names": "pprl.institution",
    "Evaluation": "pprl.results",
    "evaluate": "pprl.results",
    "report": "pprl.results.report",
    "similar_pairs": "pprl.similarity",
    "similar_pairs_lsh": "pprl.similarity",
}

__all__ = [
    "Agreement",
    "DisclosureLog",
    "Encoded",
    "Evaluation",
    "Identity",
    "Linkage",
    "LinkageKey",
    "LinkageStore",
    "PPRLError",
    "Party",
    "Payload",
    "Registry",
    "SigningKey",
    "State",
    "Submission",
    "__version__",
    "encode",
    "evaluate",
    "inspect",
    "link",
    "read_students",
    "report",
    "similar_pairs",
    "similar_pairs_lsh",
    "with_other_names",
]


def __getattr__(name: str) -> object:
    """Import a name of the face from its home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pprl' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The names of the face."""
    return __all__
