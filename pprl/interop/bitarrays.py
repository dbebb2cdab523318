"""Filters as bitarrays, one a record: what clkhash and anonlink keep them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from bitarray import bitarray
from numpy.typing import NDArray

from pprl.errors import UsageError

BITS_REVERSED = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), axis=1, bitorder="little"
)[:, 0]
"""Each byte with its bits in the opposite order, `uint8[256]`."""


def to_bitarrays(
    filters: NDArray[np.uint64],
    *,
    endian: Literal["big", "little"] = "little",
    bits: int | None = None,
) -> list[bitarray]:
    """Filters as bitarrays; bit `p` of a filter is element `p`.

    Little-endian ones of whole words share memory with `filters` where these are contiguous, and
    cannot be written to; the others are copies.

    Args:
        filters: `uint64[n, words]`.
        endian: how the bitarrays keep their bits in bytes. It changes none of their elements.
        bits: their length; None for all `64 * words`.
    """
    octets = np.ascontiguousarray(filters, "<u8").view(np.uint8)
    octets.flags.writeable = False
    if endian == "big":
        octets = BITS_REVERSED[octets]
    whole = [bitarray(buffer=row, endian=endian) for row in octets]
    if bits is None:
        return whole if endian == "little" else [bitarray(row) for row in whole]
    return [row[:bits] for row in whole]


def from_bitarrays(bitarrays: Sequence[bitarray]) -> NDArray[np.uint64]:
    """Bitarrays of either endianness as filters, `uint64[n, words]`; element `p` is bit `p`.

    Lengths that are no multiple of 64 are filled up with zeros, which changes no similarity.

    Raises:
        UsageError: the bitarrays differ in length.
    """
    lengths = {len(bits) for bits in bitarrays}
    if len(lengths) > 1:
        raise UsageError("the bitarrays differ in length; filters of one file have one length.")
    octets = np.frombuffer(
        b"".join([bitarray(bits, endian="little").tobytes() for bits in bitarrays]), np.uint8
    )
    return words_of(octets.reshape(len(bitarrays), -(-max(lengths, default=0) // 8)))


def words_of(octets: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Filters of their little-endian bytes, filled up with zeros to whole words.

    Args:
        octets: `uint8[n, bytes]`.

    Returns:
        `uint64[n, ceil(bytes / 8)]`.
    """
    padded = np.zeros((len(octets), -(-octets.shape[1] // 8) * 8), np.uint8)
    padded[:, : octets.shape[1]] = octets
    return padded.view("<u8").astype(np.uint64, copy=False)
