"""Claims about made-up outcomes: seeded, possible, and fit for a payload."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from pprl.synthetic import OutcomeRates, Population, outcomes, population
from pprl.synthetic.outcomes import LEVELS


@pytest.fixture(scope="module")
def region() -> Population:
    """A small region."""
    return population(2_000, seed=3)


@pytest.fixture(scope="module")
def told(region: Population) -> dict[str, pd.DataFrame]:
    """What its institutions tell."""
    return outcomes(region, seed=5)


def test_the_same_seed_gives_the_same_outcomes(
    region: Population, told: dict[str, pd.DataFrame]
) -> None:
    """And another gives others."""
    for name, table in outcomes(region, seed=5).items():
        pd.testing.assert_frame_equal(table, told[name])
    other = outcomes(region, seed=6)
    assert not all(table.equals(told[name]) for name, table in other.items())


def test_everybody_told_of_is_on_the_roster(
    region: Population, told: dict[str, pd.DataFrame]
) -> None:
    """Under its local id there."""
    assert set(told) == set(region.roles)
    for name, table in told.items():
        assert set(table["local_id"]) <= set(region.institutions[name]["local_id"])


def test_nothing_is_told_of_after_the_last_day(region: Population) -> None:
    """Neither terms nor degrees nor completions."""
    through = datetime.date(2021, 6, 30)
    for table in outcomes(region, seed=5, through=through).values():
        for column in ("enrolled_on", "degree_on", "completed_on"):
            if column in table:
                assert not (table[column] > pd.Timestamp(through)).any()
        if "school_year" in table:
            assert table["school_year"].max() == through.year


def test_terms_follow_high_school_and_degrees_follow_terms(
    region: Population, told: dict[str, pd.DataFrame]
) -> None:
    """Of those whose completion a district tells; a bachelor's degree takes four years and more."""
    by_person = region.truth.set_index(["institution", "local_id"])["person"]
    completed = pd.concat(
        table.assign(person=[by_person[name, local_id] for local_id in table["local_id"]])
        for name, table in told.items()
        if name not in LEVELS
    ).dropna(subset=["completed_on"])
    ends = completed.groupby("person")["completed_on"].min()
    for name, level in LEVELS.items():
        table = told[name]
        whose = pd.Series([by_person[name, local_id] for local_id in table["local_id"]])
        assert not (table["enrolled_on"] < whose.map(ends)).any()
        assert set(table["level"]) == {level}
        given = table.dropna(subset=["degree"])
        assert (given["degree_on"] > given["enrolled_on"]).all()
        assert len(given)


def test_rates_are_about_what_was_asked_for(region: Population) -> None:
    """By income; and what a college tells of ethnicity is mostly true."""
    rates = OutcomeRates(ready=(0.2, 0.9), told_otherwise=0.5, untold=0.1)
    drawn = outcomes(region, seed=1, rates=rates)
    school = pd.concat(table for name, table in drawn.items() if name not in LEVELS)
    ready = school[school["kindergarten_ready"].notna()]
    shares = ready["kindergarten_ready"].astype(float).groupby(ready["income"]).mean()
    assert shares["low"] == pytest.approx(0.2, abs=0.05)
    assert shares["not low"] == pytest.approx(0.9, abs=0.05)
    college = pd.concat(
        drawn[name].assign(institution=name).drop_duplicates("local_id") for name in LEVELS
    )
    assert college["ethnicity"].isna().mean() == pytest.approx(0.1, abs=0.03)
    whose = college.merge(region.truth, on=["institution", "local_id"])
    true = region.persons["ethnicity"].to_numpy(object)[whose["person"].to_numpy()]
    known = whose["ethnicity"].notna().to_numpy()
    wrong = np.mean(whose["ethnicity"].to_numpy(object)[known] != true[known])
    assert 0.3 < wrong < 0.5
