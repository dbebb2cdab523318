"""Who attended which district and which college, and where they lived at the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.synthetic.people import FIRST_BIRTH, GRADUATED, People
from pprl.synthetic.places import COLLEGES, ZIPS_OF_DISTRICTS, Places

CHANGES_DISTRICT = 0.055
GOES_TO_COLLEGE = 0.745
GOES_BEFORE_GRADUATING = 0.07
"""Share of the 10th to 12th grade that a college enrols for single courses."""
TRANSFERS = 0.19
MOVES_BEYOND = 0.35
"""Share of those who move for college whose new home is outside the region."""
MOVES_AGAIN = 0.6
"""How often a move follows a transfer, for one that follows leaving school."""

INSTITUTIONS = (*ZIPS_OF_DISTRICTS, *COLLEGES)
"""The institutions in the order of their codes: districts, then colleges."""


@dataclass(frozen=True, slots=True, eq=False)
class Enrolments:
    """One row for each person at each institution, each field an array; districts come first.

    Attributes:
        person: `int64`, index into the people.
        institution: `int64`, index into `INSTITUTIONS`.
        stage: `int64`: 0 first district, 1 second district, 2 first college, 3 second college.
        home: `int64`, index into `Places.zips`.
    """

    person: NDArray[np.int64]
    institution: NDArray[np.int64]
    stage: NDArray[np.int64]
    home: NDArray[np.int64]

    def with_repeated(self, places: NDArray[np.int64]) -> Enrolments:
        """All enrolments, and those at the places `int64[k]` once more at the end."""
        all_of_them = np.r_[np.arange(len(self.person)), places]
        return Enrolments(*(getattr(self, name)[all_of_them] for name in Enrolments.__slots__))


def draw_enrolments(
    people: People, places: Places, moved: float, rng: np.random.Generator
) -> Enrolments:
    """Everyone's enrolments: at least one each, at most two districts and two colleges.

    Args:
        people: the people.
        places: the districts that serve the ZIPs.
        moved: share of those at college whose ZIP is not that of their schooldays.
        rng: the only source of chance.
    """
    n = len(people)
    district = places.district[people.home]
    # Who moves house between districts is found in both, at the later one with the family's home.
    changes = ~people.outside & (rng.random(n) < CHANGES_DISTRICT)
    former_home = places.homes(people.ethnicity, np.zeros(n, dtype=bool), rng)
    changes &= places.district[former_home] != district

    born_in_cohort = ((people.birth - FIRST_BIRTH).astype(np.int64) // 365.25).astype(np.int64)
    goes = np.where(born_in_cohort < GRADUATED, GOES_TO_COLLEGE, GOES_BEFORE_GRADUATING)
    at_college = people.outside | (rng.random(n) < goes)
    codes = len(ZIPS_OF_DISTRICTS) + np.arange(len(COLLEGES))
    college = rng.choice(codes, size=n, p=list(COLLEGES.values()))
    other = rng.choice(codes, size=n, p=list(COLLEGES.values()))
    transfers = at_college & (other != college) & (rng.random(n) < TRANSFERS / 0.7)

    moves = rng.random(n) < np.where(people.outside, 2 * moved, moved)
    beyond = ~people.outside & (rng.random(n) < MOVES_BEYOND)
    home_at_college = np.where(moves, places.homes(people.ethnicity, beyond, rng), people.home)
    moves_again = rng.random(n) < MOVES_AGAIN * moved
    home_after_transfer = np.where(
        moves_again, places.homes(people.ethnicity, beyond, rng), home_at_college
    )

    stages = (
        (changes, places.district[former_home], former_home),
        (~people.outside, district, people.home),
        (at_college, college, home_at_college),
        (transfers, other, home_after_transfer),
    )
    attends = [np.flatnonzero(flags) for flags, _, _ in stages]
    return Enrolments(
        person=np.concatenate(attends),
        institution=np.concatenate(
            [codes[who] for who, (_, codes, _) in zip(attends, stages, strict=True)]
        ),
        stage=np.repeat(np.arange(len(stages)), [len(who) for who in attends]),
        home=np.concatenate(
            [homes[who] for who, (_, _, homes) in zip(attends, stages, strict=True)]
        ),
    )
