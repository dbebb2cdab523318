"""A disclosure: one file that left an institution, or was about to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pprl.chain import Link

RELEASED = "released"
WITHDRAWN = "withdrawn"
UNACCOUNTED = "unaccounted for"


@dataclass(frozen=True)
class Disclosure:
    """One file.

    Attributes:
        number: its number in the log.
        written: when, UTC, ISO 8601.
        outcome: `RELEASED`; `WITHDRAWN`, the file never took its name; or `UNACCOUNTED`, it was
            not there when the next process looked, and may have been sent.
        what: "match file" or "payload file".
        institution: whose records.
        recipient: who receives the file.
        agreement: the agreement's title.
        agreement_digest: its digest.
        interest: what for, and on which legal basis.
        fields: the fields that were encoded, or the columns of a payload.
        records: how many students.
        sequence: its number: of submissions under one state and key, or of payloads.
        file: the file's name.
        sha256: its digest.
    """

    number: int
    written: str
    outcome: str
    what: str
    institution: str
    recipient: str
    agreement: str
    agreement_digest: str
    interest: str
    fields: tuple[str, ...]
    records: int
    sequence: int
    file: str
    sha256: str


def disclosure_of(link: Link, outcome: str) -> Disclosure:
    """A link as a disclosure."""
    body = link.body
    return Disclosure(
        number=link.number,
        written=link.written,
        outcome=outcome,
        what=body["what"],
        institution=body["institution"],
        recipient=body["recipient"],
        agreement=body["agreement"],
        agreement_digest=body["agreement_digest"],
        interest=body["interest"],
        fields=tuple(body["fields"]),
        records=body["records"],
        sequence=body["sequence"],
        file=Path(body["path"]).name,
        sha256=body["sha256"],
    )
