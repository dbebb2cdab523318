"""Nearly every pair of similar filters, by comparing only filters that share some key of bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.similarity.all_pairs import MAX_PAIRS, checked
from pprl.similarity.collision import (
    MOST_BITS,
    MOST_TABLES,
    choose_key_bits,
    estimated_recall,
    found_in,
)
from pprl.similarity.found import Gathering, SimilarPairs
from pprl.similarity.popcount_order import Counts, PopcountOrder, Words
from pprl.similarity.threshold import Measure, Number, Threshold

Pairs = tuple[Counts, Counts]

_AT_ONCE = 1 << 16
_CROWDED = 100
_TRUSTED = 100
_LONGER = 4


@dataclass(frozen=True)
class HashedPairs:
    """What hashing found, and how much of what there is.

    Attributes:
        pairs: as `similar_pairs` gives them; each is truly similar.
        recall: estimated share of all similar pairs that were found, judged by the distances of the
            pairs found; 0 if there are none.
        recall_at_threshold: share found of pairs exactly at the threshold, the hardest, if their
            filters have as many bits set as the median; of equal filters, all are found.
        key_bits: bits of the key of each table, in the order of the tables.
        candidates: pairs compared, a pair once for each table that proposed it.
    """

    pairs: SimilarPairs
    recall: float
    recall_at_threshold: float
    key_bits: tuple[int, ...]
    candidates: int


def similar_pairs_lsh(
    a: Words,
    b: Words | None,
    threshold: Number,
    *,
    measure: Measure = "dice",
    recall: float = 0.99,
    max_pairs: int = MAX_PAIRS,
    rng: np.random.Generator | None = None,
) -> HashedPairs:
    """Find nearly every pair of filters at or above a similarity, in far less than quadratic time.

    Tables are added until the recall estimated from a hundred pairs or more reaches what is wanted,
    or until even pairs at the threshold are found that often. Where many filters share a key, later
    keys are longer. Takes the memory of `a` and `b` twice more, and about 150 bytes a pair found.

    Args:
        a: filters, `uint64[n, words]`.
        b: filters of as many words; None compares `a` with itself.
        threshold: as in `similar_pairs`.
        measure: as in `similar_pairs`.
        recall: share of the similar pairs to find, between 0 and 1.
        max_pairs: most pairs to return.
        rng: draws the bits of the keys; None draws the same ones every time.

    Returns:
        `HashedPairs`.

    Raises:
        UsageError: as `similar_pairs`; or the threshold is too low for hashing.
    """
    if not 0 < recall < 1:
        raise UsageError("recall must lie between 0 and 1; similar_pairs finds every pair.")
    left, right, rule = checked(a, b, threshold, measure, max_pairs=max_pairs)
    gathering = Gathering(
        max_pairs=max_pairs, top=None, is_distance=measure == "hamming", is_self_join=b is None
    )
    if not len(left) or not len(right):
        return HashedPairs(gathering.sorted(), 0.0, 1.0, (), 0)
    total = int(np.median(left.ones) + np.median(right.ones))
    hardest = max(0, int(rule.farthest()[total]))
    search = _Search(
        left,
        right,
        rule,
        is_self_join=b is None,
        max_pairs=max_pairs,
        rng=rng or np.random.default_rng(0),
    )
    length = choose_key_bits(left.words, right.words, hardest, recall)
    lengths: list[int] = []
    estimate = at_threshold = 0.0
    while at_threshold < recall and len(lengths) < MOST_TABLES:
        length = search.add_table(length)
        lengths.append(length)
        if search.count > max_pairs:
            break
        chances = found_in(rule.bits, lengths)
        estimate, at_threshold = estimated_recall(search.distances, chances), chances[hardest]
        if search.count >= _TRUSTED and estimate >= recall:
            break
    i, j, common = search.pairs()
    scores = rule.score(common, left.ones[i] + right.ones[j])
    gathering.add(left.row[i], right.row[j], scores)
    return HashedPairs(
        gathering.sorted(), estimate, float(at_threshold), tuple(lengths), search.candidates
    )


class _Search:
    """Tables added one after the other, and the pairs they have found so far."""

    def __init__(
        self,
        a: PopcountOrder,
        b: PopcountOrder,
        threshold: Threshold,
        *,
        is_self_join: bool,
        max_pairs: int,
        rng: np.random.Generator,
    ) -> None:
        """Start without a table; once there are more than `max_pairs`, a table stays unfinished."""
        self._a, self._b, self._threshold = a, b, threshold
        self._is_self_join, self._max_pairs = is_self_join, max_pairs
        self._rng = rng
        # Word by word, so that a bit of every filter is read from one stretch of memory.
        self._a_words = np.ascontiguousarray(a.words.T)
        self._b_words = self._a_words if is_self_join else np.ascontiguousarray(b.words.T)
        self._pairs = np.empty(0, np.int64)
        self._common = np.empty(0, np.int64)
        self.distances = np.zeros(threshold.bits + 1, np.int64)
        self.candidates = 0

    @property
    def count(self) -> int:
        """Pairs found so far."""
        return len(self._pairs)

    def pairs(self) -> tuple[Counts, Counts, Counts]:
        """Places in A, places in B and bits in common of the pairs found so far."""
        return self._pairs // len(self._b), self._pairs % len(self._b), self._common

    def add_table(self, length: int) -> int:
        """Compare all filters that share a key.

        Args:
            length: bits of the key, unless its buckets are crowded.

        Returns:
            Bits of the key that was used.
        """
        drawn = self._rng.permutation(self._threshold.bits)[:MOST_BITS]
        crowd = _CROWDED * (len(self._a) + len(self._b))
        while True:
            runs = self._runs(drawn[:length])
            if runs.sizes.sum() <= crowd or length + _LONGER > len(drawn):
                break
            length += _LONGER
        new = []
        for i, j in runs.in_parts():
            self.candidates += len(i)
            new.append(self._new_among(i, j))
            if sum(len(pairs) for pairs, _, _ in new) > self._max_pairs:
                break
        if new:
            self._take_in(*(np.concatenate(part) for part in zip(*new, strict=True)))
        return length

    def _runs(self, positions: NDArray[np.int64]) -> _Runs:
        """The buckets of one table."""
        keys = _keys(self._a_words, positions)
        order = np.argsort(keys)
        ordered = keys[order]
        if self._is_self_join:
            start = np.arange(1, len(keys) + 1)
            stop = np.searchsorted(ordered, ordered, side="right")
            return _Runs(order, order, start, stop - start)
        theirs = _keys(self._b_words, positions)
        their_order = np.argsort(theirs)
        theirs = theirs[their_order]
        start = np.searchsorted(theirs, ordered, side="left")
        stop = np.searchsorted(theirs, ordered, side="right")
        return _Runs(order, their_order, start, stop - start)

    def _new_among(self, i: Counts, j: Counts) -> tuple[Counts, Counts, Counts]:
        """Those candidate pairs that are similar and new: number, bits in common, distance."""
        if self._is_self_join:
            i, j = np.minimum(i, j), np.maximum(i, j)
        total = self._a.ones[i] + self._b.ones[j]
        least = self._threshold.least_common[total]
        shared = self._a.words.take(i, axis=0)
        shared &= self._b.words.take(j, axis=0)
        common = np.bitwise_count(shared).sum(axis=1, dtype=np.int64)
        is_wanted = common >= least
        pairs = i * len(self._b) + j
        # The end of the known pairs is a number that no pair has.
        known = np.append(self._pairs, -1)
        is_wanted[is_wanted] = (
            known[np.searchsorted(self._pairs, pairs[is_wanted])] != pairs[is_wanted]
        )
        return pairs[is_wanted], common[is_wanted], (total - 2 * common)[is_wanted]

    def _take_in(self, pairs: Counts, common: Counts, distances: Counts) -> None:
        """Add new pairs to those known, in the order of their numbers."""
        order = np.argsort(pairs)
        where = np.searchsorted(self._pairs, pairs[order])
        self._pairs = np.insert(self._pairs, where, pairs[order])
        self._common = np.insert(self._common, where, common[order])
        self.distances += np.bincount(distances, minlength=len(self.distances))


@dataclass(frozen=True)
class _Runs:
    """Buckets: for each filter of A a run of filters of B, both in the order of their keys.

    Attributes:
        a: places in A by key.
        b: places in B by key.
        starts: where in `b` the run of each of `a` begins.
        sizes: how long it is.
    """

    a: Counts
    b: Counts
    starts: Counts
    sizes: Counts

    def in_parts(self) -> Iterator[Pairs]:
        """The candidate pairs, at most 65,536 and one run at once."""
        filled = np.flatnonzero(self.sizes)
        if not len(filled):
            return
        ends = np.cumsum(self.sizes[filled])
        cuts = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1], _AT_ONCE))
        for part in np.split(filled, np.unique(cuts)):
            sizes = self.sizes[part]
            before = np.cumsum(sizes) - sizes
            place = np.arange(int(sizes.sum())) + np.repeat(self.starts[part] - before, sizes)
            yield np.repeat(self.a[part], sizes), self.b[place]


def _keys(words: Words, positions: NDArray[np.int64]) -> Words:
    """The bits at some positions of each filter, side by side.

    Args:
        words: `uint64[words, n]`.
        positions: at most 64.

    Returns:
        `uint64[n]`.
    """
    keys = np.zeros(words.shape[1], np.uint64)
    for position in positions.tolist():
        keys <<= np.uint64(1)
        keys |= (words[position // 64] >> np.uint64(position % 64)) & np.uint64(1)
    return keys
