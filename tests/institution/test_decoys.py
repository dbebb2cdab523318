"""Claims about decoys: they stay and go as the values of a blocking key do."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.institution.block_values import BlockValues, PartialKeys
from pprl.institution.decoys import Decoys, decoys, private_blocks
from pprl.institution.emission import Emission
from pprl.institution.prf import Prf
from tests.oracle import block_cipher, word

NAME_KEY, BLOCK_KEY = bytes([1] * 32), bytes([2] * 32)
STUDENTS = 5
IDENTITY = np.arange(100, 100 + STUDENTS, dtype=np.uint64)
Held = dict[int, set[int]]
"""The values of each student."""

some_values = st.fixed_dictionaries(
    {student: st.sets(st.integers(1, 9), min_size=1, max_size=4) for student in range(STUDENTS)}
)


def keys(held: Held) -> tuple[np.ndarray, tuple[np.ndarray]]:
    """Students and a column of values."""
    rows = [(student, value) for student, values in held.items() for value in sorted(values)]
    student = np.array([student for student, _ in rows], np.int64)
    return student, (np.array([value for _, value in rows], np.uint64),)


def block_values(held: Held, lacking: Held) -> BlockValues:
    """Values, and partial keys beside them."""
    student, columns = keys(held)
    holders = np.ones(len(student), np.int64)
    return BlockValues(student, columns[0], holders, columns, PartialKeys(*keys(lacking)))


def decoys_of(
    withheld: Held, quota: int, real: Held | None = None, lacking: Held | None = None
) -> Decoys:
    """The decoys of a pass."""
    nothing = np.zeros(0, np.uint64)
    emission = Emission(
        block_values(real or {}, lacking or {}), block_values(withheld, lacking or {}), nothing
    )
    return decoys(emission, IDENTITY, quota, NAME_KEY, BLOCK_KEY)


def tokens_of(found: Decoys) -> dict[int, set[int]]:
    """The tokens of each student's decoys."""
    out: dict[int, set[int]] = {student: set() for student in range(STUDENTS)}
    for student, token in zip(found.student.tolist(), found.tokens.tolist(), strict=True):
        out[student].add(token)
    return out


@given(held=some_values, quota=st.integers(1, 6), data=st.data())
def test_every_quota_is_filled_with_different_blocks(
    held: Held, quota: int, data: st.DataObject
) -> None:
    """Whatever a student has, and however much of it is real."""
    real = {
        student: set(sorted(values)[: data.draw(st.integers(0, quota))])
        for student, values in held.items()
    }
    idle = {student: held[student] - real[student] for student in held}
    found = decoys_of(idle, quota, real)
    used = Counter({student: len(values) for student, values in real.items()})
    used.update(found.student.tolist())
    assert set(used.values()) == {quota}
    assert len(set(found.tokens.tolist())) == len(found.tokens)
    assert found.salts.shape == (len(found.tokens), 2)
    assert str(len(found.tokens)) in repr(found)


@given(held=some_values, more=some_values)
def test_a_withheld_values_decoy_stays_as_long_as_the_value(held: Held, more: Held) -> None:
    """Whatever other values come, where the quota has room for all."""
    both = {student: held[student] | more[student] for student in held}
    before, after = (tokens_of(decoys_of(values, 8)) for values in (held, both))
    for student, values in held.items():
        assert len(before[student] & after[student]) >= len(values)


@given(held=some_values)
def test_nothing_stays_where_every_value_has_changed(held: Held) -> None:
    """Nor does anything of what fills the quota up."""
    changed = {student: {value + 10 for value in values} for student, values in held.items()}
    before, after = (tokens_of(decoys_of(values, 6)) for values in (held, changed))
    assert not any(before[student] & after[student] for student in before)


@pytest.mark.parametrize("known", [1, 2, 3])
def test_what_fills_up_goes_with_one_of_several_values_as_often_as_it_is_drawn(known: int) -> None:
    """A value more among `k` takes a slot over once in `k + 1`."""
    stays, slots = 0, 0
    for trial in range(60):
        values = {student: {1000 * trial + n for n in range(known)} for student in range(STUDENTS)}
        more = {student: {*held, 1000 * trial + 999} for student, held in values.items()}
        before = tokens_of(decoys_of({}, 12, values))
        after = tokens_of(decoys_of({}, 12, more))
        stays += sum(len(before[student] & after[student]) for student in before)
        slots += sum(len(after[student]) for student in after)
    share = known / (known + 1)
    error = np.sqrt(share * (1 - share) / slots)
    assert abs(stays / slots - share) < 4 * error


def test_partial_keys_are_values_that_nobody_else_has() -> None:
    """They are named apart for each student, like withheld ones."""
    lacking = {student: {7} for student in range(STUDENTS)}
    found = decoys_of({}, 2, lacking=lacking)
    assert len(set(found.tokens.tolist())) == 2 * STUDENTS
    again = decoys_of(lacking, 2)
    assert sorted(found.tokens.tolist()) == sorted(again.tokens.tolist())


def blocks(
    names: list[int], slots: list[int], key: bytes = BLOCK_KEY
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and salts."""
    return private_blocks(np.array(names, np.uint64), np.array(slots, np.int64), Prf(key))


def test_the_block_of_a_decoy_is_drawn_by_aes_over_its_name_and_slot() -> None:
    """Token and salt at places that no segment has."""
    tokens, salts = blocks([7, 7, 8], [0, 1, 1])
    cipher = block_cipher(BLOCK_KEY)
    for i, (name, slot) in enumerate(((7, 0), (7, 1), (8, 1))):
        head = name.to_bytes(8, "little")
        token, salt = (cipher(head + bytes([place, slot]) + bytes(6)) for place in (254, 255))
        assert int(tokens[i]) == word(token)
        assert salts[i].astype("<u8").tobytes() == salt


@pytest.mark.parametrize(
    "other", [([8], [0], BLOCK_KEY), ([7], [1], BLOCK_KEY), ([7], [0], bytes(32))]
)
def test_another_student_slot_or_key_is_another_decoy(
    other: tuple[list[int], list[int], bytes],
) -> None:
    """In token and salt."""
    tokens, salts = blocks([7], [0])
    changed_tokens, changed_salts = blocks(*other)
    assert tokens[0] != changed_tokens[0]
    assert (salts != changed_salts).all()


def test_no_names_are_no_blocks() -> None:
    """A pass without decoys."""
    tokens, salts = blocks([], [])
    assert (tokens.shape, salts.shape) == ((0,), (0, 2))
