"""Bit filters: positions set from pseudo-random words, and what two filters have in common.

A filter is a row of `uint64` words; bit `p` of a segment is bit `p % 64` of the segment's word
`p // 64`. The functions know nothing of names, keys or passes: they are what the institution, the
hub and the audit share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Draws = Callable[[int, NDArray[np.intp]], Words]

WORD_BITS = 64
_TILE = 1 << 15


class Workspace:
    """Arrays that are used again: what is given back to the system must be cleared by it anew."""

    def __init__(self) -> None:
        """Hold none."""
        self._held: dict[str, Words] = {}

    def array(self, name: str, *shape: int) -> Words:
        """`uint64[shape]`, not cleared, in the same memory as the last array of that name."""
        size = math.prod(shape)
        held = self._held.get(name)
        if held is None or len(held) < size:
            held = self._held[name] = np.empty(size, np.uint64)
        return held[:size].reshape(shape)


def distinct_positions(
    draws: Draws, rows: int, bits: int, insertions: int, workspace: Workspace | None = None
) -> Words:
    """Set exactly `insertions` distinct bits in each of `rows` filters of `bits` bits.

    Every row owns `k` streams of pseudo-random words (a name's tokens; one stream for a decoy). A
    word is cut from its low end into `64 // log2(bits)` positions. The streams take turns, one
    position each, and a position already set is passed over. If the words are uniform and
    independent, so is the set of positions among all sets of that size, whatever `k` is: the
    filter says nothing of how many tokens there were. Bloom filters with a fixed number of hashes
    a token give exactly that away (Niedermeyer et al., J. Privacy and Confidentiality 6(2), 2014).

    Args:
        draws: `draws(first, rows) -> uint64[w, k, len(rows)]`, words number `first` to
            `first + w - 1` of each stream of the given rows, for a `w` of its own choice.
        rows: how many filters.
        bits: length of a filter, a power of two, at least 64.
        insertions: bits to set in each, at most half of `bits`.
        workspace: used again from call to call, if there are many.

    Returns:
        `uint64[rows, bits // 64]`.
    """
    filters = np.empty((rows, bits // WORD_BITS), np.uint64)
    workspace = workspace or Workspace()
    for start in range(0, rows, _TILE):
        tile = np.arange(start, min(start + _TILE, rows))
        _fill(filters, draws, tile, bits, insertions, workspace)
    return filters


def _fill(
    filters: Words,
    draws: Draws,
    tile: NDArray[np.intp],
    bits: int,
    insertions: int,
    workspace: Workspace,
) -> None:
    """Fill one tile of rows; writes into `filters`.

    The first `insertions` draws cannot overfill. Beyond them a filter that is full takes no more,
    and the full ones are left behind once they are the greater part.
    """
    whole = workspace.array("whole", bits // WORD_BITS, len(tile))
    whole[:] = 0
    words, alive = whole, np.arange(len(tile))
    bit: np.uint64 | Words = np.uint64(1)
    scratch = workspace.array("scratch", 2, len(tile))
    mask = np.uint64(bits - 1)
    first, drawn = 0, 0
    while len(alive):
        block = draws(first, tile[alive])
        first += len(block)
        within: NDArray[np.intp] | slice = slice(None)
        for word, stream, shift in _turns(len(block), block.shape[1], bits.bit_length() - 1):
            positions, spare = scratch[:, : len(alive)]
            np.right_shift(block[word, stream, within], shift, out=positions)
            np.bitwise_and(positions, mask, out=positions)
            _set(words, positions, bit, spare)
            drawn += 1
            if drawn < insertions:
                continue
            is_lacking = _ones(words) < insertions
            left = np.count_nonzero(is_lacking)
            if left and 2 * left > len(alive):
                bit = is_lacking.astype(np.uint64)
                continue
            kept = np.flatnonzero(is_lacking)
            if words is not whole:
                whole[:, alive] = words
            words, alive, bit = words[:, kept], alive[kept], np.uint64(1)
            within = kept if isinstance(within, slice) else within[kept]
            if not left:
                break
    filters[tile] = whole.T


def _turns(words: int, streams: int, width: int) -> Iterator[tuple[int, int, np.uint64]]:
    """Word, stream and shift of each position: word by word, from low to high, streams in turn."""
    for word in range(words):
        for chunk in range(WORD_BITS // width):
            for stream in range(streams):
                yield word, stream, np.uint64(chunk * width)


def _ones(words: Words) -> NDArray[np.uint16]:
    """Bits set in each filter; `words` is `uint64[words, rows]`."""
    ones: NDArray[np.uint16] = np.bitwise_count(words[0]).astype(np.uint16)
    for word in words[1:]:
        ones += np.bitwise_count(word)
    return ones


def _set(words: Words, positions: Words, bit: np.uint64 | Words, spare: Words) -> None:
    """Set one bit in each filter, or none where `bit` is 0; `spare` is scratch."""
    for index, word in enumerate(words):
        # A shift by 64 or more leaves nothing, so the bit appears in its own word only.
        by = (
            np.bitwise_xor(positions, np.uint64(WORD_BITS * index), out=spare)
            if index
            else positions
        )
        np.left_shift(bit, by, out=spare)
        np.bitwise_or(word, spare, out=word)


def segment_ones(filters: Words, widths: Sequence[int]) -> NDArray[np.uint16]:
    """Count the bits that are set, segment by segment.

    Args:
        filters: `uint64[n, words]`.
        widths: words of each segment, in order; they add up to `words`.

    Returns:
        `uint16[n, len(widths)]`, each column in one piece.
    """
    ones = np.bitwise_count(filters).T
    counts = np.empty((len(widths), len(filters)), np.uint16)
    first = 0
    for row, width in zip(counts, widths, strict=True):
        row[:] = ones[first]
        # A sum over two or three rows is slower in one call than row by row.
        for further in ones[first + 1 : first + width]:
            row += further
        first += width
    return counts.T


def common_bits(left: Words, right: Words, widths: Sequence[int]) -> NDArray[np.uint16]:
    """Count the bits that two filters share, segment by segment.

    Args:
        left: `uint64[n, words]`.
        right: `uint64[n, words]`, compared row by row with `left`.
        widths: words of each segment, in order; they add up to `words`.

    Returns:
        `uint16[n, len(widths)]`.
    """
    return segment_ones(left & right, widths)
