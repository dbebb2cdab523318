"""Comparing candidate pairs: from entries that share a block to patterns of levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import LinkageSection, Pass
from pprl.agreement.levels import Comparison
from pprl.exchange import Entries, Submission
from pprl.hub.candidates import shared_tokens

TILE = 1 << 13


@dataclass(frozen=True, eq=False, repr=False)
class PassPairs:
    """The candidate pairs of one pass, over all pairs of sources.

    Attributes:
        comparison: how they were compared.
        group: `int32[n]`, the pair of sources, an index into `source_pairs` of all sources.
        left: `uint32[n]`, record in the first source of the pair.
        right: `uint32[n]`, record in the second.
        token: `uint64[n]`, the block they share.
        pattern: `int64[n]`, the pattern of levels.
    """

    comparison: Comparison
    group: NDArray[np.int32]
    left: NDArray[np.uint32]
    right: NDArray[np.uint32]
    token: NDArray[np.uint64]
    pattern: NDArray[np.int64]

    def counts(self, groups: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How often each pattern occurs.

        Args:
            groups: how many pairs of sources there are.

        Returns:
            the distinct patterns `int64[p]`, rising, and their counts `int64[groups, p]`.
        """
        patterns = np.flatnonzero(np.bincount(self.pattern))
        place = np.zeros(int(patterns.max(initial=0)) + 1, np.int64)
        place[patterns] = np.arange(len(patterns))
        cell = self.group.astype(np.int64) * len(patterns) + place[self.pattern]
        counts = np.bincount(cell, minlength=groups * len(patterns))
        return patterns, counts.reshape(groups, len(patterns))


def source_pairs(sources: int) -> list[tuple[int, int]]:
    """All pairs of sources, the lower one first."""
    return list(combinations(range(sources), 2))


def compare_pass(
    submissions: Sequence[Submission], section: LinkageSection, linkage_pass: Pass
) -> PassPairs:
    """Find and compare the candidate pairs of one pass among all pairs of submissions."""
    comparison = Comparison.of(section, linkage_pass)
    tables = [submission.passes[linkage_pass.name] for submission in submissions]
    found = [
        (group, a, b, *shared_tokens(tables[a].tokens, tables[b].tokens))
        for group, (a, b) in enumerate(source_pairs(len(tables)))
    ]
    return PassPairs(
        comparison=comparison,
        group=np.repeat(np.arange(len(found), dtype=np.int32), [len(i) for _, _, _, i, _ in found]),
        left=np.concatenate([tables[a].records[i] for _, a, _, i, _ in found]),
        right=np.concatenate([tables[b].records[j] for _, _, b, _, j in found]),
        token=np.concatenate([tables[a].tokens[i] for _, a, _, i, _ in found]),
        pattern=np.concatenate(
            [_patterns(comparison, tables[a], tables[b], i, j) for _, a, b, i, j in found]
        ),
    )


def _patterns(
    comparison: Comparison,
    left: Entries,
    right: Entries,
    i: NDArray[np.intp],
    j: NDArray[np.intp],
) -> NDArray[np.int64]:
    """The patterns of pairs of entries, gathered a tile at a time to stay in the cache."""
    patterns = np.empty(len(i), np.int64)
    for start in range(0, len(i), TILE):
        tile = slice(start, start + TILE)
        common = comparison.shared(
            left.filters.take(i[tile], axis=0), right.filters.take(j[tile], axis=0)
        )
        patterns[tile] = comparison.patterns(comparison.levels(common))
    return patterns
