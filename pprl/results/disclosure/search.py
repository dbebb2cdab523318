"""Which cells to hide: the fewest, and among equally few those with the smallest sum of counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from pprl.progress import Progress
from pprl.results.disclosure.lines import line_cuts
from pprl.results.disclosure.reach import Cut, Limits, Reach
from pprl.results.disclosure.standing import Flags, Standing
from pprl.results.disclosure.system import Integers, System


@dataclass(frozen=True, eq=False)
class Found:
    """What was chosen.

    Attributes:
        hidden: `bool[cells]`, among those of this release.
        unprotectable: cells that no choice keeps in doubt.
        is_optimal: whether no choice hides fewer cells.
    """

    hidden: Flags
    unprotectable: Integers
    is_optimal: bool


def search(system: System, stand: Standing, limit: Limits, progress: Progress) -> Found:
    """Choose the cells to hide."""
    forced = stand.told & (stand.small | stand.kept) & ~stand.settled
    choosable = stand.told & ~stand.settled & (stand.count >= 0)
    implied = ~stand.told & (stand.small | stand.kept) & ~stand.settled
    hopeless: set[int] = set()
    in_need = np.flatnonzero(forced | implied)
    cuts = list(line_cuts(system, stand, limit, in_need, choosable))
    hidden = forced
    while True:
        cuts, hidden = _cover(cuts, forced, choosable, stand, hopeless)
        known = stand.settled | (stand.told & ~hidden)
        reach = Reach(system, stand.count, limit, known, choosable)
        fresh = []
        for cell in np.flatnonzero((hidden | implied) & ~known):
            if int(cell) not in hopeless and (cut := reach.cut(int(cell))):
                fresh.append(cut)
        if not fresh:
            return Found(hidden, np.array(sorted(hopeless), np.int64), True)
        cuts += fresh


def _cover(
    cuts: list[Cut], forced: Flags, choosable: Flags, stand: Standing, hopeless: set[int]
) -> tuple[list[Cut], Flags]:
    """The cheapest choice that keeps all cuts; drops the cuts of cells that none can keep."""
    for cut in cuts:
        if cut.weights.sum() < cut.need - 1e-6:
            hopeless.add(cut.cell)
    cuts = [cut for cut in cuts if cut.cell not in hopeless]
    free = np.flatnonzero(choosable & ~forced)
    column = np.full(len(forced), -1)
    column[free] = np.arange(len(free))
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    right: list[float] = []
    for cut in cuts:
        need = cut.need - cut.weights[forced[cut.cells]].sum()
        open_ = ~forced[cut.cells]
        if need <= 1e-9:
            continue
        row = len(right)
        rows += [row] * int(open_.sum())
        columns += column[cut.cells[open_]].tolist()
        values += np.minimum(cut.weights[open_], need).tolist()
        if column[cut.cell] >= 0:
            rows.append(row)
            columns.append(int(column[cut.cell]))
            values.append(-need)
            need = 0.0
        right.append(need)
    hidden = forced.copy()
    if right:
        count = np.maximum(stand.count[free], 0)
        cost = 1 + 0.5 * count / max(1, count.sum())
        matrix = sparse.csr_array((values, (rows, columns)), shape=(len(right), len(free)))
        solved = milp(
            cost,
            integrality=np.ones(len(free)),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, np.array(right) - 1e-7, np.inf),
            options={"mip_rel_gap": 0.0},
        )
        hidden[free[solved.x > 0.5]] = True
    return cuts, hidden
