"""How each number stands before anything is chosen: told for good, to be hidden, free to choose.

Hidden in any case are

- counts from 1 to below the smallest cell;
- a zero of an outcome in a group that has persons: none of them has it, and where all but one
  outcome are zero, all have that one;
- a zero below a cell that is itself hidden for being small: nothing is told of so few.

Any other zero says that there is nobody to tell of. It is told, and so never shelters another cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pprl.errors import UsageError
from pprl.results.disclosure.system import Flags, Integers, System
from pprl.results.disclosure.tables import COUNT, HIDDEN, Release

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Standing:
    """One row of each array for each cell of a system.

    Attributes:
        count: `int64[cells]`, -1 where it cannot be worked out.
        told: whether a table of this release has the cell.
        settled: told earlier, or a zero that says nothing: it stays, or is known anyway.
        small: to be hidden whatever else is.
        kept: hidden in an earlier release, so hidden for good.
        lower: `int64[cells]`, the least that it can be if it is hidden, for all an attacker knows.
        smallest: counts from 1 to below it are small.
    """

    count: Integers
    told: Flags
    settled: Flags
    small: Flags
    kept: Flags
    lower: Integers
    smallest: int

    @property
    def lost(self) -> Flags:
        """`bool[cells]`: small, and told in an earlier release, which nothing can be done about."""
        return self.small & self.settled


def standing(
    system: System, release: Release, earlier: Sequence[Release], smallest: int
) -> Standing:
    """Apply the primary rule.

    Args:
        system: of all of these releases.
        release: what is to be protected, with true counts.
        earlier: what was released before.
        smallest: counts from 1 to below it are small.

    Raises:
        UsageError: tables contradict each other or what was released; a cell is told, and some of
            its parts but not all.
    """
    n = len(system)
    count = np.full(n, UNKNOWN, np.int64)
    told, before, kept = (np.zeros(n, bool) for _ in range(3))
    for table in release.tables:
        _take(system, count, system.find(table), table.counts[COUNT].to_numpy(np.int64), table.name)
        told[system.find(table)] = True
    for table in (table for one in earlier for table in one.tables):
        cells, hidden = system.find(table), table.counts[HIDDEN].to_numpy(bool)
        shown = table.counts.loc[~hidden, COUNT].to_numpy(np.int64)
        _take(system, count, cells[~hidden], shown, table.name)
        before[cells[~hidden]] = True
        kept[cells[hidden]] = True
    kept &= ~before
    _check_whole(system, told)
    count = worked_out(system, count)
    hidden_zero = _hidden_zeros(system, count, smallest)
    small = ((count > 0) & (count < smallest)) | hidden_zero
    may_be_zero = system.parts(system.is_outcome | small[system.wholes]) | ~told
    return Standing(
        count,
        told,
        before | ((count == 0) & ~hidden_zero),
        small,
        kept,
        np.where(may_be_zero, 0, 1),
        smallest,
    )


def worked_out(system: System, count: Integers) -> Integers:
    """Counts `int64[cells]` with those that sums give from others, as far as that leads.

    Raises:
        UsageError: a sum does not come out, a part is more than its whole, or a count is negative.
    """
    count = count.copy()
    touched = abs(system.sums)
    while True:
        unknown = count == UNKNOWN
        left = touched @ unknown.astype(float)
        rest = np.rint(system.sums @ np.where(unknown, 0, count)).astype(np.int64)
        rows = np.flatnonzero(left == 1)
        if not len(rows):
            break
        cells = np.rint(touched[rows] @ np.where(unknown, np.arange(len(count)), 0.0))
        cells = cells.astype(np.int64)
        count[cells] = np.where(cells == system.wholes[rows], -rest[rows], rest[rows])
        _refuse_if((count[cells] < 0), cells, system, "would have to be negative")
    wrong = np.flatnonzero((left == 0) & (rest != 0))
    _refuse_if(
        np.ones(len(wrong), bool), system.wholes[wrong], system, "is not the sum of its parts"
    )
    part, whole = system.nested.T
    known = (count[part] >= 0) & (count[whole] >= 0)
    _refuse_if(known & (count[part] > count[whole]), part, system, "is more than what includes it")
    return count


def _refuse_if(wrong: Flags, cells: Integers, system: System, how: str) -> None:
    """Raise a UsageError about the first of some cells that is wrong, if one is."""
    if wrong.any():
        raise UsageError(
            f"{system.name(int(cells[wrong].min()))} {how}, in these tables and earlier releases "
            "together. Correct the tables; numbers that were revised need another measure."
        )


def _take(system: System, count: Integers, cells: Integers, values: Integers, name: str) -> None:
    """Note a table's counts.

    Raises:
        UsageError: another table has told another count.
    """
    other = (count[cells] != UNKNOWN) & (count[cells] != values)
    if other.any():
        raise UsageError(
            f"The table {name} has another count of {system.name(int(cells[other].min()))} than a "
            "table before it or an earlier release. What was released stays: repeat it, or count "
            "what was revised as another measure."
        )
    count[cells] = values


def _check_whole(system: System, told: Flags) -> None:
    """Check that wherever a cell and a part of it are told, all of its parts are.

    Raises:
        UsageError: one is missing; it could be worked out, and nothing would hide it.
    """
    parts = (system.sums < 0).astype(float)
    some = parts @ told.astype(float)
    partly = np.flatnonzero(told[system.wholes] & (some > 0) & (some < parts.sum(axis=1)))
    if len(partly):
        cells = parts[partly[:1]].indices
        raise UsageError(
            f"{system.name(int(system.wholes[partly[0]]))} is in a table with some of its parts, "
            f"and {system.name(int(cells[~told[cells]].min()))} is in none. Give the missing ones "
            "as well, zeros included: they can be hidden."
        )


def _hidden_zeros(system: System, count: Integers, smallest: int) -> Flags:
    """Which zeros tell something of persons."""
    zero, small = count == 0, (count > 0) & (count < smallest)
    whole = system.wholes
    of_persons = system.parts((system.is_outcome & (count[whole] > 0)) | small[whole])
    hidden = np.zeros(len(count), bool)
    # From the top down: after as many turns as the trees are deep, nothing changes any more.
    while True:
        implied = system.parts((zero & ~hidden)[whole])
        found = zero & ~implied & (of_persons | system.parts(hidden[whole]))
        if (found == hidden).all():
            return hidden
        hidden = found
