"""Claims about filters of entries and decoys."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pprl.agreement import LinkageSection, Pass, Segment
from pprl.agreement.blocking import BlockingPart
from pprl.errors import UsageError
from pprl.filters import Words, common_bits
from pprl.institution.filling import (
    Blanks,
    Filling,
    KernelName,
    chosen_kernel,
    side_by_side,
)
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import normalise
from pprl.institution.prf import Prf
from pprl.institution.tokens import token_table
from tests.oracle import block_cipher, filled, private_stream, shared_stream
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
KERNELS: tuple[KernelName, ...] = ("numpy", "numba")
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
    kernel: KernelName = "numpy",
) -> Words:
    """The filters of the three students above."""
    students_ = normalise(ROWS)
    words = NameWords.of(students_)
    tables = {
        s.name: token_table(s.name, students_, words, s.name.encode()) for s in SECTION.segments
    }
    compiled = side_by_side(tables, kernel)
    filling = Filling(SECTION, segments, tables, Prf(KEY), Prf(missing), compiled)
    return filling.filters(Blanks(students, tokens, salts, np.arange(len(students))))


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_token_is_placed_by_aes_under_the_salt_of_the_block(kernel: KernelName) -> None:
    """Over its digest, the segment's place in the section and a counter."""
    students = normalise(ROWS)
    table = token_table("zip", students, NameWords.of(students), b"zip")
    digests = table.matrix(np.array([0]), 2)[:, 0].tolist()
    salt = SALTS[0].astype("<u8").tobytes()
    streams = [shared_stream(block_cipher(KEY), salt, d, 2) for d in digests]
    assert entries(kernel=kernel)[0, 4:].tobytes() == filled(streams, SECTION.segments[2])


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_missing_field_is_placed_by_aes_under_the_institutions_own_key(
    kernel: KernelName,
) -> None:
    """Over the block token and the segment's place."""
    stream = private_stream(block_cipher(bytes(32)), 33, 2)
    filters = entries(missing=bytes(32), kernel=kernel)
    assert filters[2, 4:].tobytes() == filled([stream], SECTION.segments[2])


@pytest.mark.parametrize("kernel", KERNELS)
def test_an_entry_whose_positions_run_short_draws_further_ones(
    kernel: KernelName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few blocks are drawn at first, the bits are the same."""
    expected = entries()
    compiled = pytest.importorskip("pprl.institution.compiled_filling")
    monkeypatch.setattr(compiled, "_blocks", lambda segment, most: [1] * (most + 1))
    assert (entries(kernel=kernel) == expected).all()


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 9000])
def test_both_kernels_set_the_same_bits(rows: int) -> None:
    """Over more entries than a tile holds, with every number of tokens."""
    pytest.importorskip("numba")
    rng = np.random.default_rng(rows)
    students = rng.integers(0, 3, rows)
    tokens = rng.integers(0, 1 << 64, rows, np.uint64)
    salts = rng.integers(0, 1 << 64, (rows, 2), np.uint64)
    one, other = (
        entries(students=students, tokens=tokens, salts=salts, kernel=kernel) for kernel in KERNELS
    )
    assert (one == other).all()


def test_the_compiled_loops_are_right_before_they_are_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run as plain Python they set the same bits: nothing hangs on how numba reads them."""
    expected = entries()
    lanes = pytest.importorskip("pprl.institution.lanes")
    compiled = pytest.importorskip("pprl.institution.compiled_filling")
    monkeypatch.setattr(lanes, "ones_in_word", lanes.ones_in_word.py_func)
    for name in ("fill", "lay_out", "spread"):
        monkeypatch.setattr(compiled, name, getattr(compiled, name).py_func)
    with np.errstate(over="ignore"):
        assert (entries(kernel="numba") == expected).all()


def test_a_kernel_that_is_not_there_is_refused() -> None:
    """By name, with the way out."""
    with pytest.raises(UsageError, match="choose numpy or numba"):
        chosen_kernel("fortran", 10)  # type: ignore[arg-type]


def test_numba_is_chosen_where_it_is_worth_its_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed, and enough students; asked for and absent, it is refused."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert [chosen_kernel(None, n) for n in (10, 1_000_000)] == ["numpy", "numba"]
    assert [chosen_kernel(kernel, 10) for kernel in KERNELS] == list(KERNELS)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert chosen_kernel(None, 1_000_000) == "numpy"
    with pytest.raises(UsageError, match="pip install"):
        chosen_kernel("numba", 10)


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


def test_nobody_emits_nothing() -> None:
    """A pass without entries."""
    nobody = np.zeros(0, np.int64)
    none = np.zeros(0, np.uint64)
    assert entries(students=nobody, tokens=none, salts=none.reshape(0, 2)).shape == (0, 5)
