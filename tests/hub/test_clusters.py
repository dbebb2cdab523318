"""Claims about clusters: who hangs together, and what never does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pprl.hub import clusters as module
from pprl.hub.clusters import ABSENT_LOG_ODDS, clusters
from pprl.hub.partitions import FORBIDDEN, best_partitions

SOURCES = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
FEW = np.array([0, 0, 1, 1, 2, 2, 3])
Pair = tuple[int, int, float]


@st.composite
def linked(draw: st.DrawFn, source: np.ndarray = SOURCES) -> list[Pair]:
    """Pairs of records of different sources, with evidence no two sums of which are equal."""
    across = [
        (a, b)
        for a in range(len(source))
        for b in range(a + 1, len(source))
        if source[a] != source[b]
    ]
    chosen = draw(st.lists(st.sampled_from(across), unique=True, max_size=30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = rng.normal(draw(st.floats(-2, 3)), 3, len(chosen)).tolist()
    return [(a, b, weight) for (a, b), weight in zip(chosen, weights, strict=True)]


soles = st.lists(st.booleans(), min_size=4, max_size=4).map(np.array)


def grouped(pairs: list[Pair], sole: np.ndarray, source: np.ndarray = SOURCES) -> np.ndarray:
    """The clusters of such pairs."""
    left, right, log_odds = zip(*pairs, strict=True) if pairs else ((), (), ())
    return clusters(
        source,
        np.asarray(sole, bool),
        np.array(left, np.int64),
        np.array(right, np.int64),
        np.array(log_odds, np.float64),
    )


def partition(label: np.ndarray) -> set[frozenset[int]]:
    """The clusters as sets of records."""
    return {frozenset(np.flatnonzero(label == name).tolist()) for name in np.unique(label)}


def weights_of(pairs: list[Pair], sole: np.ndarray, source: np.ndarray) -> np.ndarray:
    """The weight of every two records, as the module means it, written plainly."""
    n = len(source)
    weight = np.full((n, n), ABSENT_LOG_ODDS)
    for a in range(n):
        for b in range(n):
            if source[a] == source[b]:
                weight[a, b] = FORBIDDEN if sole[source[a]] else 0.0
        weight[a, a] = 0.0
    for a, b, log_odds in pairs:
        weight[a, b] = weight[b, a] = log_odds
    return weight


def worth(label: np.ndarray, weight: np.ndarray) -> float:
    """The sum of the weights of all pairs that labels put together."""
    together = np.triu(label[:, None] == label[None, :], 1)
    return float(weight[together].sum())


def all_partitions(n: int) -> Iterator[np.ndarray]:
    """Every partition of n records, as labels (restricted growth strings)."""

    def grown(labels: list[int], most: int) -> Iterator[list[int]]:
        if len(labels) == n:
            yield labels
            return
        for name in range(most + 2):
            yield from grown([*labels, name], max(most, name))

    for labels in grown([], -1):
        yield np.array(labels)


EVERY = list(all_partitions(len(FEW)))


@given(linked(FEW), soles)
@settings(max_examples=60)
def test_no_other_partition_of_few_records_is_worth_more(
    pairs: list[Pair], sole: np.ndarray
) -> None:
    """Against all 877 partitions of seven records of four sources."""
    weight = weights_of(pairs, sole, FEW)
    best = max(worth(label, weight) for label in EVERY)
    assert worth(grouped(pairs, sole, FEW), weight) == pytest.approx(best)


def searched(pairs: list[Pair], sole: np.ndarray) -> np.ndarray:
    """The clusters, every component being taken for a large one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LARGEST", 1)
        return grouped(pairs, sole)


@given(linked(), soles)
@settings(max_examples=60)
def test_in_large_components_no_record_fits_better_elsewhere(
    pairs: list[Pair], sole: np.ndarray
) -> None:
    """Where the local search ends, moving any one record gains nothing."""
    weight = weights_of(pairs, sole, SOURCES)
    label = searched(pairs, sole)
    value = worth(label, weight)
    for record in range(len(SOURCES)):
        for home in {*label.tolist(), -1}:
            moved = label.copy()
            moved[record] = home
            assert worth(moved, weight) <= value + 1e-6


