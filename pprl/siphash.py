"""SipHash-2-4 over arrays (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).

One call hashes many short messages, each under a key of its own, with elementwise `uint64`
arithmetic. SipHash is a pseudo-random function under its 128-bit key; the encoder leans on nothing
else of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_INITIAL = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def siphash24(keys: Words, message: list[Words], length: int) -> Words:
    """Hash one message for each key.

    Args:
        keys: `uint64[..., 2]`, the 16 key bytes read as two little-endian words.
        message: the message read as little-endian 64-bit words, the last zero-padded; each array
            broadcasts against `keys[..., 0]`. There are `length // 8 + 1` of them, so a message of
            a whole number of words ends in a word of zeros.
        length: bytes in every message, 0 to 255.

    Returns:
        `uint64[...]`, each the eight output bytes read as a little-endian word.

    Raises:
        ValueError: `message` does not hold the words that `length` calls for.
    """
    if len(message) != length // 8 + 1:
        raise ValueError(f"{length} bytes take {length // 8 + 1} words, not {len(message)}")
    k0, k1 = keys[..., 0], keys[..., 1]
    shape = np.broadcast_shapes(k0.shape, *(word.shape for word in message))
    state: list[Words] = [
        np.broadcast_to(key ^ np.uint64(constant), shape).copy()
        for key, constant in zip((k0, k1, k0, k1), _INITIAL, strict=True)
    ]
    spare = np.empty(shape, np.uint64)
    last = len(message) - 1
    for index, word in enumerate(message):
        block = word | np.uint64(length << 56) if index == last else word
        state[3] ^= block
        _rounds(state, spare, 2)
        state[0] ^= block
    state[2] ^= np.uint64(0xFF)
    _rounds(state, spare, 4)
    v0, v1, v2, v3 = state
    result: Words = v0 ^ v1 ^ v2 ^ v3
    return result


def _rounds(state: list[Words], spare: Words, count: int) -> None:
    """Apply `count` SipRounds to the four state words in place; `spare` is scratch."""
    v0, v1, v2, v3 = state
    for _ in range(count):
        v0 += v1
        _rotate(v1, 13, spare)
        v1 ^= v0
        _rotate(v0, 32, spare)
        v2 += v3
        _rotate(v3, 16, spare)
        v3 ^= v2
        v0 += v3
        _rotate(v3, 21, spare)
        v3 ^= v0
        v2 += v1
        _rotate(v1, 17, spare)
        v1 ^= v2
        _rotate(v2, 32, spare)


def _rotate(words: Words, by: int, spare: Words) -> None:
    """Rotate every word left by `by` bits, in place."""
    np.right_shift(words, np.uint64(64 - by), out=spare)
    np.left_shift(words, np.uint64(by), out=words)
    np.bitwise_or(words, spare, out=words)
