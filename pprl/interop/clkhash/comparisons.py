"""Into which tokens a value is cut, so that similar values share some: clkhash's three ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Comparison(Protocol):
    """A way of cutting values into tokens."""

    def tokens(self, value: str) -> Sequence[str]:
        """The tokens of a value, in clkhash's order; none of an empty one.

        Raises:
            ValueError: the value has none. The message does not hold it.
        """
        ...


@dataclass(frozen=True)
class Ngrams:
    """Every `n` letters in a row, the value padded with `n - 1` spaces on either side.

    Attributes:
        n: letters a token.
        positional: whether each token begins with its place, counted from 1.
    """

    n: int
    positional: bool

    def tokens(self, value: str) -> Sequence[str]:
        """As `Comparison.tokens`; a value shorter than `n` still has its padded tokens."""
        if not value:
            return ()
        padding = " " * (self.n - 1)
        padded = f"{padding}{value}{padding}"
        starts = range(len(padded) - self.n + 1)
        if self.positional:
            return [f"{start + 1} {padded[start : start + self.n]}" for start in starts]
        return [padded[start : start + self.n] for start in starts]


@dataclass(frozen=True)
class Exact:
    """The value as one token."""

    def tokens(self, value: str) -> Sequence[str]:
        """As `Comparison.tokens`."""
        return (value,) if value else ()


@dataclass(frozen=True)
class Numeric:
    """A number's neighbours on a grid: close numbers share many (Vatsalan and Christen, 2015).

    Attributes:
        interval: the distance beyond which numbers share no token, times
            `10 ** fractional_precision`; at least 1.
        resolution: tokens on either side of the number's own.
        fractional_precision: decimal places that count.
    """

    interval: int
    resolution: int
    fractional_precision: int

    def tokens(self, value: str) -> Sequence[str]:
        """As `Comparison.tokens`: `2 * resolution + 1` numbers, `interval` apart."""
        if not value:
            return ()
        scale = 10**self.fractional_precision
        try:
            try:
                scaled = int(value) * scale
            except ValueError:
                # Rounded to even where there are decimal places, cut off where there are none.
                real = float(value)
                scaled = round(real * scale) if self.fractional_precision else int(real)
        except (ValueError, OverflowError):
            raise ValueError("is not a number") from None
        scaled *= 2 * self.resolution
        below = scaled % self.interval
        # A float, as in clkhash: beyond 2**53 the two sides of the middle depend on its rounding.
        is_nearer_below = below < self.interval / 2
        middle = scaled - below if is_nearer_below or not below else scaled - below + self.interval
        steps = range(-self.resolution, self.resolution + 1)
        return [str(middle + step * self.interval) for step in steps]


def comparison(table: Mapping[str, Any]) -> Comparison:
    """Make the comparison that a checked version 3 schema describes.

    Raises:
        ValueError: the distance vanishes at this precision.
    """
    if table["type"] == "ngram":
        return Ngrams(table["n"], table.get("positional", False))
    if table["type"] == "exact":
        return Exact()
    precision = table.get("fractional_precision", 0)
    try:
        interval = round(table["thresholdDistance"] * 10**precision)
        float(interval)
    except OverflowError:
        raise ValueError("thresholdDistance is too large for a float; lower it") from None
    if interval == 0:
        raise ValueError("thresholdDistance is 0 at this fractional_precision; raise either")
    return Numeric(interval, table["resolution"], precision)
