"""A party to the agreement: an institution that sends students' encodings."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pprl.agreement.document import Table
from pprl.agreement.signatures import is_public_key

HUB = "hub"
"""What the convener is called where it signs; no party's id."""

_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
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
        public_key: its Ed25519 key as text, `ed25519:...`; "" until keys are exchanged.
        recipient: its age key as text, `age1...`, to which other institutions seal the linkage key
            for it; "" until keys are exchanged.
        submits_for: ids of the institutions whose records it sends, where it pools for others.
    """

    id: str
    name: str = ""
    role: str = "other"
    one_record_per_person: bool = True
    public_key: str = ""
    recipient: str = ""
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
        public_key=read_public_key(table, "public_key"),
        recipient=read_recipient(table, "recipient"),
        submits_for=table.texts("submits_for", ()),
    )
    table.finish()
    return party


def read_public_key(table: Table, key: str) -> str:
    """Read an optional Ed25519 public key."""
    text = table.text(key, "")
    if text and not is_public_key(text):
        table.fault(key, "is no signing key; copy the line that pprl key show prints (ed25519:...)")
    return text


def read_recipient(table: Table, key: str) -> str:
    """Read an optional age public key."""
    text = table.text(key, "")
    if text and not is_recipient(text):
        table.fault(key, "is no age key; copy the line that pprl key show prints (age1...)")
    return text


def is_recipient(text: str) -> bool:
    """Whether a text is an age key, `age1...`, with a right checksum (bech32, BIP 173)."""
    if not _RECIPIENT.fullmatch(text):
        return False
    prefix = [ord(letter) for letter in "age"]
    expanded = [code >> 5 for code in prefix] + [0] + [code & 31 for code in prefix]
    checksum = 1
    for value in expanded + [_BECH32.index(letter) for letter in text[4:]]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for place, polynomial in enumerate(_GENERATOR):
            checksum ^= polynomial if top >> place & 1 else 0
    return checksum == 1


def check_parties(parties: list[Party], document: Table) -> None:
    """Keep a fault for fewer than two parties, and for each id or key that stands twice."""
    ids = [party.id for party in parties]
    if len(ids) < 2:
        document.fault("party", "an agreement has at least two parties; write a [[party]] for each")
    if HUB in ids:
        document.fault("party", f"{HUB!r} is what the convener is called; choose another id")
    for identifier in sorted({i for i in ids if i and ids.count(i) > 1}):
        document.fault("party", f"{identifier!r} stands twice; ids must differ")
    keys = [party.public_key for party in parties if party.public_key]
    if len(set(keys)) < len(keys):
        document.fault("party", "two have one public_key; each party signs with a key of its own")
