"""Claims about the scan of all pairs, for both kernels against two plain loops."""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pprl.similarity.all_pairs as all_pairs
from pprl.errors import UsageError
from pprl.filters import Words
from pprl.similarity import similar_pairs
from pprl.similarity.best_so_far import BestSoFar
from pprl.similarity.found import Gathering
from pprl.similarity.packed_products import PackedProducts
from pprl.similarity.popcount_order import PopcountOrder
from pprl.similarity.prefix import Prefix
from pprl.similarity.threshold import Measure
from tests.similarity.scan import listed, made, scan, spoilt

HAS_NUMBA = importlib.util.find_spec("numba") is not None
KERNELS = [
    "numpy",
    pytest.param("numba", marks=pytest.mark.skipif(not HAS_NUMBA, reason="numba is not there")),
]
WORDS = [1, 2, 3, 11, 16, 17, 64]
THRESHOLDS = [
    ("dice", "0.05"),
    ("dice", "0.7"),
    ("dice", "0.8"),
    ("dice", "1"),
    ("jaccard", "1/3"),
    ("jaccard", "0.5"),
    ("jaccard", "1"),
    ("hamming", "0"),
    ("hamming", "25"),
    ("hamming", "64"),
    ("hamming", "5000"),
]

kernels = pytest.mark.parametrize("kernel", KERNELS)


def two_files(seed: int, words: int, most: int = 24) -> tuple[Words, Words]:
    """Two tables of filters; some of the second are spoilt copies of the first."""
    rng = np.random.default_rng([seed, words])
    rows, others = (int(size) for size in rng.integers(0, most, 2))
    density = [None, 0.05, 0.4, 0.9][seed % 4]
    a = made(rows, words, rng, density=density)
    b = made(others, words, rng, density=density)
    copied = min(rows, others) // 2
    b[:copied] = spoilt(a[:copied], rng, share=rng.choice([0.01, 0.1]))
    return a, b


@kernels
@pytest.mark.parametrize("words", WORDS)
def test_every_similar_pair_is_found_as_by_two_loops(kernel: Any, words: int) -> None:
    """For every measure, for filters of one word to many, with themselves and with others."""
    for seed in range(4):
        a, b = two_files(seed, words)
        for measure, threshold in THRESHOLDS:
            for other in (b, None):
                found = similar_pairs(
                    a, other, Fraction(threshold), measure=measure, kernel=kernel, threads=1
                )
                assert listed(found) == scan(a, other, threshold, measure)


@kernels
@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    words=st.sampled_from(WORDS[:4]),
    measure=st.sampled_from(["dice", "jaccard"]),
    numerator=st.integers(1, 40),
    denominator=st.integers(1, 40),
)
def test_pairs_exactly_at_the_threshold_are_in(
    kernel: Any, seed: int, words: int, measure: Measure, numerator: int, denominator: int
) -> None:
    """Thresholds are simple fractions, which pairs of short filters often meet exactly."""
    threshold = min(Fraction(1), Fraction(numerator, denominator))
    a, b = two_files(seed, words, most=12)
    found = similar_pairs(a, b, threshold, measure=measure, kernel=kernel, threads=1)
    assert listed(found) == scan(a, b, str(threshold), measure)


@kernels
@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), top=st.integers(1, 4), is_self_join=st.booleans())
def test_only_the_best_of_each_row_are_kept(
    kernel: Any, seed: int, top: int, is_self_join: bool
) -> None:
    """Of equals the lower partner, and in a self-join the best of either row."""
    a, b = two_files(seed, 1, most=16)
    other = None if is_self_join else b
    found = similar_pairs(a, other, "0.3", top=top, kernel=kernel, threads=1)
    assert listed(found) == scan(a, other, "0.3", top=top)


