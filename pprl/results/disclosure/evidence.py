"""What an attacker reads out of released files, before reckoning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pprl.errors import UsageError
from pprl.results.disclosure.rates import RATE, interval_of
from pprl.results.disclosure.system import Integers, System
from pprl.results.disclosure.tables import COUNT, HIDDEN, Release

Floats = NDArray[np.float64]
UNKNOWN = -1
ROUNDING = 1e-9
"""By how much an interval of a rate is widened, so that floats exclude no count that fits."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """One row of each array for each cell of a system.

    Attributes:
        count: `int64[cells]`, -1 where it is not told.
        hidden: which cells are told to be hidden, and not told elsewhere.
        lower: `float64[cells]`, the least that each can be.
        upper: the greatest; infinite where it has none.
        ratios: `[ratios, cells]`, sparse: each row times the counts is at most 0.
    """

    count: Integers
    hidden: NDArray[np.bool_]
    lower: Floats
    upper: Floats
    ratios: sparse.csr_array

    def need(self, cells: Integers, protection: int) -> Floats:
        """`float64[k]`: how wide the cells' intervals must be; no wider than what is known."""
        return np.minimum(float(protection), self.upper[cells] - self.lower[cells])


def evidence(system: System, releases: Sequence[Release], reasons: pd.DataFrame | None) -> Evidence:
    """Read releases.

    A zero is told wherever it says nothing of persons (see `pprl.results.disclosure.standing`). So
    a hidden count is at least 1 if it is no outcome, and everything that it is a part of is told.

    Raises:
        UsageError: two releases tell different counts of one cell.
    """
    count = np.full(len(system), UNKNOWN, np.int64)
    hidden = np.zeros(len(system), bool)
    for table in (table for release in releases for table in release.tables):
        cells, dark = system.find(table), table.counts[HIDDEN].to_numpy(bool)
        hidden[cells[dark]] = True
        cells, shown = cells[~dark], table.counts.loc[~dark, COUNT].to_numpy(np.int64)
        if ((count[cells] != UNKNOWN) & (count[cells] != shown)).any():
            raise UsageError(
                f"The table {table.name} tells a count that another table or release tells "
                "otherwise. Audit together only what was released of the same numbers."
            )
        count[cells] = shown
    hidden &= count == UNKNOWN
    smallest = max((release.smallest for release in releases), default=1)
    upper = np.full(len(system), np.inf)
    large = (count == 0) | (count >= smallest)
    if reasons is not None and len(reasons):
        cells, small = system.locate(reasons), reasons["small"].to_numpy(bool)
        upper[cells[small]] = smallest - 1
        large[cells[~small]] = True
    lower = np.where(hidden & ~_perhaps_zero(system, large), 1.0, 0.0)
    lower[hidden & large] = smallest
    return Evidence(count, hidden, lower, upper, _ratios(system, releases))


def _perhaps_zero(system: System, large: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which cells, if hidden, may be zero: outcomes, and parts of what may be small."""
    return system.parts(system.is_outcome | ~large[system.wholes])


def _ratios(system: System, releases: Sequence[Release]) -> sparse.csr_array:
    """What rounded rates say, two rows for each: it is not more, and not less.

    Raises:
        UsageError: a rate is of cells that no table has.
    """
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for rates in (rates for release in releases for rates in release.rates):
        shown = rates.rates[rates.rates[RATE] != ""]
        names = shown[[*rates.dimensions]].assign(measure=rates.measure)
        above = system.locate(names.assign(**{rates.outcome: rates.numerator}))
        below = system.locate(names)
        if (np.minimum(above, below) < 0).any():
            raise UsageError(f"The rates {rates.name} are of counts that no table of theirs has.")
        for text, part, whole in zip(shown[RATE], above.tolist(), below.tolist(), strict=True):
            low, high = interval_of(text)
            for sign, share in ((1.0, high + ROUNDING), (-1.0, low - ROUNDING)):
                at = len(rows) // 2
                rows += [at, at]
                columns += [part, whole]
                values += [sign, -sign * share]
    shape = (len(rows) // 2, len(system))
    return sparse.csr_array((np.array(values, float), (rows, columns)), shape=shape)
