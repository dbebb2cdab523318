"""Claims about filters of entries and decoys."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pprl.agreement import LinkageSection, Pass, Segment
from pprl.agreement.blocking import BlockingPart
from pprl.filters import Words, common_bits
from pprl.institution.filling import fill_entries, private_blocks
from pprl.institution.normalise import normalise
from pprl.institution.tokens import token_table
from tests.oracle import block_cipher, filled, private_stream, siphash_stream
from tests.rosters import roster

SECTION = LinkageSection(
    partnership="",
    fields=("first_name", "last_name", "zip"),
    segments=(
        Segment("first_name", 128, 32, (32, 24, 17)),
        Segment("last_name", 128, 32, (32, 24, 15)),
        Segment("zip", 64, 16, (16, 9)),
    ),
    passes=(Pass("zip", (BlockingPart("zip"),), 1),),
)
KEY = bytes(range(32))
ROWS = roster(
    {"local_id": "1", "first_name": "Ana", "last_name": "Lee", "zip": "90001"},
    {"local_id": "2", "first_name": "Anna", "last_name": "", "zip": "90002"},
    {"local_id": "3", "first_name": "Bartholomew", "last_name": "Lee", "zip": ""},
)
STUDENTS = np.arange(3)
TOKENS = np.array([11, 22, 33], np.uint64)
SALTS = np.arange(6, dtype=np.uint64).reshape(3, 2)


def entries(
    segments: tuple[Segment, ...] = SECTION.segments,
    students: NDArray[np.intp] = STUDENTS,
    tokens: Words = TOKENS,
    salts: Words = SALTS,
    missing: bytes = KEY,
) -> Words:
    """The filters of the three students above."""
    tables = {
        s.name: token_table(s.name, normalise(ROWS), s.name.encode()) for s in SECTION.segments
    }
    return fill_entries(SECTION, segments, tables, students, tokens, salts, missing)


def decoys(names: list[int], slots: list[int], key: bytes = KEY) -> tuple[Words, Words]:
    """Tokens and salts of decoys."""
    return private_blocks(np.array(names, np.uint64), np.array(slots), key)


def test_a_token_is_placed_by_siphash_under_the_salt_of_the_block() -> None:
    """Over its digest, the segment's place in the section and a counter."""
    table = token_table("zip", normalise(ROWS), b"zip")
    digests = table.matrix(np.array([0]), 2)[:, 0].tolist()
    streams = [siphash_stream(SALTS[0].astype("<u8").tobytes(), d, 2) for d in digests]
    assert entries()[0, 4:].tobytes() == filled(streams, SECTION.segments[2])


def test_a_missing_field_is_placed_by_aes_under_the_institutions_own_key() -> None:
    """Over the block token and the segment's place."""
    stream = private_stream(block_cipher(KEY), 33, 2, 0)
    assert entries()[2, 4:].tobytes() == filled([stream], SECTION.segments[2])


def test_a_segment_is_the_same_whatever_stands_beside_it() -> None:
    """A pass that drops a segment leaves the others' bits as they are."""
    assert (entries(SECTION.segments[1:]) == entries()[:, 2:]).all()


def test_entries_are_filled_the_same_in_whatever_order_and_company() -> None:
    """Each from its own student, token and salt."""
    order = np.array([2, 0])
    some = entries(students=order, tokens=TOKENS[order], salts=SALTS[order])
    assert (some == entries()[order]).all()


def test_the_same_value_in_one_block_has_the_same_bits_and_in_another_none_of_them() -> None:
    """Two Lees agree in full under one salt, by chance under two."""
    same = np.broadcast_to(SALTS[:1], (3, 2))
    together, apart = entries(salts=same)[:, 2:4], entries()[:, 2:4]
    assert (together[0] == together[2]).all()
    assert common_bits(apart[:1], apart[2:], [2])[0, 0] < 20


def test_a_missing_field_is_missing_to_each_entry_by_itself() -> None:
    """Two entries that lack a field agree in it by chance alone, in one block as in two."""
    lacking = np.array([1, 1])
    tokens = np.array([5, 6], np.uint64)
    filters = entries(students=lacking, tokens=tokens, salts=SALTS[:2])[:, 2:4]
    assert common_bits(filters[:1], filters[1:], [2])[0, 0] < 20


def test_only_what_is_missing_depends_on_the_institutions_key() -> None:
    """Everything else must meet at the hub."""
    differs = (entries() != entries(missing=bytes(32))).reshape(3, 5)
    assert not differs[0].any()
    assert [list(row) for row in differs[1:]] == [
        [False, False, True, True, False],
        [False, False, False, False, True],
    ]


def test_the_block_of_a_decoy_is_drawn_by_aes_over_its_name_and_slot() -> None:
    """Token and salt at places that no segment has."""
    tokens, salts = decoys([7, 7, 8], [0, 1, 1])
    cipher = block_cipher(KEY)
    for i, (name, slot) in enumerate(((7, 0), (7, 1), (8, 1))):
        drawn = [private_stream(cipher, name, place, slot)(0) for place in (255, 254, 253)]
        assert [int(tokens[i]), *salts[i].tolist()] == drawn


@pytest.mark.parametrize("other", [([8], [0], KEY), ([7], [1], KEY), ([7], [0], bytes(32))])
def test_another_student_slot_or_key_is_another_decoy(
    other: tuple[list[int], list[int], bytes],
) -> None:
    """In token and salt."""
    tokens, salts = decoys([7], [0])
    changed_tokens, changed_salts = decoys(*other)
    assert tokens[0] != changed_tokens[0]
    assert (salts != changed_salts).all()


def test_nobody_emits_nothing() -> None:
    """A pass without real entries, and one without decoys."""
    nobody = np.zeros(0, np.int64)
    none = np.zeros(0, np.uint64)
    assert entries(students=nobody, tokens=none, salts=none.reshape(0, 2)).shape == (0, 5)
    tokens, salts = decoys([], [])
    assert (tokens.shape, salts.shape) == ((0,), (0, 2))
