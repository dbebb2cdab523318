"""Read a student system's export into text columns, or say precisely why it cannot be read.

A fault is told by file, row and field; no message, warning or chained exception holds a cell.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from pprl.errors import StudentsError, UsageError
from pprl.institution.dates import EXPECTED, Lines, read_birth_dates
from pprl.institution.export import Export
from pprl.institution.headers import map_headers
from pprl.institution.identifiers import doubtful_identifiers, is_rounded
from pprl.institution.joining import joined
from pprl.institution.layout import (
    EFFECTIVE,
    GROUP,
    OTHER_NAMES,
    REQUIRED_COLUMNS,
    STUDENT_COLUMNS,
    Layout,
)
from pprl.institution.table import Source, Table, TextColumn, counted

__all__ = ["REQUIRED_COLUMNS", "STUDENT_COLUMNS", "StudentsWarning", "read_students"]

READ_COLUMNS = (*STUDENT_COLUMNS, *OTHER_NAMES)
"""What `read_students` gives."""

OTHER_NAMES_LEFT = "was read and is left aside unless with_other_names takes it in"

_LINES_SHOWN = 5


class StudentsWarning(UserWarning):
    """Something about the students that was put right or left out. Holds counts, never values."""


def read_students(
    path: str | Path,
    layout: str | Path = "generic",
    *,
    columns: Mapping[str, str] | None = None,
    on_error: Literal["stop", "skip"] = "stop",
) -> pd.DataFrame:
    """Read an export.

    Headers match without regard to case, spaces and punctuation. Text is UTF-8, UTF-16 (told by
    its byte-order mark) or, with a warning, Windows-1252. Whatever else was assumed or left out is
    told in a `StudentsWarning`.

    Args:
        path: the file; a folder or a zip archive for a layout of several files.
        layout: a name that `pprl layouts` lists, or the path of a layout of one's own (`.toml`).
        columns: `{"our_name": "their header"}`, where the layout's headers do not serve. The name
            `group` reads one more column, for `inspect` to tell by.
        on_error: "stop" raises on rows with faults; "skip" leaves those rows out with a warning.

    Returns:
        One row per row of the file and exactly the columns `STUDENT_COLUMNS` and `OTHER_NAMES`,
        each `object` of `str` with "" for a missing value; `birth_date` is ISO text. The index,
        named `row`, is the line of the file on which the row starts (a header is line 1). Rows
        stand in the order of the file or, where the layout knows when each began to hold, in that
        order. `attrs["columns"]` tells which header each field was read from.

    Raises:
        StudentsError: the file cannot be read, or rows have faults and `on_error` is "stop".
        UsageError: unknown layout, `on_error` or name in `columns`; a spreadsheet file.
    """
    columns = dict(columns or {})
    check_arguments(columns, on_error)
    export = Export.open(path, layout, columns)
    return students_from(export.sources, export.layout, columns, on_error, export.notes)


def students_of(
    export: Export, columns: Mapping[str, str], on_error: Literal["stop", "skip"]
) -> pd.DataFrame:
    """The students of an export that is open; otherwise as `read_students`."""
    check_arguments(columns, on_error)
    return students_from(export.sources, export.layout, columns, on_error, export.notes)


def check_arguments(columns: Mapping[str, str], on_error: str) -> None:
    """Check what the caller asked for.

    Raises:
        UsageError: it cannot be.
    """
    if on_error not in ("stop", "skip"):
        raise UsageError(f'on_error is "stop" or "skip", not {on_error!r}')
    if unknown := sorted(set(columns) - {*READ_COLUMNS, GROUP}):
        raise UsageError(
            f"columns names {', '.join(map(repr, unknown))}; known: {', '.join(READ_COLUMNS)}"
        )
    fields = [theirs for ours, theirs in columns.items() if ours != GROUP]
    if len(set(fields)) < len(fields):
        raise UsageError("columns gives one header to two names. Give each name its own.")


def students_from(
    sources: Mapping[str, Source],
    layout: Layout,
    columns: Mapping[str, str],
    on_error: str,
    notes: Sequence[str],
) -> pd.DataFrame:
    """The students in the tables of an export; as `read_students`.

    Warnings are told to the caller of the function that calls this one.

    Args:
        sources: the tables by their names in the layout.
        layout: the layout.
        columns: our name -> their header, where the layout's do not serve.
        on_error: "stop" or "skip".
        notes: what was assumed while opening them.
    """
    file = sources[layout.tables[0].name].file
    places = map_headers(sources, layout, columns)
    table, told = joined(sources, layout, places)
    names = (*READ_COLUMNS, GROUP) if GROUP in columns else READ_COLUMNS
    cells = {name: table.columns.get(name, TextColumn.blank(len(table))) for name in names}
    dates, date_notes = read_birth_dates(cells["birth_date"], table.lines, file)
    faults = _find_faults(cells, table.lines, set(dates.iso))
    if len(table.ragged):
        width = len(sources[layout.tables[0].name].header)
        faults[f"the row does not have the header's {width} cells"] = table.ragged
    if not len(table) and not faults:
        raise StudentsError(f"{file}: a header row and no students. Export the file again.")
    left_out, fault_notes = _stop_or_skip(faults, file, on_error)
    if np.isin(table.lines, left_out).all():
        raise StudentsError(f"{file}: no row is without a fault. {' '.join(sorted(faults))}.")
    further = [*doubtful_identifiers(cells, table.lines, file), *_other_names_told(cells, file)]
    for note in (*notes, *told, *date_notes, *further, *fault_notes):
        warnings.warn(note, StudentsWarning, stacklevel=3)
    cells["birth_date"] = cells["birth_date"].mapped(lambda text: dates.iso.get(text, ""))
    kept = np.flatnonzero(~np.isin(table.lines, left_out))
    kept = kept[_order_of_effect(table, file)[kept].argsort(kind="stable")]
    students = {name: pd.Series(cells[name].take(kept).texts(), dtype=object) for name in names}
    frame = pd.DataFrame(students).set_index(pd.Index(table.lines[kept], name="row"))
    frame.attrs["columns"] = {
        name: sources[source].header[place].strip()
        for source, fields in places.items()
        for name, place in fields.items()
        if name in names
    }
    return frame


def _order_of_effect(table: Table, file: str) -> np.ndarray:
    """`object[n]`: when each row began to hold, as ISO text; "" where that is not known."""
    column = table.columns.get(EFFECTIVE)
    if column is None:
        return TextColumn.blank(len(table)).texts().astype(str)
    dates, _ = read_birth_dates(column, table.lines, file, "the date from which a row holds")
    return column.mapped(lambda text: dates.iso.get(text, "")).texts().astype(str)


def _find_faults(
    cells: Mapping[str, TextColumn], lines: Lines, dates: set[str]
) -> dict[str, Lines]:
    """Trouble -> lines of the rows that have it."""
    rounded = "was rounded by a spreadsheet (expected all its digits; export it as text)"
    checks = (
        ("local_id", "is blank (expected the institution's own number)", lambda text: text == ""),
        ("birth_date", f"is not a date (expected {EXPECTED})", lambda text: text not in dates),
        ("local_id", rounded, is_rounded),
        ("state_id", rounded, is_rounded),
    )
    faults = {}
    for name, trouble, is_faulty in checks:
        faulty = lines[cells[name].where(is_faulty)]
        if len(faulty):
            faults[f"{name} {trouble}"] = faulty
    return faults


def _other_names_told(cells: Mapping[str, TextColumn], file: str) -> list[str]:
    """That rows have further names, from which nothing is derived unless it is asked for."""
    some = np.any([cells[name].where(bool) for name in OTHER_NAMES], axis=0)
    if not some.any():
        return []
    return [
        f"{file}: {counted(int(some.sum()), 'row', 'have')} an alias or a preferred name, which "
        f"{OTHER_NAMES_LEFT}."
    ]


def _stop_or_skip(faults: Mapping[str, Lines], file: str, on_error: str) -> tuple[Lines, list[str]]:
    """Lines of the rows to leave out and what to warn of; raises if they may not be left out."""
    if not faults:
        return np.empty(0, dtype=np.int64), []
    if on_error == "stop":
        told = []
        for trouble, rows in sorted(faults.items(), key=lambda fault: int(fault[1][0])):
            like_it = f"; {len(rows)} rows like it" if len(rows) > 1 else ""
            told.append(f"{file} row {rows[0]}: {trouble}{like_it}.")
        raise StudentsError("\n".join([*told, 'Fix them or pass on_error="skip".']))
    left_out = np.unique(np.concatenate(list(faults.values())))
    shown = [str(line) for line in left_out[:_LINES_SHOWN]]
    more = ["..."] if len(left_out) > _LINES_SHOWN else []
    noun = "row" if len(left_out) == 1 else "rows"
    return left_out, [
        f"{file}: rows left out for their faults: {len(left_out)} "
        f"({noun} {', '.join(shown + more)})."
    ]
