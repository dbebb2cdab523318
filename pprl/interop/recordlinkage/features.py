"""Columns of filters in `recordlinkage.Compare`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from recordlinkage.base import BaseCompareFeature

from pprl.errors import UsageError

_MEASURES = ("dice", "jaccard")
_TILE = 1 << 16


class FilterSimilarity(BaseCompareFeature):  # type: ignore[misc]
    """How similar two filters are, 0 to 1: a feature for `recordlinkage.Compare`.

    The columns hold filters as bytes of one length, as `Clks.to_series` gives them. A missing
    filter (None or NaN) compares as `missing_value`; two empty ones have similarity 0.
    """

    name = "filter"
    description = "Similarity of filters"

    def __init__(
        self,
        left_on: str,
        right_on: str,
        measure: str = "dice",
        missing_value: float = 0.0,
        label: str | None = None,
    ) -> None:
        """Compare two columns.

        Args:
            left_on: the first frame's column.
            right_on: the second's.
            measure: "dice" or "jaccard".
            missing_value: the similarity with a missing filter.
            label: what to call the feature in the comparison vectors.

        Raises:
            UsageError: there is no such measure.
        """
        super().__init__(left_on, right_on, label=label)
        if measure not in _MEASURES:
            raise UsageError(f"measure is {measure!r}; choose one of {', '.join(_MEASURES)}.")
        self.measure = measure
        self.missing_value = missing_value

    def _compute_vectorized(
        self, left: pd.Series[Any], right: pd.Series[Any]
    ) -> NDArray[np.float64]:
        """The similarity of each pair, `float64[n]`."""
        a, b = left.to_numpy(object), right.to_numpy(object)
        scores = np.full(len(a), self.missing_value, np.float64)
        present = np.flatnonzero(left.notna().to_numpy() & right.notna().to_numpy())
        for start in range(0, len(present), _TILE):
            tile = present[start : start + _TILE]
            x, y = _octets(a[tile]), _octets(b[tile])
            if x.shape != y.shape:
                raise UsageError(f"{self.labels_left} and {self.labels_right} differ in length.")
            common = np.bitwise_count(x & y).sum(axis=1, dtype=np.int64)
            ones = np.bitwise_count(x).sum(axis=1, dtype=np.int64)
            ones += np.bitwise_count(y).sum(axis=1, dtype=np.int64)
            over = ones if self.measure == "dice" else ones - common
            times = 2 if self.measure == "dice" else 1
            scores[tile] = times * common / np.maximum(over, 1)
        return scores


def _octets(filters: NDArray[Any]) -> NDArray[np.uint8]:
    """Filters as `uint8[n, bytes]`."""
    lengths = set(map(len, filters))
    if len(lengths) > 1:
        raise UsageError("the filters of a column differ in length.")
    return np.frombuffer(b"".join(filters), np.uint8).reshape(len(filters), -1)
