"""Claims about counts of persons: nothing small can be worked out from what is told."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.results.report.overlap import PROTECTION, Overlap, ToldOverlap, closest, told
from pprl.results.report.rounding import Rounding

SMALLEST = 11


def overlap_of(persons: dict[str, int], sources: str = "abc") -> Overlap:
    """So many persons at each set of sources, such as `{"ab": 3}`."""
    rows = [
        {"source": source, "study_id": f"{where}{number}"}
        for where, count in persons.items()
        for number in range(count)
        for source in where
    ]
    return Overlap.of(pd.DataFrame(rows, columns=["source", "study_id"]), sources)


numbers = st.one_of(st.integers(0, 12), st.integers(0, 60))
overlaps = st.fixed_dictionaries(
    {"a": st.just(90), "b": st.just(80), "c": st.just(70)}
    | dict.fromkeys(("ab", "ac", "bc", "abc"), numbers)
).map(overlap_of)


@given(overlaps)
def test_persons_are_counted_as_sets_count_them(overlap: Overlap) -> None:
    """At two sources, at any other, at so many."""
    assert overlap.found.sum() == sum(k * n for k, n in enumerate(overlap.at.tolist(), start=2))
    assert overlap.both.sum() == sum(
        k * (k - 1) // 2 * n for k, n in enumerate(overlap.at.tolist(), start=2)
    )


def test_a_person_counts_once_however_many_records_a_source_has() -> None:
    """Two records of one source under one study ID are one person there."""
    table = pd.DataFrame({"source": ["a", "a", "b"], "study_id": ["x", "x", "x"]})
    overlap = Overlap.of(table, "ab")
    assert overlap.held.tolist() == [1, 1]
    assert overlap.both.tolist() == [1]


@settings(max_examples=15)
@given(overlaps)
def test_no_small_count_can_be_bounded_closely(overlap: Overlap) -> None:
    """Whatever is told, each small count may have at least six values."""
    out = told(overlap, SMALLEST)
    if out.base:
        assert closest(overlap, out, SMALLEST) >= PROTECTION
    else:
        assert set(out.found) == set(out.at) == {None}


@settings(max_examples=15)
@given(overlaps)
def test_what_is_told_is_a_multiple_and_not_more_than_is_true(overlap: Overlap) -> None:
    """And nothing below the smallest cell is told at all."""
    out = told(overlap, SMALLEST)
    pairs = zip(
        (*out.both, *out.found, *out.at), (*overlap.both, *overlap.found, *overlap.at), strict=True
    )
    for count, true in pairs:
        if count is not None:
            assert SMALLEST <= count <= true
            assert count % SMALLEST == 0


def rounded(overlap: Overlap, smallest: int, base: int) -> ToldOverlap:
    """What would be told without a look at what follows from it."""
    held = overlap.held.tolist()
    rounding, coarse = Rounding(smallest), Rounding(base)
    return ToldOverlap(
        tuple(
            rounding.count(n, min(held[a], held[b]))
            for n, (a, b) in zip(overlap.both.tolist(), overlap.pairs, strict=True)
        ),
        tuple(coarse.count(n, w) for n, w in zip(overlap.found.tolist(), held, strict=True)),
        tuple(map(coarse.count, overlap.at.tolist())),
        base,
    )


def slowly(overlap: Overlap, published: ToldOverlap, smallest: int) -> int:
    """The closest bound of a small count, from every number of persons at every set."""
    sets = ["ab", "ac", "bc", "abc"]
    small: dict[int, set[int]] = {}
    held = overlap.held.tolist()
    truth = (*overlap.both.tolist(), *overlap.found.tolist(), *overlap.at.tolist())
    wholes = [min(held[a], held[b]) for a, b in overlap.pairs] + held + [sum(held)] * 2
    shown = (*published.both, *published.found, *published.at)
    bases = [smallest] * 3 + [published.base] * 5
    for numbers in product(range(min(held) + 1), repeat=4):
        n = dict(zip(sets, numbers, strict=True))
        both = [n[x] + n["abc"] for x in ("ab", "ac", "bc")]
        found = [sum(n[x] for x in sets if s in x) for s in "abc"]
        counts = (*both, *found, n["ab"] + n["ac"] + n["bc"], n["abc"])
        agrees = all(
            c <= w and Rounding(b).count(c, None if place > 5 else w) == s
            for place, (c, w, b, s) in enumerate(zip(counts, wholes, bases, shown, strict=True))
        )
        if agrees:
            for place, count in enumerate(counts):
                if truth[place] < smallest or wholes[place] - truth[place] < smallest:
                    small.setdefault(place, set()).add(count)
    return min((max(values) - min(values) for values in small.values()), default=smallest)


@pytest.mark.parametrize("base", [3, 6])
@pytest.mark.parametrize("persons", [(1, 0, 2, 3), (4, 2, 3, 0), (5, 5, 0, 1), (0, 0, 0, 0)])
def test_the_attacker_finds_what_trying_everything_finds(
    base: int, persons: tuple[int, ...]
) -> None:
    """The integer program against every table of three sources with a smallest cell of three."""
    where = dict(zip(("ab", "ac", "bc", "abc"), persons, strict=True))
    alone = {s: 9 - sum(n for at, n in where.items() if s in at) for s in "abc"}
    overlap = overlap_of({s: max(0, n) for s, n in alone.items()} | where)
    published = rounded(overlap, 3, base)
    assert closest(overlap, published, 3) == slowly(overlap, published, 3)


def test_all_but_a_few_is_as_little_told_as_a_few() -> None:
    """Where nearly all of a source are found, it is not told how many are not."""
    out = told(overlap_of({"ab": 118, "a": 2, "b": 300}, "ab"), SMALLEST)
    assert out.found[0] is not None
    assert out.found[0] + SMALLEST - 1 <= 120
    assert 120 - out.found[0] >= SMALLEST - 1


def test_what_would_betray_a_few_is_told_more_coarsely() -> None:
    """Four, three and two, which multiples of eleven would come close to."""
    overlap = overlap_of({"a": 90, "b": 80, "c": 70, "ab": 37, "ac": 4, "bc": 3, "abc": 2})
    assert closest(overlap, rounded(overlap, SMALLEST, SMALLEST), SMALLEST) < PROTECTION
    out = told(overlap, SMALLEST)
    assert out.base == 5 * SMALLEST
    assert out.both == rounded(overlap, SMALLEST, SMALLEST).both


def test_what_betrays_a_few_however_coarse_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then only the counts of two institutions are left, which depend on nothing else."""
    monkeypatch.setattr("pprl.results.report.overlap.closest", lambda *_: 0)
    out = told(overlap_of({"ab": 20, "a": 30, "b": 30, "c": 5}), SMALLEST)
    assert out == ToldOverlap((11, None, None), (None,) * 3, (None,) * 2, 0)


