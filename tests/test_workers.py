"""Claims about work on several processors."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pprl.errors import UsageError
from pprl.workers import checked_workers, in_turn, processors


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    """Whatever is finished first: here the first item waits for the second."""
    second = threading.Event()

    def squared(item: int) -> int:
        if item == 1:
            second.set()
        if item == 0 and workers > 1:
            assert second.wait(60)
        return item * item

    assert list(in_turn(squared, range(20), workers)) == [item * item for item in range(20)]


@pytest.mark.parametrize(("workers", "waiting"), [(1, 1), (2, 1), (3, 3)])
def test_items_are_taken_no_further_ahead_than_asked(workers: int, waiting: int) -> None:
    """What is in work or finished takes memory."""
    taken = given = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(30):
            taken += 1
            assert taken - given <= workers + waiting
            yield item

    for _ in in_turn(str, items(), workers, waiting=waiting):
        given += 1
    assert given == 30


@pytest.mark.parametrize("workers", [1, 4])
def test_the_first_item_that_fails_is_the_one_told_of(workers: int) -> None:
    """However soon another fails: the same input gives the same message."""
    later = threading.Event()

    def fail(item: int) -> None:
        if item == 2:
            later.set()
        if item == 1 and workers > 1:
            assert later.wait(60)
        if item:
            raise LookupError(item)

    with pytest.raises(LookupError) as caught:
        list(in_turn(fail, range(4), workers))
    assert caught.value.args == (1,)


def test_what_is_left_behind_is_not_begun() -> None:
    """A caller who stops leaves no thread at work."""
    begun: list[int] = []
    results = in_turn(begun.append, range(100), 2)
    next(results)
    results.close()
    before = list(begun)
    assert len(before) <= 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pprl")]


def test_all_processors_are_taken_unless_a_number_is_asked_for() -> None:
    """Those that the process may use."""
    assert checked_workers(None) == processors() >= 1
    assert checked_workers(3) == 3
    with pytest.raises(UsageError, match="1 or more"):
        checked_workers(0)
