"""Bit filters: positions set from pseudo-random words, and what two filters have in common.

A filter is a row of `uint64` words; bit `p` of a segment is bit `p % 64` of the segment's word
`p // 64`. The functions know nothing of names, keys or passes: they are what the institution, the
hub and the audit share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Draws = Callable[[int, NDArray[np.intp]], Words]

WORD_BITS = 64
_TILE = 1 << 14


def distinct_positions(draws: Draws, rows: int, bits: int, insertions: int) -> Words:
    """Set exactly `insertions` distinct bits in each of `rows` filters of `bits` bits.

    Every row owns `k` streams of pseudo-random words (a name's tokens; one stream for a decoy). A
    word is cut from its low end into `64 // log2(bits)` positions. The streams take turns, one
    position each, and a position already set is passed over. If the words are uniform and
    independent, so is the set of positions among all sets of that size, whatever `k` is: the
    filter says nothing of how many tokens there were. Bloom filters with a fixed number of hashes
    a token give exactly that away (Niedermeyer et al., J. Privacy and Confidentiality 6(2), 2014).

    Args:
        draws: `draws(counter, rows) -> uint64[k, len(rows)]`, word number `counter` of each stream
            of the given rows.
        rows: how many filters.
        bits: length of a filter, a power of two, at least 64.
        insertions: bits to set in each, at most half of `bits`.

    Returns:
        `uint64[rows, bits // 64]`.
    """
    filters = np.zeros((rows, bits // WORD_BITS), np.uint64)
    for start in range(0, rows, _TILE):
        tile = np.arange(start, min(start + _TILE, rows))
        filters[tile] = _fill(draws, tile, bits, insertions)
    return filters


def _fill(draws: Draws, tile: NDArray[np.intp], bits: int, insertions: int) -> Words:
    """Fill the filters of one tile of rows: `uint64[len(tile), bits // 64]`."""
    width = bits.bit_length() - 1
    filled = np.zeros((bits // WORD_BITS, len(tile)), np.uint64)
    active, words = np.arange(len(tile)), filled.copy()
    missing = np.full(len(tile), insertions, np.int64)
    counter = 0
    while len(active):
        drawn = draws(counter, tile[active])
        for chunk in range(WORD_BITS // width):
            for stream in drawn:
                positions = (stream >> np.uint64(chunk * width)) & np.uint64(bits - 1)
                missing -= _set(words, positions, missing > 0)
            if not missing.any():
                break
        filled[:, active] = words
        short = missing > 0
        active, words, missing = active[short], words[:, short], missing[short]
        counter += 1
    return filled.T


def _set(words: Words, positions: Words, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Set each row's bit where it is wanted and still clear; tell which rows gained one."""
    bit = np.uint64(1) << (positions & np.uint64(WORD_BITS - 1))
    place = positions >> np.uint64(6)
    gained = np.zeros(len(positions), np.bool_)
    for index, word in enumerate(words):
        fresh = (place == index) & ((word & bit) == 0) & wanted
        word |= np.where(fresh, bit, np.uint64(0))
        gained |= fresh
    return gained


def common_bits(left: Words, right: Words, widths: Sequence[int]) -> NDArray[np.uint16]:
    """Count the bits that two filters share, segment by segment.

    Args:
        left: `uint64[n, words]`.
        right: `uint64[n, words]`, compared row by row with `left`.
        widths: words of each segment, in order; they add up to `words`.

    Returns:
        `uint16[n, len(widths)]`.
    """
    ones = np.bitwise_count(left & right)
    starts = np.concatenate(([0], np.cumsum(widths)[:-1])).astype(np.intp)
    return np.add.reduceat(ones, starts, axis=1, dtype=np.uint16)
