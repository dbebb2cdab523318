"""Bit filters: positions set from pseudo-random words, and what two filters have in common.

A filter is a row of `uint64` words; bit `p` of a segment is bit `p % 64` of the segment's word
`p // 64`. The functions know nothing of names, keys or passes: they are what the institution, the
hub and the audit share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Draws = Callable[[int, NDArray[np.intp]], Words]

WORD_BITS = 64
_TILE = 1 << 13


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
    """Fill the filters of one tile of rows: `uint64[len(tile), bits // 64]`.

    Bits are set draw by draw and never cleared, so each filter passes through every number of bits
    once: it is copied as long as it has no more than `insertions`.
    """
    width = bits.bit_length() - 1
    filled = np.zeros((bits // WORD_BITS, len(tile)), np.uint64)
    active, words = np.arange(len(tile)), filled.copy()
    counter = drawn = 0
    while len(active):
        kept = words.copy()
        for shift, stream in _turns(draws(counter, tile[active]), width):
            _set(words, (stream >> shift) & np.uint64(bits - 1))
            drawn += 1
            if drawn < insertions:
                continue
            ones = _ones(words)
            np.copyto(kept, words, where=ones <= insertions)
            if ones.min() >= insertions:
                break
        filled[:, active] = kept if drawn >= insertions else words
        short = _ones(words) < insertions
        active, words = active[short], words[:, short]
        counter += 1
    return filled.T


def _turns(drawn: Words, width: int) -> Iterator[tuple[np.uint64, Words]]:
    """The streams in turn, one position each, from the low end of their words to the high."""
    for chunk in range(WORD_BITS // width):
        for stream in drawn:
            yield np.uint64(chunk * width), stream


def _ones(words: Words) -> NDArray[np.uint16]:
    """Bits set in each filter; `words` is `uint64[words, rows]`."""
    ones: NDArray[np.uint16] = np.bitwise_count(words[0]).astype(np.uint16)
    for word in words[1:]:
        ones += np.bitwise_count(word)
    return ones


def _set(words: Words, positions: Words) -> None:
    """Set one bit in each filter."""
    for index, word in enumerate(words):
        # A shift by 64 or more leaves nothing, so the bit appears in its own word only.
        word |= np.uint64(1) << (positions ^ np.uint64(WORD_BITS * index))


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


def differing_bits(left: Words, right: Words, widths: Sequence[int]) -> NDArray[np.uint16]:
    """Count the bits in which two filters differ, segment by segment; arguments as `common_bits`.

    Segments with N bits set each share N less half of that. It stays what it is if the bits of both
    change places alike, or are both covered by one pad.
    """
    ones = np.bitwise_count(left ^ right)
    starts = np.concatenate(([0], np.cumsum(widths)[:-1])).astype(np.intp)
    return np.add.reduceat(ones, starts, axis=1, dtype=np.uint16)
