"""Claims about exact thresholds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.similarity.threshold import Measure, Threshold

measures = st.sampled_from(["dice", "jaccard", "hamming"])
values = st.fractions(Fraction(1, 100), 1, max_denominator=1000)


def reaches(measure: str, value: Fraction, ours: int, theirs: int, common: int) -> bool:
    """Whether filters with so many bits set and in common are similar."""
    total = ours + theirs
    if measure == "hamming":
        return total - 2 * common <= value * 100
    if not ours or not theirs:
        return False
    return (
        Fraction(2 * common, total) >= value
        if measure == "dice"
        else (Fraction(common, total - common) >= value)
    )


@given(measure=measures, value=values, ours=st.integers(0, 64), theirs=st.integers(0, 64))
def test_the_least_common_bits_are_the_least(
    measure: Measure, value: Fraction, ours: int, theirs: int
) -> None:
    """As many are enough, and one fewer is not."""
    scale = 100 if measure == "hamming" else 1
    rule = Threshold.of(measure, value * scale, 64)
    least = int(rule.least_common[ours + theirs])
    enough = [reaches(measure, value, ours, theirs, c) for c in range(min(ours, theirs) + 1)]
    assert enough == [c >= least for c in range(min(ours, theirs) + 1)]


@given(measure=measures, value=values)
def test_partners_are_those_whose_common_bits_could_suffice(
    measure: Measure, value: Fraction
) -> None:
    """The window is exact at both ends, for filters of every number of bits set."""
    rule = Threshold.of(measure, value * (100 if measure == "hamming" else 1), 64)
    fewest, most = rule.partners()
    for ours in range(65):
        possible = [p for p in range(65) if rule.least_common[ours + p] <= min(ours, p)]
        assert possible == list(range(fewest[ours], most[ours] + 1))
    assert (np.diff(fewest) >= 0).all()
    assert (np.diff(most) >= 0).all()


@given(measure=measures, value=values)
def test_the_line_lies_on_or_just_below_the_table(measure: Measure, value: Fraction) -> None:
    """So what is demanded within a prefix is never too much, and hardly too little."""
    rule = Threshold.of(measure, value * (100 if measure == "hamming" else 1), 64)
    above = rule.least_common - (rule.slope * np.arange(129) + rule.offset)
    assert (above > -1e-9).all()
    assert (above[rule.least_common > 1] < 1 + 1e-9).all()


@pytest.mark.parametrize("measure", ["dice", "jaccard", "hamming"])
def test_scores_are_the_nearest_floats(measure: Measure) -> None:
    """Equal fractions of different filters give one float, so that they tie."""
    rule = Threshold.of(measure, 1, 64)
    scores = rule.score(np.array([1, 2, 30]), np.array([3, 6, 90])).tolist()
    assert scores == {"dice": [2 / 3] * 3, "jaccard": [0.5] * 3, "hamming": [1, 2, 30]}[measure]
