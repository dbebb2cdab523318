"""Comparing candidate pairs: from entries that share a block to patterns of levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.levels import Comparison
from pprl.exchange import Entries
from pprl.hub.candidates import shared_tokens

TILE = 1 << 13
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False, repr=False)
class PassPairs:
    """Candidate pairs of one pass, over all pairs of sources.

    Attributes:
        group: `int32[n]`, the pair of sources, an index into `source_pairs` of all sources.
        left: `uint32[n]`, record in the first source of the pair.
        right: `uint32[n]`, record in the second.
        token: `uint64[n]`, decides ties, the lower first: from the bits they share (`tie`).
        pattern: `int64[n]`, the pattern of levels, as the pass's `Comparison` packs them.
    """

    group: NDArray[np.int32]
    left: NDArray[np.uint32]
    right: NDArray[np.uint32]
    token: NDArray[np.uint64]
    pattern: NDArray[np.int64]

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.group)


def source_pairs(sources: int) -> list[tuple[int, int]]:
    """All pairs of sources, the lower one first."""
    return list(combinations(range(sources), 2))


def compare_pass(tables: Sequence[Entries], comparison: Comparison) -> PassPairs:
    """Find and compare the candidate pairs of one pass among all pairs of sources.

    Args:
        tables: the entries of each source, all of the pass or those of one range of tokens.
        comparison: the pass's.
    """
    found = [
        (group, a, b, *shared_tokens(tables[a].tokens, tables[b].tokens))
        for group, (a, b) in enumerate(source_pairs(len(tables)))
    ]
    patterns, ties = zip(
        *(
            compared(comparison, tables[a].filters, i, tables[b].filters, j)
            for _, a, b, i, j in found
        ),
        strict=True,
    )
    return PassPairs(
        group=np.repeat(np.arange(len(found), dtype=np.int32), [len(i) for _, _, _, i, _ in found]),
        left=np.concatenate([tables[a].records[i] for _, a, _, i, _ in found]),
        right=np.concatenate([tables[b].records[j] for _, _, b, _, j in found]),
        token=np.concatenate(ties),
        pattern=np.concatenate(patterns),
    )


def compared(
    comparison: Comparison,
    left: NDArray[np.uint64],
    i: NDArray[np.intp],
    right: NDArray[np.uint64],
    j: NDArray[np.intp],
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The patterns and ties of pairs of filters, gathered a tile at a time to stay in the cache.

    Args:
        comparison: the pass's.
        left: `uint64[l, words]`, filters.
        i: `intp[n]`, the place of each pair's first filter.
        right: `uint64[r, words]`, filters.
        j: `intp[n]`, the place of each pair's second.

    Returns:
        `int64[n]`, patterns of levels; `uint64[n]`, ties.
    """
    patterns, ties = np.empty(len(i), np.int64), np.empty(len(i), np.uint64)
    for start in range(0, len(i), TILE):
        tile = slice(start, start + TILE)
        common = comparison.shared(left.take(i[tile], axis=0), right.take(j[tile], axis=0))
        patterns[tile] = comparison.patterns(comparison.levels(common))
        ties[tile] = tie(common)
    return patterns, ties


def tie(common: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """What decides between pairs of equal evidence: the one that shares more bits is lower.

    It is made of the shared bits alone, down to their number in each segment, so that the choice
    depends on nothing but the students, and is the same for blinded entries, whose tokens are not.

    Args:
        common: `uint16[n, segments]`.

    Returns:
        `uint64[n]`.
    """
    mixed = np.zeros(len(common), np.uint64)
    for column in common.T:
        mixed = (mixed + column) * _ODD
        mixed ^= mixed >> np.uint64(32)
    missing = np.uint64(0xFFFF) - common.sum(axis=1, dtype=np.uint64)
    lower_first: NDArray[np.uint64] = missing << np.uint64(48) | mixed >> np.uint64(16)
    return lower_first
