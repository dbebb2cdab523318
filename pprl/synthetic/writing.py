"""What is written of a person before an institution shapes it, and the slips in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.synthetic.error_rates import ErrorRates
from pprl.synthetic.people import People
from pprl.synthetic.slips import (
    Dates,
    Texts,
    dates_misdigited,
    dates_off_by_one,
    dates_swapped,
    happens,
    misspelt,
    where,
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Writing:
    """What is written of n persons, each field an array of n; names still in their parts.

    Attributes:
        first: first name, or two where they are one.
        middle: middle name or names.
        last: first surname.
        second: second surname.
        birth: `datetime64[D]`, NaT for missing.
    """

    first: Texts
    middle: Texts
    last: Texts
    second: Texts
    birth: Dates

    def of(self, who: NDArray[np.int64]) -> Writing:
        """What is written of those at the places `who`, `int64[k]`."""
        return Writing(*(getattr(self, name)[who] for name in Writing.__slots__))


def haste(n: int, unevenness: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """`float64[n]` of mean 1 and this variance: what multiplies each record's rates of slips."""
    if unevenness == 0:
        return np.ones(n)
    return rng.gamma(1 / unevenness, unevenness, n)


def slipped(
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


def sibling_births(people: People) -> Dates:
    """The birth date of each one's neighbour in the family; their own if they have none."""
    same = people.family[1:] == people.family[:-1]
    before, behind = np.r_[False, same], np.r_[same, False]
    place = np.arange(len(people)) + np.where(before, -1, np.where(behind, 1, 0))
    return people.birth[place]
