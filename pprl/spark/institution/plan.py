"""What executors are told of an encoding: the section and the derived keys, never a master key."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pprl.agreement import LinkageSection, Pass
from pprl.agreement.blocking import BlockingPart
from pprl.exchange.columns import integers, unlisted, words
from pprl.institution.block_values import BlockValues
from pprl.institution.blocks import PartValues, block_values
from pprl.institution.encoded_pass import PassKeys
from pprl.institution.filling import Filling, chosen_kernel, side_by_side
from pprl.institution.keys import Keys
from pprl.institution.tokens import TokenTable

if TYPE_CHECKING:
    from pprl.institution.compiled_filling import StudentTokens


@dataclass(frozen=True, repr=False)
class Plan:
    """An encoding, as it is sent to executors.

    The linkage key and the institution's secret stay on the driver.

    Attributes:
        section: the linkage section.
        passes: the keys of each pass, in the section's order.
        segments: the key of each segment's tokens, in the section's order.
        block_values: for the values of parts of blocking keys.
        block_pairs: for pairs of names.
        local_ids: of the institution's own, for local ids.
        traits: likewise, for what tells students of one local id apart.
        buckets: into how many the students are divided.
    """

    section: LinkageSection
    passes: tuple[PassKeys, ...]
    segments: tuple[bytes, ...]
    block_values: bytes
    block_pairs: bytes
    local_ids: bytes
    traits: bytes
    buckets: int

    @classmethod
    def of(cls, section: LinkageSection, keys: Keys, buckets: int) -> Plan:
        """Derive the keys of a section."""
        return cls(
            section=section,
            passes=tuple(PassKeys.of(keys, item.name) for item in section.passes),
            segments=tuple(keys.shared(f"segment/{item.name}") for item in section.segments),
            block_values=keys.shared("block-values"),
            block_pairs=keys.shared("block-pairs"),
            local_ids=keys.own("local-id"),
            traits=keys.own("traits"),
            buckets=buckets,
        )

    @property
    def parts(self) -> tuple[BlockingPart, ...]:
        """The parts of all blocking keys, each once."""
        return tuple(dict.fromkeys(part for item in self.section.passes for part in item.block))


@dataclass(frozen=True, eq=False, repr=False)
class Bucket:
    """Some of the students, cut into digests; nothing of them in the clear.

    Attributes:
        plan: the encoding.
        identity: `uint64[n]`, what the ledger and the decoys know each student by.
        record: `uint32[n]`, each student's record number.
        parts: the values of each of `plan.parts`.
        tables: the token digests of each segment.
    """

    plan: Plan
    identity: NDArray[np.uint64]
    record: NDArray[np.uint32]
    parts: dict[BlockingPart, PartValues]
    tables: dict[str, TokenTable]

    @classmethod
    def of(cls, plan: Plan, table: pa.Table) -> Bucket:
        """Read what `pprl.spark.institution.cutting` made."""
        parts = {
            part: PartValues(*unlisted(table[part_column(place)]))
            for place, part in enumerate(plan.parts)
        }
        tables = {}
        for segment in plan.section.segments:
            start, digests = unlisted(table[segment_column(segment.name)])
            tables[segment.name] = TokenTable(start[:-1], np.diff(start), digests)
        record = integers(table["record"]).astype(np.uint32)
        return cls(plan, words(table["identity"]), record, parts, tables)

    def values(self, place: int) -> BlockValues:
        """The blocks of one pass, by its place; `holders` counts within the bucket only."""
        block = self.plan.section.passes[place].block
        return block_values([self.parts[part] for part in block], self.plan.passes[place].tokens)

    def filling(self, place: int) -> Filling:
        """What the filters of one pass are filled from."""
        linkage_pass = self.linkage_pass(place)
        keys = self.plan.passes[place]
        return keys.filling(self.plan.section, linkage_pass, self.tables, self._side_by_side)

    @functools.cached_property
    def _side_by_side(self) -> StudentTokens | None:
        """The tables as the numba kernel wants them, if it is to fill."""
        return side_by_side(self.tables, chosen_kernel(None, len(self.identity)))

    def linkage_pass(self, place: int) -> Pass:
        """The pass at a place."""
        return self.plan.section.passes[place]


def part_column(place: int) -> str:
    """The column of a part of blocking keys, by its place among `Plan.parts`."""
    return f"part_{place}"


def segment_column(name: str) -> str:
    """The column of a segment's token digests."""
    return f"segment_{name}"
