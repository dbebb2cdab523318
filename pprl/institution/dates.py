"""Birth dates as exports write them, read into ISO text for a whole column at once.

The column is read as one because a single `3/4/2005` cannot say whether it is March or April: only
its neighbours (`3/25/2005`, `25/3/2005`) can.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pprl.errors import StudentsError
from pprl.institution.table import TextColumn, counted

Lines = npt.NDArray[np.int64]
"""`int64[rows]`: the line of the file on which each row starts."""

FIRST_YEAR, LAST_YEAR = 1900, 2100
PLACEHOLDERS = frozenset(
    {"1900-01-00", "1900-01-01", "1901-01-01", "9999-12-31", "1111-11-11", "0000-00-00"}
)
EXPECTED = "YYYY-MM-DD, YYYYMMDD or M/D/YYYY"
CENTURY_TURNS = 30
"""Two-digit years from here on are of the 20th century, as Excel reads them."""

_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_MIDNIGHT = r"(?:[T ](?:00?:00(?::00(?:\.0+)?)?|12:00(?::00)? ?[aA][mM])" + _ZONE + ")?"
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _MIDNIGHT)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})" + _MIDNIGHT)
_COMPACT_YEAR_LAST = re.compile(r"([0-9]{2})()([0-9]{2})([0-9]{4})")
_SERIAL = re.compile(r"([1-6][0-9]{4})(?:\.0+)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"([A-Za-z]{3,9})"
_DAY_NAMED = re.compile(r"([0-9]{1,2})[- ]" + _MONTH + r"[- ,]+([0-9]{4}|[0-9]{2})")
_NAMED_DAY = re.compile(_MONTH + r"\.? ([0-9]{1,2}),? +([0-9]{4})")
_SERIALS_BEGIN = datetime.date(1899, 12, 30)


@dataclass(frozen=True)
class DateReading:
    """How the distinct texts of one date column read.

    Attributes:
        iso: ISO date of each readable text; "" for a blank or a placeholder.
        placeholders: texts that are customary stand-ins for "not known".
        month_first: texts that can only be month/day/year.
        day_first: texts that can only be day/month/year. When both sets hold something, the
            order cannot be decided and `iso` reads month first.
        undecided: texts that are one date in either order.
        short: texts with a two-digit year.
        serials: texts that are a spreadsheet's number of a day.
    """

    iso: dict[str, str]
    placeholders: frozenset[str]
    month_first: frozenset[str]
    day_first: frozenset[str]
    undecided: frozenset[str]
    short: frozenset[str]
    serials: frozenset[str]


def read_dates(texts: Iterable[str]) -> DateReading:
    """Read the distinct texts of one column; a text that is no date is absent from `iso`.

    Year-last dates are month first, the custom of the United States, unless the column proves
    day first. Years outside 1900-2100 are no dates.
    """
    distinct = sorted(set(texts))
    orders: dict[str, set[str]] = {"month": set(), "day": set(), "either": set(), "": set()}
    for text in distinct:
        orders[_order_proved(text)].add(text)
    swap = bool(orders["day"]) and not orders["month"]
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
    return DateReading(
        iso,
        frozenset(placeholders),
        month_first=frozenset(orders["month"]),
        day_first=frozenset(orders["day"]),
        undecided=frozenset(orders["either"]),
        short=frozenset(text for text in iso if _has_short_year(text)),
        serials=frozenset(text for text in iso if _SERIAL.fullmatch(text)),
    )


def read_birth_dates(
    column: TextColumn, lines: Lines, file: str, name: str = "birth_date"
) -> tuple[DateReading, list[str]]:
    """Read a column of dates of a file; tell in the notes what was assumed.

    Raises:
        StudentsError: the column proves both orders of day and month.
    """
    used = column.values[np.unique(column.codes)]
    dates = read_dates(used)

    def rows_of(among: frozenset[str]) -> Lines:
        return lines[column.where(among.__contains__)]

    if dates.month_first and dates.day_first:
        raise StudentsError(
            f"{file}: {name} is month/day/year in row {rows_of(dates.month_first)[0]} and "
            f"day/month/year in row {rows_of(dates.day_first)[0]}, so that neither order can be "
            "trusted. Export the dates as YYYY-MM-DD."
        )
    notes = []
    if dates.day_first:
        notes.append(
            f"{file}: {name} was read as day/month/year, which row "
            f"{rows_of(dates.day_first)[0]} proves."
        )
    elif dates.undecided and not dates.month_first:
        notes.append(
            f"{file}: {name} was read as month/day/year, the custom of the United States; no row "
            "proves the order. Export the dates as YYYY-MM-DD if it is the other one."
        )
    if dates.short:
        rows = rows_of(dates.short)
        notes.append(
            f"{file}: {counted(len(rows), f'{name} cell', 'have')} a year of two digits "
            f"(first in row {rows[0]}); 00-29 were read as 2000-2029 and 30-99 as "
            "1930-1999, as Excel does."
        )
    if dates.serials:
        rows = rows_of(dates.serials)
        notes.append(
            f"{file}: {counted(len(rows), f'{name} cell', 'hold')} a spreadsheet's day number "
            f"(first in row {rows[0]}), read as days since 1900. A workbook that counts from "
            "1904 gives dates four years late: export the dates as YYYY-MM-DD."
        )
    if placeholders := len(rows_of(dates.placeholders)):
        notes.append(
            f"{file}: {counted(placeholders, f'{name} cell', 'hold')} a placeholder such as "
            "1900-01-01, read as missing."
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
    if numbers := _year_last(text):
        first, second, year = numbers
        return (year, second, first) if day_first else (year, first, second)
    if match := _COMPACT.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _SERIAL.fullmatch(text):
        day = _SERIALS_BEGIN + datetime.timedelta(days=int(match[1]))
        return day.year, day.month, day.day
    if match := _DAY_NAMED.fullmatch(text):
        return _whole_year(match[3]), _month(match[2]), int(match[1])
    if match := _NAMED_DAY.fullmatch(text):
        return _whole_year(match[3]), _month(match[1]), int(match[2])
    return None


def _year_last(text: str) -> tuple[int, int, int] | None:
    """The first and second number and the year of a date that ends with it."""
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        # 20050304 cannot be of the year 304, nor 03042005: the first four digits tell them apart.
        compact = _COMPACT.fullmatch(text)
        if compact and (
            FIRST_YEAR <= int(compact[1]) <= LAST_YEAR or compact[1] in ("0000", "1111", "9999")
        ):
            return None
        match = _COMPACT_YEAR_LAST.fullmatch(text)
    if match is None:
        return None
    return int(match[1]), int(match[3]), _whole_year(match[4])


def _whole_year(text: str) -> int:
    """A year of two or four digits."""
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < CENTURY_TURNS else 1900)


def _has_short_year(text: str) -> bool:
    """Whether a date's year has two digits."""
    match = _YEAR_LAST.fullmatch(text)
    named = _DAY_NAMED.fullmatch(text)
    return bool((match and len(match[4]) == 2) or (named and len(named[3]) == 2))


def _month(name: str) -> int:
    """The number of a month from its English name or the first three letters; 0 for none."""
    short = name.lower()[:3]
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0


def _order_proved(text: str) -> str:
    """The order of day and month that `text` proves: `month`, `day`, `either`; "" if no matter."""
    numbers = _year_last(text)
    if numbers is None:
        return ""
    first, second, year = numbers
    as_month_first = is_birth_date(year, first, second)
    as_day_first = is_birth_date(year, second, first)
    if as_month_first == as_day_first:
        return "either" if as_month_first and first != second else ""
    return "month" if as_month_first else "day"
