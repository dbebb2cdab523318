"""Positions into filters: the union of a value's tokens, and folding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pprl.interop.bitarrays import words_of

Words = NDArray[np.uint64]
Whole = NDArray[np.intp]

_TILE_BYTES = 1 << 23


def shares(bits: int, counts: Whole) -> Whole:
    """How many of a value's `bits` insertions each of its tokens gets, `intp[counts.sum()]`."""
    value = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(value)) - (np.cumsum(counts) - counts)[value]
    each, rest = np.divmod(bits, np.maximum(counts, 1))
    shares: Whole = each[value] + (place < rest[value])
    return shares


def rows_of_bits(positions: NDArray[np.uint32], rows: Whole, insertions: Whole, bits: int) -> Words:
    """Set the first `insertions` of each of the `rows` of positions: `uint64[len(rows), words]`."""
    step = max(1, _TILE_BYTES // bits)
    order = np.arange(positions.shape[1])
    filters = [np.zeros((0, -(-bits // 64)), np.uint64)]
    for start in range(0, len(rows), step):
        tile = slice(start, start + step)
        is_set = order < insertions[tile, None]
        single = np.zeros((len(is_set), bits), np.bool_)
        number, _ = np.nonzero(is_set)
        single[number, positions[rows[tile]][is_set]] = True
        filters.append(words_of(np.packbits(single, axis=1, bitorder="little")))
    return np.concatenate(filters)


def unions(rows: Words, units: Whole, counts: Whole) -> Words:
    """The union of each value's rows, `uint64[len(counts), words]`: none set if there are none."""
    filters = np.zeros((len(counts), rows.shape[1]), np.uint64)
    some = np.flatnonzero(counts)
    stops = np.cumsum(counts[some])
    step = max(1, _TILE_BYTES // max(1, rows.shape[1] * 8 * int(counts.max(initial=1))))
    for start in range(0, len(some), step):
        tile = slice(start, start + step)
        starts = stops[tile] - counts[some[tile]]
        chosen = rows[units[starts[0] : stops[tile][-1]]]
        filters[some[tile]] = np.bitwise_or.reduceat(chosen, starts - starts[0], axis=0)
    return filters


def folded(filters: Words, bits: int, folds: int) -> Words:
    """Fold filters in two, `folds` times, by XOR.

    Args:
        filters: `uint64[n, words]`, of `bits * 2**folds` bits each.
        bits: what is left of each.
        folds: how often.

    Returns:
        `uint64[n, words]`, of `bits` bits each.
    """
    if not folds:
        return filters
    if bits % 64 == 0:
        parts = filters.reshape(len(filters), 1 << folds, bits // 64)
        whole: Words = np.bitwise_xor.reduce(parts, axis=1)
        return whole
    octets = np.ascontiguousarray(filters, "<u8").view(np.uint8)
    single = np.unpackbits(octets, axis=1, count=bits << folds, bitorder="little")
    single = np.bitwise_xor.reduce(single.reshape(len(filters), 1 << folds, bits), axis=1)
    return words_of(np.packbits(single, axis=1, bitorder="little"))
