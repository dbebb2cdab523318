"""Names that persons take or go by besides the one they were given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pprl.synthetic.enrolments import Enrolments
from pprl.synthetic.error_rates import ErrorRates
from pprl.synthetic.name_tables import ETHNICITIES, NameTables
from pprl.synthetic.people import People, given_names
from pprl.synthetic.slips import Texts, happens
from pprl.synthetic.writing import Writing

GOES_BY_MIDDLE = 0.15
"""Share of those who go by another name who have no everyday name and go by their middle name."""

EARLY_CHANGE = 0.15
"""Share of the changed last names that were changed while at school already."""

ADDED = 0.3
"""Share of the new last names that are added to the old one."""


def known_as(
    people: People, tables: NameTables, rates: ErrorRates, rng: np.random.Generator
) -> Texts:
    """`object[people]`: a first name used besides, or "": Western, everyday or the middle name."""
    n = len(people)
    choices = rng.random(n)
    everyday = [tables.everyday.get(name, ()) for name in people.first]
    nickname = np.array(
        [
            names[int(choice * len(names))] if names else ""
            for names, choice in zip(everyday, choices, strict=True)
        ],
        dtype=object,
    )
    by_middle = (nickname == "") & happens(rng, GOES_BY_MIDDLE, n)
    single = np.array([" " not in name for name in people.middle], dtype=bool)
    nickname = np.where(by_middle & single, people.middle, nickname)
    nickname[~happens(rng, rates.goes_by, n)] = ""
    return np.where(people.western != "", people.western, nickname)


def with_new_surnames(
    document: Writing,
    people: People,
    enrolments: Enrolments,
    tables: NameTables,
    rates: ErrorRates,
    rng: np.random.Generator,
) -> Writing:
    """What is written at each enrolment; after a change, the new last name, alone or added."""
    n = len(people)
    changes = rng.random(n) < rates.name_changed * np.where(people.sex == "F", 1.0, 1 / 3)
    new = np.full(n, "", dtype=object)
    for code, group in enumerate(ETHNICITIES):
        theirs = changes & (people.ethnicity == code)
        new[theirs] = tables.surnames[group].draw(rng, int(theirs.sum()))
    added = happens(rng, ADDED, n)
    since = np.where(happens(rng, EARLY_CHANGE, n), 1, 2)

    who = enrolments.person
    writing = document.of(who)
    changed = changes[who] & (enrolments.stage >= since[who])
    replaced, doubled = changed & ~added[who], changed & added[who]
    return replace(
        writing,
        last=np.where(replaced, new[who], writing.last),
        second=np.where(replaced, "", np.where(doubled, new[who], writing.second)),
    )


def with_chosen_names(
    writing: Writing,
    people: People,
    enrolments: Enrolments,
    tables: NameTables,
    rates: ErrorRates,
    rng: np.random.Generator,
) -> tuple[Writing, Texts]:
    """What is written where colleges use chosen first names; and the sex, `object[enrolments]`."""
    n = len(people)
    chooses = happens(rng, rates.first_name_changed, n)
    changes_sex = chooses & happens(rng, 0.5, n)
    sex = np.where(changes_sex, np.where(people.sex == "F", "M", "F").astype(object), people.sex)
    chosen = given_names(replace(people, sex=sex), tables, rng)
    who = enrolments.person
    later = enrolments.stage >= 2
    first = np.where((chooses & (chosen != ""))[who] & later, chosen[who], writing.first)
    return replace(writing, first=first), np.where(later, sex[who], people.sex[who])