def test_the_best_of_each_row_survive_however_often_the_rest_is_swept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sweeps in between bound the memory, never the result."""
    monkeypatch.setattr("pprl.similarity.found._BATCH", 3)
    monkeypatch.setattr(PackedProducts, "narrowest", 5)
    rng = np.random.default_rng(1)
    a, b = made(30, 1, rng, density=0.5), made(30, 1, rng, density=0.5)
    for other in (b, None):
        found = similar_pairs(a, other, "0.2", top=2, kernel="numpy", threads=1, max_pairs=60)
        assert listed(found) == scan(a, other, "0.2", top=2)


@kernels
@pytest.mark.parametrize(("measure", "threshold"), [("dice", "0.4"), ("hamming", "60")])
@pytest.mark.parametrize("top", [1, 3])
def test_filters_out_of_reach_of_the_best_are_no_loss(
    kernel: Any, measure: Measure, threshold: str, top: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of filters of many counts, in many tiles, the best of each row are found all the same."""
    chosen = all_pairs._kernel(kernel)
    monkeypatch.setattr(chosen, "narrowest", 5)
    taken = []
    within_reach = BestSoFar.within_reach

    def watched(self: BestSoFar, rows: slice, fewest: int, most: int) -> Any:
        reach = within_reach(self, rows, fewest, most)
        taken.append(int((~reach).sum()))
        return reach

    monkeypatch.setattr(BestSoFar, "within_reach", watched)
    rng = np.random.default_rng(7)
    a = np.concatenate([made(15, 2, rng, density=density) for density in np.linspace(0.1, 0.9, 8)])
    b = np.concatenate([spoilt(a, rng), a[::3], made(40, 2, rng)])
    expected = scan(a, b, threshold, measure, top=top)
    for threads in (1, 2):
        found = similar_pairs(
            a, b, threshold, measure=measure, top=top, kernel=kernel, threads=threads
        )
        assert listed(found) == expected
    assert sum(taken) > len(a)


