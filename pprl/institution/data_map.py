"""A data map: which elements an institution has, how complete, for which years. No name, no value.

Partners lay their maps side by side before anything is exchanged, to see what is worth exchanging.
A map holds the headers of the export, and years; counts are rounded, and small ones are hidden.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement.rules import SMALLEST_CELL
from pprl.errors import UsageError
from pprl.institution.columns import Texts, text_column
from pprl.page import markdown_text

FORMAT = 1
_ROUNDED_TO = 10
_MOST_YEARS = 60
_YEAR = re.compile(r"(?:19|20)[0-9]{2}(?:\s?[-/–]\s?(?:(?:19|20)?[0-9]{2}))?")
_NUMBER = r"[-+]?[0-9]+(?:[.,][0-9]+)?"
_DATE = r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[ T].*)?"
_VALUE_LIKE = re.compile(rf"(?:{_NUMBER}|{_DATE}|)")
_MOSTLY = 0.99
_MOST_CODES = 100
_SAMPLE = 100_000


@dataclass(frozen=True)
class Element:
    """One column of an export.

    Attributes:
        name: its header.
        kind: "number", "date", "code" (few distinct texts), "text" or "empty".
        completeness: whole percent of rows that have it; None where there are too few rows.
        by_year: the same for each year of the map.
    """

    name: str
    kind: str
    completeness: int | None
    by_year: Mapping[str, int | None]


@dataclass(frozen=True)
class DataMap:
    """What an institution has, without any of it.

    Attributes:
        institution: the party's id.
        rows: how many, rounded to tens; None where there are too few to tell.
        years: rows of each year, likewise.
        elements: the columns, in the order of the export.
    """

    institution: str
    rows: int | None
    years: Mapping[str, int | None]
    elements: tuple[Element, ...]

    def to_json(self) -> str:
        """The map as JSON, keys sorted."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "institution": self.institution,
            "rows": self.rows,
            "years": dict(self.years),
            "elements": [
                {
                    "name": element.name,
                    "kind": element.kind,
                    "completeness": element.completeness,
                    "by_year": dict(element.by_year),
                }
                for element in self.elements
            ],
        }
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """The map as a Markdown table: percent of rows that have each element."""
        years = list(self.years)
        rows = [
            f"# Data map of {self.institution}",
            "",
            f"Rows: {_count(self.rows)}. Counts are rounded to {_ROUNDED_TO}; fewer than "
            f"{SMALLEST_CELL} are hidden. Percent of rows that have each element:",
            "",
            _row(["element", "kind", "all", *years]),
            _row(["---"] * (3 + len(years))),
            _row(["(rows)", "", _count(self.rows), *(_count(n) for n in self.years.values())]),
        ]
        for element in self.elements:
            told = [_percent(element.by_year[year]) for year in years]
            rows.append(
                _row([_escaped(element.name), element.kind, _percent(element.completeness), *told])
            )
        return "\n".join(rows) + "\n"


def data_map(export: pd.DataFrame, institution_id: str, *, year: str | None = None) -> DataMap:
    """Make a data map of an export.

    Args:
        export: any columns of text, "" for missing.
        institution_id: what the map calls the institution.
        year: the column that holds the year of each row, if there is one.

    Raises:
        UsageError: there is no such column, it holds something other than years, a column holds
            something other than text, or the header is not one: then it would be a student's row.
    """
    names = [str(name) for name in export.columns]
    texts = {name: text_column(export, name) for name in names}
    _check_header(names, texts)
    if year is not None and year not in texts:
        raise UsageError(f"there is no column {year!r}; columns: {', '.join(names)}.")
    present = {name: np.array([bool(t.strip()) for t in texts[name]], bool) for name in names}
    groups = _years(texts[year]) if year is not None else {}
    everyone = np.ones(len(export), bool)
    elements = tuple(
        Element(
            name=name,
            kind=_kind(texts[name][present[name]]),
            completeness=_share(present[name], everyone),
            by_year={label: _share(present[name], rows) for label, rows in groups.items()},
        )
        for name in names
    )
    return DataMap(
        institution_id,
        _rounded(len(export)),
        {label: _rounded(int(rows.sum())) for label, rows in groups.items()},
        elements,
    )


def _check_header(names: Sequence[str], texts: Mapping[str, Texts]) -> None:
    """Refuse a header that looks like a row of values: a map shows the header."""
    for place, name in enumerate(names, 1):
        repeated = name.strip() and name in set(texts[name])
        if _VALUE_LIKE.fullmatch(name.strip()) or repeated:
            raise UsageError(
                f"the header of column {place} looks like a value, so the export may have no "
                "header row, and its first student would stand in the map. Add a header row."
            )


def _years(values: Texts) -> dict[str, NDArray[np.bool_]]:
    """The rows of each year, in order; rows without one are left out."""
    plain = np.array([" ".join(value.split()) for value in values], object)
    labels = sorted(set(plain) - {""})
    if len(labels) > _MOST_YEARS or not all(_YEAR.fullmatch(label) for label in labels):
        raise UsageError(
            "the column of years holds something other than years (2026 or 2026-27). Name another."
        )
    return {label: plain == label for label in labels}


def _kind(values: Texts) -> str:
    """What a column's values are like, told from those that are there (at most 100,000)."""
    if not len(values):
        return "empty"
    sample = pd.Series(values[:_SAMPLE], dtype=object).str.strip()
    for kind, form in (("number", _NUMBER), ("date", _DATE)):
        if sample.str.fullmatch(form).astype(bool).mean() >= _MOSTLY:
            return kind
    return "code" if sample.nunique() <= min(_MOST_CODES, len(sample) // 2) else "text"


def _share(present: NDArray[np.bool_], rows: NDArray[np.bool_]) -> int | None:
    """Percent of some rows that have a value; a share that would tell of a few is not told apart.

    Shares by which fewer than the smallest cell would be with or without it become 0 or 100.
    """
    count, have = int(rows.sum()), int((present & rows).sum())
    if count < SMALLEST_CELL:
        return None
    if have < SMALLEST_CELL:
        return 0
    if count - have < SMALLEST_CELL:
        return 100
    return round(100 * have / count)


def _rounded(count: int) -> int | None:
    """A count to the nearest ten, None below the smallest cell."""
    return None if count < SMALLEST_CELL else round(count / _ROUNDED_TO) * _ROUNDED_TO


def _count(count: int | None) -> str:
    """A rounded count for a reader."""
    return f"under {SMALLEST_CELL}" if count is None else f"{count:,}"


def _percent(share: int | None) -> str:
    """A share for a reader."""
    return "" if share is None else f"{share}%"


def _row(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """A header in which nothing is taken for markup."""
    return markdown_text(" ".join(text.split()))
