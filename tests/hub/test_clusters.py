"""Claims about clusters: who hangs together, and what never does."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pprl.hub.clusters import clusters

SOURCES = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
ACROSS = [
    (a, b)
    for a in range(len(SOURCES))
    for b in range(a + 1, len(SOURCES))
    if SOURCES[a] != SOURCES[b]
]


@st.composite
def linked(draw: st.DrawFn) -> list[tuple[int, int, float, bool]]:
    """Pairs of records of different sources: distinct evidence, accepted if it speaks for them."""
    chosen = draw(st.lists(st.sampled_from(ACROSS), unique=True, max_size=30))
    ranks = draw(st.permutations(range(len(chosen))))
    lowest = draw(st.integers(-30, 0))
    accept = draw(st.lists(st.booleans(), min_size=len(chosen), max_size=len(chosen)))
    weights = [(rank + lowest) * 0.37 + 0.05 for rank in ranks]
    return [
        (*pair, weight, taken and weight > 0)
        for pair, weight, taken in zip(chosen, weights, accept, strict=True)
    ]


soles = st.lists(st.booleans(), min_size=4, max_size=4).map(np.array)


def grouped(pairs: list[tuple[int, int, float, bool]], sole: np.ndarray) -> np.ndarray:
    """The clusters of such pairs."""
    left, right, log_odds, accepted = zip(*pairs, strict=True) if pairs else ((), (), (), ())
    return clusters(
        SOURCES,
        np.asarray(sole, bool),
        np.array(left, np.int64),
        np.array(right, np.int64),
        np.array(log_odds, np.float64),
        np.array(accepted, bool),
    )


def partition(label: np.ndarray) -> set[frozenset[int]]:
    """The clusters as sets of records."""
    return {frozenset(np.flatnonzero(label == name).tolist()) for name in np.unique(label)}


@given(linked(), soles)
def test_no_cluster_holds_two_records_of_a_sole_source(
    pairs: list[tuple[int, int, float, bool]], sole: np.ndarray
) -> None:
    """A source that holds each person once has one record in a person."""
    for cluster in partition(grouped(pairs, sole)):
        held = [int(SOURCES[record]) for record in cluster]
        assert all(held.count(source) == 1 for source in set(held) if sole[source])


@given(linked(), soles)
def test_every_record_is_in_one_cluster(
    pairs: list[tuple[int, int, float, bool]], sole: np.ndarray
) -> None:
    """Matched or not."""
    label = grouped(pairs, sole)
    assert label.shape == SOURCES.shape
    assert sum(map(len, partition(label))) == len(SOURCES)


@given(linked(), soles)
def test_a_cluster_never_joins_what_no_accepted_pair_connects(
    pairs: list[tuple[int, int, float, bool]], sole: np.ndarray
) -> None:
    """Clusters cut the groups that accepted pairs form; they never grow beyond them."""
    accepted = [(a, b) for a, b, _, taken in pairs if taken]
    i, j = zip(*accepted, strict=True) if accepted else ((), ())
    graph = coo_array((np.ones(len(i)), (i, j)), shape=(len(SOURCES),) * 2)
    _, reach = connected_components(graph, directed=False)
    for cluster in partition(grouped(pairs, sole)):
        assert len({reach[record] for record in cluster}) == 1


@given(linked(), soles, st.randoms(use_true_random=False))
def test_the_order_of_pairs_decides_nothing(
    pairs: list[tuple[int, int, float, bool]], sole: np.ndarray, random: object
) -> None:
    """With evidence that differs, clusters depend on the evidence alone."""
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    exchanged = [(b, a, weight, taken) for a, b, weight, taken in shuffled]
    before = partition(grouped(pairs, sole))
    assert partition(grouped(shuffled, sole)) == before
    assert partition(grouped(exchanged, sole)) == before


@given(linked())
def test_between_two_sole_sources_clusters_are_the_accepted_pairs(
    pairs: list[tuple[int, int, float, bool]],
) -> None:
    """Where no record is used twice, there is nothing to decide."""
    used: set[int] = set()
    kept = []
    for a, b, weight, taken in pairs:
        if (SOURCES[a], SOURCES[b]) != (0, 1):
            continue
        taken = taken and not used & {a, b}
        used |= {a, b} if taken else set()
        kept.append((a, b, weight, taken))
    label = grouped(kept, np.ones(4, bool))
    for a, b, _, taken in kept:
        assert (label[a] == label[b]) == taken


def test_a_triangle_of_accepted_pairs_is_one_person() -> None:
    """Three sources that agree with each other, however weakly."""
    pairs = [(0, 3, 0.1, True), (3, 6, 0.1, True), (0, 6, 0.1, True)]
    assert frozenset({0, 3, 6}) in partition(grouped(pairs, np.ones(4, bool)))


def test_a_chain_of_lookalikes_is_not_one_person() -> None:
    """Weak links whose ends nobody ever found alike do not add up."""
    pairs = [(0, 3, 1.2, True), (3, 6, 1.1, True), (6, 9, 1.0, True)]
    found = partition(grouped(pairs, np.ones(4, bool)))
    assert max(map(len, found)) == 2
    assert frozenset({0, 3}) in found


def test_a_missed_pair_does_not_part_a_person() -> None:
    """Strong evidence on two sides outweighs that one pass or another failed on the third."""
    pairs = [(0, 3, 12.0, True), (3, 6, 12.0, True)]
    assert frozenset({0, 3, 6}) in partition(grouped(pairs, np.ones(4, bool)))


def test_evidence_against_a_pair_parts_a_person() -> None:
    """The third pair was found, and speaks against the other two."""
    pairs = [(0, 3, 5.0, True), (3, 6, 4.0, True), (0, 6, -9.0, False)]
    found = partition(grouped(pairs, np.ones(4, bool)))
    assert frozenset({0, 3}) in found and frozenset({6}) in found


def test_of_two_claims_on_a_person_the_stronger_stands() -> None:
    """Records 0 and 1 are of one sole source, so only one of them can be record 3's person."""
    pairs = [(0, 3, 4.0, True), (1, 6, 5.0, True), (3, 6, 6.0, True)]
    found = partition(grouped(pairs, np.ones(4, bool)))
    assert not any({0, 1} <= cluster for cluster in found)
    assert any({3, 6} <= cluster for cluster in found)


def test_a_source_that_holds_a_person_twice_keeps_both() -> None:
    """Records 3 and 4 of a pooling source are never compared, which says nothing against them."""
    pairs = [(0, 3, 2.0, True), (0, 4, 1.9, True)]
    sole = np.array([True, False, True, True])
    assert frozenset({0, 3, 4}) in partition(grouped(pairs, sole))


def test_without_pairs_everybody_is_alone() -> None:
    """No candidates, no records: no special cases."""
    assert len(partition(grouped([], np.ones(4, bool)))) == len(SOURCES)
    none = np.empty(0, np.int64)
    label = clusters(none, np.ones(2, bool), none, none, none.astype(float), none.astype(bool))
    assert label.shape == (0,)
