"""Where the rows of regular delimited text start, found on its bytes without a loop over rows."""

from __future__ import annotations

import numpy as np

from pprl.institution.table import Rows

LONGEST_ROW = 131_072
"""Bytes of a row beyond which a quotation mark may run on, as `csv` holds of a cell."""

_QUOTE, _LF, _CR = 34, 10, 13


def regular_rows(
    text: bytes, delimiter: str, width: int, quoting: bool = True
) -> tuple[Rows, bool] | None:
    """The line on which each row that is not blank starts, and whether one has several lines.

    Args:
        text: UTF-8, in which the bytes of delimiters, quotation marks and line ends stand for
            nothing else.
        delimiter: one ASCII character.
        width: cells of every row.
        quoting: whether quotation marks enclose cells.

    Returns:
        lines `int64[rows]`, from 1, and the flag; None for a file that is not regular.
    """
    octets = np.frombuffer(text, dtype=np.uint8)
    if not len(octets):
        return None
    is_quote = octets == _QUOTE
    inside = None
    if quoting and is_quote.any():
        if not _quotes_are_regular(octets, np.flatnonzero(is_quote), ord(delimiter)):
            return None
        inside = np.logical_xor.accumulate(is_quote)
    ends = _line_ends(octets)
    row_ends = ends if inside is None else ends[~inside[ends]]
    starts = np.concatenate(([0], row_ends + 1))
    if starts[-1] == len(octets):
        starts = starts[:-1]
    stops = np.append(row_ends, len(octets))[: len(starts)]
    is_crlf = (stops > starts) & (octets[np.maximum(stops - 1, 0)] == _CR) & (stops < len(octets))
    length = stops - starts - is_crlf
    if length.max() > LONGEST_ROW:
        return None
    is_blank = length == 0
    is_delimiter = octets == ord(delimiter)
    if inside is not None:
        is_delimiter &= ~inside
    at = np.searchsorted(np.flatnonzero(is_delimiter), np.append(starts, len(octets)))
    if (np.diff(at)[~is_blank] != width - 1).any():
        return None
    lines = 1 + np.searchsorted(ends, starts)
    return lines[~is_blank], len(row_ends) < len(ends)


def _quotes_are_regular(octets: np.ndarray, quotes: Rows, delimiter: int) -> bool:
    """Whether every quotation mark opens a cell, closes one or is doubled inside one."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    parting = np.array([delimiter, _LF, _CR], dtype=np.uint8)
    doubled = closing[:-1] + 1 == opening[1:]
    opens = np.isin(octets[np.maximum(opening - 1, 0)], parting) | (opening == 0)
    opens[1:] |= doubled
    closes = np.isin(octets[np.minimum(closing + 1, len(octets) - 1)], parting)
    closes |= closing + 1 == len(octets)
    closes[:-1] |= doubled
    return bool(opens.all() and closes.all())


def _line_ends(octets: np.ndarray) -> Rows:
    """Where lines end: LF, and CR that no LF follows."""
    feeds = np.flatnonzero(octets == _LF)
    returns = np.flatnonzero(octets == _CR)
    if not len(returns):
        return feeds
    last = octets[np.minimum(returns + 1, len(octets) - 1)] != _LF
    last |= returns + 1 == len(octets)
    return np.union1d(feeds, returns[last]) if last.any() else feeds
