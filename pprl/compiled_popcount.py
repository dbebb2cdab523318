"""Bits set in a word, for numba's kernels; NumPy has `np.bitwise_count`."""

from __future__ import annotations

import numba
import numpy as np


def ones_in_word(word: np.uint64) -> np.uint64:
    """Bits set in a `uint64`, or in each of an array, by adding up ever wider fields.

    LLVM knows this form and replaces it by the processor's own instruction.
    """
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


ones_in_word = numba.njit(inline="always")(ones_in_word)