def test_large_components_are_mostly_divided_in_the_best_way() -> None:
    """Held against the exact partition, on tangles thicker than any that students make."""
    rng = np.random.default_rng(27)
    across = [(a, b) for a in range(10) for b in range(a + 1, 10) if SOURCES[a] != SOURCES[b]]
    weights, values = [], []
    for _ in range(150):
        chosen = rng.choice(len(across), 20, replace=False).tolist()
        pairs = [(*across[place], float(rng.normal(1, 3))) for place in chosen]
        sole = rng.random(4) < 0.7
        weights.append(weights_of(pairs, sole, SOURCES)[:10, :10])
        values.append(worth(searched(pairs, sole)[:10], weights[-1]))
    parts = best_partitions(np.array(weights))
    exact = np.array([worth(part, weight) for part, weight in zip(parts, weights, strict=True)])
    shares = np.array(values)[exact > 0] / exact[exact > 0]
    assert (shares > 1 - 1e-9).mean() > 0.8
    assert 0.7 < shares.min() <= shares.max() < 1 + 1e-9


def test_two_large_clusters_are_not_joined_by_one_bridge() -> None:
    """One pair speaks for joining twice six records, all others found speak against it."""
    one, two = range(0, 12, 2), range(1, 12, 2)
    pairs = [
        (a, b, 2.0 if (a in one) == (b in one) else 5.0 if (a, b) == (2, 3) else -2.0)
        for a in range(12)
        for b in range(a + 1, 12)
        if SOURCES[a] != SOURCES[b]
    ]
    found = partition(searched(pairs, np.zeros(4, bool)))
    assert found == {frozenset(one), frozenset(two)}


