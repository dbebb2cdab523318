"""The people: families of a Californian region, their true names, birth dates and homes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pprl.synthetic.name_tables import BANDS, ETHNICITIES, NameTables
from pprl.synthetic.places import Places

Texts = NDArray[np.object_]
Flags = NDArray[np.bool_]

ETHNICITY_SHARES = (0.55, 0.22, 0.12, 0.05, 0.06)
LOW_INCOME = (0.72, 0.34, 0.46, 0.68, 0.50)
HERITAGES = ("hmong", "vietnamese", "punjabi", "filipino", "other asian")
HERITAGE_SHARES = (0.19, 0.15, 0.17, 0.24, 0.25)

FIRST_BIRTH = np.datetime64("1996-09-02")
COHORTS = 14
"""School cohorts (a year from September) in the districts' records; the last is 10th grade."""
GRADUATED = 10
"""Cohorts that have left high school."""

FAMILY_SIZES = (0.52, 0.33, 0.11, 0.04)
FROM_OUTSIDE = 0.21
"""Share of the families whose children only ever attended college in the region."""
TWIN = 0.042
"""Probability that a later child is a twin of the one before: 1.5% of births."""
LAST_NAME_OF_ITS_OWN = 0.07
TWO_SURNAMES = (0.45, 0.02, 0.0, 0.02, 0.04)
HAS_MIDDLE = (0.66, 0.94, 0.55, 0.90, 0.86)
JUNIOR = (0.03, 0.03, 0.0, 0.04, 0.02)

USUAL_MIDDLE = {
    "F": (
        *("Marie", "Ann", "Elizabeth", "Rose", "Grace", "Lynn", "Nicole", "Renee", "Michelle"),
        *("Jean", "Faith", "Hope", "Leigh", "Mae", "Isabel", "Guadalupe", "Maria", "Alejandra"),
    ),
    "M": (
        *("James", "Michael", "Anthony", "Joseph", "Lee", "Alexander", "David", "William", "Ray"),
        *("Daniel", "Antonio", "Angel", "Jose", "Manuel", "Allen", "Scott", "Thomas", "Edward"),
    ),
}
"""Middle names in use beyond their share of first names; of 20 middle names 7 are such."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class People:
    """The truth about n persons, each field an array of n; a family's members stand together.

    Attributes:
        family: `int64`, the number of the family.
        outside: `bool`, not of the region before college.
        ethnicity: `int64`, index into `ETHNICITIES`.
        heritage: one of `HERITAGES`, or "".
        low_income: `bool`.
        sex: "F", "M" or "X".
        birth: `datetime64[D]`.
        first: legal first name.
        middle: legal middle name or names, or "".
        last: first surname.
        second: second surname, or "".
        suffix: "Jr", "III" or "".
        western: Western first name used alongside an Asian one, or "".
        home: `int64`, place of the family's home, an index into `Places.zips`.
    """

    family: NDArray[np.int64]
    outside: Flags
    ethnicity: NDArray[np.int64]
    heritage: Texts
    low_income: Flags
    sex: Texts
    birth: NDArray[np.datetime64]
    first: Texts
    middle: Texts
    last: Texts
    second: Texts
    suffix: Texts
    western: Texts
    home: NDArray[np.int64]

    def __len__(self) -> int:
        """How many they are."""
        return len(self.family)


def draw_people(
    n: int, tables: NameTables, places: Places, western: float, rng: np.random.Generator
) -> People:
    """Draw n people of a region.

    Args:
        n: how many.
        tables: what they may be called.
        places: where they may live.
        western: share of those with an Asian first name who use a Western one alongside.
        rng: the only source of chance.
    """
    sizes = 1 + rng.choice(len(FAMILY_SIZES), size=n, p=FAMILY_SIZES)
    family = np.repeat(np.arange(n), sizes)[:n]
    count = int(family[-1]) + 1
    outside = rng.random(count) < FROM_OUTSIDE
    ethnicity = rng.choice(len(ETHNICITIES), size=count, p=ETHNICITY_SHARES)
    asian = ethnicity == ETHNICITIES.index("asian-pacific")
    heritage = np.array(HERITAGES, dtype=object)[
        rng.choice(len(HERITAGES), size=count, p=HERITAGE_SHARES)
    ]
    heritage[~asian] = ""
    first_last, second = _family_surnames(ethnicity, heritage, tables, rng)
    home = places.homes(ethnicity, outside, rng)
    low_income = rng.random(count) < np.array(LOW_INCOME)[ethnicity]

    birth, twin = _births(family, outside[family], rng)
    sex = rng.choice(np.array(["F", "M"], dtype=object), size=n)
    alike = twin & (rng.random(n) < 0.6)
    sex[alike] = sex[np.flatnonzero(alike) - 1]
    people = People(
        family=family,
        outside=outside[family],
        ethnicity=ethnicity[family],
        heritage=heritage[family],
        low_income=low_income[family],
        sex=sex,
        birth=birth,
        first=np.full(n, "", dtype=object),
        middle=np.full(n, "", dtype=object),
        last=first_last[family],
        second=second[family],
        suffix=np.full(n, "", dtype=object),
        western=np.full(n, "", dtype=object),
        home=home[family],
    )
    return _named(people, twin, tables, western, rng)


def _family_surnames(
    ethnicity: NDArray[np.int64], heritage: Texts, tables: NameTables, rng: np.random.Generator
) -> tuple[Texts, Texts]:
    """Each family's first surname, and its second or ""."""
    last, second = np.full((2, len(ethnicity)), "", dtype=object)
    for code, group in enumerate(ETHNICITIES):
        theirs = ethnicity == code
        last[theirs] = tables.surnames[group].draw(rng, theirs.sum())
        second[theirs] = tables.surnames[group].draw(rng, theirs.sum())
    for name in HERITAGES:
        if (name, "surname") in tables.few:
            theirs = heritage == name
            last[theirs] = tables.few[name, "surname"].draw(rng, theirs.sum())
    one = rng.random(len(last)) >= np.array(TWO_SURNAMES)[ethnicity]
    second[one | (second == last)] = ""
    return last, second


