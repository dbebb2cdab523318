"""What a third source says of a pair: two of its records cannot be one person.

If record `a` of one source is matched with `x` of a third, and record `b` of another with `y`, and
the third holds each person once, then `a` and `b` are two persons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST = 0.01
"""Pairs less likely than this neither tell of other pairs nor are told of."""
TILE = 1 << 17
DECIMALS = 9
"""Sums are rounded, so that the order in which records are numbered leaves no trace."""


def without_contradictions(
    probability: Floats,
    ends: tuple[Integers, Integers],
    source: Integers,
    sole: NDArray[np.bool_],
) -> Floats:
    """Each probability times that of no third source telling the two records apart.

    Args:
        probability: `float64[n]`, before.
        ends: `int64[n]` each, the two records of each pair, numbered through all sources.
        source: `int64[records]`, the source of each record.
        sole: `bool[sources]`, whether a source holds each person once.

    Returns:
        `float64[n]`, none above `probability`.
    """
    out = probability.copy()
    if len(sole) < 3:
        return out
    likely = np.flatnonzero(probability >= LEAST)
    left, right = ends[0][likely], ends[1][likely]
    weight = np.concatenate((probability[likely], probability[likely]))
    record = np.concatenate((left, right))
    other = np.concatenate((right, left))
    counts = sole[source[other]]
    record, other, weight = record[counts], other[counts], weight[counts]
    size = len(source)
    partner = csr_array((weight, (record, other)), shape=(size, size))
    held = csr_array((weight, (record, source[other])), shape=(size, len(sole)))
    held.data = np.minimum(held.data, 1.0)
    for start in range(0, len(likely), TILE):
        tile = slice(start, start + TILE)
        i, j = left[tile], right[tile]
        both = np.asarray(held[i].multiply(held[j]).sum(axis=1)).ravel()
        same = np.asarray(partner[i].multiply(partner[j]).sum(axis=1)).ravel()
        apart = np.clip(np.round(both - same, DECIMALS), 0.0, 1.0)
        out[likely[tile]] *= 1.0 - apart
    return out
