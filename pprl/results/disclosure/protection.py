"""Hide as few counts as keep every hidden one in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pprl.progress import Progress
from pprl.results.disclosure.dimension import Dimension
from pprl.results.disclosure.rates import RateTable
from pprl.results.disclosure.reach import limits
from pprl.results.disclosure.search import Found, search
from pprl.results.disclosure.shown_rates import shown_rates
from pprl.results.disclosure.standing import Standing, standing
from pprl.results.disclosure.system import System
from pprl.results.disclosure.tables import (
    COUNT,
    HIDDEN,
    PROTECTION,
    SMALLEST,
    CountTable,
    Release,
    check_tables,
    masked,
)


@dataclass(frozen=True, eq=False)
class Protected:
    """Tables and what of them may leave.

    Attributes:
        tables: as given, with `hidden`, and with every count: they stay at the hub.
        release: what may leave.
        cells: distinct cells of the tables.
        least: how many cells any choice that withstands the attacker hides at least.
        primary: cells hidden for what they hold.
        complementary: cells hidden for others' sake.
        unprotectable: `measure`, the dimensions, `why`: small cells that are told already, or that
            no choice could keep in doubt. A release with any is not to leave.
        reasons: `measure`, the dimensions, `small`: of each hidden cell whether it is small. It
            stays at the hub, and is what `attack` may be told.
    """

    tables: tuple[CountTable, ...]
    release: Release
    cells: int
    least: int
    primary: int
    complementary: int
    unprotectable: pd.DataFrame
    reasons: pd.DataFrame


def protect(
    tables: Sequence[CountTable],
    dimensions: Sequence[Dimension],
    *,
    subset_of: Mapping[str, tuple[str, ...]] | None = None,
    rates: Sequence[RateTable] = (),
    smallest: int = SMALLEST,
    protection: int = PROTECTION,
    earlier: Sequence[Release] = (),
    reasons_known: bool = True,
    progress: Progress = False,
) -> Protected:
    """Decide which counts are hidden.

    The result does not depend on the order of tables and rows.

    Args:
        tables: all that is to leave at one time, with `count`.
        dimensions: every dimension that they name.
        subset_of: measure -> measures whose persons include its own, cell by cell.
        rates: which rates are to be told beside the counts; their `rate` is filled in.
        smallest: counts from 1 to below it are hidden.
        protection: least width of the interval in which an attacker can place a hidden count.
        earlier: every release before. What they told stays told, what they hid stays hidden.
        reasons_known: whether to withstand an attacker who knows which hidden counts are small.
        progress: whether to show a bar, or a function to tell.

    Raises:
        UsageError: the tables are not what they should be, or contradict each other or `earlier`.
    """
    check_tables(tables, dimensions)
    ordered = tuple(sorted(tables, key=lambda table: table.name))
    own = Release(
        tuple(sorted(dimensions, key=lambda dimension: dimension.name)),
        ordered,
        tuple(sorted(rates, key=lambda table: table.name)),
        {} if subset_of is None else {m: tuple(sorted(subset_of[m])) for m in sorted(subset_of)},
        smallest,
        protection,
    )
    system = System.of([own, *earlier])
    stand = standing(system, own, earlier, smallest)
    found = search(system, stand, limits(system, stand, protection, reasons_known), progress)
    told = _told(system, stand, found, own, tuple(tables))
    shown = tuple(shown_rates(system, stand, found.hidden, one, reasons_known) for one in own.rates)
    return replace(told, release=replace(told.release, rates=shown))


def _told(
    system: System, stand: Standing, found: Found, own: Release, tables: tuple[CountTable, ...]
) -> Protected:
    """The tables with what was found."""

    def marked(table: CountTable) -> CountTable:
        counts = table.counts[[*table.dimensions, COUNT]].copy()
        counts[HIDDEN] = found.hidden[system.find(table)]
        return CountTable(table.name, table.measure, table.dimensions, counts)

    lost = np.flatnonzero(stand.lost)
    unprotectable = system.frame(np.concatenate([lost, found.unprotectable]))
    unprotectable["why"] = ["was told earlier"] * len(lost) + ["can be worked out"] * len(
        found.unprotectable
    )
    hidden = np.flatnonzero(found.hidden)
    reasons = system.frame(hidden)
    reasons["small"] = stand.small[hidden]
    release = Release(
        own.dimensions,
        tuple(masked(marked(table)) for table in own.tables),
        own.rates,
        own.subset_of,
        own.smallest,
        own.protection,
    )
    primary = int((found.hidden & stand.small).sum())
    return Protected(
        tuple(marked(table) for table in tables),
        release,
        int(stand.told.sum()),
        found.least,
        primary,
        int(found.hidden.sum()) - primary,
        unprotectable,
        reasons,
    )
