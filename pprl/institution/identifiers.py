"""What spreadsheets do to identifiers: told, and never repaired by a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pprl.institution.dates import Lines
from pprl.institution.table import TextColumn, counted

_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2}")

EXACT_DIGITS = 15
"""Digits that a spreadsheet keeps; it writes noughts for the others."""

FEWEST_USUAL = 20
USUAL = 0.9
"""Share of identifiers of one length that makes the shorter ones doubtful."""


def doubtful_identifiers(cells: Mapping[str, TextColumn], lines: Lines, file: str) -> list[str]:
    """What to tell of local and state IDs: digits written as noughts, zeros lost in front."""
    notes = []
    for name in ("local_id", "state_id"):
        column = cells[name]
        digits = np.array([len(text) if text.isdigit() else 0 for text in column.values], np.int64)
        long = np.flatnonzero(digits > EXACT_DIGITS)
        if len(long) and all(not column.values[i][EXACT_DIGITS:].strip("0") for i in long):
            rows = int(np.isin(column.codes, long).sum())
            notes.append(
                f"{file}: all {rows} {name} of more than {EXACT_DIGITS} digits end "
                "in noughts, as a spreadsheet writes what it cannot hold. Export them as text."
            )
        short = _shorter(digits[column.codes])
        if short.any():
            notes.append(
                f"{file}: {counted(int(short.sum()), name, 'have')} fewer digits than the others "
                f"(first in row {lines[short][0]}); a spreadsheet may have dropped leading "
                "zeros. They are used as they stand. Export them as text."
            )
        if any(text[-2:] == ".0" and text[:-2].isdigit() for text in column.values):
            notes.append(f"{file}: {name} were stored as numbers (they end in .0). Export as text.")
    return notes


def is_rounded(text: str) -> bool:
    """Whether a number was shortened by a spreadsheet beyond repair."""
    return "+" in text and _ROUNDED.fullmatch(text) is not None


def _shorter(digits: Lines) -> npt.NDArray[np.bool_]:
    """`bool[n]`: numbers shorter than the length that nearly all others have.

    Args:
        digits: `int64[n]`, how many digits each has, 0 for what is no number.
    """
    counts = np.bincount(digits)
    counts[:1] = 0
    if counts.sum() < FEWEST_USUAL or counts.max() < USUAL * counts.sum():
        return np.zeros(len(digits), dtype=bool)
    return (digits > 0) & (digits < counts.argmax())