def test_of_many_institutions_the_further_counts_are_coarse_at_once() -> None:
    """There are too many sets of them to try."""
    sources = "abcdefghijkl"
    out = told(overlap_of({"ab": 700, "abc": 30}, sources), SMALLEST)
    assert out.base == 50 * SMALLEST
    assert out.at[0] == 550


def test_an_agreement_that_hides_nothing_tells_all() -> None:
    """A smallest cell of one: exact counts, zeros too."""
    out = told(overlap_of({"ab": 3, "c": 5}), 1)
    assert out.both == (3, 0, 0)
    assert out.at == (3, 0)


@given(st.integers(0, 500), st.integers(1, 500), st.integers(1, 40))
def test_a_count_stands_for_as_many_values_as_the_smallest_cell(
    number: int, whole: int, smallest: int
) -> None:
    """And none of them is above the whole, if it is told."""
    number = min(number, whole)
    count = Rounding(smallest).count(number, whole)
    if count is None:
        assert number < 2 * smallest
    else:
        alike = [n for n in range(whole + 1) if Rounding(smallest).count(n, whole) == count]
        assert number in alike
        assert len(alike) >= smallest
        assert alike[0] == count


def test_coarse_shares_are_in_steps_that_hide_the_smallest_cell() -> None:
    """One per cent of many, more of few, nothing of a handful."""
    rounding = Rounding(SMALLEST)
    assert rounding.coarse(6789, 16_000) == 0.42
    assert rounding.coarse(250, 666) == 0.2
    assert rounding.coarse(50, 100) is None
    assert Rounding(1).coarse(1, 3) == 0.33
    assert rounding.share(np.float64(15), 0) is None
