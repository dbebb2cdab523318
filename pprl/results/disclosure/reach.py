"""How far an attacker's doubt about a hidden number reaches, and what would widen it.

The attacker knows every number that is told, all sums, and of each hidden number whether it is
small. The least and greatest that a number can be are two linear programmes. Their dual solutions
say which cells would have to be hidden as well to widen the interval: the cuts of Fischetti and
Salazar (2001, Management Science 47(7)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from pprl.results.disclosure.standing import Standing
from pprl.results.disclosure.system import Flags, Floats, Integers, System

TINY = 1e-7
CLOSE = 300
"""Beyond so many rows, all are taken."""


@dataclass(frozen=True, eq=False)
class Cut:
    """What a number needs if it is hidden: hidden cells whose weights come to `need`.

    Attributes:
        cell: the number.
        cells: `int64[k]`, others that may be hidden or are.
        weights: `float64[k]`, above 0, none above `need`.
        need: above 0.
    """

    cell: int
    cells: Integers
    weights: Floats
    need: float


@dataclass(frozen=True, eq=False)
class Limits:
    """What an attacker knows of each number if it is hidden.

    Attributes:
        lower: `float64[cells]`.
        upper: `float64[cells]`, infinite where it knows none.
        need: `float64[cells]`, the width that its interval must have at least.
    """

    lower: Floats
    upper: Floats
    need: Floats


def limits(system: System, stand: Standing, protection: int, reasons_known: bool) -> Limits:
    """What an attacker knows beforehand.

    Args:
        system: all cells.
        stand: how they stand.
        protection: the width that intervals are to have.
        reasons_known: whether the attacker is told which hidden cells are small.
    """
    lower = stand.lower.astype(float)
    upper = np.full(len(system), np.inf)
    need = np.full(len(system), float(protection))
    if reasons_known:
        large = stand.told & (stand.count >= stand.smallest)
        small = stand.told & stand.small
        lower = np.where(large, float(stand.smallest), lower)
        upper = np.where(small, stand.smallest - 1.0, upper)
        need = np.where(small, np.minimum(need, upper - lower), need)
    return Limits(lower, upper, need)


@dataclass(frozen=True, eq=False)
class Reach:
    """The attacker's linear programmes, for one choice of what is hidden.

    Attributes:
        system: all cells.
        count: `int64[cells]`, -1 where we know it neither.
        limit: what the attacker knows beforehand.
        known: `bool[cells]`, which numbers it has.
        choosable: of which it is for us to choose whether it has them.
    """

    system: System
    count: Integers
    limit: Limits
    known: Flags
    choosable: Flags

    def cut(self, cell: int) -> Cut | None:
        """What would widen the interval of an unknown number; None if it is wide enough.

        Rows close by are tried first: what they forbid, all rows together forbid. A cut without
        cells says that nothing would widen it.
        """
        rows = self._tied(np.array([cell]))
        while True:
            wider = self._tied(self._unknown_in(rows))
            if found := self._cut_by(cell, wider):
                return found
            if len(wider) == len(rows):
                return None
            rows = wider if len(wider) < CLOSE else self._block(wider)

    def _block(self, rows: Integers) -> Integers:
        """All rows that have anything to do with some."""
        while len(wider := self._tied(self._unknown_in(rows))) > len(rows):
            rows = wider
        return rows

    def _tied(self, cells: Integers) -> Integers:
        """The rows that some cells are in."""
        return np.unique(self.system.columns[:, cells].indices).astype(np.int64)

    def _unknown_in(self, rows: Integers) -> Integers:
        """The unknown cells of some rows."""
        cells = np.unique(self.system.rows[rows].indices).astype(np.int64)
        return cells[~self.known[cells]]

    def _cut_by(self, cell: int, rows: Integers) -> Cut | None:
        """The cut by some rows, leaving all others out of account."""
        need = float(self.limit.need[cell])
        low, weights = self._extreme(cell, rows, 1.0, np.inf)
        most = np.ceil(low - TINY) + need
        high, others = self._extreme(cell, rows, -1.0, most)
        if high >= most - TINY:
            return None
        weights += others
        # The width that the duals allow if the cell is hidden and no other is.
        alone = high - low - weights[self.choosable & ~self.known].sum() + weights[cell]
        left = need - alone
        weights[cell] = 0
        cells = np.flatnonzero(weights > TINY)
        return Cut(cell, cells, np.minimum(weights[cells], left), left)

    def _extreme(self, cell: int, rows: Integers, sign: float, most: float) -> tuple[float, Floats]:
        """The least (sign 1) or greatest (-1) that a number can be by some rows, up to `most`.

        Returns:
            The number; and `float64[cells]`, by how much at most it would go beyond if a cell were
            hidden, or, if it is hidden, by how much it went beyond for that.
        """
        columns = self._unknown_in(rows)
        matrix = self.system.rows[rows]
        is_sum = rows < len(self.system.wholes)
        part = matrix[:, columns]
        right = -(matrix @ np.where(self.known, self.count, 0).astype(float))
        at = int(np.searchsorted(columns, cell))
        cost = np.zeros(len(columns))
        cost[at] = sign
        lower, upper = self.limit.lower[columns], self.limit.upper[columns].copy()
        upper[at] = min(upper[at], most)
        solved = linprog(
            cost,
            A_eq=part[is_sum],
            b_eq=right[is_sum],
            A_ub=part[~is_sum],
            b_ub=right[~is_sum],
            bounds=np.stack([lower, upper], axis=1),
            method="highs",
        )
        if solved.status != 0:
            raise ArithmeticError(solved.message)
        dual = np.zeros(len(rows))
        dual[is_sum] = solved.eqlin.marginals
        dual[~is_sum] = solved.ineqlin.marginals
        slope = -(matrix.T @ dual)
        slope[cell] += sign
        slope[(abs(slope) < TINY) | ~self.choosable] = 0
        beyond = np.zeros(len(slope))
        rising, falling = np.flatnonzero(slope > 0), np.flatnonzero(slope < 0)
        beyond[rising] = slope[rising] * (self.count - self.limit.lower)[rising]
        beyond[falling] = -slope[falling] * (self.limit.upper - self.count)[falling]
        return float(solved.x[at]), beyond
