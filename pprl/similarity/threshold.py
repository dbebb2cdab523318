"""Thresholds without rounding: from which number of common bits on two filters are similar.

For filters with `a` and `b` bits set and `c` in common, Dice is `2c / (a + b)`, Jaccard is
`c / (a + b - c)` and the Hamming distance is `a + b - 2c`. Each of them turns a threshold into a
least `c` that hangs on `a + b` alone, so one table of whole numbers, made by exact arithmetic once,
decides every pair, and no two kernels can differ by a rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError

Measure = Literal["dice", "jaccard", "hamming"]
Number = float | int | Fraction | Decimal | str | np.floating | np.integer
Counts = NDArray[np.int64]
Scores = NDArray[np.float64]

_SLOPES: dict[str, Callable[[Fraction], Fraction]] = {
    "dice": lambda value: value / 2,
    "jaccard": lambda value: value / (1 + value),
    "hamming": lambda value: Fraction(1, 2),
}


@dataclass(frozen=True)
class Threshold:
    """A threshold as a table over the bits that two filters have set together.

    Attributes:
        measure: what is compared.
        bits: length of the filters.
        least_common: `int64[2 * bits + 1]`; two filters with `s` bits set between them are similar
            if and only if they have at least `least_common[s]` of them in common. Its steps are 0
            or 1.
        slope: least common bits for each bit set, as a line: `slope * s + offset` is at most
            `least_common[s]`, and less than one below it wherever that is positive.
        offset: see `slope`.
    """

    measure: Measure
    bits: int
    least_common: Counts
    slope: float
    offset: float

    @classmethod
    def of(cls, measure: Measure, value: Number, bits: int) -> Threshold:
        """Make the table for filters of `bits` bits.

        Args:
            measure: "dice", "jaccard" or "hamming".
            value: least similarity, above 0 and at most 1; or greatest Hamming distance, at least
                0. A float means the decimal that it prints as, so 0.8 is exactly four fifths;
                where that will not do, pass a `Fraction`.
            bits: length of the filters.

        Raises:
            UsageError: no such measure, or a value outside its range.
        """
        if measure not in _SLOPES:
            raise UsageError(f"measure is {measure!r}; choose one of {', '.join(_SLOPES)}.")
        exact = _exact(value)
        if measure == "hamming":
            if exact < 0:
                raise UsageError("A Hamming distance cannot be below 0: raise the threshold.")
        elif not 0 < exact <= 1:
            raise UsageError(
                f"threshold must be above 0 and at most 1 for {measure}; every pair has at least 0."
            )
        slope = _SLOPES[measure](exact)
        offset = -Fraction(math.floor(exact), 2) if measure == "hamming" else Fraction(0)
        # Two empty filters say nothing of each other: only in distance are they alike.
        least = 0 if measure == "hamming" else 1
        over = 2 * slope.denominator
        per_bit, start = int(slope * over), int(offset * over)
        table = [max(least, -(-(per_bit * total + start) // over)) for total in range(2 * bits + 1)]
        return cls(measure, bits, np.array(table, np.int64), float(slope), float(offset))

    def farthest(self) -> Counts:
        """The greatest Hamming distance of similar filters, by bits set between them.

        Negative where no two filters are similar. `int64[2 * bits + 1]`.
        """
        distances: Counts = np.arange(2 * self.bits + 1) - 2 * self.least_common
        return distances

    def partners(self) -> tuple[Counts, Counts]:
        """Fewest and most bits that a partner of a filter with `p` bits set can have.

        For Dice this is `p t / (2 - t)` to `p (2 - t) / t` in whole numbers. Where there can be no
        partner the fewest exceeds the most.

        Returns:
            Two of `int64[bits + 1]`, neither ever falling with `p`.
        """
        own = np.arange(self.bits + 1)
        most = np.searchsorted(self.least_common, own, side="right") - 1 - own
        most = np.minimum(most, self.bits)
        # A partner's partners include oneself, so the fewest follow from the most.
        return np.searchsorted(most, own, side="left"), most

    def score(self, common: Counts, total: Counts) -> Scores:
        """Similarity, or Hamming distance, of pairs.

        Equal fractions give equal floats and different ones different floats, whatever the filters.

        Args:
            common: bits in common, `int64[n]`.
            total: bits set between the two, `int64[n]`.
        """
        if self.measure == "hamming":
            return (total - 2 * common).astype(np.float64)
        if self.measure == "dice":
            return 2 * common / total
        return common / (total - common)


def _exact(value: Number) -> Fraction:
    """The number that was meant."""
    try:
        # NumPy's numbers too print as the shortest decimal that reads back as themselves.
        return Fraction(value if isinstance(value, Fraction | Decimal) else str(value))
    except (ValueError, OverflowError, ZeroDivisionError):
        raise UsageError("threshold is not a number.") from None
