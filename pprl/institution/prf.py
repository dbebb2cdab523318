"""AES-256 as a pseudo-random function over arrays: many short inputs of one length, under one key.

What is hashed once for each distinct text goes through HMAC-SHA-256; what is derived for each entry
goes through here, because a block cipher takes an array of inputs in one call (about 2 ns a block
of 16 bytes where the processor knows AES, against some 80 ns for SipHash-2-4 in NumPy).

A permutation under a secret key cannot be told from a random function by whoever sees `q` distinct
blocks, but with an advantage of at most `q * q / 2**129` (Bellare and Rogaway, "The security of
triple encryption and a framework for code-based game-playing proofs", EUROCRYPT 2006): with 2**36
blocks, those of two million records under one pass, below 2**-56.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def text_digest(key: bytes, text: str) -> int:
    """The first 8 bytes of the text's HMAC-SHA-256, little-endian."""
    return int.from_bytes(hmac.digest(key, text.encode("utf-8"), "sha256")[:8], "little")


class Prf:
    """AES-256 under one key; inputs and outputs are blocks of two little-endian words."""

    def __init__(self, key: bytes) -> None:
        """Take a key of 32 bytes that serves nothing else."""
        self._encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "<Prf>"

    def blocks(self, inputs: Words, out: Words | None = None) -> Words:
        """The output of each block, which is two words of `inputs`, in their place and shape.

        Args:
            inputs: `uint64[..., 2]`.
            out: where to write, if not into a new array: `uint64[m]` of at least two words more.
        """
        plain = np.ascontiguousarray(inputs, "<u8")
        if out is None:
            out = np.empty(plain.size + 2, "<u8")
        if plain.size:
            self._encryptor.update_into(plain.view(np.uint8).data.cast("B"), out.view("u1").data)
        return out[: plain.size].reshape(plain.shape)

    def mac(self, columns: Sequence[Words]) -> Words:
        """CBC-MAC of the words that stand in a row: `uint64[n, 2]`.

        All messages under one key have the same number of words (an odd one is filled up with a
        word of zeros), for which CBC-MAC is a pseudo-random function (Bellare, Kilian and Rogaway,
        J. Computer and System Sciences 61(3), 2000).

        Args:
            columns: word 0, word 1, ... of each message, `uint64[n]` each; at least one.
        """
        state = np.zeros((len(columns[0]), 2), np.uint64)
        for first in range(0, len(columns), 2):
            for half, column in enumerate(columns[first : first + 2]):
                state[:, half] ^= column
            state = self.blocks(state)
        return state
