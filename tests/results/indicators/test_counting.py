"""Claims about counting: every customary indicator as twelve students have it, counted by hand."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pandas as pd
import pytest

from pprl.agreement.indicators import Definitions, customary
from pprl.results.disclosure import CountTable
from pprl.results.indicators.counting import Counts, count
from pprl.results.indicators.panel import cohort_panel
from pprl.results.indicators.rows import outcome_rows
from tests.results.indicators import twelve


@pytest.fixture(scope="module")
def counts() -> Counts:
    """The twelve, by income."""
    rows = outcome_rows(twelve.tables())
    return count(rows, customary(), twelve.THROUGH, groups=("income",), roles=twelve.ROLES)


def cells(counts: Counts, name: str) -> dict[tuple[str, ...], int]:
    """The cells of a table, of all years, by year and codes."""
    found = {}
    for table in counts.tables:
        stem, _, year = table.name.rpartition("_")
        if stem == name:
            keys = table.counts[list(table.dimensions)].itertuples(index=False, name=None)
            values = table.counts["count"].tolist()
            found |= {(year, *key): n for key, n in zip(keys, values, strict=True)}
    return found


def test_every_customary_indicator_is_among_the_twelve() -> None:
    """None is added without its numbers worked out by hand."""
    assert set(twelve.EXPECTED) == set(customary().indicators)


@pytest.mark.parametrize("name", sorted(twelve.EXPECTED))
def test_an_indicator_is_as_counted_by_hand(counts: Counts, name: str) -> None:
    """Numerator and denominator of each year, and no other year."""
    indicator = customary().indicators[name]
    found = cells(counts, f"{indicator.outcome}_by_income")
    years = {key[0] for key in found}
    assert years == {str(year) for year in twelve.EXPECTED[name]}
    for year, (counted, of) in twelve.EXPECTED[name].items():
        numerator, denominator = (
            sum(found[str(year), "total", code] for code in codes)
            for codes in (indicator.numerator, indicator.denominator)
        )
        assert (numerator, denominator) == (counted, of)


@pytest.mark.parametrize("step", [1, 2])
def test_the_flow_after_high_school_is_as_counted_by_hand(counts: Counts, step: int) -> None:
    """Every ribbon, and nobody where none is."""
    stages = customary().flows["after_high_school"].stages[step - 1 : step + 1]
    found = cells(counts, f"after_high_school_step_{step}")
    for one in stages[0].codes:
        for other in stages[1].codes:
            assert found["2012", one, other] == twelve.STEPS[step].get((one, other), 0)


def test_groups_and_codes_add_up(counts: Counts) -> None:
    """Of every table: a total is the sum of the codes below it, along each dimension."""
    children = {dimension.name: dimension.children for dimension in counts.dimensions}
    for table in counts.tables:
        for name in table.dimensions:
            (other,) = (other for other in table.dimensions if other != name)
            wide = table.counts.pivot(index=other, columns=name, values="count")
            for whole, parts in children[name].items():
                if whole in wide and set(parts) <= set(wide):
                    assert (wide[list(parts)].sum(axis=1) == wide[whole]).all(), table.name


def test_rows_and_files_may_come_in_any_order(counts: Counts) -> None:
    """Equal tables, whatever the order."""
    shuffled = {
        name: table.sample(frac=1, random_state=3)
        for name, table in reversed(twelve.tables().items())
    }
    rows = outcome_rows(shuffled)
    again = count(rows, customary(), twelve.THROUGH, groups=("income",), roles=twelve.ROLES)
    for one, other in zip(counts.tables, again.tables, strict=True):
        pd.testing.assert_frame_equal(one.counts, other.counts)


def test_a_year_is_counted_once_its_time_has_passed_for_everybody() -> None:
    """Sixteen months after 5 June 2012 end with 4 October 2013."""
    rows = outcome_rows(twelve.tables())

    def years(day: datetime.date) -> Counts:
        return count(rows, customary(), day)

    assert "enrolled" in years(datetime.date(2013, 10, 3)).left_out
    assert "enrolled" not in years(datetime.date(2013, 10, 4)).left_out


def test_a_flow_is_counted_as_far_as_its_time_has_passed() -> None:
    """By the end of 2015 there are second years, and no degrees within 72 months."""
    rows = outcome_rows(twelve.tables())
    counts = count(rows, customary(), datetime.date(2015, 12, 31))
    steps = {table.name for table in counts.tables if "_step_" in table.name}
    assert steps == {"after_high_school_step_1_2012"}


def test_what_nobody_sent_is_left_out_and_named() -> None:
    """The columns that are missing are told."""
    tables = {name: twelve.tables()[name] for name in ("orchard", "valley")}
    counts = count(outcome_rows(tables), customary(), twelve.THROUGH)
    assert counts.left_out["enrolled"] == "nobody sent enrolled_on, level"
    assert {table.name for table in counts.tables} == {
        *("ready_2000", "engaged_in_grade_8_2008", "chronically_absent_2010", "graduated_2009")
    }


def test_years_before_the_first_asked_for_are_left_out() -> None:
    """`since` bounds every cohort."""
    counts = count(outcome_rows(twelve.tables()), customary(), twelve.THROUGH, since=2012)
    years = {table.name.rpartition("_")[2] for table in counts.tables}
    assert years == {"2012", "2013"}


def test_institutions_are_told_apart_only_if_asked_for(counts: Counts) -> None:
    """By default no table names one; otherwise in the order of the alphabet."""
    assert "institution" not in {dimension.name for dimension in counts.dimensions}
    named = count(outcome_rows(twelve.tables()), customary(), twelve.THROUGH, by_institution=True)
    table = next(table for table in named.tables if table.name == "enrolled_by_institution_2012")
    own = table.counts[table.counts["enrolled"] == "total"].set_index("institution")["count"]
    assert own[["orchard", "valley"]].tolist() == [8, 3]


def test_who_tells_of_what_is_noted(counts: Counts) -> None:
    """Rates rest on the links between them."""
    assert counts.told_by["enrolled"] == (("orchard", "valley"), ("county", "state"))


def test_a_cohort_part_of_another_is_told_to_disclosure_control() -> None:
    """Cell by cell it cannot be larger."""
    known = customary()
    part = dataclasses.replace(known.cohorts["eighth_graders"], part_of="attending")
    changed = dataclasses.replace(known, cohorts={**known.cohorts, "eighth_graders": part})
    counts = count(outcome_rows(twelve.tables()), changed, twelve.THROUGH)
    assert counts.subset_of == {"eighth_graders 2008": ("attending 2008",)}


def test_the_panel_has_a_row_for_each_person_and_year() -> None:
    """Of s01: county two years, state in the third, a bachelor's degree in the fourth."""
    rows = outcome_rows(twelve.tables())
    panel = cohort_panel(rows, customary().cohorts["completers"], years=6)
    assert len(panel) == 11 * 6
    own = panel[panel["person"] == "s01"]
    assert own["year"].tolist() == [1, 2, 3, 4, 5, 6]
    assert own["two_year"].tolist() == [True, True, False, False, False, False]
    assert own["four_year"].tolist() == [False, False, True, False, False, False]
    assert own["degree"].tolist() == [
        "",
        "associate",
        "associate",
        "bachelor",
        "bachelor",
        "bachelor",
    ]
    assert set(panel["cohort"]) == {2012}


