"""The best partition of a small group of records, exactly; many groups of one size at once.

The objective is that of correlation clustering (Bansal, Blum and Chawla, Machine Learning 56,
2004): the sum of the weights of all pairs that a partition puts together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LARGEST = 10
"""Records up to which a group is partitioned exactly: its cost is 3 to the power of that."""

FORBIDDEN = -1e9
"""The weight of two records that may never be one person."""

_CELLS = 1 << 22


def best_partitions(weight: Floats) -> Integers:
    """Partition each of many groups of k records so that its pairs together weigh most.

    Of equally good partitions the order of the records decides.

    Args:
        weight: `float64[n, k, k]`, symmetric, with zeros on the diagonal; k at most `LARGEST`.

    Returns:
        `int64[n, k]`, the part of each record: the place of its first record.
    """
    n, k = weight.shape[:2]
    parts: Integers = np.zeros((n, k), np.int64)
    step = max(1, _CELLS >> k)
    for start in range(0, n, step):
        tile = slice(start, start + step)
        within = _within(weight[tile])
        broken = _is_broken(within)
        parts[tile][broken] = _divided(within[:, broken], k)
    return parts


def _within(weight: Floats) -> Floats:
    """The weight of all pairs of each subset of records: `float64[2**k, n]`."""
    n, k = weight.shape[:2]
    within = np.zeros((1 << k, n))
    for record in range(k):
        bit = 1 << record
        # What the record adds to each subset of those before it.
        added = np.zeros((bit, n))
        for other in range(record):
            half = 1 << other
            added[half : 2 * half] = added[:half] + weight[:, record, other]
        within[bit : 2 * bit] = within[:bit] + added
    return within


def _is_broken(within: Floats) -> NDArray[np.bool_]:
    """Which groups a division in two would improve: `bool[n]`.

    Where none does, no partition does: what a partition loses is half of the sum of what is lost by
    cutting off each of its parts.
    """
    whole = within[-1]
    halves = within[: len(within) // 2] + within[: len(within) // 2 - 1 : -1]
    broken: NDArray[np.bool_] = (halves[1:] > whole).any(axis=0)
    return broken


def _divided(within: Floats, k: int) -> Integers:
    """Dynamic programming over subsets: `int64[n, k]`."""
    n = within.shape[1]
    best = np.zeros_like(within)
    choice = np.zeros(within.shape, np.int16)
    for mask in range(1, 1 << k):
        lowest = mask & -mask
        rest = mask ^ lowest
        best[mask], choice[mask] = within[mask], mask
        other = rest
        while other:
            other = (other - 1) & rest
            part = lowest | other
            total = within[part] + best[mask ^ part]
            better = total > best[mask]
            best[mask][better] = total[better]
            choice[mask][better] = part
    parts = np.empty((n, k), np.int64)
    for group in range(n):
        mask = (1 << k) - 1
        while mask:
            part = int(choice[mask, group])
            first = (mask & -mask).bit_length() - 1
            parts[group, [place for place in range(k) if part >> place & 1]] = first
            mask ^= part
    return parts
