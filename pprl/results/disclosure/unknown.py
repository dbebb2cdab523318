"""The numbers that an attacker does not have, and what ties them to those that it has."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint

from pprl.results.disclosure.system import Flags, Floats, Integers, System
from pprl.results.whole_programme import solution

WHOLE = 1e-6
_STEPS = 8


@dataclass(frozen=True, eq=False)
class Unknown:
    """A linear system in whole numbers: `low <= rows @ x <= high`, `lower <= x <= upper`.

    Attributes:
        cells: `int64[unknown]`, rising, which cells of the system these are.
        rows: `[rows, unknown]`, sparse; each has a number in it.
        low: `float64[rows]`, -inf where there is no limit.
        high: `float64[rows]`.
        lower: `float64[unknown]`.
        upper: `float64[unknown]`, inf where there is no limit.
    """

    cells: Integers
    rows: sparse.csr_array
    low: Floats
    high: Floats
    lower: Floats
    upper: Floats

    @classmethod
    def of(
        cls,
        system: System,
        count: Integers,
        known: Flags,
        lower: Floats,
        upper: Floats,
        ratios: sparse.csr_array | None = None,
    ) -> Unknown:
        """What is left of a system when known counts are moved to the right.

        Args:
            system: all cells.
            count: `int64[cells]`, used where it is known.
            known: `bool[cells]`.
            lower: `float64[cells]`, the least that each can be, used where it is not known.
            upper: the greatest.
            ratios: further rows, which are at most 0.

        Raises:
            ArithmeticError: known numbers alone contradict each other.
        """
        rows = system.rows if ratios is None else sparse.vstack([system.rows, ratios], format="csr")
        right = -(rows @ np.where(known, count, 0).astype(float))
        equal = np.arange(rows.shape[0]) < len(system.wholes)
        cells = np.flatnonzero(~known)
        part = rows[:, cells]
        live = np.diff(part.indptr) > 0
        off = np.where(equal, abs(right), -right) > WHOLE
        if (off & ~live).any():
            raise ArithmeticError("known numbers contradict each other")
        low = np.where(equal, right, -np.inf)
        return cls(cells, part[live], low[live], right[live], lower[cells], upper[cells])

    def __len__(self) -> int:
        """Numbers."""
        return len(self.cells)

    def block(self, at: int) -> Integers:
        """The numbers, rising, that have anything to do with one: `int64[k]`."""
        labels = self.blocks()
        return np.flatnonzero(labels == labels[at])

    def blocks(self) -> Integers:
        """Numbers of different blocks have nothing to do with each other: `int64[unknown]`."""
        touched = abs(self.rows)
        links = sparse.block_array([[None, touched.T], [touched, None]])
        labels: Integers = sparse.csgraph.connected_components(links, directed=False)[1]
        return labels[: len(self)]

    def only(self, chosen: Integers) -> Unknown:
        """Some numbers, rising, with the rows that they are in. No other may be in these."""
        rows = self.rows[:, chosen]
        live = np.flatnonzero(np.diff(rows.indptr) > 0)
        return self._cut_out(chosen, rows, live, np.zeros(len(live)))

    def around(self, chosen: Integers, x: Floats) -> Unknown:
        """Some numbers, rising, if all others are as in the solution `x`."""
        rows = self.rows[:, chosen]
        live = np.flatnonzero(np.diff(rows.indptr) > 0)
        others = x.copy()
        others[chosen] = 0
        return self._cut_out(chosen, rows, live, self.rows[live] @ others)

    def _cut_out(
        self, chosen: Integers, rows: sparse.csr_array, live: Integers, others: Floats
    ) -> Unknown:
        """Some numbers and rows, with what the others come to."""
        return Unknown(
            self.cells[chosen],
            rows[live],
            self.low[live] - others,
            self.high[live] - others,
            self.lower[chosen],
            self.upper[chosen],
        )

    def near(self, at: int, most: int) -> Integers:
        """Up to `most` numbers, rising, that are tied to one and to each other: `int64[k]`."""
        touched = abs(self.rows)
        chosen = np.zeros(len(self), bool)
        chosen[at] = True
        for step in range(1, _STEPS + 1):
            rows = (touched @ chosen.astype(float)) > 0
            tied = np.where(chosen, 0, (touched.T > 0) @ rows.astype(float))
            room = most * step // _STEPS - int(chosen.sum())
            best = np.argsort(-tied, kind="stable")[: max(0, room)]
            chosen[best[tied[best] > 0]] = True
        return np.flatnonzero(chosen)

    def solve(
        self, cost: Floats, whole: bool = True, gap: float = 0.0, again: bool = False
    ) -> Floats | None:
        """A solution of least cost; None if there is none: see `whole_programme.solution`."""
        rows = LinearConstraint(self.rows, self.low, self.high)
        bounds = Bounds(self.lower, self.upper)
        return solution(cost, rows, bounds, whole=whole, gap=gap, again=again)

    def extreme(self, at: int, sign: float, end: float) -> Floats:
        """A whole-numbered solution with the least (sign 1) or greatest (-1) of one number.

        Args:
            at: which.
            sign: 1 or -1.
            end: how little or how much is enough; it must not lie beyond all solutions.

        Raises:
            ArithmeticError: there is no solution.
        """
        cost, lower, upper = np.zeros(len(self)), self.lower.copy(), self.upper.copy()
        cost[at] = sign
        if sign > 0:
            lower[at] = max(lower[at], end)
        else:
            upper[at] = min(upper[at], end)
        one = replace(self, lower=lower, upper=upper)
        # Mostly the linear programme's solution is whole, and quicker to find.
        x = one.solve(cost, whole=False)
        if x is not None and one.fits(np.rint(x)):
            return np.rint(x)
        x = one.solve(cost, again=True)
        if x is None:
            raise ArithmeticError("there is no solution")
        return x

    def beyond(self, at: int, sign: float, end: float) -> Floats | None:
        """A whole-numbered solution with one number at most (sign 1) or at least (-1) an end.

        Returns:
            `float64[unknown]`, or None if none was found.
        """
        lower, upper = self.lower.copy(), self.upper.copy()
        if sign > 0:
            upper[at] = min(upper[at], end)
        else:
            lower[at] = max(lower[at], end)
        if lower[at] > upper[at]:
            return None
        x = replace(self, lower=lower, upper=upper).solve(np.zeros(len(self)))
        return x if x is not None and self.fits(x) else None

    def fits(self, x: Floats) -> bool:
        """Whether numbers `float64[unknowns]` are whole and a solution."""
        come_to = self.rows @ x
        return bool(
            (x == np.rint(x)).all()
            and (x >= self.lower).all()
            and (x <= self.upper).all()
            and (come_to >= self.low - WHOLE).all()
            and (come_to <= self.high + WHOLE).all()
        )
