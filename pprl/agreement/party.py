"""A party to the agreement: an institution that sends students' encodings."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pprl.agreement.document import Table

ROLES = ("district", "college", "other")
IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Party:
    """One institution.

    Attributes:
        id: what submissions, files and commands call it: lower case, digits, `-`, `.`, `_`.
        name: what readers call it.
        role: "district", "college" or "other".
        one_record_per_person: whether its file holds each person once, as a system of record does;
            then no two of its records are ever given one study ID.
        public_key: its Ed25519 key as text; "" until keys are exchanged.
        submits_for: ids of the institutions whose records it sends, where it pools for others.
    """

    id: str
    name: str = ""
    role: str = "other"
    one_record_per_person: bool = True
    public_key: str = ""
    submits_for: tuple[str, ...] = ()


def read_party(table: Table) -> Party:
    """Read one `[[party]]`."""
    identifier = table.text("id")
    if identifier and not IDENTIFIER.fullmatch(identifier):
        table.fault("id", "may hold lower-case letters, digits, '-', '.' and '_', 64 at most")
    party = Party(
        id=identifier,
        name=table.text("name", identifier),
        role=table.text("role", choices=ROLES),
        one_record_per_person=table.flag("one_record_per_person", True),
        public_key=table.text("public_key", ""),
        submits_for=table.texts("submits_for", ()),
    )
    table.finish()
    return party
