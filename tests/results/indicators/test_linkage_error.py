"""Claims about what linkage error could do to a rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.results.indicators.linkage_error import NO_ERROR, LinkError, LinkQuality, band

GOOD = LinkError(0.995, (0.99, 0.998), 0.98, (0.965, 0.99))
POOR = LinkError(0.98, (0.96, 0.99), 0.88, (0.82, 0.93))


@pytest.mark.parametrize("linked", ["numerator", "both"])
@pytest.mark.parametrize("error", [GOOD, POOR])
def test_the_truth_lies_within_the_band_about_as_often_as_said(
    linked: str, error: LinkError
) -> None:
    """Cohorts are drawn, linked with errors as doubtful as told, and laid beside their bands.

    What is drawn differs from what the band assumes: whole persons, each link missed or false by
    itself; those who are missed have the outcome otherwise than those found.
    """
    rng = np.random.default_rng(7)
    held, draws = 0, 250
    for _ in range(draws):
        persons = int(rng.integers(60, 1500))
        has_it = rng.random(persons) < rng.uniform(0.2, 0.7)
        recall, precision = (
            _drawn(share, interval, rng)
            for share, interval in (
                (error.recall, error.recall_interval),
                (error.precision, error.precision_interval),
            )
        )
        if linked == "numerator":
            found = has_it & (rng.random(persons) < recall)
            false = rng.binomial(int(found.sum()), 1 - precision)
            counted, of = min(int(found.sum()) + false, persons), persons
        else:
            # Those without the outcome are missed somewhat more often.
            found = rng.random(persons) < np.where(has_it, recall, recall**1.3)
            false = rng.binomial(int(found.sum()), 1 - precision)
            share = has_it[found].mean()
            counted = int(has_it[found].sum()) + rng.binomial(false, share)
            of = int(found.sum()) + false
        low, high = band(int(counted), int(of), linked, error)
        held += low <= has_it.mean() <= high
    assert held / draws >= 0.92


def _drawn(share: float, interval: tuple[float, float], rng: np.random.Generator) -> float:
    """A share that is as doubtful as its interval says."""
    odds = [np.log(value / (1 - value)) for value in (share, *interval)]
    drawn = odds[0] + rng.normal() * (odds[2] - odds[1]) / (2 * 1.96)
    return float(1 / (1 + np.exp(-drawn)))


def test_a_band_that_leaves_errors_out_of_account_would_not_hold_the_truth() -> None:
    """The claim above can fail: with one missed in eight, the rate itself lies below its band."""
    low, _ = band(500, 1000, "numerator", POOR)
    assert low > 0.5


@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from(["numerator", "both"]),
)
def test_a_band_is_a_part_of_what_a_rate_can_be(counts: tuple[int, int], linked: str) -> None:
    """From 0 to 1, in order, and the same each time: it tells nothing that the counts do not."""
    low, high = band(*counts, linked, POOR)
    assert 0 <= low <= high <= 1
    assert (low, high) == band(*counts, linked, POOR)


def test_a_rate_that_rests_on_no_link_has_no_band() -> None:
    """Both ends are the rate."""
    assert band(3, 12, "none", POOR) == (0.25, 0.25)


def test_better_links_make_a_narrower_band() -> None:
    """At either end."""
    (low, high), (least, most) = (band(300, 500, "numerator", e) for e in (GOOD, POOR))
    assert high - low < most - least


def quality() -> LinkQuality:
    """Three pairs of institutions, and one group that is known by itself."""
    shares = {"precision": 0.99, "precision_low": 0.98, "precision_high": 1.0}
    rows = [
        {**shares, "source_a": a, "source_b": b, "pairs": n, "expected_matches": n / r}
        | {"recall": r, "recall_low": r - 0.02, "recall_high": r + 0.01}
        for a, b, n, r in (
            ("city", "orchard", 100, 0.9),
            ("city", "valley", 300, 0.98),
            ("city", "state", 50, 0.5),
        )
    ]
    group = {**rows[0], "group": "low", "recall": 0.7}
    return LinkQuality(pd.DataFrame(rows), {"income": pd.DataFrame([group])})


def test_the_links_between_those_who_tell_are_what_counts() -> None:
    """Districts and colleges are taken together by their matches; two colleges are left out."""
    told = quality().of(("orchard", "valley"), ("city",), "", "total")
    assert told is not None
    assert told.recall == pytest.approx(400 / (100 / 0.9 + 300 / 0.98))
    assert told.recall_interval == pytest.approx((told.recall - 0.02, told.recall + 0.01))
    assert told.precision == pytest.approx(0.99)


def test_a_group_that_is_known_has_its_own_links() -> None:
    """Others have those between institutions."""
    low, other = (
        quality().of(("orchard",), ("city",), "income", code) for code in ("low", "not low")
    )
    assert low is not None
    assert other is not None
    assert (low.recall, other.recall) == (0.7, pytest.approx(0.9))


def test_where_nothing_is_known_nothing_is_said() -> None:
    """Unless there is nobody to be linked with."""
    assert quality().of(("orchard",), ("tech",), "", "total") is None
    assert quality().of(("city",), ("city",), "", "total") == NO_ERROR
