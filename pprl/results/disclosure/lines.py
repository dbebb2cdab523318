"""What single sums and nestings ask of a choice, before any programme is solved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pprl.results.disclosure.reach import Cut, Limits
from pprl.results.disclosure.standing import Flags, Standing
from pprl.results.disclosure.system import Integers, System


def line_cuts(
    system: System, stand: Standing, limit: Limits, cells: Integers, choosable: Flags
) -> Iterator[Cut]:
    """The cuts of some cells by each sum that they are in.

    In a sum, a part moves only by what the whole and the other parts leave.
    """
    signs = system.sums.tocsc()
    rows = system.sums
    settled = stand.settled
    with np.errstate(invalid="ignore"):
        down_of = np.where(choosable, stand.count - limit.lower, 0.0)
        up_of = np.where(choosable, limit.upper - stand.count, 0.0)
    for cell in cells.tolist():
        need = float(limit.need[cell])
        for at in range(signs.indptr[cell], signs.indptr[cell + 1]):
            row, sign = int(signs.indices[at]), signs.data[at]
            inside = slice(rows.indptr[row], rows.indptr[row + 1])
            others, own = rows.indices[inside].astype(np.int64), rows.data[inside]
            others, own = others[others != cell], own[others != cell]
            if not (choosable[others] | settled[others]).all():
                continue
            # A whole moves with its parts, parts with the whole and against each other.
            alike = own == -sign
            up = np.where(alike, up_of[others], down_of[others])
            down = np.where(alike, down_of[others], up_of[others])
            for room, left in (
                (up + down, need),
                (up, need - down_of[cell] if choosable[cell] else 0.0),
                (down, need - up_of[cell] if choosable[cell] else 0.0),
            ):
                if left > 0:
                    able = room > 0
                    yield Cut(cell, others[able], np.minimum(room[able], left), float(left))
