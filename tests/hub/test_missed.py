"""Claims about matches that no pass found: simulated ones are counted without being seen."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pprl.agreement import Pass
from pprl.agreement.blocking import BlockingPart
from pprl.hub.agreeing import agreeing_levels, key_fields, usable
from pprl.hub.missed import Cells, Incidence, MissedMatches, both_have

FIELDS = ("first_name", "last_name", "birth_date", "zip")


def passes_of(*blocks: str) -> list[Pass]:
    """Passes by the sources of their blocks, "a+b"."""
    parts = [[BlockingPart.parse(part) for part in block.split("+")] for block in blocks]
    return [Pass(block, tuple(own), 1) for block, own in zip(blocks, parts, strict=True)]


PASSES = passes_of(
    "birth_date+first_name",
    "birth_date+last_part",
    "birth_date+zip",
    "first_last_pair",
    "first_name+zip",
    "last_part+zip",
    "birth_month_day_sorted+name_part",
)


def simulated(
    matches: int,
    rates: Sequence[float],
    seed: int,
    carelessness: float = 0.0,
    withheld: float = 0.1,
) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
    """Matches that agree on each field but for errors, and the passes that find them.

    Args:
        matches: how many.
        rates: of disagreement, by field.
        seed: of the draws.
        carelessness: standard deviation of the logarithm of what multiplies a match's rates.
        withheld: share of blocks that a pass withholds.
    """
    rng = np.random.default_rng(seed)
    haste = np.exp(rng.normal(-(carelessness**2) / 2, carelessness, matches))[:, None]
    agrees = rng.random((matches, 4)) >= np.minimum(0.95, np.array(rates) * haste)
    found = np.zeros(matches, np.uint64)
    for number, item in enumerate(PASSES):
        able = np.array(
            [
                usable(item, frozenset(f for f, a in zip(FIELDS, row, strict=True) if a), FIELDS)
                for row in agrees
            ],
            bool,
        )
        hit = able & (rng.random(matches) >= withheld)
        found |= hit.astype(np.uint64) << np.uint64(number)
    return agrees, found


def estimated(
    agrees: NDArray[np.bool_],
    found: NDArray[np.uint64],
    completeness: Sequence[float] = (1.0,) * 4,
    passes: Sequence[Pass] = PASSES,
) -> Cells:
    """The estimate from those that some pass found."""
    seen = found > 0
    rows = Incidence.of(agrees[seen], found[seen], passes, FIELDS)
    weight = np.bincount(rows.row, minlength=len(rows.cell)).astype(float)
    return MissedMatches(rows, completeness).estimate(weight)


@pytest.mark.parametrize("rates", [(0.1, 0.1, 0.1, 0.3), (0.05, 0.2, 0.3, 0.4)])
def test_missed_matches_are_counted_unseen(rates: tuple[float, ...]) -> None:
    """Within a fifth, where fields err independently."""
    agrees, found = simulated(20_000, rates, 51)
    missed = int((found == 0).sum())
    assert missed > 150
    assert estimated(agrees, found).missed.sum() == pytest.approx(missed, rel=0.2)


def test_errors_in_company_are_counted_too() -> None:
    """Where a careless registrar makes several errors in one record, most of the missed are told.

    The estimate of a model without dependence, which Chao's bound is, would be a third of it.
    """
    agrees, found = simulated(40_000, (0.06, 0.06, 0.06, 0.25), 52, carelessness=1.0)
    missed = int((found == 0).sum())
    assert missed > 200
    assert 0.6 * missed < estimated(agrees, found).missed.sum() < 1.4 * missed


def test_a_missing_field_is_a_disagreement() -> None:
    """A tenth without birth dates on either side: what its passes cannot find is told."""
    agrees, found = simulated(20_000, (0.08, 0.08, 0.2, 0.3), 53)
    missed = int((found == 0).sum())
    assert estimated(agrees, found).missed.sum() == pytest.approx(missed, rel=0.2)


def test_where_nothing_is_missed_nothing_is_told() -> None:
    """No errors, no blocks withheld."""
    agrees, found = simulated(2_000, (0.0,) * 4, 54, withheld=0.0)
    assert estimated(agrees, found).missed.sum() < 1


def test_completeness_tells_of_a_field_that_no_pass_can_do_without() -> None:
    """If every block needs the birth date, those without it are known from the manifests alone."""
    passes = passes_of("birth_date+first_name", "birth_date+last_part")
    rng = np.random.default_rng(55)
    agrees = rng.random((10_000, 4)) >= np.array([0.05, 0.05, 0.19, 0.3])
    by_first, by_last = agrees[:, 2] & agrees[:, 0], agrees[:, 2] & agrees[:, 1]
    found = by_first.astype(np.uint64) | by_last.astype(np.uint64) << np.uint64(1)
    missed = int((found == 0).sum())
    told = estimated(agrees, found, (1.0, 1.0, 0.81, 1.0), passes).missed.sum()
    assert told == pytest.approx(missed, rel=0.15)
    assert estimated(agrees, found, passes=passes).missed.sum() < 0.2 * missed


def test_completeness_is_a_floor_of_disagreement() -> None:
    """If too few matches without a field were found, those wanting are counted as missed."""
    agrees, found = simulated(10_000, (0.02, 0.02, 0.02, 0.1), 56)
    honest = estimated(agrees, found).missed.sum()
    floor = estimated(agrees, found, (1.0, 1.0, 0.9, 1.0)).missed.sum()
    assert floor - honest == pytest.approx(10_000 * (0.1 - 0.02), rel=0.2)


def test_a_part_leans_on_the_whole() -> None:
    """Few matches of a part do not decide by themselves; many do."""
    agrees, found = simulated(20_000, (0.1, 0.1, 0.1, 0.3), 57)
    seen = found > 0
    rows = Incidence.of(agrees[seen], found[seen], PASSES, FIELDS)
    estimator = MissedMatches(rows, (1.0,) * 4)
    weight = np.bincount(rows.row, minlength=len(rows.cell)).astype(float)
    whole = estimator.estimate(weight)
    rate = whole.missed.sum() / weight.sum()
    few = np.random.default_rng(57).multinomial(300, weight / weight.sum()).astype(float)
    assert estimator.estimate(few, whole).missed.sum() / 300 == pytest.approx(rate, rel=0.5)
    assert estimator.estimate(weight, whole).missed.sum() == pytest.approx(
        whole.missed.sum(), rel=0.02
    )


@settings(max_examples=20)
@given(st.integers(0, 30), st.integers(0, 10**6))
def test_whatever_was_found_the_estimate_is_a_count(matches: int, seed: int) -> None:
    """Finite and not below 0, for a handful and for none."""
    agrees, found = simulated(matches, (0.3, 0.3, 0.3, 0.3), seed)
    cells = estimated(agrees, found)
    assert np.isfinite(cells.missed).all() and (cells.missed >= 0).all()


@settings(max_examples=20)
@given(st.integers(1, 200), st.integers(0, 10**6))
def test_the_order_of_candidates_decides_nothing(matches: int, seed: int) -> None:
    """Rows are the same, whatever the order."""
    agrees, found = simulated(matches, (0.2,) * 4, seed)
    order = np.random.default_rng(seed).permutation(matches)
    one = Incidence.of(agrees, found, PASSES, FIELDS)
    other = Incidence.of(agrees[order], found[order], PASSES, FIELDS)
    assert np.array_equal(one.cell, other.cell)
    assert np.array_equal(one.by_those, other.by_those)
    assert np.array_equal(one.row[order], other.row)


@pytest.mark.parametrize(
    ("block", "agreeing", "can"),
    [
        ("birth_date+first_name", {"birth_date", "first_name"}, True),
        ("birth_date+first_name", {"birth_date"}, False),
        ("name_part:soundex+zip", {"last_name", "zip"}, True),
        ("name_part:soundex+zip", {"zip"}, False),
        ("first_last_pair", {"first_name"}, False),
        ("middle_initial+last_part", {"last_name"}, True),
        ("sex", set(), True),
    ],
)
def test_a_pass_is_usable_where_its_fields_agree(block: str, agreeing: set[str], can: bool) -> None:
    """Either name is enough for any part of the name; what is no key field is not asked for."""
    assert usable(passes_of(block)[0], frozenset(agreeing), FIELDS) is can


def test_key_fields_are_those_that_blocks_are_made_from() -> None:
    """In one order, whatever the passes'."""
    assert key_fields(passes_of("zip+name_part", "sex")) == ("first_name", "last_name", "zip")
    assert key_fields(passes_of("state_id", "birth_date")) == ("birth_date", "state_id")
    assert agreeing_levels("last_name") == (0, 2)


def manifest(records: int, completeness: dict[str, float], epsilon: float = 1.0) -> Any:
    """What `both_have` reads of a manifest."""
    return SimpleNamespace(records=records, completeness=completeness, epsilon=epsilon)


def test_noise_makes_nobody_incomplete() -> None:
    """What a completeness rate lacks by no more than its noise counts as there."""
    told = {"zip": 0.995, "birth_date": 0.8}
    shares = both_have([manifest(10_000, told), manifest(10_000, told)], ("zip", "birth_date"))
    assert shares[0] == 1.0
    assert 0.8**2 < shares[1] < 0.83**2
    assert both_have([manifest(10_000, {})], ("zip",)) == [1.0]
    assert both_have([manifest(10_000, told, epsilon=100.0)], ("zip",))[0] < 1.0
