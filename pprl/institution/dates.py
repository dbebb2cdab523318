"""Birth dates as exports write them, read into ISO text for a whole column at once.

The column is read as one because a single `3/4/2005` cannot say whether it is March or April: only
its neighbours (`3/25/2005`, `25/3/2005`) can.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pprl.errors import StudentsError

Lines = npt.NDArray[np.int64]
"""`int64[rows]`: the line of the file on which each row starts."""

FIRST_YEAR, LAST_YEAR = 1900, 2100
PLACEHOLDERS = frozenset(
    {"1900-01-00", "1900-01-01", "1901-01-01", "9999-12-31", "1111-11-11", "0000-00-00"}
)
EXPECTED = "YYYY-MM-DD, YYYYMMDD or M/D/YYYY"

_MIDNIGHT = r"(?:[T ](?:00?:00(?::00(?:\.0+)?)?|12:00(?::00)? ?[aA][mM]))?"
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})" + _MIDNIGHT)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/])([0-9]{1,2})\2([0-9]{4})" + _MIDNIGHT)


@dataclass(frozen=True)
class DateReading:
    """How the distinct texts of one date column read.

    Attributes:
        iso: ISO date of each readable text; "" for a blank or a placeholder.
        placeholders: texts that are customary stand-ins for "not known".
        month_first: texts that can only be month/day/year.
        day_first: texts that can only be day/month/year. When both sets hold something, the
            order cannot be decided and `iso` reads month first.
    """

    iso: dict[str, str]
    placeholders: frozenset[str]
    month_first: frozenset[str]
    day_first: frozenset[str]


def read_dates(texts: Iterable[str]) -> DateReading:
    """Read the distinct texts of one column; a text that is no date is absent from `iso`.

    Year-last dates are month first, the custom of the United States, unless the column proves
    day first. Two-digit years are not read. Years outside 1900-2100 are no dates.
    """
    distinct = sorted(set(texts))
    orders = {text: _order_proved(text) for text in distinct}
    month_first = frozenset(text for text, order in orders.items() if order == "month")
    day_first = frozenset(text for text, order in orders.items() if order == "day")
    swap = bool(day_first) and not month_first
    iso: dict[str, str] = {}
    placeholders = set()
    for text in distinct:
        parts = _parts(text, day_first=swap)
        if text == "":
            iso[text] = ""
        elif parts is not None and "{:04}-{:02}-{:02}".format(*parts) in PLACEHOLDERS:
            iso[text] = ""
            placeholders.add(text)
        elif parts is not None and is_birth_date(*parts):
            iso[text] = "{:04}-{:02}-{:02}".format(*parts)
    return DateReading(iso, frozenset(placeholders), month_first, day_first)


def read_birth_dates(
    texts: Sequence[str], lines: Lines, file: str
) -> tuple[DateReading, list[str]]:
    """Read the column birth_date of a file; tell in the notes what was assumed.

    Raises:
        StudentsError: the column proves both orders of day and month.
    """
    dates = read_dates(texts)

    def first_line(among: frozenset[str]) -> int:
        return next(int(lines[i]) for i, text in enumerate(texts) if text in among)

    if dates.month_first and dates.day_first:
        raise StudentsError(
            f"{file}: birth_date is month/day/year in row {first_line(dates.month_first)} and "
            f"day/month/year in row {first_line(dates.day_first)}, so that neither order can be "
            "trusted. Export the dates as YYYY-MM-DD."
        )
    notes = []
    if dates.day_first:
        notes.append(
            f"{file}: birth_date was read as day/month/year, which row "
            f"{first_line(dates.day_first)} proves."
        )
    if placeholders := sum(text in dates.placeholders for text in texts):
        notes.append(
            f"{file}: {placeholders} birth_date cells hold placeholders such as 1900-01-01 and "
            "were read as missing."
        )
    return dates, notes


def is_birth_date(year: int, month: int, day: int) -> bool:
    """Whether the three numbers are a day of the calendar from 1900 to 2100."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return False
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def _parts(text: str, *, day_first: bool) -> tuple[int, int, int] | None:
    """Year, month and day of `text` if it has a known form, possible date or not."""
    if match := _YEAR_FIRST.fullmatch(text):
        return int(match[1]), int(match[3]), int(match[4])
    if match := _COMPACT.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _YEAR_LAST.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        return (year, second, first) if day_first else (year, first, second)
    return None


def _order_proved(text: str) -> str:
    """`month` or `day` if `text` is a date in that order of day and month only, else ""."""
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return ""
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    as_month_first = is_birth_date(year, first, second)
    as_day_first = is_birth_date(year, second, first)
    if as_month_first == as_day_first:
        return ""
    return "month" if as_month_first else "day"
