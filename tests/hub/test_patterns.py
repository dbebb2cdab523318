"""Counting patterns: in each pair of sources, and in parts."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pprl.hub.patterns import PatternCounts, places_among

Rows = list[tuple[int, int]]
some_rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=60)


def counted(rows: Rows, groups: int) -> PatternCounts:
    """Count (group, pattern)."""
    columns = np.array(rows, np.int64).reshape(-1, 2).T
    return PatternCounts.of(columns[0].astype(np.int32), columns[1], groups)


@given(rows=some_rows, groups=st.integers(4, 6))
def test_patterns_are_counted_by_pair_of_sources(rows: Rows, groups: int) -> None:
    """Each pattern in each pair of sources, those without candidates included."""
    told = counted(rows, groups)
    assert told.patterns.tolist() == sorted({pattern for _, pattern in rows})
    assert told.counts.shape == (groups, len(told.patterns))
    expected = Counter(rows)
    for g in range(groups):
        for place, pattern in enumerate(told.patterns.tolist()):
            assert told.counts[g, place] == expected[g, pattern]


@given(parts=st.lists(some_rows, min_size=1, max_size=4))
def test_counts_of_parts_add_up(parts: list[Rows]) -> None:
    """To those of the whole."""
    whole = counted([row for part in parts for row in part], 4)
    total = PatternCounts.total([counted(part, 4) for part in parts])
    assert np.array_equal(total.patterns, whole.patterns)
    assert np.array_equal(total.counts, whole.counts)


@given(st.lists(st.integers(0, 50)))
def test_patterns_are_found_in_their_list(rows: list[int]) -> None:
    """Each at its place."""
    pattern = np.array(rows, np.int64)
    known = np.unique(pattern)
    assert np.array_equal(known[places_among(known, pattern)], pattern)
