"""Records that are no lines of text: JSON objects, spreadsheet rows, Parquet, a query's result.

Their rows are numbered from 1 (JSON, queries, Parquet) or as the spreadsheet numbers them.
"""

from __future__ import annotations

import datetime
import decimal
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pprl.errors import StudentsError, UsageError
from pprl.institution.identifiers import EXACT_DIGITS
from pprl.institution.table import Table, TextColumn


class RecordFile:
    """Records with named fields.

    Attributes:
        file: its name, for messages.
        header: the names of the fields.
        notes: what was assumed while reading.
    """

    def __init__(
        self,
        file: str,
        header: Sequence[str],
        rows: Iterable[Sequence[object]],
        first: int = 1,
        notes: Sequence[str] = (),
    ) -> None:
        """Keep the records.

        Args:
            file: the name.
            header: the names of the fields.
            rows: their values in that order, whatever their type.
            first: the number of the first record in messages.
            notes: what was assumed.
        """
        self.file = file
        self.header = tuple(header)
        self.notes = tuple(notes)
        self._rows = list(rows)
        self._first = first

    def __repr__(self) -> str:
        """Counts only."""
        return f"<RecordFile {self.file}: {len(self._rows)} records>"

    def read(self, places: Mapping[str, int]) -> Table:
        """The fields as text; records that are blank throughout are left out.

        Numbers lose the `.0` of a whole one. What a spreadsheet stored as a number with more digits
        than it keeps is written as `1E+..`, so that it is told as rounded.
        """
        kept, lines = [], []
        for number, row in enumerate(self._rows, self._first):
            if any(value is not None and str(value).strip() for value in row):
                kept.append(row)
                lines.append(number)
        columns = {
            name: TextColumn.of([as_text(row[place]) for row in kept])
            for name, place in places.items()
        }
        notes = []
        for name in ("local_id", "state_id"):
            if name in places and any(_is_number(row[places[name]]) for row in kept):
                notes.append(
                    f"{self.file}: {name} is stored as numbers, which have no leading zeros. If "
                    "yours begin with zeros, export the column as text."
                )
        nothing = np.empty(0, dtype=np.int64)
        return Table(columns, np.array(lines, dtype=np.int64), nothing, tuple(notes))


def as_text(value: object) -> str:
    """A value as an export would write it."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, decimal.Decimal) and value == value.to_integral_value():
        return str(int(value))
    if isinstance(value, float):
        if value != value:
            return ""
        if value.is_integer():
            exact = abs(value) < 10**EXACT_DIGITS
            return str(int(value)) if exact else f"{value:.5E}"
    return str(value).replace("\0", "")


def json_file(text: bytes, file: str) -> RecordFile:
    """JSON: an array of objects, an object that holds one, or an object on each line.

    Nested fields are named with dots; of an array the first element is taken.

    Raises:
        StudentsError: it is not JSON, or holds no objects.
    """
    objects = _objects_of(text, file)
    flat = [dict(_flattened(item)) for item in objects]
    header = list(dict.fromkeys(name for item in flat for name in item))
    return RecordFile(file, header, [[item.get(name) for name in header] for item in flat])


def spreadsheet(raw: bytes, file: str) -> RecordFile:
    """The first sheet of an Excel workbook that has rows; the first row with text is the header.

    Raises:
        UsageError: openpyxl is not installed.
        StudentsError: it is no workbook, or has no rows.
    """
    try:
        import openpyxl
    except ImportError:
        raise UsageError(
            f"{file}: Excel workbooks are read with openpyxl, which is not installed. Save the "
            'sheet as CSV UTF-8, or run: pip install "pprl-edu[excel]"'
        ) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheets = [(sheet.title, list(sheet.iter_rows(values_only=True))) for sheet in book]
    except Exception:
        raise StudentsError(
            f"{file}: is not an Excel workbook, or is protected by a password. Save the sheet as "
            "CSV UTF-8 and read that."
        ) from None
    for place, (_, rows) in enumerate(sheets):
        for number, row in enumerate(rows, 1):
            if sum(value is not None for value in row) > 1:
                header = [as_text(value) for value in row]
                others = len([1 for _, more in sheets[place + 1 :] if more])
                notes = [f"{file}: {others} further sheets were not read."] if others else []
                return RecordFile(file, header, rows[number:], number + 1, notes)
    raise StudentsError(f"{file}: the workbook has no rows. Export it again.")


def parquet_file(raw: bytes, file: str) -> RecordFile:
    """A Parquet table.

    Raises:
        StudentsError: it is not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(raw))
    except (pa.ArrowException, OSError):
        raise StudentsError(f"{file}: is not a Parquet file. Export it again.") from None
    columns = [table.column(name).to_pylist() for name in table.column_names]
    return RecordFile(file, table.column_names, zip(*columns, strict=True))


def _objects_of(text: bytes, file: str) -> list[Mapping[str, Any]]:
    """The objects that a JSON file holds."""
    try:
        whole = json.loads(text)
    except ValueError:
        whole = _objects_by_line(text)
    if isinstance(whole, dict):
        arrays = [value for value in whole.values() if isinstance(value, list)]
        whole = arrays[0] if len(arrays) == 1 else [whole]
    if not isinstance(whole, list) or not all(isinstance(item, dict) for item in whole):
        raise StudentsError(
            f"{file}: is not JSON of student objects (an array of them, or one on each line). "
            "Export it again, or export CSV."
        )
    if not whole:
        raise StudentsError(f"{file}: holds no students. Export it again.")
    return whole


def _objects_by_line(text: bytes) -> object:
    """The objects of a file that holds one on each line; None if it does not."""
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        return None


def _flattened(item: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted name and value of each field, the first element of each array."""
    for name, value in item.items():
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _is_number(value: object) -> bool:
    """Whether a value is stored as a number."""
    return isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)
