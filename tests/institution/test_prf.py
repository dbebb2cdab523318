"""Claims about AES-256 over arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.institution.prf import Prf
from tests.oracle import cbc_mac

NIST_KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
NIST_PLAIN = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
NIST_CIPHER = bytes.fromhex(
    "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"
    "b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7"
)
"""AES-256 in ECB mode, NIST Special Publication 800-38A (2001), F.1.5."""


def test_blocks_are_as_nist_has_them() -> None:
    """Known answers, as one array."""
    blocks = np.frombuffer(NIST_PLAIN, "<u8").reshape(4, 2)
    assert Prf(NIST_KEY).blocks(blocks).tobytes() == NIST_CIPHER


def test_blocks_keep_their_places_and_shape() -> None:
    """Whatever the shape, and whether or not the array lies in one piece."""
    blocks = np.arange(24, dtype=np.uint64).reshape(3, 4, 2)
    prf = Prf(bytes(32))
    every_other = prf.blocks(np.repeat(blocks, 2, axis=1)[:, ::2])
    assert (every_other == prf.blocks(blocks)).all()
    assert prf.blocks(np.empty((0, 2), np.uint64)).shape == (0, 2)


@given(
    rows=st.lists(st.lists(st.integers(0, 2**64 - 1), min_size=3, max_size=3), max_size=5),
    words=st.integers(1, 3),
)
def test_a_mac_is_as_the_slow_encoder_has_it(rows: list[list[int]], words: int) -> None:
    """Word by word, an odd one filled up."""
    key = bytes(range(32))
    columns = [np.array([row[word] for row in rows], np.uint64) for word in range(words)]
    expected = [cbc_mac(key, row[:words]) for row in rows]
    assert [m.astype("<u8").tobytes() for m in Prf(key).mac(columns)] == expected


@pytest.mark.parametrize("other", [bytes([1] * 32), bytes(31) + b"\1"])
def test_another_key_is_another_function(other: bytes) -> None:
    """Every bit of the key counts; none of it shows."""
    blocks = np.arange(8, dtype=np.uint64).reshape(4, 2)
    assert (Prf(bytes(32)).blocks(blocks) != Prf(other).blocks(blocks)).all()
    assert repr(Prf(other)) == "<Prf>"
