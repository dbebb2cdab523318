"""Patterns of levels and how often each occurs: all that a pass's model is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class PatternCounts:
    """How often each pattern occurs among candidate pairs of one pass. Counts of parts add up.

    Attributes:
        patterns: `int64[p]`, rising, as a `Comparison` packs them.
        counts: `int64[groups, p]`, for each pair of sources.
    """

    patterns: Integers
    counts: Integers

    @classmethod
    def of(cls, group: NDArray[np.int32], pattern: Integers, groups: int) -> PatternCounts:
        """Count the patterns of pairs.

        Args:
            group: `int32[n]`, the pair of sources of each.
            pattern: `int64[n]`.
            groups: how many pairs of sources there are.
        """
        patterns = np.flatnonzero(np.bincount(pattern))
        cell = group.astype(np.int64) * len(patterns) + places_among(patterns, pattern)
        counts = np.bincount(cell, minlength=groups * len(patterns))
        return cls(patterns, counts.reshape(groups, len(patterns)))

    @classmethod
    def total(cls, parts: Sequence[PatternCounts]) -> PatternCounts:
        """The counts of several parts together, at least one."""
        patterns = np.unique(np.concatenate([part.patterns for part in parts]))
        counts = np.zeros((len(parts[0].counts), len(patterns)), np.int64)
        for part in parts:
            counts[:, np.searchsorted(patterns, part.patterns)] += part.counts
        return cls(patterns, counts)


def places_among(patterns: Integers, pattern: Integers) -> Integers:
    """Where patterns stand in a rising list that holds them all: `int64[n]`.

    There are few patterns, so a table is faster than a search.
    """
    place = np.zeros(int(patterns.max(initial=0)) + 1, np.int64)
    place[patterns] = np.arange(len(patterns))
    return place[pattern]
