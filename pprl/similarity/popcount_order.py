"""Filters in the order of their bits set, so that possible partners lie side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError

Words = NDArray[np.uint64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class PopcountOrder:
    """Filters sorted by the number of bits set, equal ones by their row.

    Attributes:
        words: `uint64[n, words]`, a sorted copy.
        ones: bits set in each, `int64[n]`, never falling.
        row: where each stood before, `int64[n]`.
    """

    words: Words
    ones: Counts
    row: NDArray[np.int64]

    @classmethod
    def of(cls, filters: Words, name: str) -> PopcountOrder:
        """Sort a table of filters.

        Args:
            filters: `uint64[n, words]`.
            name: what the caller calls the table, for the error.

        Raises:
            UsageError: it is no such table.
        """
        if (
            not isinstance(filters, np.ndarray)
            or filters.dtype != np.uint64
            or filters.ndim != 2
            or not filters.shape[1]
        ):
            raise UsageError(f"{name} must be an array uint64[n, words], one filter a row.")
        ones = np.bitwise_count(filters).sum(axis=1, dtype=np.int64)
        row = np.argsort(ones, kind="stable")
        return cls(filters[row], ones[row], row)

    def __len__(self) -> int:
        """How many filters."""
        return len(self.words)

    def between(self, fewest: int, most: int) -> tuple[int, int]:
        """Start and stop of the filters with `fewest` to `most` bits set."""
        start = int(np.searchsorted(self.ones, fewest, side="left"))
        return start, max(start, int(np.searchsorted(self.ones, most, side="right")))
