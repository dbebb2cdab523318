"""How much of a filter to look at first.

The Hamming distance of two filters over some of their bits is at most that over all of them. So
most pairs can be dropped after a look at a part, the prefix; only the survivors need be compared in
full. The bits that differ most often among pairs come first: they drop a pair soonest. How many is
decided by what a sample of pairs would cost. The sample decides speed alone, never the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.similarity.popcount_order import Counts, PopcountOrder, Words
from pprl.similarity.threshold import Threshold

_SAMPLE = 4096
_SAMPLE_BITS = 1 << 24
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Sample:
    """Pairs that their numbers of bits do not rule out.

    Attributes:
        left: their filters, `uint64[n, words]`.
        right: the others, `uint64[n, words]`.
        farthest: the greatest Hamming distance at which each would be similar, `int64[n]`.
    """

    left: Words
    right: Words
    farthest: Counts

    @classmethod
    def of(cls, a: PopcountOrder, b: PopcountOrder, threshold: Threshold) -> Sample:
        """Spread a few thousand pairs evenly over those possible; the same ones every time."""
        pairs = len(a) * len(b)
        # A small scan is not worth a large sample.
        size = min(_SAMPLE, _SAMPLE_BITS // threshold.bits, 64 + pairs // 1024) if pairs else 0
        left = np.linspace(0, len(a) - 1, size).astype(np.intp)
        fewest, most = threshold.partners()
        start = np.searchsorted(b.ones, fewest[a.ones[left]], side="left")
        stop = np.searchsorted(b.ones, most[a.ones[left]], side="right")
        fraction = np.arange(size) * _GOLDEN % 1.0
        right = start + (fraction * (stop - start)).astype(np.intp)
        left, right = left[start < stop], right[start < stop]
        total = a.ones[left] + b.ones[right]
        return cls(a.words[left], b.words[right], threshold.farthest()[total])


@dataclass(frozen=True)
class Prefix:
    """What to look at first.

    Attributes:
        units: numbers of the bits, or words, to look at; `intp[k]`.
        survivors: share of the sample's pairs that it does not drop.
    """

    units: NDArray[np.intp]
    survivors: float


def choose(
    differing: NDArray[np.unsignedinteger],
    farthest: Counts,
    *,
    step: int,
    survivor_cost: float,
    unit_costs: Callable[[NDArray[np.intp]], NDArray[np.float64]] | None = None,
) -> Prefix:
    """Choose the prefix of least expected cost.

    Args:
        differing: bits in which each pair of the sample differs, by unit; `[n, units]`.
        farthest: `int64[n]`, the distance beyond which a pair is dropped.
        step: the prefix is a multiple of this many units, or all of them.
        survivor_cost: cost of a full comparison, in units that are looked at.
        unit_costs: given all units in their order, what a unit of each prefix of them costs, the
            shortest first; None if a unit always costs 1.
    """
    units = differing.shape[1]
    if not len(differing):
        return Prefix(np.arange(min(step, units)), 0.0)
    order = np.argsort(-differing.sum(axis=0, dtype=np.int64), kind="stable")
    costs = np.ones(units) if unit_costs is None else unit_costs(order)
    distance = np.zeros(len(differing), np.int64)
    best, cheapest = Prefix(order, 1.0), np.inf
    for start in range(0, units, step):
        chunk = order[start : start + step]
        distance += differing[:, chunk].sum(axis=1, dtype=np.int64)
        survivors = float((distance <= farthest).mean())
        length = start + len(chunk)
        cost = length * costs[length - 1] + survivors * survivor_cost
        if cost < cheapest:
            best, cheapest = Prefix(order[:length], survivors), cost
    return best


def demands(threshold: Threshold, ones: Counts, looked_at: Counts) -> NDArray[np.float64]:
    """What a filter demands of the common bits within the prefix, its half of the sum.

    Two filters with `a` and `b` bits set, `x` and `y` of them in the prefix, are similar only if
    their distance within the prefix, `x + y - 2c`, is at most `a + b - 2 * least_common[a + b]`, so
    only if `c` is at least the sum of the two filters' `slope * a - (a - x) / 2 + offset / 2`.

    Args:
        threshold: whose slope and offset count.
        ones: bits set in each filter, `int64[n]`.
        looked_at: bits set in each filter within the prefix, `int64[n]`.

    Returns:
        `float64[n]`, lowered by more than the rounding.
    """
    halves: NDArray[np.float64] = (
        threshold.slope * ones + threshold.offset / 2 - (ones - looked_at) / 2 - 1e-6
    )
    return halves
