"""Rates as they may be told: rounded, and coded where nearly all or nearly none.

A rate is told where its two counts are. It is then a function of them, and tells nothing more.
Beside hidden counts it is told only coded (">95%"), and only where that says no more than that the
few others are below the smallest cell. What a text says is an interval (`interval_of`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from pprl.errors import UsageError

RATE = "rate"
TOP = 95
BOTTOM = 5
_TEXT = re.compile(r"(?P<sign>[<>]?)(?P<digits>\d{1,3}(?:\.(?P<decimals>\d{1,6}))?)%")


@dataclass(frozen=True, eq=False)
class RateTable:
    """Which share of a group has an outcome.

    A rate is the cell of `measure` with `numerator` in the dimension `outcome`, over the cell with
    "total" there, both with the row's codes in `dimensions`.

    Attributes:
        name: the table's own, and its file's.
        measure: which persons are counted.
        dimensions: names of the columns that hold codes, `outcome` not among them.
        outcome: name of the dimension that has the numerator.
        numerator: its code there, such as "yes".
        rates: a text column for each dimension, and `rate`: "83%", ">95%", "<5%", or "" where it
            is hidden. Not yet there in what `protect` is given.
        decimals: how many stand after the point.
    """

    name: str
    measure: str
    dimensions: tuple[str, ...]
    outcome: str
    numerator: str
    rates: pd.DataFrame
    decimals: int = 0


def rounded(numerator: int, denominator: int, decimals: int = 0) -> str:
    """A rate as text: in per cent, half up, ">95%" above and "<5%" below; "" of nobody."""
    if not denominator:
        return ""
    if coded := coded_only(numerator, denominator):
        return coded
    scale = 10**decimals
    units = (200 * scale * numerator + denominator) // (2 * denominator)
    whole, part = divmod(units, scale)
    return f"{whole}.{part:0{decimals}d}%" if decimals else f"{whole}%"


def coded_only(numerator: int, denominator: int) -> str:
    """The text ">95%" or "<5%" where the rate is beyond, otherwise ""."""
    if 100 * numerator > TOP * denominator:
        return f">{TOP}%"
    return f"<{BOTTOM}%" if 100 * numerator < BOTTOM * denominator else ""


def interval_of(text: str) -> tuple[float, float]:
    """From and to which rate a text speaks of, 0 to 1, both ends included.

    Raises:
        UsageError: it is no rate.
    """
    found = _TEXT.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is no rate; expected such as 83%, >95% or <5%.")
    value = float(found["digits"]) / 100
    if found["sign"]:
        return (value, 1.0) if found["sign"] == ">" else (0.0, value)
    half = 0.005 / 10 ** len(found["decimals"] or "")
    return max(0.0, value - half), min(1.0, value + half)
