"""Into which tokens values are cut, so that similar values share some: clkhash's three ways.

Each comparison cuts one value, and all values of a column at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.intp]

_LARGEST_TABLE = 1 << 22
_LARGEST_KEY = 1 << 62


@dataclass(frozen=True)
class Tokens:
    """The tokens of some values, one behind the other.

    Attributes:
        distinct: each token once.
        flat: which of them each is, `intp[n]`.
        counts: tokens of each value, `intp[values]`.
    """

    distinct: list[str]
    flat: Whole
    counts: Whole

    @classmethod
    def of(cls, values: Sequence[str], cut: Callable[[str], Sequence[str]]) -> Tokens:
        """Cut values one by one."""
        cuts = [cut(value) for value in values]
        flat, distinct = factorized([token for tokens in cuts for token in tokens])
        return cls(distinct, flat, np.fromiter(map(len, cuts), np.intp, len(cuts)))


class Comparison(Protocol):
    """A way of cutting values into tokens."""

    def tokens(self, value: str) -> Sequence[str]:
        """The tokens of a value, in clkhash's order; none of an empty one.

        Raises:
            ValueError: the value has none. The message does not hold it.
        """
        ...

    def cut(self, values: Sequence[str]) -> Tokens:
        """The tokens of many values, as `tokens` gives them, none of which may be refused."""
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

    def cut(self, values: Sequence[str]) -> Tokens:
        """As `Comparison.cut`: the letters of all values are one array, a token a number."""
        padding = " " * (self.n - 1)
        joined = f"{padding}{(padding + padding).join(values)}{padding}"
        points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
        lengths = np.fromiter(map(len, values), np.intp, len(values))
        counts = np.where(lengths, lengths + self.n - 1, 0)
        widths = lengths + 2 * len(padding)
        value = np.repeat(np.arange(len(values)), counts)
        place = np.arange(len(value)) - (np.cumsum(counts) - counts)[value]
        start = (np.cumsum(widths) - widths)[value] + place
        letters = np.flatnonzero(np.bincount(points))
        places = int(place.max(initial=0)) + 1 if self.positional else 1
        span = len(letters) ** self.n * places
        if span > _LARGEST_KEY or not len(value):
            return Tokens.of(values, self.tokens)
        letter = np.zeros(int(letters[-1]) + 1, np.int64)
        letter[letters] = np.arange(len(letters))
        coded = letter[points]
        keys = coded[start]
        for further in range(1, self.n):
            keys = keys * len(letters) + coded[start + further]
        if self.positional:
            keys = keys * places + place
        flat, seen = numbered(keys, span)
        distinct = [joined[first : first + self.n] for first in start[seen].tolist()]
        if self.positional:
            where = (place[seen] + 1).tolist()
            distinct = [f"{at} {token}" for at, token in zip(where, distinct, strict=True)]
        return Tokens(distinct, flat, counts)


@dataclass(frozen=True)
class Exact:
    """The value as one token."""

    def tokens(self, value: str) -> Sequence[str]:
        """As `Comparison.tokens`."""
        return (value,) if value else ()

    def cut(self, values: Sequence[str]) -> Tokens:
        """As `Comparison.cut`."""
        return Tokens.of(values, self.tokens)


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

    def cut(self, values: Sequence[str]) -> Tokens:
        """As `Comparison.cut`."""
        return Tokens.of(values, self.tokens)


def comparison(table: Mapping[str, Any]) -> Comparison:
    """Make the comparison that a checked version 3 schema describes.

    Raises:
        ValueError: the distance vanishes at this precision, or is beyond floats.
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


def factorized(values: Sequence[str]) -> tuple[Whole, list[str]]:
    """Each value as its place among the distinct ones, and those, in order of appearance."""
    places: defaultdict[str, int] = defaultdict()
    places.default_factory = places.__len__
    return np.fromiter(map(places.__getitem__, values), np.intp, len(values)), list(places)


def numbered(keys: NDArray[np.int64], span: int) -> tuple[Whole, Whole]:
    """Each key as its place among the distinct ones, and where each of those occurs.

    Args:
        keys: `int64[n]`, from 0 to `span - 1`.
        span: how many keys there could be.
    """
    if span > _LARGEST_TABLE:
        _, seen, flat = np.unique(keys, return_index=True, return_inverse=True)
        return flat, seen
    occurrence = np.full(span, -1, np.intp)
    occurrence[keys] = np.arange(len(keys))
    present = np.flatnonzero(occurrence >= 0)
    seen = occurrence[present]
    occurrence[present] = np.arange(len(present))
    return occurrence[keys], seen
