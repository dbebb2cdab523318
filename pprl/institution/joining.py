"""From the tables of an export to one table of fields: rows that are students, files joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from pprl.errors import StudentsError
from pprl.institution.headers import header_key, place_of
from pprl.institution.layout import REQUIRED_COLUMNS, FieldLayout, Layout, TableLayout
from pprl.institution.table import Flags, Source, Table, TextColumn, counted

_KEY = "#key"


def joined(
    sources: Mapping[str, Source], layout: Layout, places: Mapping[str, Mapping[str, int]]
) -> tuple[Table, list[str]]:
    """The fields of every student's row, in the order of the first table, and what to tell.

    Args:
        sources: the tables by name.
        layout: which of them has what.
        places: table -> field -> place in its header.

    Raises:
        StudentsError: a file lacks a column that the layout needs, or has no students.
    """
    first, *others = (table for table in layout.tables if table.name in sources)
    table, notes = _read(sources[first.name], first, layout, places[first.name])
    columns = dict(table.columns)
    key = columns.pop(_KEY, None)
    kept = np.ones(len(table), dtype=bool)
    for other in others:
        more, told = _read(sources[other.name], other, layout, places[other.name])
        notes += told
        assert key is not None
        file = sources[other.name].file
        if len(more.ragged):
            notes.append(
                f"{file}: {counted(len(more.ragged), 'row')} without the header's number of cells "
                f"(first in row {more.ragged[0]}) left out."
            )
        found, repeated = _found(key, more.columns[_KEY])
        if other.selects:
            if left_out := int((kept & (found < 0)).sum()):
                notes.append(
                    f"{sources[first.name].file}: {counted(left_out, 'row')} that {file} does not "
                    "name as students left out."
                )
            kept &= found >= 0
        elif without := int((found < 0).sum()):
            notes.append(f"{file}: no row for {without} of the students.")
        if repeated and not other.selects:
            notes.append(
                f"{file}: {counted(repeated, 'student', 'have')} several rows; the last was taken."
            )
        columns |= {
            name: _picked(column, found) for name, column in more.columns.items() if name != _KEY
        }
    whole = Table(columns, table.lines, table.ragged)
    return whole.take(kept) if not kept.all() else whole, notes


def _read(
    source: Source, table: TableLayout, layout: Layout, places: Mapping[str, int]
) -> tuple[Table, list[str]]:
    """One file: its fields and key, of the rows that the layout keeps, codes translated."""
    own = dict(places)
    if table.key and len(layout.tables) > 1:
        own[_KEY] = place_of(source, table.key, layout)
    filters = {f"#{column}": rule for column, rule in table.filters.items()}
    own |= {name: place_of(source, name[1:], layout) for name in filters}
    read = source.read(own)
    notes = list(read.notes)
    kept = ~_is_header(read, source, own)
    if repeated := int((~kept).sum()):
        notes.append(f"{source.file}: {counted(repeated, 'further header row')} left out.")
    for name, (values, keeps) in filters.items():
        folded = {value.casefold() for value in values}
        fits = read.columns[name].where(lambda text, v=folded: text.casefold() in v) == keeps  # type: ignore[misc]
        if keeps and not fits.any():
            raise StudentsError(
                f"{source.file}: no row has {' or '.join(values)} in {name[1:]}. Is it a file of "
                f"the layout {layout.name} ({layout.title})?"
            )
        if left_out := int((kept & ~fits).sum()):
            rule = "is none of" if keeps else "is"
            notes.append(
                f"{source.file}: {counted(left_out, 'row')} whose {name[1:]} {rule} "
                f"{', '.join(values)} left out."
            )
        kept &= fits
    read = read.take(kept)
    columns = {}
    for name, column in read.columns.items():
        if name in places and name in layout.fields:
            column, unknown = translated(column, layout.fields[name])
            if unknown.any():
                notes.append(
                    f"{source.file}: {counted(unknown.sum(), f'{name} cell', 'hold')} codes "
                    f"that the layout does not list (first in row {read.lines[unknown][0]}); "
                    "read as missing."
                )
        if name in places or name == _KEY:
            columns[name] = column
    return Table(columns, read.lines, read.ragged), notes


def translated(column: TextColumn, field: FieldLayout) -> tuple[TextColumn, Flags]:
    """The column in our values, and `bool[n]`, which cells hold a code that is not known."""
    if field.after:
        column = column.mapped(lambda text: text.rpartition(field.after)[2])
    if field.strip:
        column = column.mapped(lambda text: text.strip(field.strip))
    if not field.codes:
        return column, np.zeros(len(column), dtype=bool)
    codes = {code.casefold(): value for code, value in field.codes.items()}
    unknown = column.where(lambda text: text and text.casefold() not in codes)
    return column.mapped(lambda text: codes.get(text.casefold(), "")), unknown


def _is_header(table: Table, source: Source, places: Mapping[str, int]) -> Flags:
    """`bool[n]`: rows that repeat the header, as files put together have them."""
    said = np.zeros(len(table), dtype=np.int64)
    for name, column in table.columns.items():
        key = header_key(source.header[places[name]])
        said += column.where(_says(key))
    return said >= max(2, min(len(REQUIRED_COLUMNS), len(table.columns)))


def _says(key: str) -> Callable[[str], bool]:
    """Whether a cell says what a header does; most are dismissed by their first letter."""
    first = key[:1]
    return lambda text: text[:1].casefold() == first and header_key(text) == key


def _found(key: TextColumn, other: TextColumn) -> tuple[np.ndarray, int]:
    """`int64[n]`: the last row of the other table with each row's key, -1 for none; keys repeated.

    A blank key finds nothing.
    """
    texts = pd.Series(other.texts(), dtype=object)
    last = texts[~texts.duplicated(keep="last") & (texts != "")]
    index = pd.Index(last.to_numpy(dtype=object), dtype=object)
    found = index.get_indexer(pd.Index(key.texts(), dtype=object))
    rows = np.append(last.index.to_numpy(), -1)[found]
    return rows.astype(np.int64), int(texts[texts != ""].duplicated().sum())


def _picked(column: TextColumn, rows: np.ndarray) -> TextColumn:
    """The column at these rows, blank where a row is -1."""
    values = np.append(column.values, [""])
    codes = np.append(column.codes, len(values) - 1)
    return TextColumn(codes[rows], values)
