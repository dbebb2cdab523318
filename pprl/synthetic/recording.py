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
from pprl.synthetic.name_changes import known_as, with_chosen_names, with_new_surnames
from pprl.synthetic.name_tables import NameTables
from pprl.synthetic.people import People, given_names
from pprl.synthetic.slips import Dates, Flags, Texts, happens, misdigited, where
from pprl.synthetic.writing import Writing, haste, sibling_births, slipped

SAME_HABIT = 0.5
"""Probability that an institution writes two surnames as the person is used to."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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
        zips: `object[places]`, the ZIP of each.
        state_ids: `object[people]`.
        registrars: who writes the enrolments, with their habits.
        tables: surnames for those who change theirs, and everyday names.
        rates: the error process.
        rng: the only source of chance.
    """
    who = enrolments.person
    truth = Writing(people.first, people.middle, people.last, people.second, people.birth)
    document = slipped(truth, rates, np.full(len(people), rates.same_source), rng)
    writing = with_new_surnames(document, people, enrolments, tables, rates, rng)
    writing, sex = with_chosen_names(writing, people, enrolments, tables, rates, rng)
    own = (1 - rates.same_source) * haste(len(who), rates.unevenness, rng)
    writing = slipped(writing, rates, own, rng)
    of_sibling = happens(rng, rates.birth_of_sibling, len(who))
    of_another = happens(rng, rates.middle_other, len(who))
    writing = replace(
        writing,
        birth=np.where(of_sibling, sibling_births(people)[who], writing.birth),
        middle=np.where(of_another, given_names(people, tables, rng)[who], writing.middle),
    )

    everyday = known_as(people, tables, rates, rng)[who]
    one_name = happens(rng, rates.middle_in_first, len(people))[who]
    usage = rng.random(len(people))[who]
    first, middle = _given_names(writing, everyday, one_name, registrars, rng)
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
        sex=_sexes(sex, rates, rng),
        zip=_zips(enrolments, zips, rates, rng),
        state_id=_state_ids(state_ids[who], registrars, rates, rng),
    )


def _given_names(
    writing: Writing,
    everyday: Texts,
    one_name: Flags,
    registrars: Registrars,
    rng: np.random.Generator,
) -> tuple[Texts, Texts]:
    """First and middle names as written: formal or everyday; full, an initial or none.

    Args:
        writing: the parts of the names.
        everyday: another first name the person uses, or "".
        one_name: whose first and middle name are taken for one by half of the institutions.
        registrars: who writes.
        rng: the only source of chance.
    """
    n = len(writing.first)
    used = (everyday != "") & (rng.random(n) < registrars.share("everyday"))
    # Who goes by the middle name has the first name in its place, if anything is there.
    by_middle = writing.middle == everyday
    keeps_formal = used & (by_middle | ((writing.middle == "") & happens(rng, 0.4, n)))
    middle = np.where(keeps_formal, writing.first, writing.middle)
    first = np.where(used, everyday, writing.first)

    full, initial = registrars.share("middle").T
    kept = rng.random(n)
    initials = np.array([name[:1] for name in middle], dtype=object)
    shortened = np.where(kept < full, middle, np.where(kept < full + initial, initials, ""))
    together = one_name & (middle != "") & ~used & happens(rng, 0.5, n)
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
        where(joined, _as_one_word, surnames) for surnames in (writing.last, writing.second)
    )
    forms = np.cumsum(registrars.share("surnames"), axis=1)
    place = np.where(happens(rng, SAME_HABIT, n), usage, rng.random(n))
    form = np.minimum((place[:, None] >= forms).sum(axis=1), 3)
    two = second != ""
    forms_written = [last + " " + second, last + "-" + second, last]
    both = np.select([form == 0, form == 1, form == 2], forms_written, second)
    misplaced = two & happens(rng, rates.middle_as_last, n)
    middle = np.where(misplaced, last, middle)
    return middle, np.where(misplaced, second, np.where(two, both, last))


def _as_one_word(surnames: Texts) -> Texts:
    """Surnames of several words as one."""
    return np.array([surname.replace(" ", "") for surname in surnames], dtype=object)


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
    wrong = happens(rng, rates.zip_typo, n)
    written = where(wrong, lambda texts: misdigited(texts, rng), zips[home])
    return np.where(happens(rng, rates.zip_missing, n), "", written)


def _state_ids(
    state_ids: Texts, registrars: Registrars, rates: ErrorRates, rng: np.random.Generator
) -> Texts:
    """State IDs where the institution knows them, some with a wrong digit, some missing."""
    n = len(state_ids)
    wrong = happens(rng, rates.state_id_wrong, n)
    written = where(wrong, lambda texts: misdigited(texts, rng), state_ids)
    known = rng.random(n) < registrars.share("state_id")
    return np.where(known & ~happens(rng, rates.state_id_missing, n), written, "")