@kernels
def test_a_tile_that_no_row_can_gain_by_is_passed_over(
    kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row has its equal, so filters of other counts cannot come near."""
    monkeypatch.setattr(all_pairs._kernel(kernel), "narrowest", 5)
    rng = np.random.default_rng(7)
    a = made(50, 4, rng, density=0.5)
    b = np.concatenate([a, made(500, 4, rng, density=0.3), made(500, 4, rng, density=0.7)])
    found = similar_pairs(a, b, "0.2", top=1, kernel=kernel)
    assert listed(found) == scan(a, b, "0.2", top=1)


@kernels
def test_tiles_blocks_and_threads_make_no_difference(
    kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut into many tiles for three threads, or compared at once."""
    rng = np.random.default_rng(3)
    a = made(300, 3, rng)
    b = spoilt(a, rng)
    whole = [listed(similar_pairs(a, x, "0.6", kernel=kernel, threads=1)) for x in (b, None)]
    chosen = all_pairs._kernel(kernel)
    monkeypatch.setattr(chosen, "block", 70)
    monkeypatch.setattr(chosen, "narrowest", 13)
    monkeypatch.setattr(f"{chosen.__module__}._ROWS", 11)
    cut = [listed(similar_pairs(a, x, "0.6", kernel=kernel, threads=3)) for x in (b, None)]
    assert cut == whole == [scan(a, x, "0.6") for x in (b, None)]


@kernels
def test_no_prefix_loses_a_pair(kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever part of the filters is looked at first, in whatever order."""
    rng = np.random.default_rng(4)
    a = made(60, 3, rng, density=0.4)
    b = spoilt(a, rng)
    chosen = all_pairs._kernel(kernel)
    units = 3 if kernel == "numba" else 192
    for length in range(1, units + 1, 1 if kernel == "numba" else 19):
        prefix = Prefix(rng.permutation(units)[:length], 0.5)
        monkeypatch.setattr(f"{chosen.__module__}._prefix", lambda _, prefix=prefix: prefix)
        for measure, threshold in THRESHOLDS:
            found = similar_pairs(
                a, b, Fraction(threshold), measure=measure, kernel=kernel, threads=1
            )
            assert listed(found) == scan(a, b, threshold, measure)


@pytest.mark.parametrize("fields", [1, 2, 3])
def test_counts_do_not_leak_into_their_neighbours(
    fields: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many share a number, as long as they fit."""
    rng = np.random.default_rng(5)
    a = made(50, 2, rng, density=0.5)
    b = spoilt(a, rng)
    monkeypatch.setattr("pprl.similarity.packed_products._fields", lambda *_: fields)
    found = similar_pairs(a, b, "0.8", kernel="numpy", threads=1)
    assert listed(found) == scan(a, b, "0.8")


@kernels
def test_full_filters_of_many_words_are_counted_exactly(kernel: Any) -> None:
    """The largest counts that these lengths allow, where three do not fit into a number."""
    a = np.full((4, 64), ~np.uint64(0))
    a[1, 0] ^= np.uint64(1)
    a[2, :32] = 0
    for measure, threshold in THRESHOLDS:
        found = similar_pairs(a, a, Fraction(threshold), measure=measure, kernel=kernel)
        assert listed(found) == scan(a, a, threshold, measure)


@pytest.mark.skipif(not HAS_NUMBA, reason="numba is not there")
def test_the_compiled_loop_does_what_its_source_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run by the interpreter, it finds what two loops find."""
    from pprl.similarity import compiled

    rng = np.random.default_rng(6)
    a = made(12, 2, rng, density=0.5)
    b = spoilt(np.vstack([a] * 6), rng)
    words = rng.integers(0, 1 << 64, 50, np.uint64)
    assert (compiled.ones_in_word.py_func(words) == np.bitwise_count(words)).all()
    monkeypatch.setattr(compiled, "_prefix", lambda _: Prefix(np.array([1]), 0.5))
    monkeypatch.setattr(compiled, "compare", compiled.compare.py_func)
    for threshold in ("0.5", "0.8"):
        found = similar_pairs(a, b, threshold, kernel="numba", threads=1)
        assert listed(found) == scan(a, b, threshold)


@kernels
def test_the_order_of_rows_makes_no_difference(kernel: Any) -> None:
    """Shuffled rows give the same pairs."""
    rng = np.random.default_rng(7)
    a = made(40, 2, rng)
    b = spoilt(a, rng)
    ours, theirs = rng.permutation(40), rng.permutation(40)
    shuffled = similar_pairs(a[ours], b[theirs], "0.7", kernel=kernel)
    back = sorted((ours[i], theirs[j], s) for i, j, s in listed(shuffled))
    assert back == sorted(listed(similar_pairs(a, b, "0.7", kernel=kernel)))


@pytest.mark.parametrize(
    "value", [0.8, "0.8", Decimal("0.8"), Fraction(4, 5), np.float64(0.8), np.float32(0.8)]
)
def test_four_fifths_is_four_fifths_however_it_is_written(value: Any) -> None:
    """The float nearest to 0.8 is above it, and would lose pairs that are exactly at 0.8."""
    exactly_at = np.array([[0b11111]], np.uint64), np.array([[0b111101111]], np.uint64)
    at_eight_tenths = np.array([[0b01111]], np.uint64), np.array([[0b111111]], np.uint64)
    assert listed(similar_pairs(*at_eight_tenths, value, kernel="numpy")) == [(0, 0, 0.8)]
    assert not listed(similar_pairs(*exactly_at, value, kernel="numpy"))


@kernels
def test_empty_filters_are_alike_in_distance_only(kernel: Any) -> None:
    """Two filters that say nothing have similarity 0, and distance 0."""
    empty = np.zeros((2, 1), np.uint64)
    for measure in ("dice", "jaccard"):
        assert not listed(similar_pairs(empty, empty, 0.01, measure=measure, kernel=kernel))
    assert listed(similar_pairs(empty, None, 0, measure="hamming", kernel=kernel)) == [(0, 1, 0.0)]


@kernels
@pytest.mark.parametrize(("rows", "others"), [(0, 3), (3, 0), (0, 0)])
def test_no_filters_make_no_pairs(kernel: Any, rows: int, others: int) -> None:
    """An empty table is no error."""
    rng = np.random.default_rng(8)
    found = similar_pairs(made(rows, 2, rng), made(others, 2, rng), 0.5, kernel=kernel)
    assert [column.dtype.str[1:] for column in found] == ["i8", "i8", "f8"]
    assert not listed(found)


def test_too_many_pairs_are_refused_with_the_way_out() -> None:
    """Memory is bounded by a number that the caller knows."""
    a = np.ones((10, 1), np.uint64)
    assert len(similar_pairs(a, a, 0.5, max_pairs=100, kernel="numpy").i) == 100
    with pytest.raises(UsageError, match=r"More than 99 pairs .* threshold.*top="):
        similar_pairs(a, a, 0.5, max_pairs=99, kernel="numpy")
    assert len(similar_pairs(a, a, 0.5, max_pairs=10, top=1, kernel="numpy").i) == 10
    with pytest.raises(UsageError, match="More than 9 pairs"):
        similar_pairs(a, a, 0.5, max_pairs=9, top=1, kernel="numpy")


def test_the_best_are_refused_as_soon_as_they_are_too_many() -> None:
    """Not only at the end, when memory would be gone."""
    gathering = Gathering(max_pairs=5, top=1, is_distance=False, is_self_join=False)
    rows = np.arange(1 << 20)
    with pytest.raises(UsageError, match="More than 5 pairs"):
        for start in range(2):
            gathering.add(rows + start * len(rows), rows, np.ones(len(rows)))


A = np.ones((2, 2), np.uint64)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"a": A.astype(np.int64)}, r"a must be an array uint64\[n, words\]"),
        ({"a": A[0]}, r"a must be an array"),
        ({"a": A[:, :0]}, r"a must be an array"),
        ({"b": A.tolist()}, r"b must be an array"),
        ({"b": A[:, :1]}, "2 words and b of 1"),
        ({"measure": "cosine"}, "choose one of dice, jaccard, hamming"),
        ({"threshold": 0}, "above 0"),
        ({"threshold": 1.01}, "at most 1"),
        ({"threshold": float("nan")}, "not a number"),
        ({"threshold": "1/0"}, "not a number"),
        ({"threshold": Decimal("inf")}, "not a number"),
        ({"threshold": -1, "measure": "hamming"}, "below 0"),
        ({"top": 0}, "top must be at least 1"),
        ({"max_pairs": 0}, "max_pairs must be at least 1"),
        ({"threads": 0}, "threads must be at least 1"),
        ({"kernel": "fortran"}, "choose numpy or numba"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    """Every message says which argument, and what it may be."""
    with pytest.raises(UsageError, match=message):
        similar_pairs(**({"a": A, "b": A, "threshold": 0.8} | arguments))


def test_without_numba_numpy_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And numba by name is refused, with what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert len(similar_pairs(A, A, 1).i) == 4
    with pytest.raises(UsageError, match=r"pip install 'pprl-edu\[fast\]'"):
        similar_pairs(A, A, 1, kernel="numba")


def test_the_scan_tells_how_far_it_is() -> None:
    """Block by block."""
    told: list[tuple[str, int, int]] = []
    similar_pairs(A, A, 1, kernel="numpy", progress=lambda *step: told.append(step))
    assert told == [("compare", 0, 1), ("compare", 1, 1)]


def test_filters_need_not_lie_in_one_piece() -> None:
    """A slice of a wider table will do."""
    rng = np.random.default_rng(9)
    wide = made(30, 4, rng)
    assert listed(similar_pairs(wide[::2, 1:3], None, "0.4")) == scan(wide[::2, 1:3], None, "0.4")


def test_filters_are_put_in_the_order_of_their_bits_set() -> None:
    """Equal ones keep theirs."""
    ordered = PopcountOrder.of(np.array([[7], [1], [0], [2]], np.uint64), "a")
    assert ordered.row.tolist() == [2, 1, 3, 0]
    assert ordered.ones.tolist() == [0, 1, 1, 3]
    assert ordered.between(1, 1) == (1, 3)
    assert ordered.between(5, 4) == (4, 4)
