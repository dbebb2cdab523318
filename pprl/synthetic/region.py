"""A Californian region with known truth: four school districts and four colleges, all invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.synthetic.enrolments import INSTITUTIONS, Enrolments, draw_enrolments
from pprl.synthetic.error_rates import ErrorRates, rates_named
from pprl.synthetic.habits import AS_IT_SHOULD_BE, HABITS, Registrars
from pprl.synthetic.name_tables import ETHNICITIES, NameTables
from pprl.synthetic.people import People, draw_people
from pprl.synthetic.places import COLLEGES, ZIPS_OF_DISTRICTS, Places
from pprl.synthetic.recording import Records, record
from pprl.synthetic.slips import Texts, happens, misspelt

COLUMNS = (
    "local_id",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "birth_date",
    "sex",
    "zip",
    "state_id",
)
"""The columns of a roster, all text, "" for missing; birth dates are YYYY-MM-DD."""

ROLES = dict.fromkeys(ZIPS_OF_DISTRICTS, "district") | dict.fromkeys(COLLEGES, "college")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Roster:
    """One list of students, one row a person.

    Attributes:
        students: the columns of a roster; each `local_id` once.
        truth: `local_id` and `person`, a row for each student.
    """

    students: pd.DataFrame
    truth: pd.DataFrame

    def __repr__(self) -> str:
        """How many students; never who."""
        return f"<Roster of {len(self.students):,} students>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Population:
    """Rosters of several institutions, and who is who in them.

    Attributes:
        institutions: institution -> roster, columns as in `COLUMNS`, sorted by local ID; of
            several rows of one local ID the later is below.
        truth: `institution`, `local_id` and `person`, a row for each local ID.
        persons: `person` and what is true of them, a row for each.
        roles: institution -> "district" or "college".
    """

    institutions: Mapping[str, pd.DataFrame]
    truth: pd.DataFrame
    persons: pd.DataFrame
    roles: Mapping[str, str]

    def __repr__(self) -> str:
        """How many; never who."""
        return f"<Population of {len(self.persons):,} at {len(self.institutions)} institutions>"

    def pool(self, role: str) -> Roster:
        """All institutions of a role as one roster, in which each person has one row.

        The row is that of the first institution (in the order of `roles`) and lowest local ID where
        the person is found, the last of that local ID. Local IDs become `institution:local_id`.

        Raises:
            UsageError: if no institution has the role.
        """
        chosen = [name for name, its_role in self.roles.items() if its_role == role]
        if not chosen:
            roles = ", ".join(sorted(set(self.roles.values())))
            raise UsageError(f"no institution is a {role!r}: the roles are {roles}")
        rows = pd.concat(
            [self.institutions[name].assign(institution=name) for name in chosen],
            ignore_index=True,
        ).drop_duplicates(["institution", "local_id"], keep="last")
        rows = rows.merge(self.truth, on=["institution", "local_id"], how="left", sort=False)
        rows = rows.drop_duplicates("person", keep="first").reset_index(drop=True)
        rows["local_id"] = (rows["institution"] + ":" + rows["local_id"]).astype(object)
        return Roster(rows[list(COLUMNS)].copy(), rows[["local_id", "person"]].copy())


def population(persons: int = 20_000, *, seed: int, errors: str = "customary") -> Population:
    """Draw the students of a region, as its districts and colleges have them on record.

    Args:
        persons: how many people there are; about 16 in 20 went to a district, 13 to a college and
            9 to both.
        seed: the same seed and arguments give the same population (with the same NumPy: its
            generators' methods may change between versions).
        errors: how well the records are kept: a name in `ERRORS`, such as "customary".

    Raises:
        UsageError: if `persons` is less than 1 or no error process has that name.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    return draw_population(persons, NameTables.load(), rates_named(errors), rng)


def draw_population(
    persons: int, tables: NameTables, rates: ErrorRates, rng: np.random.Generator
) -> Population:
    """Draw a region's students from these name tables and record them with these errors."""
    return draw_region(persons, tables, rates, rng).population()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Region:
    """A region's people and everything that is on record of them.

    Attributes:
        places: where they live.
        people: who they are.
        enrolments: who is where.
        registrars: who writes.
        state_ids: `object[persons]`.
        local_ids: `object[enrolments]`.
        rows: the records, indexed by enrolment.
    """

    places: Places
    people: People
    enrolments: Enrolments
    registrars: Registrars
    state_ids: Texts
    local_ids: Texts
    rows: pd.DataFrame

    def population(
        self, rows: pd.DataFrame | None = None, enrolled: NDArray[np.bool_] | None = None
    ) -> Population:
        """The rosters of the institutions.

        Args:
            rows: in place of the records, if given.
            enrolled: `bool[enrolments]`, those that stand in a roster; all if not given.
        """
        rows = self.rows if rows is None else rows
        chosen = np.ones(len(self.local_ids), bool) if enrolled is None else enrolled
        at = rows.index.to_numpy()
        institution = np.where(chosen, self.enrolments.institution, -1)[at]
        return Population(
            institutions={
                name: rows[institution == code]
                .sort_values("local_id", kind="stable")
                .reset_index(drop=True)
                for code, name in enumerate(INSTITUTIONS)
            },
            truth=_truth(self.enrolments, self.local_ids, chosen),
            persons=_persons(self.people, self.places, self.state_ids),
            roles=dict(ROLES),
        )


def draw_region(
    persons: int, tables: NameTables, rates: ErrorRates, rng: np.random.Generator
) -> Region:
    """Draw a region's people and their records.

    Raises:
        UsageError: if `persons` is less than 1.
    """
    if persons < 1:
        raise UsageError(f"a population needs at least one person, not {persons}")
    places = Places.draw(rng)
    people = draw_people(persons, tables, places, rates.western_name, rng)
    enrolments = draw_enrolments(people, places, rates.moved, rng)
    twice = np.flatnonzero(happens(rng, rates.second_local_id, len(enrolments.person)))
    enrolments = enrolments.with_repeated(twice)
    habits = tuple(HABITS[name] if rates.own_habits else AS_IT_SHOULD_BE for name in INSTITUTIONS)
    registrars = Registrars(habits, enrolments.institution)
    state_ids = _numbers(persons, 10, rng)
    records = record(people, enrolments, places.zips, state_ids, registrars, tables, rates, rng)
    local_ids = _local_ids(enrolments.institution, rng)
    rows = _with_later_rows(records, enrolments, places.zips, rates, rng)
    rows.insert(0, "local_id", local_ids[rows.index.to_numpy()])
    return Region(places, people, enrolments, registrars, state_ids, local_ids, rows)


def _numbers(n: int, digits: int, rng: np.random.Generator) -> Texts:
    """`object[n]`: n different numbers of this many digits, the first not nought."""
    least = 10 ** (digits - 1)
    drawn = least + rng.choice(9 * least, size=n, replace=False)
    texts: Texts = drawn.astype(str).astype(object)
    return texts


def _local_ids(institution: NDArray[np.int64], rng: np.random.Generator) -> Texts:
    """A local ID for each enrolment: digits in districts, a letter and digits in colleges."""
    local_ids = np.full(len(institution), "", dtype=object)
    for code, name in enumerate(INSTITUTIONS):
        theirs = institution == code
        if ROLES[name] == "district":
            local_ids[theirs] = _numbers(int(theirs.sum()), 7, rng)
        else:
            local_ids[theirs] = name[0].upper() + _numbers(int(theirs.sum()), 8, rng)
    return local_ids


def _with_later_rows(
    records: Records,
    enrolments: Enrolments,
    zips: Texts,
    rates: ErrorRates,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The records as rows, numbered by enrolment; some have a later row of the same number.

    The later row has a new address, or the right spelling of a name misspelt before.
    """
    rows = pd.DataFrame({name: getattr(records, name) for name in Records.__slots__}, dtype=object)
    n = len(rows)
    again = np.flatnonzero(happens(rng, rates.later_row, n))
    later = rows.loc[again].copy()
    moved = happens(rng, 0.6, len(again))
    elsewhere = zips[enrolments.home[rng.integers(0, n, len(again))]]
    later["zip"] = np.where(moved, elsewhere, later["zip"].to_numpy(dtype=object))
    name = np.where(happens(rng, 0.5, len(again)), "first_name", "last_name")
    for column in ("first_name", "last_name"):
        wrong = again[~moved & (name == column)]
        texts = rows[column].to_numpy(dtype=object).copy()
        texts[wrong] = misspelt(texts[wrong], rng)
        rows[column] = texts
    return pd.concat([rows, later])


def _truth(enrolments: Enrolments, local_ids: Texts, chosen: NDArray[np.bool_]) -> pd.DataFrame:
    """Whose each local ID is, sorted by institution and local ID."""
    names = np.array(INSTITUTIONS, dtype=object)
    truth = pd.DataFrame(
        {
            "institution": pd.Series(names[enrolments.institution], dtype=object),
            "local_id": pd.Series(local_ids, dtype=object),
            "person": enrolments.person,
            "code": enrolments.institution,
        }
    )
    return truth[chosen].sort_values(["code", "local_id"], ignore_index=True).drop(columns="code")


def _persons(people: People, places: Places, state_ids: Texts) -> pd.DataFrame:
    """What is true of each person; the ZIP is that of the family's home."""
    both = np.where(people.second != "", people.last + " " + people.second, people.last)
    gender = {"F": "female", "M": "male", "X": "nonbinary"}
    texts = {
        "ethnicity": np.array(ETHNICITIES, dtype=object)[people.ethnicity],
        "heritage": people.heritage,
        "income": np.where(people.low_income, "low", "not low").astype(object),
        "gender": np.array([gender[sex] for sex in people.sex], dtype=object),
        "first_name": people.first,
        "middle_name": people.middle,
        "last_name": both,
        "suffix": people.suffix,
        "western_name": people.western,
        "birth_date": people.birth.astype(str).astype(object),
        "sex": people.sex,
        "zip": places.zips[people.home],
        "state_id": state_ids,
    }
    return pd.DataFrame(
        {"person": np.arange(len(people)), "family": people.family}
        | {name: pd.Series(values, dtype=object) for name, values in texts.items()}
    )
