"""What exports do to data: to the rows, and to the file that holds them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pprl.synthetic.slips import happens

_SERIALS_BEGIN = datetime.date(1899, 12, 30)
_RATE = 0.05
"""Share of rows that dirt of single rows befalls."""


@dataclass(frozen=True)
class Style:
    """How a file is written.

    Attributes:
        encoding: Python's name of it.
        line_end: what ends a line.
        dates: "" for the layout's own form, "month_first", "day_first", "short_years" or
            "serials".
        totals: whether a line of totals stands at the end.
        header_again: whether the header stands again in the middle.
        empty_columns: columns without a header and cells behind the others.
        quoted: whether cells hold delimiters, quotation marks and line ends.
    """

    encoding: str = "utf-8"
    line_end: str = "\n"
    dates: str = ""
    totals: bool = False
    header_again: bool = False
    empty_columns: int = 0
    quoted: bool = False

    def with_dates(self, dates: str) -> Style:
        """The same style with dates in another form."""
        return dataclasses.replace(self, dates=dates)

    def encoded(self, text: str) -> bytes:
        """Text as bytes; letters that the encoding lacks become question marks."""
        return text.encode(self.encoding, errors="replace")

    def date(self, iso: str) -> str:
        """An ISO date in the style's form; what is no date stays."""
        try:
            day = datetime.date.fromisoformat(iso)
        except ValueError:
            return iso
        return {
            "month_first": f"{day.month}/{day.day}/{day.year}",
            "day_first": f"{day.day}/{day.month}/{day.year}",
            "short_years": f"{day.month}/{day.day}/{day.year % 100:02}",
            "serials": str((day - _SERIALS_BEGIN).days),
        }.get(self.dates, iso)


def dirtied(
    students: pd.DataFrame, dirt: Collection[str], rng: np.random.Generator
) -> tuple[pd.DataFrame, Style]:
    """The rows with dirt, and the style of the file that holds them.

    Args:
        students: the columns of a roster.
        dirt: keys of `DIRT`.
        rng: the only source of chance.
    """
    rows = students.copy()
    style = Style()
    for kind in DIRT:
        if kind in dirt:
            rows, style = DIRT[kind](rows, style, rng)
    return rows, style


Dirt = Callable[[pd.DataFrame, Style, np.random.Generator], tuple[pd.DataFrame, Style]]


def _styled(**changed: object) -> Dirt:
    """Dirt of the file alone."""
    return lambda rows, style, _: (rows, dataclasses.replace(style, **changed))  # type: ignore[arg-type]


def _rows(change: Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]) -> Dirt:
    """Dirt of the rows alone."""
    return lambda rows, style, rng: (change(rows, rng), style)


def _upper(rows: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """Names in capitals."""
    names = [name for name in rows if str(name).endswith("_name")]
    return rows.assign(**{str(name): rows[name].str.upper() for name in names})


def _zip4(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """ZIPs with four more digits."""
    more = rng.integers(1000, 9999, len(rows)).astype(str)
    return rows.assign(zip=[f"{z}-{m}" if z else "" for z, m in zip(rows.zip, more, strict=True)])


def _lost_zeros(rows: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """Identifiers and ZIPs that went through a spreadsheet."""
    return rows.assign(
        **{name: rows[name].str.lstrip("0") for name in ("local_id", "state_id", "zip")}
    )


def _rounded(rows: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """State IDs that a spreadsheet wrote with an exponent."""
    return rows.assign(state_id=[f"{float(t):.5E}" if t else "" for t in rows.state_id])


def _suffix_in_last(rows: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """Suffixes behind last names."""
    return rows.assign(last_name=(rows.last_name + " " + rows.suffix).str.strip(), suffix="")


def _middle_in_first(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Middle names in the column of first names, here and there."""
    moved = happens(rng, _RATE, len(rows))
    both = (rows.first_name + " " + rows.middle_name).str.strip()
    return rows.assign(
        first_name=np.where(moved, both, rows.first_name),
        middle_name=np.where(moved, "", rows.middle_name),
    )


def _placeholders(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Words for what is missing."""
    out = rows.copy()
    words = {
        "middle_name": ("UNKNOWN", "N/A", "NMN"),
        "last_name": ("UNKNOWN",),
        "birth_date": ("1900-01-01",),
        "sex": ("",),
        "zip": ("00000",),
    }
    for name, choices in words.items():
        drawn = np.array(choices, dtype=object)[rng.integers(0, len(choices), len(rows))]
        out[name] = np.where(rows[name] == "", drawn, rows[name])
    return out


def _test_rows(rows: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """A student who was made to try the system."""
    test = dict.fromkeys(rows.columns, "") | {
        "local_id": "999999999",
        "first_name": "TEST",
        "last_name": "STUDENT",
        "birth_date": "1900-01-01",
    }
    return pd.concat([rows, pd.DataFrame([test], dtype=object)], ignore_index=True)


def _single_names(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Students who have one name, written where the last name stands."""
    one = happens(rng, 0.002, len(rows))
    return rows.assign(first_name=np.where(one, "", rows.first_name))


def _effective(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Earlier rows of some students, at another address, behind or before the later ones."""
    some = np.flatnonzero(happens(rng, _RATE, len(rows)))
    earlier = rows.iloc[some].assign(zip=rows.zip.to_numpy()[rng.permutation(len(rows))][some])
    earlier = earlier.assign(effective="2024-08-15")
    return pd.concat([earlier, rows.assign(effective="2025-08-14")], ignore_index=True)


DIRT: dict[str, Dirt] = {
    "effective_rows": _rows(_effective),
    "test_rows": _rows(_test_rows),
    "placeholders": _rows(_placeholders),
    "single_names": _rows(_single_names),
    "suffix_in_last_name": _rows(_suffix_in_last),
    "middle_in_first_name": _rows(_middle_in_first),
    "capitals": _rows(_upper),
    "zip4": _rows(_zip4),
    "lost_zeros": _rows(_lost_zeros),
    "rounded_ids": _rows(_rounded),
    "bom": _styled(encoding="utf-8-sig"),
    "utf16": _styled(encoding="utf-16"),
    "windows_1252": _styled(encoding="cp1252"),
    "windows_line_ends": _styled(line_end="\r\n"),
    "mac_line_ends": _styled(line_end="\r"),
    "month_first": _styled(dates="month_first"),
    "day_first": _styled(dates="day_first"),
    "short_years": _styled(dates="short_years"),
    "serials": _styled(dates="serials"),
    "totals": _styled(totals=True),
    "header_again": _styled(header_again=True),
    "empty_columns": _styled(empty_columns=3),
    "quoted": _styled(quoted=True),
}
"""Kind -> what it does to rows and file, in the order in which it befalls them."""
