"""What institutions write of persons: the truth, through their habits and their errors.

All records are written at once; each draws its errors independently, save those that everybody
copies from one document, and those that come with the person (everyday names, changed names).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pprl.synthetic.enrolments import Enrolments
from pprl.synthetic.error_rates import ErrorRates
from pprl.synthetic.habits import Registrars
from pprl.synthetic.name_tables import ETHNICITIES, NameTables
from pprl.synthetic.people import People
from pprl.synthetic.slips import (
    Dates,
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
"""Probability that an institution writes two surnames as the person is used to."""

GOES_BY_MIDDLE = 0.15
"""Share of those who go by another name who have no everyday name and go by their middle name."""

EARLY_CHANGE = 0.15
"""Share of the changed last names that were changed while at school already."""


@dataclass(frozen=True, slots=True, eq=False)
class Writing:
    """What is written of n persons, each field an array of n; names still in their parts.

    Attributes:
        first: first name, or two where they are one.
        middle: middle name or names.
        last: first surname.
        second: second surname.
        birth: `datetime64[D]`, not a time for missing.
    """

    first: Texts
    middle: Texts
    last: Texts
    second: Texts
    birth: Dates

    def of(self, who: NDArray[np.int64]) -> Writing:
        """What is written of those at the places `who`."""
        return Writing(*(getattr(self, name)[who] for name in Writing.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """What is written at n enrolments, each field an `object[n]` of str, "" for missing."""

    first_name: Texts
    middle_name: Texts
    last_name: Texts
    suffix: Texts
    birth_date: Texts
    sex: Texts
    zip: Texts
    state_id: Texts


def record(
    people: People,
    enrolments: Enrolments,
    zips: Texts,
    state_ids: Texts,
    registrars: Registrars,
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
        registrars: who writes the enrolments, with their habits.
        tables: surnames for those who change theirs, and everyday names.
        rates: the error process.
        rng: the only source of chance.
    """
    who = enrolments.person
    truth = Writing(people.first, people.middle, people.last, people.second, people.birth)
    document = _slipped(truth, rates, np.full(len(people), rates.same_source), rng)
    known_as = _known_as(people, tables, rates, rng)[who]
    one_name = happens(rng, rates.middle_in_first, len(people))[who]
    usage = rng.random(len(people))[who]

    writing = _with_new_surnames(document, people, enrolments, tables, rates, rng)
    haste = _haste(len(who), rates.unevenness, rng)
    writing = _slipped(writing, rates, (1 - rates.same_source) * haste, rng)
    first, middle = _given_names(writing, known_as, one_name, registrars, rates, rng)
    middle, last = _surnames(writing, middle, usage, registrars, rates, rng)
    last, suffix = _suffixes(last, people.suffix[who], registrars, rates, rng)
    swapped = happens(rng, rates.swapped_names, len(who))
    first, last = np.where(swapped, last, first), np.where(swapped, first, last)
    return Records(
        first_name=registrars.written(first),
        middle_name=registrars.written(middle),
        last_name=registrars.written(last),
        suffix=registrars.written(suffix),
        birth_date=_texts_of(writing.birth),
        sex=_sexes(people.sex[who], rates, rng),
        zip=_zips(enrolments, zips, rates, rng),
        state_id=_state_ids(state_ids[who], registrars, rates, rng),
    )


