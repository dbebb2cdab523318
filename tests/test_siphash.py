"""Claims about SipHash-2-4 over arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.siphash import Words, siphash24
from tests.oracle import siphash

VECTORS = json.loads(
    Path(__file__).with_name("vectors").joinpath("siphash24.json").read_text(encoding="utf-8")
)
KNOWN = [(bytes.fromhex(v["message_hex"]), v["hash_hex"]) for v in VECTORS["vectors"]]

messages = st.binary(max_size=40)
keys = st.binary(min_size=16, max_size=16)


def words_of(message: bytes) -> list[int]:
    """A message as little-endian words, the last one padded with zeros."""
    padded = message + bytes(8 - len(message) % 8)
    return np.frombuffer(padded, "<u8").tolist()


def hashed(key: bytes, message: bytes) -> int:
    """The hash of one message under one key."""
    columns = [np.array([w], np.uint64) for w in words_of(message)]
    return int(siphash24(key_row(key), columns, len(message))[0])


def key_row(*keys: bytes) -> Words:
    """`uint64[n, 2]` of n keys."""
    return np.frombuffer(b"".join(keys), "<u8").reshape(-1, 2).copy()


@pytest.mark.parametrize(("message", "expected"), KNOWN, ids=lambda v: str(len(v)))
def test_the_known_answers_are_given(message: bytes, expected: str) -> None:
    """The vectors of the authors' reference implementation, messages of 0 bytes upwards."""
    key = bytes.fromhex(VECTORS["key_hex"])
    assert hashed(key, message).to_bytes(8, "little").hex() == as_stored(expected)
    assert siphash(key, message) == hashed(key, message)


def as_stored(expected: str) -> str:
    """The stored hash, a number written from its high end, as the bytes that SipHash puts out."""
    return bytes.fromhex(expected)[::-1].hex()


def test_the_papers_own_example_is_among_them() -> None:
    """Appendix A: fifteen bytes 00 to 0e hash to a129ca6149be45e5."""
    assert hashed(bytes(range(16)), bytes(range(15))) == 0xA129CA6149BE45E5


@given(key=keys, message=messages)
def test_any_message_hashes_as_in_plain_python(key: bytes, message: bytes) -> None:
    """The array version is the textbook version."""
    assert hashed(key, message) == siphash(key, message)


@given(drawn=st.lists(st.tuples(keys, st.binary(min_size=11, max_size=11)), min_size=1, max_size=5))
def test_each_message_of_an_array_is_hashed_under_its_own_key(
    drawn: list[tuple[bytes, bytes]],
) -> None:
    """One call is as many hashes as there are keys."""
    columns = [np.array(c, np.uint64) for c in zip(*(words_of(m) for _, m in drawn), strict=True)]
    together = siphash24(key_row(*(key for key, _ in drawn)), columns, 11)
    assert together.tolist() == [siphash(key, message) for key, message in drawn]


def test_words_broadcast_against_keys() -> None:
    """Many tokens of many blocks: `uint64[tokens, 1]` against keys of `[blocks, 2]`."""
    salts = key_row(bytes(range(16)), bytes(range(1, 17)))
    tokens = np.array([[1], [2], [3]], np.uint64)
    hashes = siphash24(salts, [tokens, np.array(7, np.uint64)], 9)
    assert hashes.shape == (3, 2)
    assert int(hashes[2, 1]) == siphash(bytes(range(1, 17)), (3).to_bytes(8, "little") + b"\x07")


def test_keys_and_message_stay_as_they_were() -> None:
    """The arithmetic in place works on copies."""
    salts, column = key_row(bytes(range(16))), np.array([5], np.uint64)
    before = salts.copy()
    siphash24(salts, [column, np.array([0], np.uint64)], 8)
    assert (salts == before).all()
    assert column.tolist() == [5]


def test_a_message_of_whole_words_ends_in_a_word_of_zeros() -> None:
    """Eight bytes take two words; to give one is an error, not another hash."""
    with pytest.raises(ValueError, match="8 bytes take 2 words, not 1"):
        siphash24(key_row(bytes(16)), [np.array([1], np.uint64)], 8)
