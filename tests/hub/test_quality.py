"""Claims about quality without truth: bounds, and what perfect knowledge gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.hub.quality import Quality, estimate

pairs = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 16), st.booleans()), max_size=60)


def estimated(rows: list[tuple[float, int, bool]]) -> Quality:
    """The estimate for pairs of (probability, passes, accepted)."""
    return estimate(
        np.array([row[0] for row in rows], np.float64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], bool),
    )


@given(pairs)
def test_quality_stays_within_bounds(rows: list[tuple[float, int, bool]]) -> None:
    """Shares between 0 and 1, counts not below 0."""
    quality = estimated(rows)
    for share in (quality.expected_precision, quality.expected_recall, quality.expected_f1):
        assert 0 <= share <= 1 + 1e-12
    assert quality.unseen_matches >= 0
    assert quality.expected_matches == pytest.approx(sum(row[0] for row in rows))


def test_certain_matches_found_by_many_passes_are_perfect() -> None:
    """Every pair surely a match, accepted, and found three times: nothing is wrong or missing."""
    quality = estimated([(1.0, 3, True)] * 50)
    assert (quality.expected_precision, quality.expected_recall) == (1.0, 1.0)
    assert quality.expected_f1 == 1.0
    assert quality.unseen_matches == 0.0


def test_nothing_found_is_no_division_by_zero() -> None:
    """Without candidates, and without accepted pairs."""
    assert estimated([]).expected_f1 == 0.0
    assert estimated([(0.2, 1, False)]).expected_precision == 0.0


def test_matches_that_few_passes_find_tell_of_matches_that_none_finds() -> None:
    """The more matches were found once only, the lower the recall."""
    recall = [
        estimated([(1.0, 1, True)] * once + [(1.0, 2, True)] * (100 - once)).expected_recall
        for once in (0, 10, 50, 90)
    ]
    assert recall == sorted(recall, reverse=True)
    assert recall[-1] < recall[0] == 1.0


@given(pairs, st.floats(0, 1))
def test_a_doubtful_pair_lowers_precision_when_it_is_accepted(
    rows: list[tuple[float, int, bool]], doubt: float
) -> None:
    """Accepting what is less likely than the rest never raises expected precision."""
    least = min((row[0] for row in rows if row[2]), default=1.0)
    before = estimated([*rows, (1.0, 3, True)]).expected_precision
    after = estimated([*rows, (1.0, 3, True), (least * doubt, 3, True)]).expected_precision
    assert after <= before + 1e-12
