"""Claims about decisions: what an objective is, and which threshold serves it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import UsageError
from pprl.hub.decision import Curve, Decision, Objective

chances = st.lists(st.floats(0.05, 1), min_size=1, max_size=40)


def slowly(allowed: list[float], matches: float, threshold: float) -> tuple[float, float, float]:
    """Expected precision, recall and F1 of the pairs at or above a threshold."""
    taken = [p for p in allowed if p >= threshold]
    precision, recall = sum(taken) / len(taken), sum(taken) / matches
    return precision, recall, 2 * precision * recall / (precision + recall)


@given(chances, st.floats(0, 10))
def test_f1_takes_the_threshold_with_the_highest_expected_f1(
    allowed: list[float], missed: float
) -> None:
    """As trying them all finds."""
    matches = sum(allowed) + missed
    decision = Curve.of(np.array(allowed), matches).decide(Objective.of("f1"))
    best = max(slowly(allowed, matches, threshold)[2] for threshold in allowed)
    assert slowly(allowed, matches, decision.threshold)[2] == pytest.approx(best)
    assert decision.objective == "f1"


@given(chances, st.floats(0, 1))
def test_a_precision_is_kept_by_the_lowest_threshold_that_keeps_it(
    allowed: list[float], bound: float
) -> None:
    """It finds most; and if none does, the message says how near one comes."""
    curve = Curve.of(np.array(allowed), sum(allowed))
    reaching = [t for t in allowed if slowly(allowed, 1.0, t)[0] >= bound + 1e-9]
    if max(allowed) < bound - 1e-9:
        with pytest.raises(UsageError, match="No threshold reaches precision>="):
            curve.decide(Objective("precision", bound))
    elif reaching:
        assert curve.decide(Objective("precision", bound)).threshold <= min(reaching)


@given(chances, st.floats(0, 0.999))
def test_a_recall_is_reached_by_the_highest_threshold_that_reaches_it(
    allowed: list[float], bound: float
) -> None:
    """It errs least."""
    matches = sum(allowed)
    decision = Curve.of(np.array(allowed), matches).decide(Objective("recall", bound))
    assert slowly(allowed, matches, decision.threshold)[1] >= bound - 1e-9
    higher = [t for t in allowed if t > decision.threshold]
    assert all(slowly(allowed, matches, t)[1] <= bound + 1e-9 for t in higher)


def test_a_recall_out_of_reach_is_told() -> None:
    """Matches that no pass found cannot be had by any threshold."""
    curve = Curve.of(np.array([0.9, 0.9]), 3.6)
    with pytest.raises(UsageError, match=r"the highest expected recall is 0\.5000"):
        curve.decide(Objective.of("recall>=0.9"))


@pytest.mark.parametrize(
    ("text", "kind", "bound"),
    [
        ("f1", "f1", 0.0),
        (" precision >= 0.99 ", "precision", 0.99),
        ("recall>=.5", "recall", 0.5),
        ("precision>=1", "precision", 1.0),
        (0.7, "threshold", 0.7),
        (1, "threshold", 1.0),
    ],
)
def test_objectives_are_read(text: str | float, kind: str, bound: float) -> None:
    """A number is a threshold."""
    objective = Objective.of(text)
    assert (objective.kind, objective.bound) == (kind, bound)
    if kind not in ("threshold", "f1"):
        assert Objective.of(str(objective)) == objective


@pytest.mark.parametrize("text", ["", "best", "precision", "precision>=2", "f2", "recall<=0.9"])
def test_what_is_no_objective_is_refused(text: str) -> None:
    """With what could have been meant."""
    with pytest.raises(UsageError, match=r"is no objective. Give a threshold such as 0\.5"):
        Objective.of(text)


def test_nothing_to_decide_on_leaves_the_default() -> None:
    """No candidates at all."""
    curve = Curve.of(np.empty(0), 0.0)
    assert curve.decide(Objective.of("f1")) == Decision(0.5, "f1")
    assert curve.decide(Objective.of("precision>=0.99")).threshold == 0.5
    assert curve.decide(Objective.of(0.8)) == Decision(0.8)


@given(st.floats(0.001, 0.999))
def test_the_doubtful_band_lies_around_the_threshold(threshold: float) -> None:
    """Odds within a factor of nine; at one half, from 0.1 to 0.9."""
    low, high = Decision(threshold).doubtful
    assert 0 < low < threshold < high < 1
    assert Decision(0.5).doubtful == pytest.approx((0.1, 0.9))


def test_a_threshold_of_one_leaves_hardly_a_doubt() -> None:
    """And divides by nothing."""
    low, high = Decision(1.0).doubtful
    assert 0.999 < low <= high <= 1


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.001])
def test_a_threshold_is_a_probability_above_nothing(threshold: float) -> None:
    """At 0 everything would be a link; 1 may be asked for."""
    with pytest.raises(UsageError) as caught:
        Objective.of(threshold)
    assert str(caught.value) == f"threshold must be above 0 and at most 1, not {threshold}."
    assert Objective.of(1.0).bound == 1.0
    assert str(Objective.of(1.0)) == "threshold"


def test_whoever_misspells_an_objective_is_shown_all_forms() -> None:
    """Word for word."""
    with pytest.raises(UsageError) as caught:
        Objective.of("f2")
    assert str(caught.value) == (
        "'f2' is no objective. Give a threshold such as 0.5, "
        '"f1", "precision>=0.99" or "recall>=0.95".'
    )


def test_a_bound_that_is_just_reached_is_reached() -> None:
    """And pairs that are certain have a threshold like any others."""
    curve = Curve.of(np.array([0.75, 0.25]), 1.0)
    assert curve.decide(Objective.of("precision>=0.5")) == Decision(0.25, "precision>=0.5")
    assert curve.decide(Objective.of("recall>=0.75")) == Decision(0.75, "recall>=0.75")
    assert Curve.of(np.ones(2), 2.0).threshold.tolist() == [1.0]


def test_how_near_a_bound_one_comes_is_rounded_down() -> None:
    """So that asking for what is told is not refused."""
    with pytest.raises(UsageError, match=r"the highest expected recall is 0\.9876\. Ask for less"):
        Curve.of(np.array([0.98765]), 1.0).decide(Objective.of("recall>=0.99"))
