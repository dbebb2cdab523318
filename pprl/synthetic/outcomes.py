"""What became of the people: attendance, completion, terms and degrees, as institutions tell it.

The rates are made up, of the size that regions report, so that tables have something to show: they
differ by income and are alike for all ethnic groups of one income. Everything is consistent with
the rosters: who is at a college has terms there, unless still at high school, and the oldest who
were at high school then have completed it since.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.synthetic.name_tables import ETHNICITIES
from pprl.synthetic.people import FIRST_BIRTH, GRADUATED
from pprl.synthetic.region import Population

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

THROUGH = datetime.date(2025, 12, 31)
"""The last day that the outcomes cover, if no other is asked for."""
FIRST_CLASS = 2015
"""The year in which the oldest of the people complete high school."""
LEVELS = {"county-college": 2, "city-college": 2, "state-university": 4, "tech-university": 4}
GRADES = (0, 8, 9, 10, 11, 12)
"""The grades of which districts tell."""
MOST_TERMS = {2: 8, 4: 12}
_DEGREES = {2: "associate", 4: "bachelor"}


@dataclass(frozen=True, slots=True)
class OutcomeRates:
    """How often what happens. Of two numbers, the first is for families of low income.

    Attributes:
        completes: high school, of those old enough.
        ready: for kindergarten.
        engaged: in grade 8.
        absent: mean share of the days of a school year.
        starts: of those at college, in the fall after high school, one term later, two, and so on.
        stays: from one term to the next.
        remedial: takes a remedial course in the first term, at two-year and four-year colleges.
        finishes: has a degree after each further term, from the fourth or the eighth on.
        told_otherwise: ethnicity that a college tells differently from what is true.
        untold: ethnicity that a college does not tell.
    """

    completes: tuple[float, float] = (0.85, 0.94)
    ready: tuple[float, float] = (0.41, 0.63)
    engaged: tuple[float, float] = (0.52, 0.67)
    absent: tuple[float, float] = (0.072, 0.045)
    starts: tuple[float, ...] = (0.76, 0.08, 0.07, 0.03, 0.06)
    stays: tuple[float, float] = (0.87, 0.92)
    remedial: tuple[float, float] = (0.38, 0.12)
    finishes: tuple[float, float] = (0.30, 0.45)
    told_otherwise: float = 0.03
    untold: float = 0.05


def outcomes(
    population: Population,
    *,
    seed: int,
    through: datetime.date = THROUGH,
    rates: OutcomeRates | None = None,
) -> dict[str, pd.DataFrame]:
    """Draw what each institution tells of its students.

    Args:
        population: the people and their institutions.
        seed: the same seed and population give the same outcomes.
        through: nothing later is told.
        rates: how often what happens.

    Returns:
        institution -> `local_id` and the columns of a payload. Of a district: a row for each
        student and grade, with `school_year, grade, first_time, absence, kindergarten_ready,
        engaged, completed_on` and the report groups `ethnicity, income, gender`. Of a college: a
        row for each student and term, with `enrolled_on, level, remedial, degree, degree_on` and
        `ethnicity`.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    drawn = _Drawn(population, rates or OutcomeRates(), pd.Timestamp(through), rng)
    told = {}
    for name, role in population.roles.items():
        own = population.truth[population.truth["institution"] == name].reset_index(drop=True)
        told[name] = drawn.of_district(own) if role == "district" else drawn.of_college(own, name)
    return told


