"""Claims about the region a year later."""

from __future__ import annotations

import pandas as pd
import pytest

from pprl.errors import UsageError
from pprl.synthetic import Population, YearlyRates, population, two_years


@pytest.fixture(scope="module")
def years() -> tuple[Population, Population]:
    """Two years of a thousand persons."""
    return two_years(1000, seed=51)


def records(region: Population) -> pd.DataFrame:
    """All rows of all institutions, the last of each local id."""
    rows = pd.concat([r.assign(institution=name) for name, r in region.institutions.items()])
    return rows.drop_duplicates(["institution", "local_id"], keep="last")


def sent_twice(years: tuple[Population, Population]) -> pd.DataFrame:
    """The records of both years side by side."""
    then, now = map(records, years)
    return then.merge(now, on=["institution", "local_id"], suffixes=("_then", "_now"))


def test_each_year_has_its_truth(years: tuple[Population, Population]) -> None:
    """A row for each local id that is in a roster, and for no other."""
    for region in years:
        told = set(region.truth[["institution", "local_id"]].itertuples(index=False, name=None))
        rows = records(region)[["institution", "local_id"]]
        assert told == set(rows.itertuples(index=False, name=None))


def test_a_local_id_is_the_same_person_in_both_years(years: tuple[Population, Population]) -> None:
    """And persons are described alike."""
    then, now = years
    both = then.truth.merge(now.truth, on=["institution", "local_id"])
    assert len(both) > 800
    assert (both["person_x"] == both["person_y"]).all()
    assert then.persons.equals(now.persons)


def test_most_stay_some_leave_some_arrive(years: tuple[Population, Population]) -> None:
    """About an eighth of the persons each way."""
    then, now = (set(region.truth["person"]) for region in years)
    for share in (len(then - now), len(now - then)):
        assert 0.07 < share / 1000 < 0.2
    assert len(then & now) > 600


def test_who_moves_on_is_in_no_roster_twice(years: tuple[Population, Population]) -> None:
    """Some leave a district after the first year and are at a college in the second."""
    then, now = years
    stay = set(sent_twice(years).merge(then.truth, on=["institution", "local_id"])["person"])
    moved_on = (set(then.truth["person"]) & set(now.truth["person"])) - stay
    assert len(moved_on) > 20
    before = then.truth[then.truth["person"].isin(moved_on)]["institution"].map(then.roles)
    after = now.truth[now.truth["person"].isin(moved_on)]["institution"].map(now.roles)
    assert set(before) == {"district"} and set(after) == {"college"}


def test_addresses_and_names_change_at_about_the_rates(
    years: tuple[Population, Population],
) -> None:
    """Of the records in both years; what did not happen leaves a row as it was."""
    both = sent_twice(years)
    moved = (both["zip_then"] != both["zip_now"]).mean()
    renamed = (both["last_name_then"] != both["last_name_now"]).mean()
    assert 0.05 < moved < 0.15
    assert 0.003 < renamed < 0.03
    assert (both["birth_date_then"] != both["birth_date_now"]).mean() < 0.02
    assert (both["state_id_then"] == both["state_id_now"]).all()


def test_nothing_changes_where_nothing_happens() -> None:
    """All rates nought: the same rosters twice, and those of the region itself."""
    still = YearlyRates(**dict.fromkeys(YearlyRates.__slots__, 0.0))
    then, now = two_years(300, seed=52, rates=still)
    region = population(300, seed=52)
    for name, roster in region.institutions.items():
        assert roster.equals(then.institutions[name])
        assert roster.equals(now.institutions[name])


def test_the_same_seed_gives_the_same_years(years: tuple[Population, Population]) -> None:
    """And another seed others."""
    again = two_years(1000, seed=51)
    for one, other in zip(years, again, strict=True):
        assert records(one).equals(records(other))
    assert not records(years[1]).equals(records(two_years(1000, seed=53)[1]))


def test_nobody_is_no_region() -> None:
    """At least one person."""
    with pytest.raises(UsageError, match="at least one person"):
        two_years(0, seed=1)
    with pytest.raises(UsageError, match="no error process"):
        two_years(5, seed=1, errors="none")
