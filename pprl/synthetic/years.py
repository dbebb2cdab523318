"""The same region a year later: leavers, newcomers, new addresses and new names."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.synthetic.error_rates import ErrorRates, rates_named
from pprl.synthetic.name_tables import ETHNICITIES, NameTables
from pprl.synthetic.recording import record
from pprl.synthetic.region import Population, Region, draw_region
from pprl.synthetic.slips import Flags, happens

COLLEGE = 2
"""The first stage of enrolment that is at a college."""


@dataclass(frozen=True, slots=True)
class YearlyRates:
    """What happens between two years.

    Attributes:
        leave: share of the persons who are in no roster of the second year.
        arrive: share of the persons who are in none of the first.
        move_on: share of the persons who leave school after the first year and begin college.
        moved: share of the persons with another home.
        renamed: share of women with another last name; of men a third.
        told: share of the institutions that hear of a new home or name.
        corrected: share of the records whose given names and birth date are taken down anew.
    """

    leave: float = 0.12
    arrive: float = 0.12
    move_on: float = 0.10
    moved: float = 0.12
    renamed: float = 0.02
    told: float = 0.8
    corrected: float = 0.02


def two_years(
    persons: int = 20_000,
    *,
    seed: int,
    errors: str = "customary",
    rates: YearlyRates | None = None,
) -> tuple[Population, Population]:
    """Draw a region's rosters of two years.

    A record that is in both years is the same row, but for what happened to the person since. The
    local ids and `person` are those of one region, so that both truths fit together.

    Args:
        persons: how many people there are in both years together.
        seed: the same seed and arguments give the same populations.
        errors: how well the records are kept: a name in `ERRORS`, such as "customary".
        rates: what happens between the years.

    Raises:
        UsageError: if `persons` is less than 1 or no error process has that name.
    """
    rates = rates or YearlyRates()
    rng = np.random.Generator(np.random.PCG64(seed))
    tables = NameTables.load()
    error_rates = rates_named(errors)
    region = draw_region(persons, tables, error_rates, rng)
    in_first, in_second = _enrolled(region, rates, rng)
    rows = _a_year_later(region, tables, error_rates, rates, rng)
    return region.population(enrolled=in_first), region.population(rows, in_second)


def _enrolled(region: Region, rates: YearlyRates, rng: np.random.Generator) -> tuple[Flags, Flags]:
    """Which enrolments are in the rosters of either year."""
    chance = rng.random(len(region.people))[region.enrolments.person]
    at_college = region.enrolments.stage >= COLLEGE
    leaves = chance < rates.leave
    arrives = ~leaves & (chance < rates.leave + rates.arrive)
    moves_on = ~leaves & ~arrives & (chance < rates.leave + rates.arrive + rates.move_on)
    return ~arrives & ~(moves_on & at_college), ~leaves & ~(moves_on & ~at_college)


def _a_year_later(
    region: Region,
    tables: NameTables,
    errors: ErrorRates,
    rates: YearlyRates,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The rows of the second year: those of the first, with what changed."""
    people, enrolments = region.people, region.enrolments
    n, who = len(people), enrolments.person
    moves = happens(rng, rates.moved, n)
    homes = region.places.homes(people.ethnicity, np.zeros(n, bool), rng)
    renamed = rng.random(n) < rates.renamed * np.where(people.sex == "F", 1.0, 1 / 3)
    last = people.last.copy()
    for code, group in enumerate(ETHNICITIES):
        theirs = renamed & (people.ethnicity == code)
        last[theirs] = tables.surnames[group].draw(rng, int(theirs.sum()))
    second = np.where(renamed, "", people.second).astype(object)
    anew = record(
        replace(people, last=last, second=second),
        replace(enrolments, home=np.where(moves[who], homes[who], enrolments.home)),
        region.places.zips,
        region.state_ids,
        region.registrars,
        tables,
        errors,
        rng,
    )
    told = happens(rng, rates.told, len(who))
    corrected = happens(rng, rates.corrected, len(who))
    rows = region.rows.copy()
    changes: tuple[tuple[NDArray[np.bool_], tuple[str, ...]], ...] = (
        (moves[who] & told, ("zip",)),
        (renamed[who] & told, ("last_name",)),
        (corrected, ("first_name", "middle_name", "birth_date")),
    )
    at = rows.index.to_numpy()
    for happened, columns in changes:
        for column in columns:
            rows[column] = np.where(happened[at], getattr(anew, column)[at], rows[column])
    return rows