class _Drawn:
    """What is true of each person, and what institutions make of it."""

    def __init__(
        self,
        population: Population,
        rates: OutcomeRates,
        through: pd.Timestamp,
        rng: np.random.Generator,
    ) -> None:
        """Draw what happens to each person."""
        self.rates, self.through, self.rng = rates, through, rng
        persons = population.persons
        self.groups = persons[["ethnicity", "income", "gender"]]
        self.better_off = (persons["income"] != "low").to_numpy(int)
        born = persons["birth_date"].to_numpy().astype("datetime64[D]")
        cohort = ((born - FIRST_BIRTH).astype(np.int64) // 365.25).astype(np.int64)
        self.class_of = FIRST_CLASS + cohort
        self.completes = (cohort <= GRADUATED) & self._happens(rates.completes)
        self.ready, self.engaged = self._happens(rates.ready), self._happens(rates.engaged)
        self.first_term = 2 * (self.class_of - FIRST_CLASS) + rng.choice(
            len(rates.starts), size=len(persons), p=rates.starts
        )
        self.terms = rng.geometric(1 - np.array(rates.stays)[self.better_off])
        self.later = self._at_second_college(population.truth)

    def of_district(self, own: pd.DataFrame) -> pd.DataFrame:
        """A row for each student and grade."""
        n = len(own)
        grade = np.tile(GRADES, n)
        person = np.repeat(own["person"].to_numpy(), len(GRADES))
        year = self.class_of[person] - 12 + grade
        absent = np.array(self.rates.absent)[self.better_off[person]]
        completed = (grade == 12) & self.completes[person]
        rows = pd.DataFrame(
            {
                "local_id": np.repeat(own["local_id"].to_numpy(object), len(GRADES)),
                "school_year": year,
                "grade": grade,
                "first_time": np.ones(len(grade), bool),
                "absence": np.round(self.rng.beta(1.5, 1.5 / absent - 1.5), 3),
                "kindergarten_ready": _only(grade == 0, self.ready[person]),
                "engaged": _only(grade == 8, self.engaged[person]),
                "completed_on": _dates(year, 6, 5).where(completed),
                **{name: self.groups[name].to_numpy(object)[person] for name in self.groups},
            }
        )
        told: pd.DataFrame = rows[year <= self.through.year].reset_index(drop=True)
        return told

    def of_college(self, own: pd.DataFrame, name: str) -> pd.DataFrame:
        """A row for each student and term; none before high school is over."""
        level = LEVELS[name]
        person = own["person"].to_numpy()
        most = MOST_TERMS[level]
        terms = np.minimum(self.terms[person], most)
        # Who was at another college before has spent half of the time there.
        moved = self.later[name][person]
        first = self.first_term[person] + np.where(moved, 4, 0)
        least = MOST_TERMS[level] // 2 + (2 if level == 4 else 0) - np.where(moved, 4, 0)
        finishing = (
            np.maximum(least, 1)
            - 1
            + self.rng.geometric(np.array(self.rates.finishes)[self.better_off[person]])
        )
        finishes = finishing <= terms
        terms = np.where(finishes, finishing, terms)
        student = np.repeat(np.arange(len(own)), terms)
        number = np.arange(len(student)) - np.repeat(np.cumsum(terms) - terms, terms)
        term = first[student] + number
        begins = _term_begins(term)
        last = (number == terms[student] - 1) & finishes[student]
        remedial = self.rng.random(len(own)) < self.rates.remedial[level == 4]
        rows = pd.DataFrame(
            {
                "local_id": own["local_id"].to_numpy(object)[student],
                "enrolled_on": begins,
                "level": np.full(len(student), level),
                "remedial": (remedial & ~moved)[student] & (number == 0),
                "degree": pd.Series(_DEGREES[level], range(len(last)), dtype=object).where(last),
                "degree_on": (begins + pd.DateOffset(months=4)).where(last),
                "ethnicity": self._ethnicity_told(person)[student],
            }
        )
        ended = rows["degree_on"] > self.through
        rows.loc[ended, ["degree", "degree_on"]] = None
        after_school = self.class_of[person][student] < FIRST_CLASS + GRADUATED
        told: pd.DataFrame = rows[after_school & (begins <= self.through)].reset_index(drop=True)
        return told

    def _happens(self, share: tuple[float, float]) -> Flags:
        """To whom something happens, by income: `bool[persons]`."""
        flags: Flags = self.rng.random(len(self.better_off)) < np.array(share)[self.better_off]
        return flags

    def _ethnicity_told(self, person: Integers) -> NDArray[np.object_]:
        """What a college tells of its students' ethnicity."""
        true = self.groups["ethnicity"].to_numpy(object)[person]
        other = np.array(ETHNICITIES, dtype=object)[
            self.rng.integers(0, len(ETHNICITIES), len(person))
        ]
        chance = self.rng.random(len(person))
        told = np.where(chance < self.rates.told_otherwise, other, true)
        told[chance > 1 - self.rates.untold] = None
        return told

    def _at_second_college(self, truth: pd.DataFrame) -> Mapping[str, Flags]:
        """College -> who was at another before: two-year colleges come first."""
        rank = {name: place for place, name in enumerate(LEVELS)}
        at_college = truth[truth["institution"].isin(list(LEVELS))]
        order = at_college["institution"].map(rank)
        first = order.groupby(at_college["person"]).transform("min")
        later = at_college[order > first]
        flags = {name: np.zeros(len(self.class_of), bool) for name in LEVELS}
        for name, persons in later.groupby("institution")["person"]:
            flags[str(name)][persons.to_numpy()] = True
        return flags


def _only(flags: Flags, values: Flags) -> NDArray[np.object_]:
    """The values where flagged, elsewhere nothing."""
    told = values.astype(object)
    told[~flags] = None
    return told


def _dates(year: Integers, month: int, day: int) -> pd.Series:
    """A day of each year."""
    return pd.to_datetime(pd.DataFrame({"year": year, "month": month, "day": day}))


def _term_begins(term: Integers) -> pd.Series:
    """The first day of each term: falls are even, from that of `FIRST_CLASS` on."""
    year = FIRST_CLASS + (term + 1) // 2
    fall = term % 2 == 0
    return pd.to_datetime(
        pd.DataFrame({"year": year, "month": np.where(fall, 8, 1), "day": np.where(fall, 20, 15)})
    )
