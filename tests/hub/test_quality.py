"""Claims about quality without truth: bounds, coverage, and what perfect knowledge gives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.agreement import Pass
from pprl.agreement.blocking import BlockingPart
from pprl.hub.quality import COLUMNS, Estimates, Judgement, Quality, estimate

PASSES = [
    Pass(block, tuple(BlockingPart.parse(part) for part in block.split("+")), 1)
    for block in ("birth_date+last_part", "birth_date+zip", "last_part+zip")
]
FIELDS = ("last_name", "birth_date", "zip")
SOURCES = [("a", "b"), ("a", "c")]
Row = tuple[float, int, int, bool]
pairs = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 7), st.integers(0, 7), st.booleans()), max_size=40
)


def judgement(rows: list[Row], doubt: float = 0.5) -> Judgement:
    """Candidates of (probability, passes as bits, agreement as bits, accepted)."""
    bits = np.array([row[2] for row in rows], np.int64)
    return Judgement(
        probability=np.array([row[0] for row in rows], np.float64),
        accepted=np.array([row[3] for row in rows], bool),
        found=np.array([row[1] for row in rows], np.uint64),
        agrees=(bits[:, None] >> np.arange(3) & 1).astype(bool),
        passes=PASSES,
        fields=FIELDS,
        completeness=(1.0, 1.0, 1.0),
        doubt=doubt,
    )


def estimated(rows: list[Row]) -> Quality:
    """The estimate, all candidates of one pair of sources."""
    return estimate(judgement(rows), np.zeros(len(rows), np.int64), SOURCES)


@settings(max_examples=20)
@given(pairs)
def test_quality_stays_within_bounds(rows: list[Row]) -> None:
    """Shares between 0 and 1 inside their intervals, counts not below 0."""
    quality = estimated(rows)
    for share, (low, high) in (
        (quality.expected_precision, quality.precision_interval),
        (quality.expected_recall, quality.recall_interval),
    ):
        assert 0 <= low <= share <= high <= 1 + 1e-12
    assert 0 <= quality.expected_f1 <= 1 + 1e-12
    assert quality.unseen_matches >= 0
    assert quality.expected_matches == pytest.approx(sum(row[0] for row in rows))


def test_certain_matches_found_by_all_passes_are_perfect() -> None:
    """Every pair surely a match, accepted, and found by every pass: nothing is wrong or missing."""
    quality = estimated([(1.0, 7, 7, True)] * 500)
    assert (quality.expected_precision, quality.expected_recall) == (1.0, pytest.approx(1.0))
    assert quality.precision_interval == pytest.approx((1.0, 1.0), abs=1e-4)
    assert quality.recall_interval[0] > 0.98
    assert quality.unseen_matches == pytest.approx(0.0, abs=0.01)


def test_nothing_found_is_no_division_by_zero() -> None:
    """Without candidates, and without accepted pairs."""
    assert estimated([]).expected_f1 == 0.0
    assert estimated([(0.2, 1, 3, False)]).expected_precision == 0.0


def test_pairs_that_owe_all_to_one_field_tell_of_matches_that_none_finds() -> None:
    """The more disagree on the birth date, the more will disagree on it and on another field."""
    recall = [
        estimated(
            [(1.0, 7, 7, True)] * 800
            + [(1.0, 4, 5, True)] * wrong
            + [(1.0, 1, 3, True)] * 60
            + [(1.0, 2, 6, True)] * 60
        ).expected_recall
        for wrong in (0, 20, 100, 300)
    ]
    assert recall == sorted(recall, reverse=True)
    assert recall[-1] < recall[0] - 0.01


@settings(max_examples=20)
@given(pairs, st.floats(0, 1))
def test_a_doubtful_pair_lowers_precision_when_it_is_accepted(
    rows: list[Row], doubt: float
) -> None:
    """Accepting what is less likely than the rest never raises expected precision."""
    least = min((row[0] for row in rows if row[3]), default=1.0)
    before = estimated([*rows, (1.0, 3, 3, True)]).expected_precision
    after = estimated([*rows, (1.0, 3, 3, True), (least * doubt, 3, 3, True)]).expected_precision
    assert after <= before + 1e-12


def test_an_interval_covers_what_happens() -> None:
    """Outcomes drawn from the probabilities lie within the interval nearly always."""
    rng = np.random.default_rng(61)
    chances = np.concatenate((np.full(900, 0.999), rng.uniform(0.5, 1, 100)))
    low, high = estimated([(float(p), 7, 7, True) for p in chances]).precision_interval
    outcomes = (rng.random((500, 1000)) < chances).mean(axis=1)
    assert ((outcomes >= low) & (outcomes <= high)).mean() > 0.95
    assert high - low < 0.04


def test_less_doubt_makes_a_narrower_interval() -> None:
    """A review that settled the model's bias is worth something."""
    rows: list[Row] = [(0.8, 7, 7, True)] * 200 + [(0.999, 7, 7, True)] * 800
    widths = []
    for doubt in (0.05, 0.5):
        row = Estimates(judgement(rows, doubt)).whole()
        widths.append(row["precision_high"] - row["precision_low"])
    assert widths[0] < 0.7 * widths[1]


@settings(max_examples=20)
@given(pairs, st.integers(0, 10**6))
def test_parts_add_up_to_the_whole(rows: list[Row], seed: int) -> None:
    """Pairs and correct pairs by pair of sources are those overall."""
    group = np.random.default_rng(seed).integers(0, 2, len(rows))
    quality = estimate(judgement(rows), group, SOURCES)
    table = quality.by_sources
    assert list(table.columns) == ["source_a", "source_b", *COLUMNS]
    assert table["pairs"].sum() == sum(row[3] for row in rows)
    correct = sum(row[0] for row in rows if row[3])
    assert (table["pairs"] * table["precision"]).sum() == pytest.approx(correct)


def test_a_large_part_is_judged_by_its_own_matches() -> None:
    """Two pairs of sources, one of which disagrees on birth dates far more often."""
    good: list[Row] = (
        [(1.0, 7, 7, True)] * 900 + [(1.0, 1, 3, True)] * 50 + [(1.0, 2, 6, True)] * 50
    )
    bad: list[Row] = [*good[300:], *[(1.0, 4, 5, True)] * 300]
    group = np.repeat([0, 1], [len(good), len(bad)])
    table = estimate(judgement([*good, *bad]), group, SOURCES).by_sources
    assert table["recall"][1] < table["recall"][0] - 0.005


def test_a_pass_has_found_a_part_of_what_all_have() -> None:
    """Its recall is its accepted matches over all expected ones."""
    rows: list[Row] = [(1.0, 7, 7, True)] * 60 + [(1.0, 1, 3, True)] * 40
    table = estimated(rows).by_pass.set_index("pass")
    assert table.loc["birth_date+last_part", "pairs"] == 100
    assert table.loc["last_part+zip", "pairs"] == 60
    assert (table["recall"] <= 1).all()
    assert table["recall"].iloc[0] > table["recall"].iloc[2]


def test_the_same_candidates_have_the_same_intervals() -> None:
    """Draws are seeded."""
    rows: list[Row] = [(0.9, 7, 7, True)] * 50 + [(0.4, 1, 3, False)] * 20
    one, other = estimated(rows), estimated(rows)
    for name in (field.name for field in dataclasses.fields(Quality)):
        first, second = getattr(one, name), getattr(other, name)
        assert first.equals(second) if hasattr(first, "equals") else first == second
