"""A table of text as it was read: each column once per distinct value, each row with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SINGULAR = {"have": "has", "are": "is", "were": "was"}


@dataclass(frozen=True, eq=False, repr=False)
class TextColumn:
    """A column of n texts, kept as codes into its values, so that work is done once per value.

    Attributes:
        codes: `int64[n]`, indices into `values`.
        values: `object[k]` of `str`. Several may be equal.
    """

    codes: npt.NDArray[np.int64]
    values: npt.NDArray[np.object_]

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextColumn:
        """The column of these texts, outer white space dropped."""
        codes, values = pd.factorize(_objects(texts))
        return cls(codes.astype(np.int64), _objects(value.strip() for value in values))

    @classmethod
    def blank(cls, n: int) -> TextColumn:
        """A column of n blanks."""
        return cls(np.zeros(n, dtype=np.int64), _objects([""]))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.codes)

    def __repr__(self) -> str:
        """Counts only."""
        return f"<TextColumn: {len(self.values)} values in {len(self.codes)} rows>"

    def texts(self) -> npt.NDArray[np.object_]:
        """`object[n]`: the text of each row."""
        return self.values[self.codes]

    def mapped(self, function: Callable[[str], str]) -> TextColumn:
        """The column with each value replaced."""
        return TextColumn(self.codes, _objects(function(value) for value in self.values))

    def where(self, is_so: Callable[[str], object]) -> Flags:
        """`bool[n]`: the rows whose text is so."""
        return np.array([bool(is_so(value)) for value in self.values], dtype=bool)[self.codes]

    def take(self, rows: Rows | Flags) -> TextColumn:
        """Rows `intp[k]`, or those that `bool[n]` says."""
        return TextColumn(self.codes[rows], self.values)


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Columns of equal length and where their rows stand.

    Attributes:
        columns: our name -> column.
        lines: `int64[n]`, the line of the file on which each row starts (the record's number where
            a file has no lines).
        ragged: lines of the rows that do not have the header's number of cells.
        notes: what was put right while reading, in counts.
    """

    columns: Mapping[str, TextColumn]
    lines: Rows
    ragged: Rows
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.lines)

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Table: {len(self.columns)} columns, {len(self.lines)} rows>"

    def take(self, rows: Rows | Flags) -> Table:
        """Rows `intp[k]`, or those that `bool[n]` says; what was ragged stays told."""
        return Table(
            {name: column.take(rows) for name, column in self.columns.items()},
            self.lines[rows],
            self.ragged,
            self.notes,
        )


class Source(Protocol):
    """A file whose header is known and whose columns can be asked for."""

    @property
    def file(self) -> str:
        """Its name, for messages."""
        ...

    @property
    def header(self) -> Sequence[str]:
        """The names of its columns, in order."""
        ...

    def read(self, places: Mapping[str, int]) -> Table:
        """The columns at these places of the header, under our names.

        Raises:
            StudentsError: the file is not of the form it seems to have.
        """
        ...


def counted(n: int, noun: str, verb: str = "") -> str:
    """`1 student`, `2 students`; with "have" as the verb, `1 student has` and `2 students have`."""
    if not verb:
        return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
    return f"{n} {noun} {_SINGULAR.get(verb, verb + 's')}" if n == 1 else f"{n} {noun}s {verb}"


def _objects(texts: Iterable[str]) -> npt.NDArray[np.object_]:
    """`object[n]`, even where all texts have one length."""
    listed = texts if isinstance(texts, list | np.ndarray) else list(texts)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out
