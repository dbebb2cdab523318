"""The best partners of each row so far, which tell what is still worth comparing.

Once a row has as many partners as are asked for, filters whose number of bits alone makes them less
similar than the worst of these need not be looked at (Tabei and Uno, "Kernel-based similarity
search in massive graph databases with wavelet trees", SDM 2011, prune by counts the same way).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pprl.similarity.found import Scores
from pprl.similarity.popcount_order import Counts
from pprl.similarity.threshold import Threshold


class BestSoFar:
    """The best scores of each row of a block."""

    def __init__(self, ones: Counts, top: int, threshold: Threshold) -> None:
        """Start with none.

        Args:
            ones: bits set in each row, `int64[n]`.
            top: how many partners are asked for.
            threshold: how pairs are scored.
        """
        self._ones = ones
        self._threshold = threshold
        self._sign = 1.0 if threshold.measure == "hamming" else -1.0
        self._badness = np.full((len(ones), top), np.inf)

    def add(self, rows: Counts, score: Scores) -> None:
        """Take in pairs.

        Args:
            rows: `int64[m]`, counted within the block.
            score: `float64[m]`.
        """
        if not len(rows):
            return
        top = self._badness.shape[1]
        badness = self._sign * score
        order = np.lexsort((badness, rows))
        rows, badness = rows[order], badness[order]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        best = rank < top
        rows, badness, rank = rows[best], badness[best], rank[best]
        touched, place = np.unique(rows, return_inverse=True)
        both = np.full((len(touched), 2 * top), np.inf)
        both[:, :top] = self._badness[touched]
        both[place, top + rank] = badness
        both.sort(axis=1)
        self._badness[touched] = both[:, :top]

    def within_reach(self, rows: slice, fewest: int, most: int) -> NDArray[np.bool_]:
        """Which rows could still gain by a filter with `fewest` to `most` bits set: `bool[n]`.

        One as good as the worst of the best so far counts: of equals, the lower row is kept.
        """
        own = self._ones[rows]
        nearest = np.clip(own, fewest, most)
        common = np.minimum(own, nearest)
        with np.errstate(invalid="ignore"):
            score = self._threshold.score(common, own + nearest)
        reach: NDArray[np.bool_] = self._sign * score <= self._badness[rows, -1]
        return reach
