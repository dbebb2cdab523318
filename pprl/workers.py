"""Work on several processors at once, in threads: arrays are computed on without Python's lock.

Results come in the order of the items, whatever is finished first, so that nothing hangs on how
many workers there are.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from pprl.errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover


def checked_workers(workers: int | None) -> int:
    """How many workers are asked for; None stands for all processors.

    Raises:
        UsageError: fewer than one.
    """
    if workers is None:
        return processors()
    if workers < 1:
        raise UsageError(f"workers is {workers}; it takes 1 or more, or None for all processors.")
    return workers


def in_turn(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, *, waiting: int = 1
) -> Generator[Result, None, None]:
    """What `function` makes of each item, in the order of the items.

    Items are taken and results given in the caller's thread. If `function` raises, so does this, at
    that item's turn, once the items in work are done.

    Args:
        function: called in other threads, if there is more than one worker.
        items: taken one by one, as workers become free.
        workers: how many items are in work at once.
        waiting: how many further ones may be queued or finished, not yet given.
    """
    if workers == 1:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers, "pprl")
    try:
        taken: deque[Future[Result]] = deque()
        for item in items:
            taken.append(pool.submit(function, item))
            if len(taken) == workers + waiting:
                yield taken.popleft().result()
        while taken:
            yield taken.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
