"""The attacker: what can be worked out of hidden counts from everything that was released.

It has the files and nothing else. It sets up one linear system of all numbers that were told, in
all releases together, and looks for the least and the greatest whole number that each hidden count
can be. It shares with `protect` how the system is set up, and nothing of how cells are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from pprl.errors import UsageError
from pprl.progress import Progress, tracked
from pprl.results.disclosure.evidence import Evidence, evidence
from pprl.results.disclosure.system import Integers, System
from pprl.results.disclosure.tables import Release

Floats = NDArray[np.float64]
ENOUGH = 1e8
"""More persons than any count has: a number that can be as many has no upper bound."""
WHOLE = 1e-6
ROUNDS = 40
ROOM = 1000


def attack(
    releases: Sequence[Release],
    *,
    protection: int | None = None,
    reasons: pd.DataFrame | None = None,
    exact: bool = True,
    progress: Progress = False,
) -> pd.DataFrame:
    """Find what every hidden count can be.

    Args:
        releases: everything that was released, in any order.
        protection: a count is at risk if its interval is less wide; by default what the releases
            say, the least of it.
        reasons: `measure`, the dimensions, `small`: what the attacker is told of hidden counts
            beside; it knows nothing of those that are not in it.
        exact: whether every bound is to be exact. Otherwise those of counts that are not at risk
            may lie further out, which is much faster.
        progress: whether to show a bar, or a function to tell.

    Returns:
        A row for each hidden cell: `measure`, a column for each dimension, `lower` and `upper`
        (Int64; missing if there is none), `at_risk`; in order of measure and codes.

    Raises:
        UsageError: what was released contradicts itself.
    """
    system = System.of(releases)
    found = evidence(system, releases, reasons)
    least = min((r.protection for r in releases), default=0) if protection is None else protection
    sought = np.flatnonzero(found.hidden)
    told = system.frame(sought)
    lower, upper = _intervals(_Unknown.of(system, found), sought, found, least, exact, progress)
    told["lower"] = pd.array(lower.astype(np.int64), "Int64")
    told["upper"] = pd.array(np.where(upper < ENOUGH, upper, -1).astype(np.int64), "Int64")
    told["upper"] = told["upper"].mask(upper >= ENOUGH)
    told["at_risk"] = upper - lower < found.need(sought, least)
    return told


@dataclass(frozen=True, eq=False)
class _Unknown:
    """The system without the numbers that were told.

    Attributes:
        columns: `int64[unknown]`, the cells.
        rows: `[rows, unknown]`, sparse.
        low: `float64[rows]`, what each row comes to at least.
        high: at most.
        lower: `float64[unknown]`, the least of each number before looking at rows.
        upper: the greatest.
        block: `int64[unknown]`; numbers of different blocks have nothing to do with each other.
        row_block: `int64[rows]`.
    """

    columns: Integers
    rows: sparse.csr_array
    low: Floats
    high: Floats
    lower: Floats
    upper: Floats
    block: Integers
    row_block: Integers

    @classmethod
    def of(cls, system: System, found: Evidence) -> _Unknown:
        """Move what is known to the right-hand side.

        Raises:
            UsageError: known numbers alone contradict each other.
        """
        pairs = len(system.nested)
        nested = sparse.csr_array(
            (
                np.tile([1.0, -1.0], pairs),
                (np.repeat(np.arange(pairs), 2), system.nested.ravel()),
            ),
            shape=(pairs, len(system)),
        )
        every = sparse.vstack([system.sums, nested, found.ratios], format="csr")
        equal = np.arange(every.shape[0]) < system.sums.shape[0]
        known = found.count >= 0
        columns = np.flatnonzero(~known)
        right = -(every @ np.where(known, found.count, 0))
        rows = every[:, columns]
        live = np.diff(rows.indptr) > 0
        wrong = ~live & np.where(equal, abs(right) > WHOLE, right < -WHOLE)
        if wrong.any():
            raise UsageError(
                "The releases contradict each other: a sum or a rate that they tell does not come "
                "out. Audit together only what was released of the same numbers."
            )
        rows = rows[live]
        links = sparse.block_array([[None, abs(rows).T], [abs(rows), None]])
        _, block = sparse.csgraph.connected_components(links, directed=False)
        return cls(
            columns,
            rows,
            np.where(equal, right, -np.inf)[live],
            right[live],
            found.lower[columns],
            found.upper[columns],
            block[: len(columns)],
            block[len(columns) :],
        )

    def of_block(self, block: int) -> _Unknown:
        """One block by itself."""
        chosen, rows = np.flatnonzero(self.block == block), np.flatnonzero(self.row_block == block)
        return _Unknown(
            self.columns[chosen],
            self.rows[rows][:, chosen],
            self.low[rows],
            self.high[rows],
            self.lower[chosen],
            self.upper[chosen],
            self.block[chosen],
            self.row_block[rows],
        )

    def solve(self, cost: Floats, upper: Floats) -> Floats:
        """A whole-numbered solution of least cost.

        Raises:
            UsageError: there is none.
        """
        for whole in (0, 1):
            solved = milp(
                cost,
                integrality=np.full(len(cost), whole),
                bounds=Bounds(self.lower, np.minimum(self.upper, upper)),
                constraints=LinearConstraint(self.rows, self.low, self.high),
                options={"mip_rel_gap": 0.0},
            )
            if solved.x is None:
                raise UsageError(
                    "The releases contradict each other: no counts fit all that they tell. Audit "
                    "together only what was released of the same numbers."
                )
            if (abs(solved.x - np.rint(solved.x)) < WHOLE).all():
                break
        rounded: Floats = np.rint(solved.x)
        return rounded


def _intervals(
    unknown: _Unknown,
    sought: Integers,
    found: Evidence,
    protection: int,
    exact: bool,
    progress: Progress,
) -> tuple[Floats, Floats]:
    """The least and greatest of each sought cell, up to `ENOUGH`."""
    lower, upper = np.zeros(len(sought)), np.full(len(sought), ENOUGH)
    block_of = unknown.block[np.searchsorted(unknown.columns, sought)]
    need = found.need(sought, protection)
    blocks = [
        (int(block), np.flatnonzero(block_of == block)) for block in np.unique(block_of).tolist()
    ]
    steps = [(block, part) for block, rows in blocks for part in np.array_split(rows, len(rows))]
    ready: dict[int, tuple[_Unknown, Floats, Floats]] = {}
    for block, part in tracked(steps, "attacking", progress):
        if block not in ready:
            one = unknown.of_block(block)
            ready = {block: (one, *_seen(one, found, protection, exact))}
        one, least, most = ready[block]
        for row in part.tolist():
            at = int(np.searchsorted(one.columns, sought[row]))
            if most[at] - least[at] < need[row] or exact:
                least[at], most[at] = _extremes(one, at, exact, need[row])
            lower[row], upper[row] = least[at], most[at]
    return lower, upper


def _extremes(one: _Unknown, at: int, exact: bool, need: float) -> tuple[float, float]:
    """The least and greatest of a number; if not exact, no further than it needs."""
    cost, cap = np.zeros(len(one.columns)), np.full(len(one.columns), np.inf)
    cost[at] = 1.0
    least = float(one.solve(cost, cap)[at])
    cost[at] = -1.0
    cap[at] = ENOUGH if exact else least + need
    most = float(one.solve(cost, cap)[at])
    return least, most


def _seen(one: _Unknown, found: Evidence, protection: int, exact: bool) -> tuple[Floats, Floats]:
    """The least and greatest of each number in some solutions, the same in each run."""
    least, most = np.full(len(one.columns), np.inf), np.full(len(one.columns), -np.inf)
    if exact:
        return least, most
    rng = np.random.default_rng(0)
    need, cap = found.need(one.columns, protection), one.lower + ROOM
    for _ in range(ROUNDS):
        narrow = ~(most - least >= need) & found.hidden[one.columns]
        if narrow.sum() < ROUNDS // 4:
            break
        cost = np.where(narrow, rng.choice([-1.0, 1.0], len(narrow)), 0.0)
        solution = one.solve(cost, cap)
        least, most = np.minimum(least, solution), np.maximum(most, solution)
    return least, most
