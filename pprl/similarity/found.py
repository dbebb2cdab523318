"""The pairs found: gathered as they come, bounded in number, and put in order at the end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError

Rows = NDArray[np.int64]
Scores = NDArray[np.float64]

_BATCH = 1 << 20


class SimilarPairs(NamedTuple):
    """Pairs of similar filters, the most similar first, then by `i`, then by `j`.

    Attributes:
        i: rows of A, `int64[pairs]`.
        j: rows of B; of A, and greater than `i`, where A was compared with itself. `int64[pairs]`.
        similarity: Dice or Jaccard similarity, or the Hamming distance. `float64[pairs]`.
    """

    i: Rows
    j: Rows
    similarity: Scores


class Gathering:
    """Pairs gathered from tiles, whose order makes no difference to what comes out.

    Takes 16 bytes a pair, and some 80 while they are sorted.
    """

    def __init__(
        self, *, max_pairs: int, top: int | None, is_distance: bool, is_self_join: bool
    ) -> None:
        """Start empty.

        Args:
            max_pairs: most pairs to hold; at least 1.
            top: keep this many of each row of A, those most similar, of equals the lower `j`.
                None keeps all. In a self-join every row counts as a row of A.
            is_distance: whether the smallest score is the best.
            is_self_join: whether `j` are rows of A too.
        """
        self._max_pairs = max_pairs
        self._top = top
        self._sign = 1.0 if is_distance else -1.0
        self._is_self_join = is_self_join
        self._parts: list[tuple[NDArray[np.int32], NDArray[np.int32], Scores]] = []
        self._count = 0
        self._kept = 0

    def add(self, i: Rows, j: Rows, score: Scores) -> None:
        """Take in the pairs of one tile: rows `int[n]` and `int[n]`, scores `float64[n]`.

        Raises:
            UsageError: there are more than `max_pairs`.
        """
        if not len(i):
            return
        if self._is_self_join:
            i, j = np.minimum(i, j), np.maximum(i, j)
        self._parts.append((i.astype(np.int32), j.astype(np.int32), score))
        self._count += len(i)
        # Doubling before each sweep keeps the sweeps' cost in proportion to the pairs found.
        if self._top is not None and self._count > max(_BATCH, 2 * self._kept):
            self._sweep()
        if self._top is None or self._kept > self._max_pairs:
            self._refuse_beyond(self._count)

    def sorted(self) -> SimilarPairs:
        """All of them, in order.

        Raises:
            UsageError: there are more than `max_pairs`.
        """
        if self._top is not None:
            self._sweep()
        self._refuse_beyond(self._count)
        i, j, score = self._joined()
        order = np.lexsort((j, i, self._sign * score))
        return SimilarPairs(i[order].astype(np.int64), j[order].astype(np.int64), score[order])

    def _refuse_beyond(self, count: int) -> None:
        """Raise if there are too many."""
        if count > self._max_pairs:
            raise UsageError(
                f"More than {self._max_pairs:,} pairs are at or beyond the threshold. Raise the "
                "threshold, keep only the best of each row with top=, compare A in parts, or raise "
                "max_pairs (a pair takes about 100 bytes of memory)."
            )

    def _joined(self) -> tuple[NDArray[np.int32], NDArray[np.int32], Scores]:
        """The parts as one."""
        if not self._parts:
            return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
        if len(self._parts) > 1:
            i, j, score = (np.concatenate(part) for part in zip(*self._parts, strict=True))
            self._parts = [(i, j, score)]
        return self._parts[0]

    def _sweep(self) -> None:
        """Drop what is beyond the best of its row: it stays so whatever is still to come."""
        i, j, score = self._joined()
        assert self._top is not None
        if self._is_self_join:
            place = _places(
                np.concatenate((i, j)), np.concatenate((j, i)), np.tile(self._sign * score, 2)
            )
            is_kept = (place[: len(i)] < self._top) | (place[len(i) :] < self._top)
        else:
            is_kept = _places(i, j, self._sign * score) < self._top
        self._parts = [(i[is_kept], j[is_kept], score[is_kept])]
        self._count = self._kept = int(is_kept.sum())


def _places(row: NDArray[np.int32], partner: NDArray[np.int32], badness: Scores) -> Rows:
    """The place of each pair among the pairs of its row, 0 for the best."""
    order = np.lexsort((partner, badness, row))
    ordered = row[order]
    starts = np.searchsorted(ordered, ordered, side="left")
    place = np.empty(len(row), np.int64)
    place[order] = np.arange(len(row)) - starts
    return place
