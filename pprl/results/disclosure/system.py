"""The numbers that releases speak of, and what ties them together, told or not.

Every number is a variable. A code's persons are those of the codes below it together, so a cell is
the sum of the cells below it along each dimension; a part has no more persons than its whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pprl.errors import UsageError
from pprl.results.disclosure.dimension import TOTAL, united
from pprl.results.disclosure.grids import grids, including
from pprl.results.disclosure.tables import CountTable, Release

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_CELLS = 1_000_000


@dataclass(frozen=True, eq=False)
class System:
    """Variables and equations.

    Attributes:
        codes: dimension -> its codes in all releases, "total" first; dimensions in order of name.
        outcomes: whether each dimension tells outcomes.
        measures: in order.
        keys: `int64[cells]`, rising: measure and codes as one number.
        sums: `[sums, cells]`, sparse: 1 at a whole and -1 at each of its parts; each row times the
            counts is 0.
        wholes: `int64[sums]`, each row's whole.
        axes: `int64[sums]`, the dimension along which each row sums.
        nested: `int64[pairs, 2]`: the count of the first is at most that of the second.
    """

    codes: dict[str, tuple[str, ...]]
    outcomes: tuple[bool, ...]
    measures: tuple[str, ...]
    keys: Integers
    sums: sparse.csr_array
    wholes: Integers
    axes: Integers
    nested: Integers

    @classmethod
    def of(cls, releases: Sequence[Release]) -> System:
        """Set up all cells that releases tell or imply.

        Raises:
            UsageError: there are more cells than can be reckoned with.
        """
        dimensions = [dimension for release in releases for dimension in release.dimensions]
        codes = united(dimensions)
        kinds = {dimension.name: dimension.is_outcome for dimension in dimensions}
        outcomes = tuple(kinds[name] for name in codes)
        tables = [table for release in releases for table in release.tables]
        measures = tuple(sorted({table.measure for table in tables}))
        wholes_of = including(releases, measures)
        size = reduce(lambda product, names: product * len(names), codes.values(), 1)
        if size * max(1, len(measures)) >= 2**62:
            raise UsageError("The release has too many dimensions. Publish fewer at one time.")
        blank = cls(
            codes,
            outcomes,
            measures,
            np.zeros(0, np.int64),
            sparse.csr_array((0, 0)),
            np.zeros(0, np.int64),
            np.zeros(0, np.int64),
            np.zeros((0, 2), np.int64),
        )
        keys = [np.zeros(0, np.int64)]
        # Sums by whole and dimension, so that frames and releases that share one give it once.
        sums: dict[tuple[int, ...], int] = {}
        for grid in grids(releases, measures, wholes_of):
            axes = blank._axes(grid.codes)
            cells = blank._product(grid.measure, axes)
            keys.append(cells.ravel())
            for axis, name in enumerate(codes):
                position = {code: at for at, code in enumerate(grid.codes.get(name, ()))}
                for code, below in grid.sums(name):
                    taken = [position[part] for part in (code, *below)]
                    rows = np.moveaxis(np.take(cells, taken, axis), axis, -1)
                    found = map(tuple, rows.reshape(-1, len(taken)).tolist())
                    sums |= dict.fromkeys(found, axis)
        every = np.unique(np.concatenate(keys))
        nested = blank._nested(every, wholes_of)
        return cls(codes, outcomes, measures, every, *_matrix(sums, every), nested)

    @cached_property
    def rows(self) -> sparse.csr_array:
        """The sums, each times the counts 0, and below them the nestings, each at most 0."""
        pairs = len(self.nested)
        signs, row = np.tile([1.0, -1.0], pairs), np.repeat(np.arange(pairs), 2)
        nested = sparse.csr_array((signs, (row, self.nested.ravel())), shape=(pairs, len(self)))
        return sparse.vstack([self.sums, nested], format="csr")

    @cached_property
    def columns(self) -> sparse.csc_array:
        """The same as `rows`, by cells."""
        return self.rows.tocsc()

    def parts(self, sums: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """`bool[cells]`: which cells are a part in one of some sums."""
        found: NDArray[np.bool_] = (self.sums[sums] < 0).sum(axis=0) > 0
        return found

    @property
    def is_outcome(self) -> NDArray[np.bool_]:
        """`bool[sums]`: which sums are over outcomes."""
        return np.array(self.outcomes, bool)[self.axes]

    def __len__(self) -> int:
        """Cells."""
        return len(self.keys)

    def find(self, table: CountTable) -> Integers:
        """The cell of each row of a table that the system was set up with: `int64[rows]`."""
        return self.locate(table.counts[[*table.dimensions]].assign(measure=table.measure))

    def locate(self, names: pd.DataFrame) -> Integers:
        """The cells of rows of `measure` and codes, "total" in dimensions without a column.

        Returns:
            `int64[rows]`, -1 if there is no such cell.
        """
        keys = pd.Index(self.measures).get_indexer(pd.Index(names["measure"])).astype(np.int64)
        known = keys >= 0
        for name, codes in self.codes.items():
            keys *= len(codes)
            if name in names:
                code = pd.Index(codes).get_indexer(pd.Index(names[name]))
                known &= code >= 0
                keys += code
        at = np.minimum(np.searchsorted(self.keys, keys), len(self) - 1)
        return np.where(known & (self.keys[at] == keys), at, -1).astype(np.int64)

    def frame(self, cells: Integers) -> pd.DataFrame:
        """`measure` and a column for each dimension: what cells are called."""
        left = self.keys[cells]
        columns = {}
        for name, names in reversed(self.codes.items()):
            left, code = np.divmod(left, len(names))
            columns[name] = np.array(names, object)[code]
        columns["measure"] = np.array(self.measures, object)[left]
        return pd.DataFrame(dict(reversed(columns.items())))

    def name(self, cell: int) -> str:
        """What a cell is called in a sentence."""
        row = self.frame(np.array([cell])).iloc[0]
        parts = [f"{name}={row[name]}" for name in self.codes if row[name] != TOTAL]
        return f"{row['measure']} ({', '.join(parts) or TOTAL})"

    def _axes(self, grid: Mapping[str, tuple[str, ...]]) -> list[Integers]:
        """Positions of a grid's codes in each dimension."""
        return [
            pd.Index(names).get_indexer(pd.Index(grid.get(name, (TOTAL,)))).astype(np.int64)
            for name, names in self.codes.items()
        ]

    def _product(self, measure: str, axes: list[Integers]) -> Integers:
        """Keys of all cells of a grid, an axis for each dimension.

        Raises:
            UsageError: there are too many.
        """
        if np.prod([float(len(axis)) for axis in axes]) > MOST_CELLS:
            raise UsageError(
                f"The tables of {measure} constrain each other in more than {MOST_CELLS:,} cells. "
                "Publish fewer dimensions or codes at one time."
            )
        keys = np.full((1,) * len(axes), self.measures.index(measure), np.int64)
        for at, (axis, names) in enumerate(zip(axes, self.codes.values(), strict=True)):
            shape = [1] * len(axes)
            shape[at] = len(axis)
            keys = keys * len(names) + axis.reshape(shape)
        return keys

    def _nested(self, keys: Integers, wholes_of: dict[str, set[str]]) -> Integers:
        """Pairs of cells of which one is a part of the other's persons: `int64[pairs, 2]`."""
        size = reduce(lambda product, names: product * len(names), self.codes.values(), 1)
        measure, place = np.divmod(keys, size)
        pairs = [np.zeros((0, 2), np.int64)]
        for part, wholes in wholes_of.items():
            for whole in sorted(wholes):
                one, other = (
                    np.flatnonzero(measure == self.measures.index(m)) for m in (part, whole)
                )
                _, first, second = np.intersect1d(
                    place[one], place[other], assume_unique=True, return_indices=True
                )
                pairs.append(np.stack([one[first], other[second]], axis=1))
        return np.concatenate(pairs)


def _matrix(
    sums: dict[tuple[int, ...], int], keys: Integers
) -> tuple[sparse.csr_array, Integers, Integers]:
    """Sums, each a whole's key and those of its parts, as a matrix, their wholes and axes."""
    lengths = np.array([len(row) for row in sums], np.int64)
    flat = np.fromiter((key for row in sums for key in row), np.int64, int(lengths.sum()))
    columns = np.searchsorted(keys, flat)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    signs = np.full(len(flat), -1.0)
    signs[starts[:-1]] = 1.0
    matrix = sparse.csr_array((signs, columns, starts), shape=(len(sums), len(keys)))
    return matrix, columns[starts[:-1]], np.fromiter(sums.values(), np.int64, len(sums))
