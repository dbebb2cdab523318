"""Programmes in whole numbers, solved by HiGHS (Huangfu and Hall, Math. Prog. Comp. 10, 2018)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp


def solution(
    cost: NDArray[np.float64],
    constraints: LinearConstraint,
    bounds: Bounds,
    *,
    whole: bool = True,
    gap: float = 0.0,
    again: bool = True,
) -> NDArray[np.float64] | None:
    """A solution of least cost, `float64[n]`; None if there is none.

    Args:
        cost: `float64[n]`.
        constraints: the rows.
        bounds: of each number.
        whole: whether in whole numbers.
        gap: by which share the cost may be above the least.
        again: whether to look again before it is said that there is none. HiGHS's presolve calls
            some programmes infeasible that have solutions; without it they are found, more slowly.
    """
    for presolve in (True, False) if again else (True,):
        solved = milp(
            cost,
            integrality=np.full(len(cost), int(whole)),
            bounds=bounds,
            constraints=constraints,
            options={"mip_rel_gap": gap, "presolve": presolve},
        )
        if solved.x is not None:
            x: NDArray[np.float64] = np.rint(solved.x) if whole else solved.x
            return x
    return None
