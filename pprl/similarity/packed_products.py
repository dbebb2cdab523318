"""The NumPy kernel: common bits of a prefix by matrix product, three pairs a number.

A product of two matrices of bits counts bits in common, and nothing in NumPy counts faster than
BLAS. A `float32` is exact for whole numbers up to `2**24`: room for three counts of 8 bits, or two
of 12. So one column of the product stands for three filters of B, `b0 + 2**8 b1 + 2**16 b2`. Two
further columns subtract what the two filters demand of the count, so that the sign of each count
says whether the pair survives the prefix. Survivors are compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.similarity.popcount_order import Counts, PopcountOrder, Words
from pprl.similarity.prefix import Prefix, Sample, choose, demands
from pprl.similarity.threshold import Threshold

Bits = NDArray[np.uint8]
Floats = NDArray[np.float32]
Found = tuple[Counts, Counts, Counts]

_EXACT_BITS = 24
_ROWS = 512
_STEP = 16
_SURVIVORS_AT_ONCE = 1 << 14
_EVERY = 16
_CROWDED = 0.95
# In units of one bit of the prefix, which takes some 7 picoseconds a pair.
_SURVIVOR_COST = 12_000.0
_SURVIVOR_WORD_COST = 300.0


@dataclass(frozen=True)
class Block:
    """Filters of A made ready.

    Attributes:
        place: where each stands, `int64[n]`.
        factor: their prefixes, what they demand and a one; `float32[n, k + 2]`.
        demand: what each demands of the count, `int64[n]`.
        looked_at: bits set in each prefix, `int64[n]`.
    """

    place: Counts
    factor: Floats
    demand: Counts
    looked_at: Counts

    def take(self, rows: Counts) -> Block:
        """Some of them."""
        return Block(self.place[rows], self.factor[rows], self.demand[rows], self.looked_at[rows])


class PackedProducts:
    """Finds the similar pairs between a block of A and a tile of B. Threads may share it."""

    block = 8192
    tile = 1536
    narrowest = 768

    def __init__(self, a: PopcountOrder, b: PopcountOrder, threshold: Threshold) -> None:
        """Choose the prefix for these filters."""
        self._a, self._b, self._threshold = a, b, threshold
        self._prefix = _prefix(Sample.of(a, b, threshold))

    def prepared(self, start: int, stop: int) -> Block:
        """Make a block of A ready, to be compared with many tiles."""
        bits = self._unpacked(self._a.words[start:stop])
        looked_at = bits.sum(axis=1, dtype=np.int64)
        # A count is whole, so rounding down on one side and up on the other loses no pair.
        demand = np.floor(demands(self._threshold, self._a.ones[start:stop], looked_at))
        factor = np.ones((len(bits), bits.shape[1] + 2), np.float32)
        factor[:, :-2] = bits
        factor[:, -2] = -demand
        return Block(np.arange(start, stop), factor, demand.astype(np.int64), looked_at)

    def pairs(self, block: Block, rows: slice, columns: slice) -> Found:
        """Compare rows of A, counted within its block, with columns of B.

        Returns:
            Places in A, places in B and bits in common of the similar pairs.
        """
        bits = self._unpacked(self._b.words[columns])
        looked_at = bits.sum(axis=1, dtype=np.int64)
        wanted = demands(self._threshold, self._b.ones[columns], looked_at)
        demand = np.ceil(wanted).astype(np.int64)
        fields = _fields(block.demand[rows], block.looked_at[rows], demand, looked_at)
        packed = _packed(bits, demand, fields)
        found = []
        for first in range(rows.start, rows.stop, _ROWS):
            strip = slice(first, min(first + _ROWS, rows.stop))
            i, j = _survivors(block.factor[strip] @ packed, fields)
            is_filter = j < len(bits)
            i, j = block.place[i[is_filter] + first], j[is_filter] + columns.start
            found.append(self._compared(i, j))
        i, j, common = (np.concatenate(part) for part in zip(*found, strict=True))
        return i, j, common

    def _unpacked(self, words: Words) -> Bits:
        """The prefix of each filter, a byte a bit; `uint8[n, k]`."""
        return np.unpackbits(words.view(np.uint8), axis=1).take(self._prefix.units, axis=1)

    def _compared(self, i: Counts, j: Counts) -> Found:
        """Those of the survivors that are similar, with their bits in common."""
        common = np.empty(len(i), np.int64)
        for start in range(0, len(i), _SURVIVORS_AT_ONCE):
            part = slice(start, start + _SURVIVORS_AT_ONCE)
            shared = self._a.words.take(i[part], axis=0)
            shared &= self._b.words.take(j[part], axis=0)
            common[part] = np.bitwise_count(shared).sum(axis=1, dtype=np.int64)
        is_similar = common >= self._threshold.least_common[self._a.ones[i] + self._b.ones[j]]
        return i[is_similar], j[is_similar], common[is_similar]


def _prefix(sample: Sample) -> Prefix:
    """The bits to look at first."""
    differing = np.unpackbits((sample.left ^ sample.right).view(np.uint8), axis=1)
    return choose(
        differing,
        sample.farthest,
        step=_STEP,
        unit_costs=lambda order: _unit_costs(sample.left[::_EVERY], order),
        survivor_cost=_SURVIVOR_COST + _SURVIVOR_WORD_COST * sample.left.shape[1],
    )


def _unit_costs(words: Words, order: NDArray[np.intp]) -> NDArray[np.float64]:
    """What a bit costs, by length of prefix: 1 where three counts share a number, 3 where none do.

    A guess from the bits set in the prefixes of a few filters; `_fields` is sure of it.
    """
    bits = np.unpackbits(words.view(np.uint8), axis=1).take(order, axis=1)
    most = bits.cumsum(axis=1).max(axis=0)
    costs = np.full(len(order), 3.0)
    for fields in (2, 3):
        costs[most < _CROWDED * 2 * _half(fields)] = 3 / fields
    return costs


def _fields(ours: Counts, our_ones: Counts, theirs: Counts, their_ones: Counts) -> int:
    """How many counts fit into a number: 3, 2 or 1.

    A count less its demands must stay within its field, and everything added up on the way, in
    whatever order, within the exact range.

    Args:
        ours: demands of the rows.
        our_ones: bits set in their prefixes.
        theirs: demands of the columns.
        their_ones: bits set in their prefixes.
    """
    # Bits in common are at most the mean of the bits set in the two.
    highest = (our_ones / 2 - ours).max() + (their_ones / 2 - theirs).max()
    added = min(our_ones.max(), their_ones.max()) - min(0, ours.min()) - min(0, theirs.min())
    taken = max(0, ours.max()) + max(0, theirs.max())
    for fields in (3, 2):
        half = _half(fields)
        if highest < half and added < 2 * half and taken <= half:
            return fields
    return 1


def _half(fields: int) -> int:
    """Half of what a field holds: counts of 0 or more reach it once it is added."""
    return 1 << (_EXACT_BITS // fields - 1)


def _packed(bits: Bits, demand: Counts, fields: int) -> Floats:
    """The factor on the right.

    Returns:
        `float32[k + 2, columns]`, filter `j` in field `j // columns` of column `j % columns`.
    """
    columns = -(-len(bits) // fields)
    packed = np.zeros((columns, bits.shape[1] + 2), np.float32)
    for field in range(fields):
        part = slice(field * columns, (field + 1) * columns)
        unit = np.float32(1 << (field * (_EXACT_BITS // fields)))
        filled = len(bits[part])
        packed[:filled, :-2] += bits[part] * unit
        packed[:filled, -1] -= demand[part].astype(np.float32) * unit
        packed[:, -2] += unit
    return packed.T


def _survivors(product: Floats, fields: int) -> tuple[Counts, Counts]:
    """Rows and filters whose count reaches what is demanded."""
    columns = product.shape[1]
    halves = [_half(fields) << (field * _EXACT_BITS // fields) for field in range(fields)]
    counts = product.astype(np.int32)
    counts += np.int32(sum(halves))
    counts &= np.int32(sum(halves))
    places = np.flatnonzero(counts != 0)
    marks = counts.ravel()[places]
    hits = [places[(marks & half) != 0] for half in halves]
    i = np.concatenate([hit // columns for hit in hits])
    j = np.concatenate([hit % columns + field * columns for field, hit in enumerate(hits)])
    return i, j
