"""Which cells to hide: the fewest, and among equally few those with the smallest sum of counts.

The classical cell suppression problem by cutting planes (Fischetti and Salazar 2001): choose the
cheapest cells that keep all cuts known so far, attack the choice, add a cut for every number that
is not in doubt, and choose again. The first choices are best, and prove how few cells any choice
hides. If they do not end soon, what was chosen stays chosen, and only more is hidden until nothing
is in reach of the attacker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pprl.errors import UsageError
from pprl.progress import Progress, tracked
from pprl.results.disclosure.cover import FEW, cover
from pprl.results.disclosure.lines import line_cuts
from pprl.results.disclosure.reach import Cut, Limits, Reach
from pprl.results.disclosure.solutions import Spread, widen
from pprl.results.disclosure.standing import Standing
from pprl.results.disclosure.system import Flags, Floats, Integers, System
from pprl.results.disclosure.unknown import Unknown

ROUNDS = 40
"""After so many attacks what was chosen stays chosen; if there is much to choose from, after three
choices."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was chosen.

    Attributes:
        hidden: `bool[cells]`, among those of this release.
        unprotectable: `int64[k]`, cells that no choice keeps in doubt.
        least: how many cells every choice that keeps all others in doubt hides at least.
    """

    hidden: Flags
    unprotectable: Integers
    least: int


def search(system: System, stand: Standing, limit: Limits, progress: Progress) -> Found:
    """Choose the cells to hide.

    Args:
        system: all cells.
        stand: how they stand.
        limit: what the attacker knows beforehand.
        progress: whether to show a bar, or a function to tell.
    """
    choosable = stand.told & ~stand.settled
    forced = choosable & (stand.small | stand.kept)
    # What no table of this release tells, and is small or was hidden before, needs shelter too.
    unseen = ~stand.told & ~stand.settled & (stand.small | stand.kept)
    required = forced | unseen
    weight = np.where(choosable, stand.count, 0)
    cost = 1 + 0.4 * weight / max(1, int(weight.sum()))
    cuts = list(line_cuts(system, stand, limit, np.flatnonzero(required), choosable))
    failed, least = np.zeros(len(system), bool), 0
    few = (choosable & ~forced).sum() <= FEW
    rounds = ROUNDS if few else 3
    seen = Spread.of(np.full(len(system), np.nan))
    while True:
        chosen = cover(cuts, forced, required, choosable, cost)
        failed |= chosen.failed
        sought = (chosen.hidden | unseen) & ~failed
        if rounds > 0:
            least = max(least, chosen.least)
            seen = Spread.of(np.full(len(system), np.nan))
        else:
            forced, required = forced | chosen.hidden, required | chosen.hidden
        lines = line_cuts(system, stand, limit, np.flatnonzero(sought), choosable, chosen.hidden)
        fresh = list(lines)
        rounds -= not (few and fresh)
        if fresh:
            cuts += fresh
            continue
        fresh = _attacked(system, stand, limit, chosen.hidden, choosable, sought, seen, progress)
        if not fresh:
            return Found(chosen.hidden, np.flatnonzero(failed), least)
        cuts += fresh


def _attacked(
    system: System,
    stand: Standing,
    limit: Limits,
    hidden: Flags,
    choosable: Flags,
    sought: Flags,
    seen: Spread,
    progress: Progress,
) -> list[Cut]:
    """A cut for each sought number that the attacker can place too closely.

    A number is wide enough if two solutions in whole numbers prove it. Where the linear programmes
    leave more room than whole numbers do, the cut is that something close by must be hidden.
    """
    known = stand.settled | (stand.told & ~hidden)
    unknown = Unknown.of(system, stand.count, known, limit.lower, limit.upper)
    need, wanted = limit.need[unknown.cells], sought[unknown.cells]
    x = _truth(unknown, stand)
    spread = Spread.of(x)
    # What was seen when less was hidden can still be.
    spread.see(slice(None), seen.least[unknown.cells])
    spread.see(slice(None), seen.most[unknown.cells])
    widen(unknown, x, spread, need, wanted, progress)
    left = np.flatnonzero(wanted & spread.narrow(need))
    reach = Reach(system, stand.count, limit, known, choosable)
    fresh = []
    for at in tracked(left.tolist(), "attacking", progress):
        if spread.most[at] - spread.least[at] >= need[at]:
            continue
        try:
            cut = reach.cut(int(unknown.cells[at]))
        except ArithmeticError:
            # A programme that cannot be solved to tolerance says nothing. Whole numbers decide.
            cut = None
        if cut is None and not _spread_by(unknown, at, spread, float(need[at])):
            cut = _anything(system, known, choosable, unknown, at)
        if cut is not None:
            fresh.append(cut)
    seen.see(unknown.cells, spread.least)
    seen.see(unknown.cells, spread.most)
    return fresh


def _truth(unknown: Unknown, stand: Standing) -> Floats:
    """A solution: the counts themselves, where all can be worked out."""
    count = stand.count[unknown.cells].astype(float)
    if (count >= 0).all() and unknown.fits(count):
        return count
    x = unknown.solve(np.zeros(len(unknown)), again=True)
    if x is None:
        raise UsageError(
            "These tables and earlier releases contradict each other: no counts fit them all. "
            "Correct the tables; numbers that were revised need another measure."
        )
    return x


def _spread_by(unknown: Unknown, at: int, spread: Spread, need: float) -> bool:
    """Whether whole numbers let one number be as wide as it needs, looking at all others."""
    block = unknown.block(at)
    one = unknown.only(block)
    place = int(np.searchsorted(block, at))
    ends = ((-1.0, float(spread.least[at] + need)), (1.0, float(spread.most[at] - need)))
    for sign, end in ends:
        # That a number cannot come so far from one end is mostly seen at once.
        if (found := one.beyond(place, sign, end)) is not None:
            spread.see(block, found)
            return True
    for sign, end in ends:
        spread.see(block, one.extreme(place, sign, end))
        if spread.most[at] - spread.least[at] >= need:
            return True
    return False


def _anything(system: System, known: Flags, choosable: Flags, unknown: Unknown, at: int) -> Cut:
    """The cut that something must be hidden of what is tied to a number."""
    block = unknown.cells[unknown.block(at)]
    rows = np.unique(system.columns[:, block].indices)
    cells = np.unique(system.rows[rows].indices).astype(np.int64)
    cells = cells[known[cells] & choosable[cells]]
    return Cut(int(unknown.cells[at]), cells, np.ones(len(cells)), 1.0)