@pytest.mark.parametrize("k", [2, 3, 6])
def test_groups_are_partitioned_alike_alone_and_together(k: int) -> None:
    """Many groups at once, in several tiles, or one at a time."""
    rng = np.random.default_rng(k)
    weight = rng.normal(0, 2, (40, k, k))
    weight = np.triu(weight, 1) + np.triu(weight, 1).transpose(0, 2, 1)
    together = best_partitions(weight)
    alone = np.concatenate([best_partitions(one[None]) for one in weight])
    assert np.array_equal(together, alone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pprl.hub.partitions._CELLS", 8)
        assert np.array_equal(together, best_partitions(weight))


@given(linked(), soles)
def test_no_cluster_holds_two_records_of_a_sole_source(pairs: list[Pair], sole: np.ndarray) -> None:
    """A source that holds each person once has one record in a person."""
    for cluster in partition(grouped(pairs, sole)):
        held = [int(SOURCES[record]) for record in cluster]
        assert all(held.count(source) == 1 for source in set(held) if sole[source])


@given(linked(), soles)
def test_every_record_is_in_one_cluster(pairs: list[Pair], sole: np.ndarray) -> None:
    """Matched or not."""
    label = grouped(pairs, sole)
    assert label.shape == SOURCES.shape
    assert sum(map(len, partition(label))) == len(SOURCES)


@given(linked(), soles)
def test_a_cluster_never_joins_what_no_evidence_connects(
    pairs: list[Pair], sole: np.ndarray
) -> None:
    """Clusters cut the groups that pairs with evidence for them form, and never grow beyond."""
    speaking = [(a, b) for a, b, weight in pairs if weight > 0]
    i, j = zip(*speaking, strict=True) if speaking else ((), ())
    graph = coo_array((np.ones(len(i)), (i, j)), shape=(len(SOURCES),) * 2)
    _, reach = connected_components(graph, directed=False)
    for cluster in partition(grouped(pairs, sole)):
        assert len({reach[record] for record in cluster}) == 1


@given(linked(FEW), soles, st.randoms(use_true_random=False))
def test_the_order_of_pairs_decides_nothing(
    pairs: list[Pair], sole: np.ndarray, random: object
) -> None:
    """With evidence that differs, clusters depend on the evidence alone."""
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    exchanged = [(b, a, weight) for a, b, weight in shuffled]
    before = partition(grouped(pairs, sole, FEW))
    assert partition(grouped(shuffled, sole, FEW)) == before
    assert partition(grouped(exchanged, sole, FEW)) == before


@given(linked(), soles, st.integers(0, 2**32), st.sampled_from([1, 10]))
def test_the_numbers_of_records_decide_nothing(
    pairs: list[Pair], sole: np.ndarray, seed: int, largest: int
) -> None:
    """Equal evidence included: the order of the pairs decides, and numbers are only names."""
    whole = [(a, b, float(round(weight))) for a, b, weight in pairs]
    number = np.random.default_rng(seed).permutation(len(SOURCES))
    source = np.empty_like(SOURCES)
    source[number] = SOURCES
    renamed = [(int(number[a]), int(number[b]), weight) for a, b, weight in whole]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LARGEST", largest)
        before, after = grouped(whole, sole), grouped(renamed, sole, source)
    assert partition(after[number]) == partition(before)


@given(st.lists(st.sampled_from([(a, b) for a in range(3) for b in range(3, 6)]), unique=True))
def test_between_two_sources_a_one_to_one_choice_stands(pairs: list[tuple[int, int]]) -> None:
    """Where no record is used twice, there is nothing to decide."""
    used: set[int] = set()
    kept: list[Pair] = []
    for a, b in pairs:
        kept.append((a, b, -1.0 if used & {a, b} else 1.0))
        used |= {a, b}
    label = grouped(kept, np.ones(4, bool))
    for a, b, weight in kept:
        assert (label[a] == label[b]) == (weight > 0)


def test_a_triangle_of_pairs_is_one_person() -> None:
    """Three sources that agree with each other, however weakly."""
    pairs = [(0, 3, 0.1), (3, 6, 0.1), (0, 6, 0.1)]
    assert frozenset({0, 3, 6}) in partition(grouped(pairs, np.ones(4, bool)))


def test_a_chain_of_lookalikes_is_not_one_person() -> None:
    """Weak links whose ends nobody ever found alike do not add up."""
    pairs = [(0, 3, 1.2), (3, 6, 1.1), (6, 9, 1.0)]
    found = partition(grouped(pairs, np.ones(4, bool)))
    assert max(map(len, found)) == 2
    assert frozenset({0, 3}) in found


def test_a_missed_pair_does_not_part_a_person() -> None:
    """Strong evidence on two sides outweighs that one pass or another failed on the third."""
    pairs = [(0, 3, 12.0), (3, 6, 12.0)]
    assert frozenset({0, 3, 6}) in partition(grouped(pairs, np.ones(4, bool)))


def test_evidence_against_a_pair_parts_a_person() -> None:
    """The third pair was found, and speaks against the other two."""
    pairs = [(0, 3, 5.0), (3, 6, 4.0), (0, 6, -9.0)]
    found = partition(grouped(pairs, np.ones(4, bool)))
    assert frozenset({0, 3}) in found and frozenset({6}) in found


def test_of_two_claims_on_a_person_the_stronger_stands() -> None:
    """Records 0 and 1 are of one sole source, so only one of them can be record 3's person."""
    pairs = [(0, 3, 4.0), (1, 6, 5.0), (3, 6, 12.0)]
    found = partition(grouped(pairs, np.ones(4, bool)))
    assert not any({0, 1} <= cluster for cluster in found)
    assert any({3, 6} <= cluster for cluster in found)


def test_a_source_that_holds_a_person_twice_keeps_both() -> None:
    """Records 3 and 4 of a pooling source are never compared, which says nothing against them."""
    pairs = [(0, 3, 2.0), (0, 4, 1.9)]
    sole = np.array([True, False, True, True])
    assert frozenset({0, 3, 4}) in partition(grouped(pairs, sole))


def test_without_pairs_everybody_is_alone() -> None:
    """No candidates, no records: no special cases."""
    assert len(partition(grouped([], np.ones(4, bool)))) == len(SOURCES)
    none = np.empty(0, np.int64)
    label = clusters(none, np.ones(2, bool), none, none, none.astype(float))
    assert label.shape == (0,)
