"""The numba kernel: common bits of a prefix of words, 64 filters of B at a time.

The words of 64 filters lie side by side, lane by lane, so that the compiler counts as many of them
in one instruction as the processor has room for. Survivors of the prefix are compared in full on
the spot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from pprl.compiled_popcount import ones_in_word
from pprl.similarity.popcount_order import Counts, PopcountOrder, Words
from pprl.similarity.prefix import Prefix, Sample, choose, demands
from pprl.similarity.threshold import Threshold

Found = tuple[Counts, Counts, Counts]

_LANES = 64
_ROWS = 512
_NO_FILTER = 1 << 40
# In units of one word of the prefix, which takes some 150 picoseconds a pair.
_SURVIVOR_COST = 100.0
_SURVIVOR_WORD_COST = 4.0


@dataclass(frozen=True)
class Block:
    """Filters of A made ready.

    Attributes:
        place: where each stands, `int64[n]`.
        prefixes: `uint64[n, k]`.
        demand: what each demands of the count, `int64[n]`.
    """

    place: Counts
    prefixes: Words
    demand: Counts

    def take(self, rows: Counts) -> Block:
        """Some of them."""
        return Block(self.place[rows], self.prefixes[rows], self.demand[rows])


class CompiledCounts:
    """Finds the similar pairs between a block of A and a tile of B. Threads may share it."""

    block = 8192
    tile = 2048
    narrowest = 256

    def __init__(self, a: PopcountOrder, b: PopcountOrder, threshold: Threshold) -> None:
        """Choose the prefix for these filters."""
        self._a, self._b, self._threshold = a, b, threshold
        self._prefix = _prefix(Sample.of(a, b, threshold))

    def prepared(self, start: int, stop: int) -> Block:
        """Make a block of A ready, to be compared with many tiles."""
        prefixes = self._a.words[start:stop].take(self._prefix.units, axis=1)
        # A count is whole, so rounding down on one side and up on the other loses no pair.
        demand = np.floor(self._demands(self._a.ones[start:stop], prefixes))
        return Block(np.arange(start, stop), prefixes, demand.astype(np.int64))

    def pairs(self, block: Block, rows: slice, columns: slice) -> Found:
        """Compare rows of A, counted within its block, with columns of B.

        Returns:
            Places in A, places in B and bits in common of the similar pairs.
        """
        prefixes = self._b.words[columns].take(self._prefix.units, axis=1)
        demand = np.ceil(self._demands(self._b.ones[columns], prefixes)).astype(np.int64)
        lanes, demand = _in_lanes(prefixes, demand)
        found = []
        room = np.empty((3, min(_ROWS, rows.stop - rows.start) * len(prefixes)), np.int64)
        for first in range(rows.start, rows.stop, _ROWS):
            last = min(first + _ROWS, rows.stop)
            place = block.place[first:last]
            count = compare(
                block.prefixes[first:last],
                block.demand[first:last],
                lanes,
                demand,
                self._a.words[place],
                self._a.ones[place],
                self._b.words[columns],
                self._b.ones[columns],
                self._threshold.least_common,
                room,
            )
            i, j, common = room[:, :count].copy()
            found.append((place[i], j + columns.start, common))
        i, j, common = (np.concatenate(part) for part in zip(*found, strict=True))
        return i, j, common

    def _demands(self, ones: Counts, prefixes: Words) -> NDArray[np.float64]:
        """What filters demand of the bits in common within the prefix."""
        looked_at = np.bitwise_count(prefixes).sum(axis=1, dtype=np.int64)
        return demands(self._threshold, ones, looked_at)


def _prefix(sample: Sample) -> Prefix:
    """The words to look at first."""
    return choose(
        np.bitwise_count(sample.left ^ sample.right),
        sample.farthest,
        step=1,
        survivor_cost=_SURVIVOR_COST + _SURVIVOR_WORD_COST * sample.left.shape[1],
    )


def _in_lanes(prefixes: Words, demand: Counts) -> tuple[Words, Counts]:
    """Group filters by 64, word by word; what is missing in the last group demands too much.

    Args:
        prefixes: `uint64[n, k]`.
        demand: `int64[n]`.

    Returns:
        `uint64[groups, k, 64]` and `int64[groups, 64]`.
    """
    groups = -(-len(prefixes) // _LANES)
    padded = np.zeros((groups * _LANES, prefixes.shape[1]), np.uint64)
    padded[: len(prefixes)] = prefixes
    demands_padded = np.full(groups * _LANES, _NO_FILTER)
    demands_padded[: len(prefixes)] = demand
    lanes = padded.reshape(groups, _LANES, -1).transpose(0, 2, 1)
    return np.ascontiguousarray(lanes), demands_padded.reshape(groups, _LANES)


def compare(
    prefixes: Words,
    demand: Counts,
    lanes: Words,
    lane_demand: Counts,
    a: Words,
    a_ones: Counts,
    b: Words,
    b_ones: Counts,
    least_common: Counts,
    found: Counts,
) -> int:
    """Compare every row with every filter in the lanes.

    Args:
        prefixes: of the rows, `uint64[m, k]`.
        demand: of the rows, `int64[m]`.
        lanes: prefixes of the filters, `uint64[groups, k, 64]`.
        lane_demand: of the filters, `int64[groups, 64]`.
        a: the rows in full, `uint64[m, words]`.
        a_ones: bits set in them, `int64[m]`.
        b: the filters in full, `uint64[n, words]`.
        b_ones: bits set in them, `int64[n]`.
        least_common: `Threshold.least_common`.
        found: receives rows, filters and bits in common of the similar pairs; `int64[3, m * n]`.

    Returns:
        How many pairs were found.
    """
    pairs = 0
    counts = np.empty(lanes.shape[2], np.int64)
    for group in range(lanes.shape[0]):
        for row in range(prefixes.shape[0]):
            counts[:] = 0
            for word in range(lanes.shape[1]):
                own = prefixes[row, word]
                for lane in range(64):
                    counts[lane] += np.int64(ones_in_word(own & lanes[group, word, lane]))
            is_any = False
            for lane in range(64):
                is_any |= counts[lane] >= demand[row] + lane_demand[group, lane]
            if not is_any:
                continue
            for lane in range(64):
                if counts[lane] >= demand[row] + lane_demand[group, lane]:
                    column = group * 64 + lane
                    shared = np.int64(0)
                    for word in range(a.shape[1]):
                        shared += np.int64(ones_in_word(a[row, word] & b[column, word]))
                    if shared >= least_common[a_ones[row] + b_ones[column]]:
                        found[0, pairs] = row
                        found[1, pairs] = column
                        found[2, pairs] = shared
                        pairs += 1
    return pairs


compare = numba.njit(nogil=True, cache=True, boundscheck=False)(compare)