def _haste(n: int, unevenness: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """`float64[n]` of mean 1 and this variance: what multiplies each record's rates of slips."""
    if unevenness == 0:
        return np.ones(n)
    return rng.gamma(1 / unevenness, unevenness, n)


def _slipped(
    writing: Writing, rates: ErrorRates, share: NDArray[np.float64], rng: np.random.Generator
) -> Writing:
    """The writing with misspelt names and wrong and missing birth dates, at a share of their rates.

    Args:
        writing: what would be written without slips.
        rates: the error process.
        share: `float64[n]`, what multiplies its rates at each.
        rng: the only source of chance.
    """
    n = len(writing.first)
    spelt = {
        name: where(happens(rng, share * rate, n), lambda texts: misspelt(texts, rng), texts)
        for name, rate, texts in (
            ("first", rates.first_name_typo, writing.first),
            ("middle", rates.middle_name_typo, writing.middle),
            ("last", rates.last_name_typo, writing.last),
            ("second", rates.last_name_typo, writing.second),
        )
    }
    kinds = np.cumsum(
        [
            rates.birth_missing,
            rates.birth_swapped,
            rates.birth_digit,
            rates.birth_off_by_one,
            rates.birth_placeholder,
        ]
    )
    kind = np.searchsorted(kinds, rng.random(n) / np.maximum(share, 1e-9), side="right")
    birth = writing.birth.copy()
    birth[kind == 1] = dates_swapped(birth[kind == 1])
    birth[kind == 2] = dates_misdigited(birth[kind == 2], rng)
    birth[kind == 3] = dates_off_by_one(birth[kind == 3], rng)
    birth[kind == 4] = birth[kind == 4].astype("datetime64[Y]").astype("datetime64[D]")
    birth[kind == 0] = np.datetime64("NaT")
    return Writing(**spelt, birth=birth)


def _known_as(
    people: People, tables: NameTables, rates: ErrorRates, rng: np.random.Generator
) -> Texts:
    """Another first name each person uses, or "": Western, everyday or the middle name."""
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


def _with_new_surnames(
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
    added = rng.random(n) < 0.3
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


def _given_names(
    writing: Writing,
    known_as: Texts,
    one_name: Flags,
    registrars: Registrars,
    rates: ErrorRates,
    rng: np.random.Generator,
) -> tuple[Texts, Texts]:
    """First and middle names as written: formal or everyday; full, an initial or none."""
    n = len(writing.first)
    first, middle = writing.first, writing.middle
    # Somebody's other name: a parent's, a confirmation name, a slip of the line.
    middle = np.where(happens(rng, rates.middle_other, n), first[rng.integers(0, n, n)], middle)
    everyday = (known_as != "") & (rng.random(n) < registrars.share("everyday"))
    keeps_formal = everyday & (middle == "") & happens(rng, 0.4, n)
    middle = np.where(keeps_formal, first, middle)
    first = np.where(everyday, known_as, first)

    full, initial = registrars.share("middle").T
    kept = rng.random(n)
    initials = np.array([name[:1] for name in middle], dtype=object)
    shortened = np.where(kept < full, middle, np.where(kept < full + initial, initials, ""))
    together = one_name & (middle != "") & ~everyday & happens(rng, 0.5, n)
    first = np.where(together, first + " " + middle, first)
    return first, np.where(together, "", shortened)


def _surnames(
    writing: Writing,
    middle: Texts,
    usage: NDArray[np.float64],
    registrars: Registrars,
    rates: ErrorRates,
    rng: np.random.Generator,
) -> tuple[Texts, Texts]:
    """Middle and last names as written: two surnames apart, hyphenated, or one of them.

    Args:
        writing: the parts of the names.
        middle: middle names as written.
        usage: `float64[n]` below 1, what the person is used to.
        registrars: who writes.
        rates: the error process.
        rng: the only source of chance.
    """
    n = len(middle)
    joined = rng.random(n) < registrars.share("joined")
    last, second = (
        where(joined, lambda texts: np.array([text.replace(" ", "") for text in texts], object), x)
        for x in (writing.last, writing.second)
    )
    forms = np.cumsum(registrars.share("surnames"), axis=1)
    place = np.where(happens(rng, SAME_HABIT, n), usage, rng.random(n))
    form = np.minimum((place[:, None] >= forms).sum(axis=1), 3)
    two = second != ""
    both = np.select([form == 0, form == 1, form == 2], [last + " " + second, last + "-" + second,
                                                         last], second)  # fmt: skip
    misplaced = two & happens(rng, rates.middle_as_last, n)
    middle = np.where(misplaced, last, middle)
    return middle, np.where(misplaced, second, np.where(two, both, last))


def _suffixes(
    last: Texts, suffix: Texts, registrars: Registrars, rates: ErrorRates, rng: np.random.Generator
) -> tuple[Texts, Texts]:
    """Last names and suffixes, the suffix dropped, apart or behind the last name."""
    suffix = np.where(happens(rng, rates.suffix_dropped, len(last)), "", suffix)
    behind = (suffix != "") & (registrars.share("suffix_apart") == 0)
    return np.where(behind, last + " " + suffix, last), np.where(behind, "", suffix)


def _texts_of(dates: Dates) -> Texts:
    """Dates as YYYY-MM-DD, "" for those missing."""
    return np.where(np.isnat(dates), "", dates.astype(str)).astype(object)


def _sexes(sex: Texts, rates: ErrorRates, rng: np.random.Generator) -> Texts:
    """Sexes, some wrong and some missing."""
    other = np.where(sex == "F", "M", "F").astype(object)
    written = np.where(happens(rng, rates.sex_wrong, len(sex)), other, sex)
    return np.where(happens(rng, rates.sex_missing, len(sex)), "", written)


def _zips(
    enrolments: Enrolments, zips: Texts, rates: ErrorRates, rng: np.random.Generator
) -> Texts:
    """ZIPs of the homes, some another's, some with a wrong digit, some missing."""
    n = len(enrolments.home)
    elsewhere = enrolments.home[rng.integers(0, n, n)]
    home = np.where(happens(rng, rates.zip_other, n), elsewhere, enrolments.home)
    written = where(happens(rng, rates.zip_typo, n), lambda texts: misdigited(texts, rng),
                    zips[home])  # fmt: skip
    return np.where(happens(rng, rates.zip_missing, n), "", written)


def _state_ids(
    state_ids: Texts, registrars: Registrars, rates: ErrorRates, rng: np.random.Generator
) -> Texts:
    """State IDs where the institution knows them, some with a wrong digit, some missing."""
    n = len(state_ids)
    written = where(happens(rng, rates.state_id_wrong, n), lambda texts: misdigited(texts, rng),
                    state_ids)  # fmt: skip
    known = rng.random(n) < registrars.share("state_id")
    return np.where(known & ~happens(rng, rates.state_id_missing, n), written, "")
