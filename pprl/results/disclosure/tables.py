"""Tables of counts, with and without what is hidden, and the release that they make together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from pprl.errors import UsageError
from pprl.results.disclosure.dimension import TOTAL, Dimension
from pprl.results.disclosure.rates import RateTable

SMALLEST = 11
PROTECTION = 5
COUNT = "count"
HIDDEN = "hidden"


@dataclass(frozen=True, eq=False)
class CountTable:
    """Persons counted by some dimensions.

    A cell is a measure and a code in every dimension of the release, "total" in those that the
    table does not name: the same cell in two tables is one number.

    Attributes:
        name: the table's own, and its file's.
        measure: which persons are counted; cells of different measures are different numbers.
        dimensions: names of the columns that hold codes.
        counts: a text column for each dimension; `count`, int64, from 0; in a table that was
            released or protected also `hidden`, bool, and in a released one `count` is Int64,
            missing where hidden. Cells that are not in it are not told, which is not zero.
    """

    name: str
    measure: str
    dimensions: tuple[str, ...]
    counts: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Release:
    """All that leaves at one time. Equal cells of several releases are one number.

    Attributes:
        dimensions: every dimension that a table names.
        tables: with `hidden`; what is hidden has no count.
        rates: rounded rates of cells of the tables.
        subset_of: measure -> measures whose persons include its own, cell by cell.
        smallest: counts from 1 to below it were hidden.
        protection: least width of the interval that any hidden count was left in.
    """

    dimensions: tuple[Dimension, ...]
    tables: tuple[CountTable, ...]
    rates: tuple[RateTable, ...] = ()
    subset_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    smallest: int = SMALLEST
    protection: int = PROTECTION


def check_tables(tables: Sequence[CountTable], dimensions: Sequence[Dimension]) -> None:
    """Check that tables are what they should be.

    Raises:
        UsageError: two tables of one name; a column is missing or unknown; a code is in no
            dimension; a cell stands twice; a count is missing, negative or no whole number.
    """
    codes = {dimension.name: set(dimension.codes) for dimension in dimensions}
    if len(codes) < len(dimensions):
        raise UsageError("Two dimensions have one name.")
    names = [table.name for table in tables]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"Two tables are called {twice}. Give each a name of its own.")
    for table in tables:
        if unknown := sorted(set(table.dimensions) - set(codes)):
            raise UsageError(f"The table {table.name} names {unknown[0]}, which is no dimension.")
        _check_columns(table)
        for name in table.dimensions:
            if strange := sorted(set(table.counts[name]) - codes[name], key=str):
                raise UsageError(
                    f"The table {table.name} has {strange[0]!r} in {name}, which is no code of "
                    f"that dimension. Its total is {TOTAL!r}."
                )


def _check_columns(table: CountTable) -> None:
    """Check a table's columns and counts by themselves."""
    counts = table.counts
    if missing := [name for name in (*table.dimensions, COUNT) if name not in counts]:
        raise UsageError(f"The table {table.name} lacks the column {missing[0]}.")
    cells = counts[[*table.dimensions]].assign(measure=table.measure)
    if cells.duplicated().any():
        raise UsageError(f"The table {table.name} has a cell twice.")
    shown = counts.loc[~counts[HIDDEN], COUNT] if HIDDEN in counts else counts[COUNT]
    if not pd.api.types.is_integer_dtype(counts[COUNT].dtype) or not (shown >= 0).all():
        raise UsageError(
            f"The table {table.name} has counts that are no whole numbers from 0, or are missing."
        )


def masked(table: CountTable) -> CountTable:
    """The table as it may leave: without the counts that are hidden, rows in order of their codes.

    Args:
        table: with `hidden`.
    """
    rows = table.counts.sort_values(list(table.dimensions)) if table.dimensions else table.counts
    rows = rows[[*table.dimensions, COUNT, HIDDEN]].reset_index(drop=True)
    rows[COUNT] = rows[COUNT].astype("Int64").mask(rows[HIDDEN])
    return CountTable(table.name, table.measure, table.dimensions, rows)
