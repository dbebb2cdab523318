"""Slips of hand and ear: pure functions on texts, the randomness passed in.

Texts are `object[n]` arrays of str. Every function returns a new array and leaves empty texts
empty. The kinds of misspelling are those that studies of typed and dictated names find: a
neighbouring key, two letters exchanged, one left out or doubled, or one sound spelt another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Flags = NDArray[np.bool_]
Dates = NDArray[np.datetime64]

NEIGHBOURS = {
    "a": "qsz", "b": "vgn", "c": "xvd", "d": "sfe", "e": "wrd", "f": "dgr", "g": "fht", "h": "gjy",
    "i": "uok", "j": "hku", "k": "jli", "l": "ko", "m": "n", "n": "bm", "o": "ipl", "p": "o",
    "q": "wa", "r": "etf", "s": "adw", "t": "ryg", "u": "yij", "v": "cb", "w": "qes", "x": "zcs",
    "y": "tuh", "z": "xsa",
}  # fmt: skip
"""The keys next to each letter's on a QWERTY keyboard."""

SOUNDS = [
    ("ph", "f"), ("ck", "k"), ("sch", "sh"), ("ie", "ei"), ("ei", "ie"), ("ey", "y"), ("y", "ie"),
    ("ll", "l"), ("tt", "t"), ("nn", "n"), ("ss", "s"), ("z", "s"), ("s", "z"), ("v", "b"),
    ("b", "v"), ("c", "k"), ("k", "c"), ("j", "g"), ("g", "j"), ("i", "y"), ("h", ""), ("e", "a"),
    ("a", "e"), ("o", "u"), ("ai", "ay"), ("th", "t"), ("x", "j"), ("qu", "k"), ("l", "ll"),
    ("n", "nn"),
]  # fmt: skip
"""Spellings that sound alike to somebody: what is written, and what is written instead."""


def where(flags: Flags, change: Callable[[Texts], Texts], texts: Texts) -> Texts:
    """Texts `object[n]` with `change` made to those that `bool[n]` flags."""
    changed = texts.copy()
    if flags.any():
        changed[flags] = change(texts[flags])
    return changed


def happens(rng: np.random.Generator, rate: float | NDArray[np.float64], n: int) -> Flags:
    """`bool[n]`: which of n independent things happen, at one rate or each at its own."""
    return rng.random(n) < rate


def misspelt(texts: Texts, rng: np.random.Generator) -> Texts:
    """Each of `object[n]` with one misspelling; one under three letters stays."""
    kinds = rng.choice(5, size=len(texts), p=[0.25, 0.2, 0.2, 0.1, 0.25])
    places, choices = rng.random(len(texts)), rng.random(len(texts))
    spelt = [
        _spelt(text, kind, place, choice)
        for text, kind, place, choice in zip(texts, kinds, places, choices, strict=True)
    ]
    return np.array(spelt, dtype=object)


def _spelt(text: str, kind: int, place: float, choice: float) -> str:
    """One misspelling of a kind, at a place and with a choice given as shares of the possible."""
    if len(text) < 3:
        return text
    at = 1 + int(place * (len(text) - 1))
    if kind == 0 and text[at].lower() in NEIGHBOURS:
        keys = NEIGHBOURS[text[at].lower()]
        key = keys[int(choice * len(keys))]
        return text[:at] + (key.upper() if text[at].isupper() else key) + text[at + 1 :]
    if kind == 1:
        at = min(at, len(text) - 2)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 2:
        return text[:at] + text[at + 1 :]
    if kind == 3:
        return text[:at] + text[at] + text[at:]
    return _heard(text, choice)


def _heard(text: str, choice: float) -> str:
    """The text with one sound spelt another way, or its last letter lost; the first one stays."""
    lower = text.lower()
    found = [(old, new) for old, new in SOUNDS if old in lower[1:]]
    if not found:
        return text[:-1]
    old, new = found[int(choice * len(found))]
    new = new.upper() if text.isupper() else new
    return text[0] + re.sub(old, new, text[1:], count=1, flags=re.IGNORECASE)


def misdigited(texts: Texts, rng: np.random.Generator) -> Texts:
    """Each of `object[n]` with a digit wrong or, one time in three, two neighbours exchanged."""
    places, digits = rng.random(len(texts)), rng.integers(1, 10, len(texts))
    exchanged = happens(rng, 1 / 3, len(texts))
    wrong = []
    for text, place, digit, exchange in zip(texts, places, digits, exchanged, strict=True):
        at = int(place * (len(text) - 1))
        if len(text) < 2:
            wrong.append(text)
        elif exchange and text[at] != text[at + 1]:
            wrong.append(text[:at] + text[at + 1] + text[at] + text[at + 2 :])
        else:
            wrong.append(text[:at] + str((int(text[at]) + digit) % 10) + text[at + 1 :])
    return np.array(wrong, dtype=object)


def dates_swapped(days: Dates) -> Dates:
    """`datetime64[D]` dates with day and month exchanged; those with no such date stay."""
    year, month, day = parts_of(days)
    return date_of(year, day, month, days)


def dates_misdigited(days: Dates, rng: np.random.Generator) -> Dates:
    """Dates with one digit of day, month or year wrong, and still dates of pupils."""
    year, month, day = parts_of(days)
    part = rng.choice(4, size=len(days), p=[0.35, 0.25, 0.2, 0.2])
    step = rng.integers(1, 9, len(days))
    units = day // 10 * 10 + (day % 10 + step) % 10
    tens = (day // 10 + 1 + step % 3) % 4 * 10 + day % 10
    months = (month - 1 + step) % 12 + 1
    years = year // 10 * 10 + (year % 10 + step) % 10
    wrong_day = np.select([part == 0, part == 1], [units, tens], day)
    return date_of(
        np.where(part == 3, years, year), np.where(part == 2, months, month), wrong_day, days
    )


def dates_off_by_one(days: Dates, rng: np.random.Generator) -> Dates:
    """Dates a day, a month or a year out; 31 May a month earlier stays, for want of such a date."""
    year, month, day = parts_of(days)
    part = rng.choice(3, size=len(days), p=[0.5, 0.2, 0.3])
    step = rng.choice([-1, 1], size=len(days))
    shifted = date_of(
        year + np.where(part == 2, step, 0),
        (month - 1 + np.where(part == 1, step, 0)) % 12 + 1,
        day,
        days,
    )
    return np.where(part == 0, days + step.astype("timedelta64[D]"), shifted)


def parts_of(
    days: Dates,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Year, month and day of the month (from 1) of `datetime64[D]` dates."""
    months = days.astype("datetime64[M]")
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    return year, month, (days - months).astype(np.int64) + 1


def date_of(
    year: NDArray[np.int64],
    month: NDArray[np.int64],
    day: NDArray[np.int64],
    otherwise: Dates,
) -> Dates:
    """`datetime64[n]`: the dates of the parts, and `otherwise` where they make no date."""
    months = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    real = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return np.where(real, days, otherwise)
