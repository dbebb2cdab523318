"""Counts that may leave the hub: rounded down to multiples of the agreement's smallest cell."""

from __future__ import annotations

import math
from dataclasses import dataclass

DECIMALS = 4
_UNITS = 10_000
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
COARSE = 10
"""A coarse share's step is worth at least so many smallest cells."""


@dataclass(frozen=True)
class Rounding:
    """The rounding under one agreement.

    Attributes:
        smallest: what counts are multiples of, 1 or more; 1 rounds nothing.
    """

    smallest: int

    def count(self, number: float, whole: float | None = None) -> int | None:
        """The lowest of the `smallest` values that a count may have; None if it may be 0.

        Args:
            number: whole, or expected.
            whole: what it is a part of, if that is known: none of the values is above it, so that
                the rest is rounded as well.
        """
        rounded = int(number) // self.smallest * self.smallest
        if whole is not None and rounded + self.smallest - 1 > whole:
            rounded -= self.smallest
        return rounded if rounded > 0 or self.smallest == 1 else None

    def share(self, part: float, whole: float) -> float | None:
        """The share of a rounded part in a whole, 0 to 1; None if the part may be 0."""
        rounded = self.count(part, whole) if whole else None
        return None if rounded is None else nearest(rounded / whole)

    @property
    def coarsest(self) -> int:
        """What counts that stand close to others are multiples of."""
        return COARSE * self.smallest if self.smallest > 1 else 1

    def coarse(self, part: float, whole: float) -> float | None:
        """A share in steps of whole per cents, each worth several smallest cells; None if small."""
        for step in STEPS:
            if self.smallest == 1 or step * whole >= self.coarsest:
                steps = int(part / whole / step + 1e-9) if whole else 0
                return round(steps * step, 2) if steps or self.smallest == 1 else None
        return None


def nearest(share: float) -> float:
    """A share to four decimals."""
    return round(share, DECIMALS)


def down(share: float) -> float:
    """The lower end of an interval to four decimals, rounded outwards."""
    return math.floor(share * _UNITS) / _UNITS


def up(share: float) -> float:
    """The upper end of an interval to four decimals, rounded outwards."""
    return math.ceil(share * _UNITS) / _UNITS
