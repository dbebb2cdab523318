"""Claims about rivals: what they leave each other, and who is accepted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.hub.assignment import TIE, beyond, one_to_one, probabilities
from pprl.hub.scoring import Candidates

Row = tuple[int, int, int, float]

# Three sources, so three pairs of sources: 0-1, 0-2 and 1-2. Few records, so that pairs are rivals.
GROUPS = ((0, 1), (0, 2), (1, 2))
candidate_rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 4), st.floats(-800, 800)),
    max_size=40,
    unique_by=lambda row: row[:3],
)
sole_sources = st.tuples(st.booleans(), st.booleans(), st.booleans())


def made(rows: list[Row]) -> Candidates:
    """Candidates of (group, left, right, log-odds), in the order of their tokens."""
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    return Candidates(
        np.array(columns[0], np.int16),
        np.array(columns[1], np.uint32),
        np.array(columns[2], np.uint32),
        np.arange(len(rows), dtype=np.uint64),
        np.array(columns[3], np.float64),
        np.zeros(len(rows), np.int64),
        np.ones(len(rows), np.int64),
    )


def sides(sole: tuple[bool, bool, bool]) -> np.ndarray:
    """`sole` as the functions take it: for the first and the second source of each pair."""
    return np.array([[sole[a], sole[b]] for a, b in GROUPS], bool)


@given(candidate_rows, sole_sources)
def test_a_probability_lies_between_0_and_1(rows: list[Row], sole: tuple[bool, bool, bool]) -> None:
    """However strong the evidence and however many the rivals."""
    probability = probabilities(made(rows), sides(sole))
    assert probability.shape == (len(rows),)
    assert ((probability >= 0) & (probability <= 1)).all()


@given(candidate_rows, sole_sources)
def test_rivals_for_one_record_share_what_there_is(
    rows: list[Row], sole: tuple[bool, bool, bool]
) -> None:
    """A record is at most one person of a source that holds each person once."""
    probability = probabilities(made(rows), sides(sole))
    for group, (a, b) in enumerate(GROUPS):
        for record in range(5):
            of_left = [
                p for r, p in zip(rows, probability, strict=True) if r[:2] == (group, record)
            ]
            of_right = [
                p for r, p in zip(rows, probability, strict=True) if (r[0], r[2]) == (group, record)
            ]
            assert not sole[b] or sum(of_left) <= 1 + 1e-9
            assert not sole[a] or sum(of_right) <= 1 + 1e-9


@given(candidate_rows)
def test_without_rivals_a_probability_is_that_of_its_odds(rows: list[Row]) -> None:
    """Where persons may repeat, nobody takes anything from anybody."""
    probability = probabilities(made(rows), sides((False, False, False)))
    bounded = np.clip([row[3] for row in rows], -300, 300)
    assert np.allclose(probability, 1 / (1 + np.exp(-bounded)), rtol=1e-12)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=6), st.floats(-20, 20))
def test_a_pair_with_rivals_is_less_likely_than_one_without(
    rivals: list[float], log_odds: float
) -> None:
    """Of two pairs with the same odds, the one whose record has other candidates loses."""
    rows = [(0, 0, 0, log_odds), (0, 1, 1, log_odds)]
    rows += [(0, 0, 2 + place, rival) for place, rival in enumerate(rivals)]
    contested, free = probabilities(made(rows), sides((True, True, True)))[:2]
    assert contested <= free


def test_a_free_pair_gains_where_strangers_are_often_taken() -> None:
    """Hundred strangers whose records are matched elsewhere speak for a pair that is not."""
    sure = [(0, record, record, 12.0) for record in range(100)]
    strangers = [(0, record, (record + 1) % 100, -2.0) for record in range(100)]
    alone = probabilities(made([(0, 200, 200, 0.0)]), sides((True, True, True)))[0]
    among = probabilities(made([*sure, *strangers, (0, 200, 200, 0.0)]), sides((True, True, True)))
    assert alone == pytest.approx(0.5)
    assert among[-1] > 0.8


@given(candidate_rows, sole_sources, st.floats(0.01, 1))
def test_no_record_is_used_twice(
    rows: list[Row], sole: tuple[bool, bool, bool], threshold: float
) -> None:
    """In a sole source, a record's partner in another source is at most one."""
    candidates = made(rows)
    probability = probabilities(candidates, sides(sole))
    accepted = one_to_one(candidates, probability, threshold, sides(sole))
    assert (probability[accepted] >= threshold).all()
    chosen = [row for row, taken in zip(rows, accepted, strict=True) if taken]
    for group, (a, b) in enumerate(GROUPS):
        left = [row[1] for row in chosen if row[0] == group]
        right = [row[2] for row in chosen if row[0] == group]
        assert not sole[b] or len(set(left)) == len(left)
        assert not sole[a] or len(set(right)) == len(right)


