"""The linkage section of an agreement: what decides every token and every bit.

Two institutions whose sections differ in anything at all produce unrelated encodings, because the
section's digest is the salt from which every key is derived. Dates, titles and output rules stand
elsewhere in the agreement, so that a renewal keeps the tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pprl.agreement.blocking import BlockingPart
from pprl.canonical_json import canonical

FORMAT = 1
NORMALISER = "pprl-names-1"
NICKNAMES = "nicknames-1"
PHONETIC = "soundex"

SEGMENT_FIELDS = {
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "canonical_first_name": ("first_name",),
    "names": ("first_name", "last_name"),
    "given_names": ("first_name", "middle_name"),
    "middle_name": ("middle_name",),
    "birth_date": ("birth_date",),
    "sex": ("sex",),
    "zip": ("zip",),
    "state_id": ("state_id",),
}
"""The segments an entry can have, and the roster fields each is made from."""

FIELDS = ("first_name", "middle_name", "last_name", "birth_date", "sex", "zip", "state_id")
"""The roster fields that an agreement can declare."""


@dataclass(frozen=True)
class Segment:
    """A stretch of every filter that holds the tokens of one attribute.

    Attributes:
        name: a key of `SEGMENT_FIELDS`.
        bits: length; a power of two, at least 64.
        insertions: bits set in it, whatever the value; at most half of `bits`.
        cuts: falling counts of common bits; a pair's level in the segment is the number of cuts
            that it does not reach, so 0 is the best.
    """

    name: str
    bits: int
    insertions: int
    cuts: tuple[int, ...]

    @property
    def words(self) -> int:
        """64-bit words that the segment takes."""
        return self.bits // 64


@dataclass(frozen=True)
class Pass:
    """One blocking pass.

    Attributes:
        name: its name in files and reports.
        block: the parts of the blocking key.
        quota: entries that every record emits, decoys included.
    """

    name: str
    block: tuple[BlockingPart, ...]
    quota: int


@dataclass(frozen=True)
class LinkageSection:
    """Everything that decides an encoding, apart from the key.

    Attributes:
        partnership: a UUID of the partnership, so that no two partnerships share tokens.
        hub_key: the hub's public key as text, "" until keys are exchanged.
        country: two letters; a ZIP's lost leading zeros are restored only for "US".
        fields: the roster fields that may be used; the rest is never read.
        segments: in the order in which they stand in a filter.
        passes: in the order in which they are worked.
        normaliser: version of the name rules.
        nicknames: version of the table of canonical first names.
        phonetic: the phonetic code of names.
    """

    partnership: str
    fields: tuple[str, ...]
    segments: tuple[Segment, ...]
    passes: tuple[Pass, ...]
    country: str = "US"
    hub_key: str = ""
    normaliser: str = NORMALISER
    nicknames: str = NICKNAMES
    phonetic: str = PHONETIC

    def canonical(self) -> bytes:
        """The section as canonical JSON: sorted keys, no spaces, ASCII."""
        content: Mapping[str, Any] = {
            "format": FORMAT,
            "partnership": self.partnership,
            "hub_key": self.hub_key,
            "country": self.country,
            "fields": sorted(self.fields),
            "normaliser": self.normaliser,
            "nicknames": self.nicknames,
            "phonetic": self.phonetic,
            "segments": [
                {"name": s.name, "bits": s.bits, "insertions": s.insertions, "cuts": s.cuts}
                for s in self.segments
            ],
            "passes": [
                {"name": p.name, "block": [str(part) for part in p.block], "quota": p.quota}
                for p in self.passes
            ],
        }
        return canonical(content)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `canonical()`, as 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @cached_property
    def compared(self) -> tuple[str, ...]:
        """The fields of which something stands in an entry, as a segment or in a block."""
        used = {field for segment in self.segments for field in SEGMENT_FIELDS[segment.name]}
        for linkage_pass in self.passes:
            for part in linkage_pass.block:
                used.update(part.fields, part.welcome)
        return tuple(field for field in self.fields if field in used)

    @property
    def apart(self) -> tuple[str, ...]:
        """The fields that are read besides, and only tell duplicates of one file apart."""
        return tuple(field for field in self.fields if field not in self.compared)

    def segments_of(self, linkage_pass: Pass) -> tuple[Segment, ...]:
        """The segments that entries of a pass carry: all but those that its block fixes.

        Within a block such a segment is the same for everybody, so it would be bytes without
        evidence.
        """
        fixed = {part.fixes for part in linkage_pass.block}
        return tuple(segment for segment in self.segments if segment.name not in fixed)

    def words_of(self, linkage_pass: Pass) -> int:
        """64-bit words in a filter of the pass."""
        return sum(segment.words for segment in self.segments_of(linkage_pass))

    @property
    def entries_per_record(self) -> int:
        """Entries that every record emits over all passes."""
        return sum(linkage_pass.quota for linkage_pass in self.passes)
