"""Delimited text: where its rows start, and its columns, read without a loop over rows.

A file is *regular* if every quotation mark opens or closes a cell or is doubled inside one, and
every row that is not blank has the header's number of cells. A regular file is cut by Arrow. Any
other is read row by row, which takes longer and says where the trouble is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from pprl.errors import StudentsError
from pprl.institution.regular_rows import regular_rows
from pprl.institution.table import Rows, Table, TextColumn, counted

_LAST_ROWS, _TOTAL_CELLS = 3, 2
_TOTAL = re.compile(
    r"(?:grand\s+|report\s+)?totals?(?:\s+(?:records|rows|students))?[\s:]*[0-9,]*"
    r"|(?:number|count|total)\s+of\s+(?:records|students|rows)\b[\s:=]*[0-9,]*"
    r"|(?:records?|rows?|students?)(?:\s+(?:count|total|exported|selected))?\s*[:=]\s*[0-9,]+"
    r"|\(?[0-9,]+\s+(?:records?|rows?|students?)(?:\s+(?:affected|exported|selected))?[).]*"
    r"|\**\s*end of (?:report|file|data|export)\W*",
    re.IGNORECASE,
)


class DelimitedFile:
    """Text of a delimited file whose delimiter and header are known.

    Attributes:
        file: its name, for messages.
        header: the cells of its first row, or the names that a layout gives to its columns.
    """

    def __init__(
        self,
        text: bytes,
        file: str,
        delimiter: str,
        names: Sequence[str] | None = None,
        quoting: bool = True,
    ) -> None:
        """Find the header.

        Args:
            text: the file as UTF-8.
            file: its name.
            delimiter: one ASCII character.
            names: of the columns, for a file that has no header row; those of a shorter row are
                the first of them.
            quoting: whether quotation marks enclose cells, or are letters like others.

        Raises:
            StudentsError: there is no row, or a quotation mark is left open in the first one.
        """
        self.file = file
        self._text = text
        self._delimiter = delimiter
        self._quoting = quoting
        first = next(rows_of(text, delimiter, file, quoting), None)
        if first is None:
            raise StudentsError(f"{file}: the file is empty. Export it again.")
        self._width = len(first[1])
        self._has_header = names is None
        self.header: tuple[str, ...] = tuple(first[1] if names is None else names[: self._width])

    def __repr__(self) -> str:
        """The name and the number of columns."""
        return f"<DelimitedFile {self.file}: {self._width} columns>"

    def read(self, places: Mapping[str, int]) -> Table:
        """The columns at these places; `Table.lines` are those of the file.

        Raises:
            StudentsError: a quotation mark opens a cell and is not closed where the cell ends.
        """
        starts = regular_rows(self._text, self._delimiter, self._width, self._quoting)
        table = None if starts is None else self._cut(places, *starts)
        return self._read_by_row(places) if table is None else table

    def _cut(self, places: Mapping[str, int], lines: Rows, multiline: bool) -> Table | None:
        """The columns of a regular file; None if it is better read by row."""
        wanted = sorted(set(places.values()))
        text_type = pa.dictionary(pa.int32(), pa.string())
        try:
            cells = pa_csv.read_csv(
                pa.py_buffer(self._text),
                read_options=pa_csv.ReadOptions(
                    column_names=[str(place) for place in range(self._width)],
                    use_threads=False,
                    block_size=1 << 24,
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self._delimiter,
                    quote_char='"' if self._quoting else False,
                    newlines_in_values=multiline,
                ),
                convert_options=pa_csv.ConvertOptions(
                    include_columns=[str(place) for place in wanted],
                    column_types={str(place): text_type for place in wanted},
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:  # whose text would quote the row
            return None
        if cells.num_rows != len(lines):
            return None
        first = 1 if self._has_header else 0
        columns = {place: _text_column(cells[str(place)], first) for place in wanted}
        lines = lines[first:]
        written = np.sum([column.where(bool) for column in columns.values()], axis=0)
        last = np.arange(len(lines)) >= len(lines) - _LAST_ROWS
        suspect = np.flatnonzero((written <= 1) | (last & (written <= _TOTAL_CELLS)))
        totals = 0
        if len(suspect) and multiline:
            return None  # a row has no line of its own: it is looked at by itself
        if len(suspect):
            rows = self._rows_on(set(lines[suspect].tolist()))
            total = np.array([is_total(rows.get(int(line), ())) for line in lines[suspect]])
            blank = np.array([not any(rows.get(int(line), ("?",))) for line in lines[suspect]])
            totals = int(total.sum())
            kept = np.ones(len(lines), dtype=bool)
            kept[suspect[total | blank]] = False
            columns = {place: column.take(kept) for place, column in columns.items()}
            lines = lines[kept]
        return self._table(places, columns, lines, [], totals, 0)

    def _rows_on(self, lines: set[int]) -> dict[int, list[str]]:
        """Line -> stripped cells, of the rows that start and end on these lines."""
        found = {}
        texts = io.TextIOWrapper(io.BytesIO(self._text), encoding="utf-8", newline=None)
        for number, text in enumerate(texts, 1):
            if number in lines:
                row = next(csv.reader([text], **_dialect(self._delimiter, self._quoting)), [])
                found[number] = [cell.strip() for cell in row]
        return found

    def _table(
        self,
        places: Mapping[str, int],
        columns: Mapping[int, TextColumn],
        lines: Rows | list[int],
        ragged: list[int],
        totals: int,
        longer: int,
    ) -> Table:
        """The table, and what to tell of it."""
        notes = []
        if totals:
            notes.append(f"{self.file}: {counted(totals, 'line')} of totals left out.")
        if longer:
            notes.append(
                f"{self.file}: {counted(longer, 'row', 'have')} blank cells beyond the header's; "
                "these were ignored."
            )
        return Table(
            {name: columns[place] for name, place in places.items()},
            np.array(lines, dtype=np.int64),
            np.array(ragged, dtype=np.int64),
            tuple(notes),
        )

    def _read_by_row(self, places: Mapping[str, int]) -> Table:
        """The columns of a file that is not regular."""
        picked: dict[int, list[str]] = {place: [] for place in places.values()}
        lines, ragged = [], []
        longer = totals = 0
        rows = rows_of(self._text, self._delimiter, self.file, self._quoting)
        if self._has_header:
            next(rows)
        for line, cells in rows:
            row = [cell.strip() for cell in cells]
            if is_total(row):
                totals += 1
            elif any(row):
                if len(row) > self._width and not any(row[self._width :]):
                    longer += 1
                    row = row[: self._width]
                if len(row) == self._width:
                    for place, column in picked.items():
                        column.append(row[place])
                    lines.append(line)
                else:
                    ragged.append(line)
        columns = {place: TextColumn.of(column) for place, column in picked.items()}
        return self._table(places, columns, lines, ragged, totals, longer)


def is_total(row: Sequence[str]) -> bool:
    """Whether a row's cells are a report's last line: `Total,1234` or `(1234 rows affected)`."""
    written = [cell for cell in row if cell]
    if not 1 <= len(written) <= max(_TOTAL_CELLS, len(row) // 3):
        return False
    rest = "".join(written[1:])
    return _TOTAL.fullmatch(written[0]) is not None and not any(map(str.isalpha, rest))


def rows_of(
    text: bytes, delimiter: str, file: str, quoting: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank, with the line of the file on which it starts.

    Raises:
        StudentsError: a quotation mark is left open, or text follows one that closes a cell.
    """
    lines = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    reader = csv.reader(lines, strict=True, **_dialect(delimiter, quoting))
    ended = 0
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield ended + 1, row
            ended = reader.line_num
        return
    except csv.Error:
        pass
    raise StudentsError(
        f'{file} row {ended + 1}: a quotation mark (") opens a cell and is not closed where the '
        "cell ends. Close or remove it; a quotation mark inside a quoted cell is written twice."
    )


def _dialect(delimiter: str, quoting: bool) -> dict[str, Any]:
    """How `csv` is to read."""
    return {"delimiter": delimiter, "quoting": csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE}


def _text_column(cells: pa.ChunkedArray, first: int) -> TextColumn:
    """Cells from the `first` on."""
    whole = cells.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # what Arrow gives for no chunks, or for several
        whole = whole.chunk(0)
    values = np.array([text.strip() for text in whole.dictionary.to_pylist()] or [""], dtype=object)
    codes = whole.indices.to_numpy(zero_copy_only=False).astype(np.int64)[first:]
    return TextColumn(codes, values)
