"""The attacker: what can be worked out of hidden counts from everything that was released.

It has the files and nothing else. It sets up one linear system of all numbers that were told, in
all releases together, and looks for the least and the greatest whole number that each hidden count
can be. It shares with `protect` how the system is set up, and nothing of how cells are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pprl.errors import UsageError
from pprl.progress import Progress, tracked
from pprl.results.disclosure.evidence import evidence
from pprl.results.disclosure.solutions import Spread, widen
from pprl.results.disclosure.system import Flags, Floats, System
from pprl.results.disclosure.tables import Release, check_tables
from pprl.results.disclosure.unknown import Unknown

ENOUGH = 1e8
"""More persons than any count has: a number that can be as many has no upper bound."""
_CONTRADICTION = (
    "The releases contradict each other: no counts fit all that they tell. Audit together only "
    "what was released of the same numbers."
)


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
            say, the greatest of it.
        reasons: `measure`, the dimensions, `small`: what the attacker is told of hidden counts
            beside; it knows nothing of those that are not in it.
        exact: whether every bound is to be exact. Otherwise those of counts that are not at risk
            may lie further out, which is faster by far.
        progress: whether to show a bar, or a function to tell.

    Returns:
        A row for each hidden cell: `measure`, a column for each dimension, `lower` and `upper`
        (Int64; missing if there is none), `at_risk`; in order of measure and codes.

    Raises:
        UsageError: tables are not what they should be, or what was released contradicts itself.
    """
    for release in releases:
        check_tables(release.tables, release.dimensions)
    system = System.of(releases)
    found = evidence(system, releases, reasons)
    least = max((r.protection for r in releases), default=0) if protection is None else protection
    try:
        unknown = Unknown.of(
            system, found.count, found.count >= 0, found.lower, found.upper, found.ratios
        )
    except ArithmeticError:
        raise UsageError(_CONTRADICTION) from None
    need = found.need(unknown.cells, least)
    spread = _intervals(unknown, found.hidden[unknown.cells], need, exact, progress)
    sought = found.hidden[unknown.cells]
    told = system.frame(unknown.cells[sought])
    told["lower"] = pd.array(spread.least[sought].astype(np.int64), "Int64")
    most = spread.most[sought]
    told["upper"] = pd.array(most.astype(np.int64), "Int64")
    told["upper"] = told["upper"].mask(most >= ENOUGH)
    told["at_risk"] = spread.narrow(need)[sought]
    return told


def _intervals(
    unknown: Unknown, sought: Flags, need: Floats, exact: bool, progress: Progress
) -> Spread:
    """The least and greatest that each sought number can be, up to `ENOUGH`.

    Raises:
        UsageError: no numbers fit.
    """
    labels = unknown.blocks()
    spread = Spread.of(np.zeros(len(unknown)))
    for label in np.unique(labels).tolist():
        block = np.flatnonzero(labels == label)
        one, wanted = unknown.only(block), sought[block]
        start = one.solve(np.zeros(len(one)), again=True)
        if start is None or not one.fits(start):
            raise UsageError(_CONTRADICTION)
        seen = Spread.of(start)
        if not exact:
            widen(one, start, seen, need[block], wanted, progress)
        left = np.flatnonzero(wanted if exact else wanted & seen.narrow(need[block]))
        for at in tracked(left.tolist(), "working out counts", progress):
            far = ENOUGH if exact else need[block[at]]
            seen.see(slice(None), one.extreme(at, 1.0, seen.most[at] - far))
            seen.see(slice(None), one.extreme(at, -1.0, min(ENOUGH, seen.least[at] + far)))
        spread.least[block], spread.most[block] = seen.least, seen.most
    return spread
