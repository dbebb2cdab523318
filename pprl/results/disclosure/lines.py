"""What single sums ask of a choice, before any programme is solved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pprl.results.disclosure.reach import Cut, Limits
from pprl.results.disclosure.standing import Standing
from pprl.results.disclosure.system import Flags, Integers, System


def line_cuts(
    system: System,
    stand: Standing,
    limit: Limits,
    cells: Integers,
    choosable: Flags,
    hidden: Flags | None = None,
) -> Iterator[Cut]:
    """The cuts of some cells by each sum that they are in.

    In a sum, a number moves only by as much as the others do.

    Args:
        system: all cells.
        stand: how they stand.
        limit: what the attacker knows beforehand.
        cells: whose cuts.
        choosable: `bool[cells]`, which may be hidden; any other number is settled, or unknown.
        hidden: if given, only those that this choice does not keep.
    """
    signs, rows = system.sums.tocsc(), system.sums
    fixed = stand.settled | choosable
    down_of = np.where(choosable, stand.count - limit.lower, 0.0)
    up_of = np.where(choosable, limit.upper - stand.count, 0.0)
    for cell in cells.tolist():
        need = float(limit.need[cell])
        for at in range(signs.indptr[cell], signs.indptr[cell + 1]):
            inside = slice(rows.indptr[signs.indices[at]], rows.indptr[signs.indices[at] + 1])
            others, sign_of = rows.indices[inside].astype(np.int64), rows.data[inside]
            others, sign_of = others[others != cell], sign_of[others != cell]
            if not fixed[others].all():
                continue
            # A whole moves with its parts, parts with the whole and against each other.
            alike = sign_of != signs.data[at]
            up = np.where(alike, up_of[others], down_of[others])
            down = np.where(alike, down_of[others], up_of[others])
            for room, left in (
                (up + down, need),
                (up, need - down_of[cell] if choosable[cell] else 0.0),
                (down, need - up_of[cell] if choosable[cell] else 0.0),
            ):
                if left > 0:
                    able = room > 0
                    weights = np.minimum(room[able], left)
                    if hidden is None or weights[hidden[others[able]]].sum() < left:
                        yield Cut(cell, others[able], weights, float(left))