def slow_code(tables: dict[str, pd.DataFrame], who: str) -> str:
    """The first college of one student, the plain way: what `enrolled` must say."""
    since = datetime.date(2012, 6, 5)
    terms = sorted(
        (row.enrolled_on.date(), -row.level)
        for name in ("county", "state")
        for row in tables[name].itertuples()
        if row.study_id == who and pd.notna(row.enrolled_on) and row.enrolled_on.date() >= since
    )
    if not terms or terms[0][0] >= datetime.date(2013, 10, 5):
        return "otherwise"
    level = {-4: "four_year", -2: "two_year"}[terms[0][1]]
    return f"{level}_{12 if terms[0][0] < datetime.date(2013, 6, 5) else 16}"


def test_codes_are_those_of_a_plain_walk_through_the_terms() -> None:
    """For twelve random sets of terms."""
    rng = np.random.default_rng(1)
    known = customary()
    only = Definitions(
        {"completers": known.cohorts["completers"]},
        {"enrolled": known.outcomes["enrolled"]},
        {"enrolled_12_months": known.indicators["enrolled_12_months"]},
    )
    days = pd.date_range("2012-03-01", "2014-02-01")
    for _ in range(12):
        tables = twelve.tables()
        for name in ("county", "state"):
            drawn = rng.choice(days, len(tables[name]))
            is_term = tables[name]["enrolled_on"].notna()
            tables[name]["enrolled_on"] = pd.Series(drawn).where(is_term)
        counts = count(outcome_rows(tables), only, twelve.THROUGH)
        found = {code: n for (_, code), n in cells(counts, "enrolled").items()}
        slow = pd.Series([slow_code(tables, twelve.person(n)) for n in range(1, 12)])
        for code, number in slow.value_counts().items():
            assert found[str(code)] == number


def test_a_table_is_a_count_table(counts: Counts) -> None:
    """In the form that disclosure control takes."""
    assert all(isinstance(table, CountTable) for table in counts.tables)
    assert all(str(table.counts["count"].dtype) == "int64" for table in counts.tables)
