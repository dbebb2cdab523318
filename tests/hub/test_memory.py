"""Claims about how much memory a linking may take."""

from __future__ import annotations

import pytest

from pprl.errors import UsageError
from pprl.hub.memory import A_PAIR, PROGRAM, Memory


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (5, 5),
        ("7 B", 7),
        ("1kB", 1000),
        ("1 KiB", 1024),
        ("2GiB", 2 << 30),
        ("1.5 gib", 3 << 29),
        ("3TB", 3 * 10**12),
    ],
)
def test_a_size_is_read(size: str | int, expected: int) -> None:
    """In units of 1000 or of 1024, in capitals or not."""
    assert Memory.of(size).bytes == expected


@pytest.mark.parametrize("size", ["", "4", "GiB", "4 GiBs", "-1GB", "4XB"])
def test_another_text_is_no_size(size: str) -> None:
    """It is refused with an example."""
    with pytest.raises(UsageError, match="4GiB"):
        Memory.of(size)


def test_a_size_is_told_as_it_is_given() -> None:
    """In GiB from there on, in MiB below."""
    assert str(Memory(3 << 29)) == "1.5GiB"
    assert str(Memory(512 << 20)) == "512MiB"


def test_too_little_is_refused_before_any_work() -> None:
    """The message says how much is enough; a registry takes more."""
    memory = Memory(1 << 30)
    memory.check(1_000_000)
    with pytest.raises(UsageError, match=r"10,000,000 records take 2\.113GiB"):
        memory.check(10_000_000)
    with pytest.raises(UsageError, match="and 9,000,000 candidate pairs"):
        memory.check(1_000_000, 9_000_000)
    memory.check(1_000_000, remembered=True)
    with pytest.raises(UsageError):
        memory.check(2_000_000, remembered=True)


def test_workers_share_what_there_is() -> None:
    """And each has one entry in hand at the least."""
    memory = Memory(PROGRAM + (1 << 30))
    assert 2 * memory.entries(11, 2) <= memory.entries(11, 1)
    assert memory.pairs() == (1 << 29) // A_PAIR
    assert Memory(0).entries(11, 4) == Memory(0).pairs() == 1