def allowed(rows: list[Row], chosen: tuple[int, ...], sole: tuple[bool, bool, bool]) -> bool:
    """Whether no record of these pairs has two partners in a sole source."""
    used: set[tuple[int, int, int]] = set()
    for place in chosen:
        group, left, right, _ = rows[place]
        a, b = GROUPS[group]
        ends = [(group, 0, left)] * sole[b] + [(group, 1, right)] * sole[a]
        if used & set(ends):
            return False
        used |= set(ends)
    return True


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.just(0.0)),
        max_size=9,
        unique_by=lambda row: row[:3],
    ),
    st.lists(st.floats(0.01, 1), min_size=9, max_size=9),
    sole_sources,
    st.floats(0.01, 0.9),
)
def test_no_other_choice_says_more(
    rows: list[Row], said: list[float], sole: tuple[bool, bool, bool], threshold: float
) -> None:
    """Against every subset of the likely pairs: none that is allowed has a larger sum."""
    probability = np.array(said[: len(rows)])
    accepted = one_to_one(made(rows), probability, threshold, sides(sole))
    likely = np.flatnonzero(probability >= threshold).tolist()
    weight = beyond(probability, threshold)
    best = max(
        float(weight[list(chosen)].sum())
        for size in range(len(likely) + 1)
        for chosen in combinations(likely, size)
        if allowed(rows, chosen, sole)
    )
    assert allowed(rows, tuple(np.flatnonzero(accepted).tolist()), sole)
    assert weight[accepted].sum() >= best - 9 * TIE


def test_the_surest_pair_may_have_to_give_way() -> None:
    """Taking the surest first would leave both other records without a partner."""
    rows = [(0, 0, 0, 0.0), (0, 0, 1, 0.0), (0, 1, 0, 0.0)]
    probability = np.array([0.95, 0.9, 0.9])
    accepted = one_to_one(made(rows), probability, 0.5, sides((True, True, True)))
    assert accepted.tolist() == [False, True, True]


def test_of_two_equals_the_lower_token_is_accepted(
    make_candidates: Callable[..., Candidates],
) -> None:
    """Never the lower record: a record's number must decide nothing."""
    candidates = make_candidates([(0, 9, 0, 2.0), (0, 1, 0, 2.0)])
    equal = np.array([0.6, 0.6])
    assert one_to_one(candidates, equal, 0.5, np.ones((1, 2), bool)).tolist() == [True, False]


@given(candidate_rows, st.permutations(range(5)), st.permutations(range(5)))
def test_numbering_the_records_anew_changes_no_choice(
    rows: list[Row], left: list[int], right: list[int]
) -> None:
    """The same students under other record numbers are accepted alike, ties included."""
    rounded = [(group, a, b, float(round(odds / 400))) for group, a, b, odds in rows]
    renamed = [(group, left[a], right[b], odds) for group, a, b, odds in rounded]
    sole = sides((True, True, True))
    probability = probabilities(made(rounded), sole)
    assert np.allclose(probability, probabilities(made(renamed), sole), rtol=1e-9)
    before = one_to_one(made(rounded), probability, 0.2, sole)
    assert np.array_equal(before, one_to_one(made(renamed), probability, 0.2, sole))


@pytest.mark.parametrize("threshold", [0.5, 1.0])
def test_a_pair_at_the_threshold_is_accepted(
    threshold: float, make_candidates: Callable[..., Candidates]
) -> None:
    """The threshold is the least probability accepted."""
    at = np.array([threshold, np.nextafter(threshold, 0)])
    candidates = make_candidates([(0, 0, 0, 0.0), (0, 1, 1, 0.0)])
    assert one_to_one(candidates, at, threshold, np.ones((1, 2), bool)).tolist() == [True, False]
