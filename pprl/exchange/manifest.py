"""The manifest of a match file: whose it is, under which agreement and key, and its counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pprl.agreement.document import Table
from pprl.agreement.party import IDENTIFIER, read_recipient
from pprl.canonical_json import canonical
from pprl.errors import SubmissionError

FORMAT = 1
MOST_RECORDS = 1 << 31


@dataclass(frozen=True)
class PassProfile:
    """What an institution tells of the pairs that its own cap withheld in one pass.

    They are pairs of different students who share a block, hence almost all non-matches.

    Attributes:
        pairs: about how many pairs were counted (noised).
        levels: for each attribute, how many of them stood at each level, best first (noised,
            not below 0).
    """

    pairs: int
    levels: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Part:
    """One table of entries.

    Attributes:
        pass_name: the pass it belongs to.
        entries: rows.
        words: 64-bit words in each filter.
        bytes: length of the part in the file.
        sha256: its digest, 64 hexadecimal digits.
    """

    pass_name: str
    entries: int
    words: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The readable part of a match file. Holds counts about students, nothing about one.

    Attributes:
        institution: the party's id.
        recipient: the hub's public age key (`age1...`): the one hub that it is for; "" in trials.
        agreement: digest of the whole agreement under which it was encoded.
        linkage: digest of its linkage section.
        key_check: tells whether two files were made with one linkage key; 32 hexadecimal digits.
        records: how many records (students) it holds.
        sequence: counts the institution's different submissions under one state, from 1.
        software: what wrote it.
        epsilon: privacy-loss budget of `completeness`, `unplaced` and `non_match_profile` together.
        completeness: for each field, the share of records that have it (noised), 0 to 1.
        unplaced: the share of records without a block value in any pass (noised), 0 to 1.
        non_match_profile: for each pass, its `PassProfile`.
        parts: the tables of entries; empty until the file is written.
    """

    institution: str
    agreement: str
    linkage: str
    key_check: str
    records: int
    sequence: int
    software: str
    epsilon: float
    completeness: Mapping[str, float]
    unplaced: float
    non_match_profile: Mapping[str, PassProfile] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    recipient: str = ""

    def to_bytes(self) -> bytes:
        """The manifest as canonical JSON: sorted keys, no spaces, ASCII."""
        content = {
            "format": FORMAT,
            "institution": self.institution,
            "recipient": self.recipient,
            "agreement": self.agreement,
            "linkage": self.linkage,
            "key_check": self.key_check,
            "records": self.records,
            "sequence": self.sequence,
            "software": self.software,
            "epsilon": self.epsilon,
            "completeness": dict(self.completeness),
            "unplaced": self.unplaced,
            "non_match_profile": {
                name: {"pairs": item.pairs, "levels": dict(item.levels)}
                for name, item in self.non_match_profile.items()
            },
            "parts": [
                {
                    "pass": part.pass_name,
                    "entries": part.entries,
                    "words": part.words,
                    "bytes": part.bytes,
                    "sha256": part.sha256,
                }
                for part in self.parts
            ],
        }
        return canonical(content)

    @classmethod
    def from_bytes(cls, content: bytes, name: str) -> Manifest:
        """Read what `to_bytes` wrote, believing nothing.

        Args:
            content: the JSON text.
            name: what messages call the file.

        Raises:
            SubmissionError: not JSON, a newer format, or a key missing, unknown or of a wrong type.
        """
        table = read_tree(content, name, FORMAT)
        completeness = table.table("completeness")
        profiles = table.table("non_match_profile")
        manifest = cls(
            institution=read_party_id(table, "institution"),
            recipient=read_hub_key(table, "recipient"),
            agreement=read_digest(table, "agreement", 64),
            linkage=read_digest(table, "linkage", 64),
            key_check=read_digest(table, "key_check", 32),
            records=read_count(table, "records"),
            sequence=read_count(table, "sequence"),
            software=table.text("software"),
            epsilon=table.number("epsilon", above=0.0),
            completeness=MappingProxyType({k: _share(completeness, k) for k in completeness}),
            unplaced=_share(table, "unplaced"),
            non_match_profile=MappingProxyType(
                {key: _profile(profiles.table(key)) for key in profiles}
            ),
            parts=tuple(_part(item) for item in table.tables("parts", "part")),
        )
        table.finish()
        if table.faults:
            raise SubmissionError(f"{name}: {table.faults[0]}.")
        return manifest


def read_tree(content: bytes, name: str, newest: int) -> Table:
    """A manifest's JSON as a table, its `format` checked.

    Args:
        content: the JSON text.
        name: what messages call the file.
        newest: the newest format that can be read.

    Raises:
        SubmissionError: not JSON, not an object, or of a newer format.
    """
    try:
        tree = json.loads(
            content.decode("ascii"), parse_constant=_no_constant, object_pairs_hook=_once
        )
    except (ValueError, RecursionError):
        raise SubmissionError(f"{name}: its manifest is not readable JSON.") from None
    if not isinstance(tree, dict):
        raise SubmissionError(f"{name}: its manifest is not a JSON object.")
    table = Table(tree, "manifest", [])
    if table.whole("format", least=1) > newest:
        raise SubmissionError(f"{name}: has a newer format version; upgrade pprl to read it.")
    return table


def _profile(table: Table) -> PassProfile:
    """One pass's non-match profile."""
    levels = table.table("levels")
    profile = PassProfile(
        read_count(table, "pairs"), MappingProxyType({key: levels.wholes(key) for key in levels})
    )
    counts = [count for row in profile.levels.values() for count in row]
    if not all(0 <= count < MOST_RECORDS for count in counts):
        table.fault("levels", "holds a count that is negative or too large")
    table.finish()
    return profile


def _part(table: Table) -> Part:
    """One part's description."""
    part = Part(
        pass_name=table.text("pass"),
        entries=read_count(table, "entries"),
        words=read_count(table, "words"),
        bytes=table.whole("bytes"),
        sha256=read_digest(table, "sha256", 64),
    )
    table.finish()
    return part


def read_count(table: Table, key: str) -> int:
    """A count below `MOST_RECORDS`."""
    value = table.whole(key)
    if value >= MOST_RECORDS:
        table.fault(key, "is too large")
    return value


def _share(table: Table, key: str) -> float:
    """A number from 0 to 1."""
    value = table.number(key, above=-1e-9)
    if value > 1:
        table.fault(key, "must lie between 0 and 1")
    return value


def read_digest(table: Table, key: str, digits: int) -> str:
    """A text of so many hexadecimal digits."""
    value = table.text(key)
    if len(value) != digits or set(value) - set("0123456789abcdef"):
        table.fault(key, f"must be {digits} hexadecimal digits")
    return value


def read_party_id(table: Table, key: str) -> str:
    """A party's id."""
    value = table.text(key)
    if value and not IDENTIFIER.fullmatch(value):
        table.fault(key, "is no party's id")
    return value


def read_hub_key(table: Table, key: str) -> str:
    """The hub's public key, which may be empty and may not be missing."""
    if not table.has(key):
        table.fault(key, 'is missing; write a text in quotes, "" in trials')
    return read_recipient(table, key)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object none of whose keys stands twice: all readers must see the same manifest."""
    tree = dict(pairs)
    if len(tree) < len(pairs):
        raise ValueError("a key stands twice")
    return tree


def _no_constant(text: str) -> Any:
    """Refuse NaN and infinities, which JSON has not."""
    raise ValueError(text)
