"""What several submissions show together: which records share blocks, and at which levels.

This is all the structure that a hub has. Entries whose token no other submission holds say
nothing; they are left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import LinkageSection
from pprl.agreement.levels import Comparison
from pprl.audit.frequency import neighbours, pair_numbers
from pprl.exchange import Submission
from pprl.filters import common_bits

Integers = NDArray[np.int64]
_TILE = 1 << 15


@dataclass(frozen=True, eq=False, repr=False)
class PassTable:
    """The entries of one pass of one submission.

    Attributes:
        tokens: `uint64[n]`, each once.
        records: `int64[n]` or narrower, the record of each, from 0.
    """

    tokens: NDArray[np.uint64]
    records: NDArray[np.integer]


@dataclass(frozen=True, eq=False, repr=False)
class SharedBlocks:
    """The record-block graph of several submissions.

    Records are numbered through all sources; an *incidence* is an entry of a block that at least
    two sources hold.

    Attributes:
        source: `int64[records]`, the source of each record.
        record: `int64[m]`, the record of each incidence.
        block: `int64[m]`, rising, the block of each incidence, from 0 without gaps.
        kind: `int64[m]`, the pass of each incidence.
        left: `int64[k]`, an incidence of each pair of incidences of one block.
        right: `int64[k]`, the other one.
        level: `int64[k]`, how alike the pair's filters are: the number of its pattern of levels.
    """

    source: Integers
    record: Integers
    block: Integers
    kind: Integers
    left: Integers
    right: Integers
    level: Integers

    def __repr__(self) -> str:
        """Counts only."""
        return (
            f"<SharedBlocks: {len(self.source):,} records, "
            f"{int(self.block[-1]) + 1 if len(self.block) else 0:,} blocks>"
        )

    @property
    def records(self) -> int:
        """Records of all sources."""
        return len(self.source)

    @property
    def pairs(self) -> Integers:
        """`int64[k]`, a number for the two records of each pair of incidences."""
        return pair_numbers(self.record[self.left], self.record[self.right], self.records)

    def without_levels(self) -> SharedBlocks:
        """The same graph for an attacker who ignores the filters."""
        return dataclasses.replace(self, level=np.zeros_like(self.level))

    def without_passes(self) -> SharedBlocks:
        """The same graph if entries did not tell their pass."""
        return dataclasses.replace(self, kind=np.zeros_like(self.kind))

    def among(self, known: NDArray[np.bool_]) -> SharedBlocks:
        """What is left of the graph if only pairs of known records are seen.

        Args:
            known: `bool[records]`.
        """
        return self.keeping(known[self.record[self.left]] & known[self.record[self.right]])

    def of_close_records(self, least: int) -> SharedBlocks:
        """What is left if only pairs of records are seen that share at least so many blocks.

        Two records of one person share most of theirs, strangers rarely more than one or two.
        """
        _, pair, count = np.unique(self.pairs, return_inverse=True, return_counts=True)
        return self.keeping(count[pair.reshape(-1)] >= least)

    def keeping(self, pairs: NDArray[np.bool_]) -> SharedBlocks:
        """The graph of these pairs, `bool[k]`, and of the incidences that are in one of them."""
        left, right = self.left[pairs], self.right[pairs]
        kept = np.zeros(len(self.record), bool)
        kept[left] = kept[right] = True
        place = np.cumsum(kept) - 1
        _, block = np.unique(self.block[kept], return_inverse=True)
        return SharedBlocks(
            self.source,
            self.record[kept],
            block.reshape(-1).astype(np.int64),
            self.kind[kept],
            place[left],
            place[right],
            self.level[pairs],
        )


def shared_blocks(
    records: Sequence[int],
    tables: Sequence[Sequence[PassTable]],
    levels: Sequence[Sequence[NDArray[np.uint64]]] | None = None,
    comparisons: Sequence[Comparison] | None = None,
) -> SharedBlocks:
    """Find the blocks that several sources hold.

    Args:
        records: the number of records of each source.
        tables: for each pass, the table of each source.
        levels: for each pass, the filters of each source, `uint64[n, words]`; without them every
            pair has the same level.
        comparisons: for each pass, how its filters are compared.
    """
    offset = np.concatenate(([0], np.cumsum(records))).astype(np.int64)
    parts: list[tuple[Integers, ...]] = []
    blocks = incidences = 0
    for kind, sources in enumerate(tables):
        token = np.concatenate([table.tokens for table in sources])
        record = np.concatenate(
            [table.records.astype(np.int64) + offset[s] for s, table in enumerate(sources)]
        )
        order = np.argsort(token, kind="stable")
        _, size = np.unique(token[order], return_counts=True)
        held = np.repeat(size > 1, size)
        rows = order[held]
        sizes = size[size > 1]
        block = np.repeat(np.arange(len(sizes)), sizes) + blocks
        left, right = _pairs_within(sizes)
        level = np.zeros(len(left), np.int64)
        if levels is not None and comparisons is not None:
            filters = np.concatenate(list(levels[kind]))
            level = _patterns(comparisons[kind], filters, rows[left], rows[right])
        parts.append(
            (
                record[rows],
                block,
                np.full(len(rows), kind, np.int64),
                left + incidences,
                right + incidences,
                level,
            )
        )
        blocks += len(sizes)
        incidences += len(rows)
    joined = [np.concatenate(columns).astype(np.int64) for columns in zip(*parts, strict=True)]
    source = np.repeat(np.arange(len(records)), np.asarray(records, np.int64))
    return SharedBlocks(source, *joined)


def shared_by_submissions(
    submissions: Sequence[Submission], section: LinkageSection
) -> SharedBlocks:
    """The record-block graph of submissions, with the levels of an agreement."""
    passes = section.passes
    entries = [[s.passes[p.name] for s in submissions] for p in passes]
    return shared_blocks(
        [s.records for s in submissions],
        [[PassTable(e.tokens, e.records) for e in row] for row in entries],
        [[e.filters for e in row] for row in entries],
        [Comparison.of(section, p) for p in passes],
    )


def entries_shared(graph: SharedBlocks, passes: int) -> Integers:
    """How many entries of each record some other source holds: `int64[records, passes]`."""
    cell = graph.record * passes + graph.kind
    return np.bincount(cell, minlength=graph.records * passes).reshape(-1, passes)


def figures(graph: SharedBlocks) -> Mapping[str, float]:
    """Plain measures of exposure across sources.

    Returns:
        mean and largest number of records of other sources that share a block with a record, and
        the share of records that share none.
    """
    degree = neighbours(graph.pairs, graph.records)
    return {
        "mean": float(degree.mean()) if graph.records else 0.0,
        "most": float(degree.max(initial=0)),
        "alone": float((degree == 0).mean()) if graph.records else 0.0,
    }


def _pairs_within(sizes: Integers) -> tuple[Integers, Integers]:
    """All pairs of places within runs of these lengths: `int64[k]` each."""
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int64)
    lefts, rights = [], []
    for size in np.unique(sizes).tolist():
        i, j = np.triu_indices(size, 1)
        runs = starts[sizes == size]
        lefts.append((runs[:, None] + i[None, :]).reshape(-1))
        rights.append((runs[:, None] + j[None, :]).reshape(-1))
    empty = np.empty(0, np.int64)
    return np.concatenate([empty, *lefts]), np.concatenate([empty, *rights])


def _patterns(
    comparison: Comparison, filters: NDArray[np.uint64], left: Integers, right: Integers
) -> Integers:
    """The patterns of levels of pairs of filters."""
    patterns = np.empty(len(left), np.int64)
    for start in range(0, len(left), _TILE):
        tile = slice(start, start + _TILE)
        common = common_bits(filters[left[tile]], filters[right[tile]], comparison.widths)
        patterns[tile] = comparison.patterns(comparison.levels(common))
    return patterns