def _births(
    family: NDArray[np.int64], outside: Flags, rng: np.random.Generator
) -> tuple[NDArray[np.datetime64], Flags]:
    """Birth dates, and who is a twin of the person before. Dates past the window start it anew."""
    n = len(family)
    eldest = np.r_[True, family[1:] != family[:-1]]
    twin = ~eldest & (rng.random(n) < TWIN)
    gap = np.where(twin, 0, 290 + rng.gamma(2.0, 370.0, n).astype(np.int64))
    window = np.where(outside, int(GRADUATED * 365.25), int(COHORTS * 365.25))
    gap[eldest] = (rng.random(eldest.sum()) * window[eldest]).astype(np.int64)
    since = np.cumsum(gap)
    start = np.flatnonzero(eldest)
    since -= np.repeat((since - gap)[start], np.diff(np.r_[start, n]))
    return FIRST_BIRTH + (since % window).astype("timedelta64[D]"), twin


def _named(
    people: People, twin: Flags, tables: NameTables, western: float, rng: np.random.Generator
) -> People:
    """The people with their given names, middle names, suffixes and own last names."""
    n = len(people)
    first = given_names(people, tables, rng)
    # Two children of a family hardly ever have one name: three redraws leave next to none.
    for _ in range(3):
        again = _as_a_sibling(people.family, first)
        first[again] = given_names(_some(people, again), tables, rng)
    matched = twin & (rng.random(n) < 0.3)
    first = _same_initial(first, matched, people, tables, rng)

    middle = given_names(people, tables, rng)
    usual = rng.random(n) < 0.35
    for letter, names in USUAL_MIDDLE.items():
        theirs = usual & (people.sex == letter)
        middle[theirs] = rng.choice(np.array(names, dtype=object), size=theirs.sum())
    two = rng.random(n) < 0.03
    middle[two] = middle[two] + " " + given_names(_some(people, two), tables, rng)
    follows = np.r_[False, people.family[1:] == people.family[:-1]] & (rng.random(n) < 0.08)
    middle[follows] = middle[np.flatnonzero(follows) - 1]
    middle[rng.random(n) >= np.array(HAS_MIDDLE)[people.ethnicity]] = ""

    last = people.last.copy()
    for code, group in enumerate(ETHNICITIES):
        own = (people.ethnicity == code) & (rng.random(n) < LAST_NAME_OF_ITS_OWN)
        last[own] = tables.surnames[group].draw(rng, own.sum())
    junior = (people.sex == "M") & (rng.random(n) < np.array(JUNIOR)[people.ethnicity])
    suffix = np.where(junior, rng.choice(np.array(["Jr", "Jr", "III"], dtype=object), n), "")
    sex = people.sex.copy()
    sex[rng.random(n) < 0.002] = "X"
    named = replace(people, first=first, middle=middle, last=last, suffix=suffix)
    return replace(_with_asian_names(named, tables, western, rng), sex=sex)


