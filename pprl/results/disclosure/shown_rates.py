"""Which rates may be told beside what is hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pprl.errors import UsageError
from pprl.results.disclosure.rates import RATE, RateTable, coded_only, rounded
from pprl.results.disclosure.standing import Standing
from pprl.results.disclosure.system import Flags, Integers, System


def shown_rates(
    system: System, stand: Standing, hidden: Flags, table: RateTable, reasons_known: bool
) -> RateTable:
    """A table of rates with `rate` filled in.

    Where both counts are told, the rate is. Where only the denominator is, ">95%" and "<5%" are
    told if they follow from which counts are small, which the attacker that the choice withstands
    knows already.

    Args:
        system: all cells.
        stand: how they stand.
        hidden: `bool[cells]`, what was chosen.
        table: with a text column for each dimension.
        reasons_known: whether the choice withstands such an attacker.

    Raises:
        UsageError: no table has a count that a rate is of.
    """
    names = table.rates[[*table.dimensions]].assign(measure=table.measure)
    part = system.locate(names.assign(**{table.outcome: table.numerator}))
    whole = system.locate(names)
    known = (part >= 0) & (whole >= 0)
    if not (known.all() and stand.told[part].all() and stand.told[whole].all()):
        raise UsageError(
            f"The rates {table.name} are of counts that no table has. Give numerators and "
            "denominators as tables."
        )
    texts = [
        _text(system, stand, hidden, one, over, table.decimals, reasons_known)
        for one, over in zip(part.tolist(), whole.tolist(), strict=True)
    ]
    rows = names.drop(columns="measure").assign(**{RATE: np.array(texts, object)})
    if table.dimensions:
        rows = rows.sort_values([*table.dimensions]).reset_index(drop=True)
    return replace(table, rates=rows)


def _text(
    system: System,
    stand: Standing,
    hidden: Flags,
    part: int,
    whole: int,
    decimals: int,
    reasons_known: bool,
) -> str:
    """One rate."""
    if hidden[whole]:
        return ""
    if not hidden[part]:
        return rounded(int(stand.count[part]), int(stand.count[whole]), decimals)
    if not reasons_known:
        return ""
    over = int(stand.count[whole])
    most = int(_most(stand, hidden, np.array([part])).sum())
    if coded_only(most, over).startswith("<"):
        return coded_only(most, over)
    sums = np.flatnonzero(system.wholes == whole)
    for row in sums[system.is_outcome[sums]]:
        parts = system.sums[[row]].indices
        if part in parts:
            others = parts[(parts != part) & (parts != whole)]
            least = over - int(_most(stand, hidden, others).sum())
            if coded_only(max(0, least), over).startswith(">"):
                return coded_only(least, over)
    return ""


def _most(stand: Standing, hidden: Flags, cells: Integers) -> Integers:
    """The most that cells can be, for all that is known beforehand."""
    plenty = np.int64(2**40)
    unseen = np.where(stand.small[cells], stand.smallest - 1, plenty)
    return np.where(hidden[cells], unseen, stand.count[cells])
