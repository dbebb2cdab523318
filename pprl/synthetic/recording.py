"""What an institution writes of a person: its habits and its errors.

Every function works on all enrolments at once and draws independently for each, save where it
says that institutions share something.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.synthetic.enrolments import Enrolments
from pprl.synthetic.error_rates import ErrorRates
from pprl.synthetic.name_tables import ETHNICITIES, NameTables
from pprl.synthetic.people import People
from pprl.synthetic.slips import (
    Flags,
    Texts,
    dates_misdigited,
    dates_off_by_one,
    dates_swapped,
    happens,
    misdigited,
    misspelt,
    where,
)

SAME_HABIT = 0.5
"""Probability that an institution writes a second surname as the person is used to."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How an institution writes names.

    Attributes:
        capitals: everything in capitals.
        punctuation: keeps hyphens and apostrophes; without, they become nothing.
        accents: writes the accents of Spanish names.
        suffix_apart: has a field for the suffix; without, it is written behind the last name.
        everyday: probability of writing the everyday or Western name of one who has any.
        middle: probabilities of writing middle names in full and as an initial; else not at all.
        surnames: probabilities of writing two surnames apart, with a hyphen, only the first, only
            the second.
        state_id: share of the students whose state ID it knows.
    """

    capitals: bool
    punctuation: bool
    accents: bool
    suffix_apart: bool
    everyday: float
    middle: tuple[float, float]
    surnames: tuple[float, float, float, float]
    state_id: float


AS_IT_SHOULD_BE = Habits(False, True, False, True, 0.0, (1.0, 0.0), (1.0, 0.0, 0.0, 0.0), 1.0)

HABITS = (
    Habits(True, False, False, True, 0.08, (0.75, 0.10), (0.62, 0.10, 0.26, 0.02), 1.0),
    Habits(False, True, False, True, 0.12, (0.65, 0.20), (0.40, 0.35, 0.23, 0.02), 1.0),
    Habits(False, True, False, False, 0.15, (0.30, 0.50), (0.30, 0.20, 0.47, 0.03), 1.0),
    Habits(True, False, False, False, 0.10, (0.70, 0.10), (0.50, 0.10, 0.38, 0.02), 1.0),
    Habits(False, True, False, True, 0.25, (0.40, 0.30), (0.35, 0.15, 0.46, 0.04), 0.45),
    Habits(True, True, False, False, 0.20, (0.30, 0.40), (0.30, 0.30, 0.37, 0.03), 0.30),
    Habits(False, True, False, True, 0.15, (0.70, 0.10), (0.50, 0.20, 0.28, 0.02), 0.60),
    Habits(False, True, True, True, 0.30, (0.55, 0.10), (0.45, 0.30, 0.23, 0.02), 0.0),
)
"""The habits of each of `INSTITUTIONS`."""

ACCENTED = {
    "Garcia": "García", "Hernandez": "Hernández", "Martinez": "Martínez", "Lopez": "López",
    "Gonzalez": "González", "Perez": "Pérez", "Sanchez": "Sánchez", "Ramirez": "Ramírez",
    "Gomez": "Gómez", "Diaz": "Díaz", "Gutierrez": "Gutiérrez", "Jimenez": "Jiménez",
    "Vasquez": "Vásquez", "Vazquez": "Vázquez", "Rodriguez": "Rodríguez", "Alvarez": "Álvarez",
    "Dominguez": "Domínguez", "Fernandez": "Fernández", "Nunez": "Núñez", "Munoz": "Muñoz",
    "Pena": "Peña", "Ibanez": "Ibáñez", "Chavez": "Chávez", "Suarez": "Suárez",
    "Jose": "José", "Jesus": "Jesús", "Maria": "María", "Angel": "Ángel", "Andres": "Andrés",
    "Adrian": "Adrián", "Sofia": "Sofía", "Monica": "Mónica", "Veronica": "Verónica",
    "Hector": "Héctor", "Cesar": "César", "Ivan": "Iván", "Oscar": "Óscar", "Raul": "Raúl",
    "Ruben": "Rubén", "Tomas": "Tomás", "Nicolas": "Nicolás", "Sebastian": "Sebastián",
}  # fmt: skip
"""Names that have an accent in Spanish, and their spelling with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """What was written for n enrolments, each field an `object[n]` of str, "" for missing."""

    first_name: Texts
    middle_name: Texts
    last_name: Texts
    suffix: Texts
    birth_date: Texts
    sex: Texts
    zip: Texts
    state_id: Texts


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """The parts of n names, before they are put together; each `object[n]` of str."""

    first: Texts
    middle: Texts
    last: Texts
    second: Texts

    def of(self, who: NDArray[np.int64]) -> Spelling:
        """The spellings at the places `who`."""
        return Spelling(self.first[who], self.middle[who], self.last[who], self.second[who])


def record(
    people: People,
    enrolments: Enrolments,
    zips: Texts,
    state_ids: Texts,
    tables: NameTables,
    rates: ErrorRates,
    rng: np.random.Generator,
) -> Records:
    """Write every enrolment down.

    Args:
        people: the persons.
        enrolments: who is where.
        zips: the ZIP of each place.
        state_ids: each person's state ID.
        tables: surnames for those who change theirs, everyday names.
        rates: the error process.
        rng: the only source of chance.
    """
    who = enrolments.person
    n = len(who)
    document = Spelling(people.first, people.middle, people.last, people.second)
    document, birth = _slipped(document, people.birth, rates, rates.same_source, rng)
    written = document.of(who)
    everyday = _everyday_names(people, tables, rates, rng)[who]
    written = _with_new_surnames(written, people, enrolments, tables, rates, rng)
    written, birth = _slipped(written, birth[who], rates, 1 - rates.same_source, rng)

    spaced = Texts_of(written.first)
    first, middle, last = _by_habit(written, everyday, enrolments, rates, rng)
    suffix = _kept(people.suffix[who], ~happens(rng, rates.suffix_dropped, n))
    behind = _flag_of(enrolments, rates, "suffix_apart", False) & (suffix != "")
    last = np.where(behind, last + " " + suffix, last)
    suffix = np.where(behind, "", suffix)
    swapped = happens(rng, rates.swapped_names, n)
    first, last = np.where(swapped, last, first), np.where(swapped, first, last)
    del spaced
    first, middle, last = (_in_style(texts, enrolments, rates) for texts in (first, middle, last))

    sex = people.sex[who]
    other = np.where(sex == "F", "M", "F").astype(object)
    sex = np.where(happens(rng, rates.sex_wrong, n), other, sex)
    sex = _kept(sex, ~happens(rng, rates.sex_missing, n))
    return Records(
        first_name=first,
        middle_name=middle,
        last_name=last,
        suffix=suffix,
        birth_date=_kept(
            birth.astype("datetime64[D]").astype(str).astype(object),
            ~happens(rng, rates.birth_missing, n),
        ),
        sex=sex,
        zip=_zips(people, enrolments, zips, rates, rng),
        state_id=_state_ids(state_ids[who], enrolments, rates, rng),
    )
