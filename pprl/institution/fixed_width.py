"""Text in which every field has its place on the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pprl.errors import StudentsError
from pprl.institution.table import Table, TextColumn


class FixedWidthFile:
    """A file of lines cut at places that a layout gives.

    Attributes:
        file: its name, for messages.
        header: the names of the fields.
    """

    def __init__(self, text: bytes, file: str, places: Mapping[str, Sequence[int]]) -> None:
        """Keep the lines.

        Args:
            text: the file as UTF-8.
            file: its name.
            places: field -> first and last character, counted from 1.

        Raises:
            StudentsError: there is no line.
        """
        self.file = file
        self.header = tuple(places)
        self._spans = [(first - 1, last) for first, last in places.values()]
        self._rows = text.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if not any(map(str.strip, self._rows)):
            raise StudentsError(f"{file}: the file is empty. Export it again.")

    def __repr__(self) -> str:
        """The name and the number of fields."""
        return f"<FixedWidthFile {self.file}: {len(self.header)} fields>"

    def read(self, places: Mapping[str, int]) -> Table:
        """The fields; a line that ends before one of them begins is ragged.

        A line may be short of trailing blanks, which many tools drop.
        """
        spans = {name: self._spans[place] for name, place in places.items()}
        needed = max((start for name, (start, _) in spans.items() if name != "state_id"), default=0)
        kept, ragged = [], []
        for number, row in enumerate(self._rows, 1):
            if len(row) > needed:
                kept.append(number)
            elif row.strip():
                ragged.append(number)
        rows = [self._rows[number - 1] for number in kept]
        columns = {
            name: TextColumn.of([row[start:stop] for row in rows])
            for name, (start, stop) in spans.items()
        }
        return Table(columns, np.array(kept, dtype=np.int64), np.array(ragged, dtype=np.int64))
