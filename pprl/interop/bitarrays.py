"""Filters as bitarrays, one a record: what clkhash and anonlink keep them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from bitarray import bitarray
from numpy.typing import NDArray

from pprl.errors import UsageError

WORD_BITS = 64


def to_bitarrays(
    filters: NDArray[np.uint64], *, endian: Literal["big", "little"] = "little"
) -> list[bitarray]:
    """Filters as bitarrays of `64 * words` bits; bit `p` of a filter is element `p`.

    Args:
        filters: `uint64[n, words]`.
        endian: how the bitarrays keep their bits in bytes. It changes none of their elements.
    """
    made = []
    for row in np.ascontiguousarray(filters, "<u8"):
        bits = bitarray(endian="little")
        bits.frombytes(row.tobytes())
        made.append(bits if endian == "little" else bitarray(bits, endian="big"))
    return made


def from_bitarrays(bitarrays: Sequence[bitarray]) -> NDArray[np.uint64]:
    """Bitarrays of either endianness as filters, `uint64[n, words]`; element `p` is bit `p`.

    Lengths that are no multiple of 64 are filled up with zeros, which changes no similarity.

    Raises:
        UsageError: the bitarrays differ in length.
    """
    lengths = {len(bits) for bits in bitarrays}
    if len(lengths) > 1:
        raise UsageError("the bitarrays differ in length; filters of one file have one length.")
    words = -(-max(lengths, default=0) // WORD_BITS)
    filters = np.zeros((len(bitarrays), words), "<u8")
    for row, bits in zip(filters, bitarrays, strict=True):
        content = bitarray(bits, endian="little").tobytes()
        row.view(np.uint8)[: len(content)] = np.frombuffer(content, np.uint8)
    return filters.astype(np.uint64, copy=False)
