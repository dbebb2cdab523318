"""The cheapest choice of cells that keeps all cuts, as an integer programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from pprl.results.disclosure.reach import Cut
from pprl.results.disclosure.system import Flags, Floats, Integers

NODES = 5000
FEW = 250
"""With more cells to choose from than this, a choice need not be the best: so near, and no more
nodes than one."""
GAP = 0.02
_TINY = 1e-7


@dataclass(frozen=True, eq=False)
class Cover:
    """A choice.

    Attributes:
        hidden: `bool[cells]`.
        least: how many cells every choice that keeps the cuts hides at least.
        failed: `bool[cells]`, required cells for which no choice keeps the cuts.
    """

    hidden: Flags
    least: int
    failed: Flags


def cover(
    cuts: Sequence[Cut], forced: Flags, required: Flags, choosable: Flags, cost: Floats
) -> Cover:
    """Choose the cells to hide.

    Args:
        cuts: what hidden cells need.
        forced: `bool[cells]`, hidden in any case.
        required: `bool[cells]`, what need shelter in any case: `forced`, and cells that no table
            tells.
        choosable: `bool[cells]`, which cells may be hidden.
        cost: `float64[cells]`, 1 and parts of it that come to less than half in all.
    """
    failed = np.zeros(len(forced), bool)
    # A cell that nothing can shelter is not chosen, and so shelters none, unless it is forced.
    while True:
        usable = forced | (choosable & ~failed)
        lacking = [c.cell for c in cuts if c.weights[usable[c.cells]].sum() < c.need - _TINY]
        if failed[lacking].all():
            break
        failed[lacking] = True
    free = np.flatnonzero(usable & ~forced)
    programme = _rows([cut for cut in cuts if not failed[cut.cell]], forced, required, free)
    if programme is None:
        return Cover(forced.copy(), int(forced.sum()), failed & required)
    matrix, right = programme
    solved = milp(
        cost[free],
        integrality=np.ones(len(free)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, right - _TINY, np.inf),
        options={
            "mip_rel_gap": 0.0 if len(free) <= FEW else GAP,
            "node_limit": NODES if len(free) <= FEW else 1,
        },
    )
    hidden = forced.copy()
    hidden[free[solved.x > 0.5] if solved.x is not None else free] = True
    least = int(np.ceil((solved.mip_dual_bound or 0.0) - 0.5))
    return Cover(hidden, int(forced.sum()) + max(0, least), failed & required)


def _rows(
    cuts: Sequence[Cut], forced: Flags, required: Flags, free: Integers
) -> tuple[sparse.csr_array, Floats] | None:
    """The cuts as rows over the free cells, each at least its right side; None if all are kept."""
    column = np.full(len(forced), -1, np.int64)
    column[free] = np.arange(len(free))
    rows: list[Integers] = []
    columns: list[Integers] = []
    values: list[Floats] = []
    right: list[float] = []
    for cut in cuts:
        need = cut.need - float(cut.weights[forced[cut.cells]].sum())
        own = column[[cut.cell]]
        if need <= _TINY or (own[0] < 0 and not required[cut.cell]):
            continue
        open_ = column[cut.cells] >= 0
        optional = bool(own[0] >= 0 and not required[cut.cell])
        row = np.concatenate([column[cut.cells[open_]], own[:optional]])
        rows.append(np.full(len(row), len(right)))
        columns.append(row)
        values.append(np.append(np.minimum(cut.weights[open_], need), [-need][:optional]))
        right.append(0.0 if optional else need)
    if not right:
        return None
    place = (np.concatenate(rows), np.concatenate(columns))
    shape = (len(right), len(free))
    return sparse.csr_array((np.concatenate(values), place), shape=shape), np.array(right)