def _some(people: People, chosen: Flags) -> People:
    """Those of the people who are chosen."""
    return People(*(getattr(people, name)[chosen] for name in People.__slots__))


def given_names(people: People, tables: NameTables, rng: np.random.Generator) -> Texts:
    """`object[people]`: a given name of each one's ethnicity, sex and years of birth."""
    year = people.birth.astype("datetime64[Y]").astype(np.int64) + 1970
    band = np.digitize(year, [2000, 2005])
    names = np.full(len(people), "", dtype=object)
    for (group, sex, years), table in tables.given.items():
        theirs = (
            (people.ethnicity == ETHNICITIES.index(group))
            & (people.sex == sex)
            & (band == BANDS.index(years))
        )
        names[theirs] = table.draw(rng, theirs.sum())
    return names


def _as_a_sibling(family: NDArray[np.int64], first: Texts) -> Flags:
    """Who has the first name of one of the three persons before, of the same family."""
    again = np.zeros(len(first), dtype=bool)
    for back in range(1, len(FAMILY_SIZES)):
        again[back:] |= (family[back:] == family[:-back]) & (first[back:] == first[:-back])
    return again


def _same_initial(
    first: Texts, matched: Flags, people: People, tables: NameTables, rng: np.random.Generator
) -> Texts:
    """First names in which each matched person's begins as the name of the person before does."""
    first = first.copy()
    wanted = np.flatnonzero(matched)
    initial = np.array([name[:1] for name in first[wanted - 1]], dtype=object)
    for _ in range(12):
        drawn = given_names(_some(people, _flags(wanted, len(first))), tables, rng)
        fits = np.array(
            [name[:1] == letter for name, letter in zip(drawn, initial, strict=True)], dtype=bool
        )
        fits &= drawn != first[wanted - 1]
        first[wanted[fits]] = drawn[fits]
        wanted, initial = wanted[~fits], initial[~fits]
    return first


def _flags(places: NDArray[np.int64], n: int) -> Flags:
    """`bool[n]`, true at the places."""
    flags = np.zeros(n, dtype=bool)
    flags[places] = True
    return flags


def _with_asian_names(
    people: People, tables: NameTables, western: float, rng: np.random.Generator
) -> People:
    """The people with the names of their heritage.

    Filipinos bear their mother's surname as middle name, Punjabis Singh or Kaur. Of the others,
    some have an Asian first name, alone or with a Western one that is used beside it, and some a
    Western first name and an Asian middle one.
    """
    n = len(people)
    first, middle, beside = people.first.copy(), people.middle.copy(), np.full(n, "", dtype=object)
    filipino = (people.heritage == "filipino") & (rng.random(n) < 0.7)
    middle[filipino] = tables.surnames["asian-pacific"].draw(rng, filipino.sum())
    kind = rng.random(n)
    for heritage in ("hmong", "vietnamese", "punjabi", "other asian"):
        for sex in ("F", "M"):
            theirs = (people.heritage == heritage) & (people.sex == sex)
            given = tables.few.get((heritage, sex), tables.heritage[sex])
            asian = theirs & (kind < (0.75 if heritage == "punjabi" else 0.5))
            beside[asian] = np.where(rng.random(asian.sum()) < western, first[asian], "")
            first[asian] = given.draw(rng, asian.sum())
            second = theirs & ~asian & (kind < 0.85)
            middle[second] = given.draw(rng, second.sum())
            customary = tables.few.get((heritage, f"middle {sex}"))
            if customary is not None:
                follows = asian & (rng.random(n) < 0.7)
                middle[follows] = customary.draw(rng, follows.sum())
    return replace(people, first=first, middle=middle, western=beside)
