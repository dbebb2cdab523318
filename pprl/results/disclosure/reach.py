"""How far an attacker's doubt about hidden numbers reaches, and what would widen it.

The attacker knows every number that is told, all sums, and of each hidden number whether it is
small. The least and greatest that a number can be are two linear programmes. Their dual solutions
say which cells would have to be hidden as well to widen the interval: the cuts of Fischetti and
Salazar (2001, Management Science 47(7)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from pprl.results.disclosure.standing import Flags, Standing
from pprl.results.disclosure.system import Integers, System

Floats = NDArray[np.float64]
TINY = 1e-7


@dataclass(frozen=True, eq=False)
class Cut:
    """What a number needs: the weights of the hidden cells must come to `need` if it is hidden.

    Attributes:
        cell: the number.
        cells: `int64[k]`, others, each of which may be told or hidden.
        weights: `float64[k]`, above 0.
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


class Reach:
    """The attacker's linear programmes, for one choice of what is hidden."""

    def __init__(
        self, system: System, count: Integers, limit: Limits, known: Flags, choosable: Flags
    ) -> None:
        """Set up what the attacker does not know.

        Args:
            system: all cells.
            count: `int64[cells]`, -1 where we know it neither.
            limit: what the attacker knows beforehand.
            known: which numbers it has.
            choosable: which of them might be hidden instead, or are and might be told.
        """
        self.count, self.limit, self.known, self.choosable = count, limit, known, choosable
        pairs = len(system.nested)
        signs, places = np.tile([1.0, -1.0], pairs), np.repeat(np.arange(pairs), 2)
        nested = sparse.csr_array(
            (signs, (places, system.nested.ravel())), shape=(pairs, len(system))
        )
        rows = sparse.vstack([system.sums, nested], format="csr")
        is_sum = np.arange(rows.shape[0]) < len(system.wholes)
        unknown = np.flatnonzero(~known)
        live = np.diff(rows[:, unknown].indptr) > 0
        self._rows, self._is_sum = rows[live], is_sum[live]
        part = self._rows[:, unknown]
        links = sparse.block_array([[None, abs(part).T], [abs(part), None]])
        _, label = sparse.csgraph.connected_components(links, directed=False)
        self._label = np.full(len(system), -1, np.int64)
        self._label[unknown] = label[: len(unknown)]
        self._row_label = label[len(unknown) :]
        self._ready: dict[int, _Programme] = {}

    def cut(self, cell: int) -> Cut | None:
        """What would widen the interval of an unknown number; None if it is wide enough.

        A cut without cells says that nothing can.
        """
        need = float(self.limit.need[cell])
        low, weights = self._extreme(cell, 1.0, np.inf)
        high, others = self._extreme(cell, -1.0, np.ceil(low - TINY) + need)
        if high - low >= need - TINY:
            return None
        weights += others
        # The width that the duals allow if the cell is hidden and no other is.
        alone = high - low - weights[self.choosable & ~self.known].sum() + weights[cell]
        left = need - alone
        weights[cell] = 0
        cells = np.flatnonzero(self.choosable & (weights > TINY))
        return Cut(cell, cells, np.minimum(weights[cells], left), left)

    def _extreme(self, cell: int, sign: float, most: float) -> tuple[float, Floats]:
        """The least (sign 1) or greatest (-1) that a number can be, but at most `most`.

        Returns:
            The number; and `float64[cells]`, by how much at most it would go beyond if the cell
            were hidden, or, of one that is hidden, by how much it went beyond for that.
        """
        label = int(self._label[cell])
        if label not in self._ready:
            rows = np.flatnonzero(self._row_label == label)
            columns = np.flatnonzero(self._label == label)
            self._ready[label] = self._programme(rows, columns)
        return self._ready[label].extreme(self, cell, sign, most)

    def _programme(self, rows: Integers, columns: Integers) -> _Programme:
        """The programme of some rows and unknown columns."""
        matrix = self._rows[rows]
        right = -(matrix @ np.where(self.known, self.count, 0))
        is_sum = self._is_sum[rows]
        part = matrix[:, columns]
        return _Programme(columns, matrix.tocsc(), part, right, is_sum)


@dataclass(frozen=True, eq=False)
class _Programme:
    """Rows that tie unknown numbers to each other.

    Attributes:
        columns: the unknown numbers.
        whole: the rows with all cells' columns.
        part: the rows with the unknown columns.
        right: what the unknown numbers must come to, or (nested rows) may at most.
        is_sum: which rows are sums.
    """

    columns: Integers
    whole: sparse.csc_array
    part: sparse.csr_array
    right: Floats
    is_sum: Flags

    def extreme(self, reach: Reach, cell: int, sign: float, most: float) -> tuple[float, Floats]:
        """See `Reach._extreme`."""
        at = int(np.searchsorted(self.columns, cell))
        cost = np.zeros(len(self.columns))
        cost[at] = sign
        lower = reach.limit.lower[self.columns]
        upper = reach.limit.upper[self.columns].copy()
        upper[at] = min(upper[at], most)
        solved = linprog(
            cost,
            A_eq=self.part[self.is_sum] if self.is_sum.any() else None,
            b_eq=self.right[self.is_sum] if self.is_sum.any() else None,
            A_ub=self.part[~self.is_sum] if not self.is_sum.all() else None,
            b_ub=self.right[~self.is_sum] if not self.is_sum.all() else None,
            bounds=np.stack([lower, upper], axis=1),
            method="highs",
        )
        if solved.status != 0:
            raise ArithmeticError(solved.message)
        dual = np.zeros(len(self.right))
        dual[self.is_sum] = solved.eqlin.marginals
        dual[~self.is_sum] = solved.ineqlin.marginals
        slope = -(self.whole.T @ dual)
        slope[cell] += sign
        slope[abs(slope) < TINY] = 0
        limit, count = reach.limit, reach.count
        with np.errstate(invalid="ignore"):
            beyond = np.where(
                slope > 0,
                slope * (count - limit.lower),
                np.where(slope < 0, -slope * (limit.upper - count), 0.0),
            )
        beyond[~reach.choosable] = 0
        return float(solved.x[at]), beyond
