"""What a person should look at in the rows of an export, in counts and lines."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.institution.columns import Texts, text_column
from pprl.institution.normalise import NormalisedStudents, distinct

FILLER_SHARE = 8.0
"""How much more often than a usual one a birth date stands before it is suspected as a filler."""

YOUNGEST, OLDEST = 3, 100
LINES_SHOWN = 5

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Finding:
    """Something about the rows that a person should look at.

    Attributes:
        field: the field it is about.
        what: what was found.
        rows: how many rows.
        lines: the first of them, as lines of the file.
    """

    field: str
    what: str
    rows: int
    lines: tuple[int, ...]


def findings(
    students: pd.DataFrame, normalised: NormalisedStudents, today: datetime.date, country: str
) -> list[Finding]:
    """What to look at in the rows."""
    row = normalised.row
    found = []

    def tell(field: str, what: str, rows: Flags) -> None:
        if rows.any():
            lines = tuple(np.sort(row[rows])[:LINES_SHOWN].tolist())
            found.append(Finding(field, what, int(rows.sum()), lines))

    for field, attribute, what in (
        ("first_name", "first", "placeholders, or no letters"),
        ("middle_name", "middle", "placeholders, or no letters"),
        ("last_name", "last", "placeholders, or no letters"),
        ("sex", "sex", "codes that are not understood"),
        ("zip", "zip", "no ZIP that can be one"),
        ("state_id", "state_id", "no letters or digits"),
    ):
        written = _written(text_column(students, field))
        tell(field, f"{what}: read as missing", written & (getattr(normalised, attribute) == ""))
    born = normalised.born
    now = today.year * 10000 + today.month * 100 + today.day
    tell("birth_date", "in the future", born > now)
    tell("birth_date", f"younger than {YOUNGEST}", (born > now - YOUNGEST * 10000) & (born <= now))
    tell("birth_date", f"older than {OLDEST}", (born > 0) & (born < now - OLDEST * 10000))
    tell("birth_date", "on so many rows that it may be a filler", _fillers(born))
    if country == "US":
        digits = text_column(students, "zip")
        short = [value.strip().isdigit() and len(value.strip()) in (3, 4) for value in digits]
        tell("zip", "lost leading zeros: they were put back", np.array(short, dtype=bool))
    tell(
        "last_name", "one name only: nothing in last_name", _only(normalised.last, normalised.first)
    )
    tell(
        "first_name",
        "one name only: nothing in first_name",
        _only(normalised.first, normalised.last),
    )
    suffixed = (text_column(students, "suffix") == "") & (normalised.suffix != "")
    tell("suffix", "found in a name: taken out of it", suffixed)
    return found


def _written(values: Texts) -> Flags:
    """`bool[n]`: cells in which anything stands."""
    codes, texts = distinct(values)
    return np.array([text.strip() != "" for text in texts], dtype=bool)[codes]


def _only(absent: Texts, there: Texts) -> Flags:
    """`bool[n]`: rows that have one of two names and not the other."""
    return np.asarray((absent == "") & (there != ""), dtype=bool)


def _fillers(born: npt.NDArray[np.int64]) -> Flags:
    """`bool[n]`: rows whose birth date is far more frequent than is usual."""
    dates, codes, counts = np.unique(born, return_inverse=True, return_counts=True)
    real = counts[dates > 0]
    if len(real) < 100:
        return np.zeros(len(born), dtype=bool)
    usual = real.mean() + FILLER_SHARE * np.sqrt(real.mean())
    often = (counts > max(usual, FILLER_SHARE)) & (dates > 0)
    flags: Flags = often[codes.reshape(-1)]
    return flags
