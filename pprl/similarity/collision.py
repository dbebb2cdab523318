"""The chance that hashing finds a pair, and how long a key should be.

A table keys every filter by the same few bits, drawn without replacement, and compares the filters
whose keys are equal (Indyk and Motwani, "Approximate nearest neighbors: towards removing the curse
of dimensionality", STOC 1998). Two filters of `n` bits at distance `h` share a key of `k` bits with
probability `C(n - h, k) / C(n, k)`, whatever the filters are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.similarity.popcount_order import Counts, Words

Chances = NDArray[np.float64]

MOST_BITS = 64
MOST_TABLES = 2000
_FEWEST_BITS = 4
_SAMPLE = 512
_MIX = np.uint64(0x9E3779B97F4A7C15)
# In nanoseconds: sorting a filter into a table and looking it up, and comparing a pair.
_KEY_COST = 300.0
_PAIR_COST = 150.0


def same_key(bits: int, key_bits: int) -> Chances:
    """Probability of equal keys by distance: `float64[bits + 1]`, from 1 at 0 down to 0."""
    distance = np.arange(bits + 1)
    drawn = np.arange(key_bits)[:, None]
    chance: Chances = (np.maximum(bits - distance - drawn, 0) / (bits - drawn)).prod(axis=0)
    return chance


def found_in(bits: int, key_bits: Sequence[int]) -> Chances:
    """Probability of being found by distance, in tables of keys of these lengths."""
    missed = np.ones(bits + 1)
    for length in sorted(set(key_bits)):
        missed *= (1 - same_key(bits, length)) ** list(key_bits).count(length)
    chance: Chances = 1 - missed
    return chance


def estimated_recall(distances: Counts, found: Chances) -> float:
    """The share found of all similar pairs, judged by those that were found.

    Each pair found stands for `1 / chance` pairs of its distance (Horvitz and Thompson, J. American
    Statistical Association 47, 1952). Without pairs there is nothing to judge by: 0.

    Args:
        distances: pairs found by distance, `int64[bits + 1]`.
        found: probability of being found by distance, `float64[bits + 1]`.
    """
    seen = np.flatnonzero(distances)
    if not len(seen):
        return 0.0
    return float(distances[seen].sum() / (distances[seen] / found[seen]).sum())


def choose_key_bits(a: Words, b: Words, distance: int, recall: float) -> int:
    """The length of key that finds pairs at a distance at the least expected cost.

    Judged by a sample of filters that hangs on what they are and not on where they stand.

    Args:
        a: filters, `uint64[n, words]`, at least one.
        b: the others, `uint64[m, words]`, at least one.
        distance: Hamming distance of the pairs to find.
        recall: share of them to find, between 0 and 1.

    Raises:
        UsageError: such pairs are too far apart to be found by hashing.
    """
    bits = 64 * a.shape[1]
    left, right = _sample(a), _sample(b)
    strangers = np.zeros(bits + 1)
    for one in left:
        apart = np.bitwise_count(one ^ right).sum(axis=1, dtype=np.int64)
        strangers += np.bincount(apart, minlength=bits + 1)
    strangers *= len(a) * len(b) / strangers.sum()
    best, cheapest = 0, np.inf
    for length in range(_FEWEST_BITS, MOST_BITS + 1):
        chances = same_key(bits, length)
        chance = float(chances[distance])
        if not chance:
            break
        tables = max(1.0, math.log1p(-recall) / math.log1p(-chance)) if chance < 1 else 1.0
        strangers_met = float(strangers @ chances)
        cost = tables * (_KEY_COST * (len(a) + len(b)) + _PAIR_COST * strangers_met)
        if tables <= MOST_TABLES and cost < cheapest:
            best, cheapest = length, cost
    if not best:
        raise UsageError(
            "Pairs at this threshold are too far apart to be found by hashing: raise the threshold "
            "or use similar_pairs, which looks at every pair."
        )
    return best


def _sample(filters: Words) -> Words:
    """Some hundred filters, picked by a mix of their bits."""
    if len(filters) <= _SAMPLE:
        return filters
    mixed = np.bitwise_xor.reduce(filters * (_MIX + np.uint64(2)), axis=1) * _MIX
    return filters[np.argpartition(mixed, _SAMPLE)[:_SAMPLE]]
