"""Claims about ranges: together they are the whole, and none is larger than it may be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pprl.agreement import Agreement
from pprl.exchange import Entries
from pprl.hub.comparison import PassPairs
from pprl.hub.memory import PROGRAM, Memory
from pprl.hub.ranges import TOKENS, Cut, token_ranges
from pprl.hub.sources import Sources
from tests.hub.conftest import random_submission

tokens = st.sets(
    st.one_of(st.integers(0, TOKENS - 1), st.integers(0, 40), st.just(TOKENS - 1)), max_size=50
)
FULL = Cut(((0,),), 1, TOKENS)


def sources(*sizes: int) -> Sources:
    """So many records each."""
    names = [f"s{place}" for place in range(len(sizes))]
    return Sources(names, np.array(sizes), np.array(sizes), np.ones(len(sizes), bool))


@given(st.lists(tokens, min_size=1, max_size=4), st.integers(1, 20))
def test_ranges_of_tokens_are_bounded_however_tokens_are_spread(
    held: list[set[int]], most: int
) -> None:
    """More than that are in a range of a single token alone."""
    starts = token_ranges([np.array(sorted(own), np.uint64) for own in held], most)
    assert starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    for low, high in pairwise([*starts, TOKENS]):
        count = sum(sum(low <= token < high for token in own) for own in held)
        assert count <= most or high - low == 1


def test_tokens_that_a_submission_forged_to_be_neighbours_are_cut_too() -> None:
    """In few ranges, although they all lie in one corner."""
    forged = np.arange(10_000, dtype=np.uint64) + np.uint64(1 << 63)
    spread = np.linspace(0, float(1 << 63), 10_000).astype(np.uint64)
    starts = token_ranges([forged, spread], 1000)
    assert 20 <= len(starts) <= 60


@given(st.lists(tokens, min_size=1, max_size=3), st.integers(1, 20))
def test_every_entry_is_in_one_range(held: list[set[int]], most: int) -> None:
    """In the order in which it was."""
    tables = [np.array(sorted(own), np.uint64) for own in held]
    cut = Cut((tuple(token_ranges(tables, most)),), 1, most)
    for table in tables:
        records = np.arange(len(table), dtype=np.uint32)
        entries = Entries(table, records, table[:, None])
        parts = [cut.within(place, entries) for place in cut.places]
        for name in ("tokens", "records", "filters"):
            whole = np.concatenate([getattr(part, name) for part in parts])
            assert np.array_equal(whole, getattr(entries, name))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=30), st.integers(1, 9))
def test_ranges_of_records_rise_with_pair_of_sources_and_record(
    rows: list[tuple[int, int]], ranges: int
) -> None:
    """All pairs of two records are in one range."""
    rows = sorted(rows)
    group, left = np.array(rows, np.int64).reshape(-1, 2).T
    none = np.zeros(len(rows), np.int64)
    pairs = PassPairs(group.astype(np.int32), left.astype(np.uint32), none, none, none)
    own = Cut((), ranges, 1).record_range(pairs, sources(4, 5, 6))
    assert (np.diff(own) >= 0).all()
    assert ((own >= 0) & (own < ranges)).all()
    assert len(set(zip(rows, own.tolist(), strict=True))) == len(set(rows))


def test_without_a_bound_nothing_is_cut(agreement: Agreement) -> None:
    """One range for each pass."""
    submissions = [random_submission("a", 5, 1), random_submission("b", 5, 2)]
    cut = Cut.of(submissions, agreement.linkage, None, 4)
    assert cut.record_ranges == 1
    assert cut.places == [(number, 0) for number in range(len(agreement.linkage.passes))]
    least = Cut.of(submissions, agreement.linkage, Memory(PROGRAM), 4)
    assert least.most == 1 and least.record_ranges > 1 and len(least.places) > len(cut.places)
