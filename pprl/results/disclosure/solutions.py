"""Whole-numbered solutions far apart: proof that a hidden number is in doubt.

Two solutions in which a number differs by as much as is needed prove that nobody can place it more
closely, whatever the programme that they were found with. They are looked for nearby: all numbers
but some that are tied to each other stay as they are in a solution at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pprl.progress import Progress, tracked
from pprl.results.disclosure.system import Flags, Floats, Integers
from pprl.results.disclosure.unknown import Unknown

NEARBY = (300, 600)
"""How many numbers are moved at once, turn by turn: few first, which is quick and mostly enough."""
WEIGHT = 5.0
"""How much more the number that is looked at counts than those that move along."""
SEED = 1
_GAP = 0.3


@dataclass(frozen=True, eq=False)
class Spread:
    """The least and greatest that was seen of each number: `float64[unknown]` each."""

    least: Floats
    most: Floats

    @classmethod
    def of(cls, x: Floats) -> Spread:
        """What is seen in one solution."""
        return cls(x.copy(), x.copy())

    def narrow(self, need: Floats) -> Flags:
        """Which numbers have not been seen to differ by what they need."""
        return self.most - self.least < need

    def see(self, cells: Integers | slice, x: Floats) -> None:
        """Take in a solution of some numbers, the others being as they were in one seen before."""
        self.least[cells] = np.fmin(self.least[cells], x)
        self.most[cells] = np.fmax(self.most[cells], x)


def widen(
    unknown: Unknown, x: Floats, spread: Spread, need: Floats, sought: Flags, progress: Progress
) -> None:
    """Look for solutions in which sought numbers differ by what they need.

    Args:
        unknown: the system.
        x: `float64[unknown]`, a solution.
        spread: what was seen so far; what is found is added.
        need: `float64[unknown]`.
        sought: `bool[unknown]`.
        progress: whether to show a bar, or a function to tell.
    """
    rng = np.random.default_rng(SEED)
    x = x.copy()
    for turn, most in enumerate(NEARBY, 1):
        left = np.flatnonzero(sought & spread.narrow(need))
        for at in tracked(left.tolist(), f"looking for doubt, turn {turn}", progress):
            if spread.most[at] - spread.least[at] >= need[at]:
                continue
            chosen = unknown.near(at, most)
            # Where there is more room, one step may be enough.
            up = unknown.upper[at] - x[at] > x[at] - unknown.lower[at]
            for sign in (-1.0, 1.0) if up else (1.0, -1.0):
                if spread.most[at] - spread.least[at] >= need[at]:
                    break
                # Others that are narrow move along, either way.
                narrow = (sought & spread.narrow(need))[chosen]
                cost = np.where(narrow, rng.choice([-1.0, 1.0], len(chosen)), 0.0)
                cost[np.searchsorted(chosen, at)] = sign * WEIGHT
                found = _step(unknown.around(chosen, x), cost, x[chosen], need[chosen])
                if found is not None:
                    spread.see(chosen, found)
                    x[chosen] = found


def _step(near: Unknown, cost: Floats, x: Floats, step: Floats) -> Floats | None:
    """A solution of little cost that is not further away than a step; None if none was found."""
    lower, upper = np.maximum(near.lower, x - step), np.minimum(near.upper, x + step)
    found = replace(near, lower=lower, upper=upper).solve(cost, gap=_GAP)
    return found if found is not None and near.fits(found) else None
