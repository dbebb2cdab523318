"""Progress of steps that may take more than a moment: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None] | bool
"""What callers may pass: True for a bar on a terminal, False for silence, or a function that is
called with the step's name, the items done and their number."""


def tracked(items: Sequence[Item], step: str, progress: Progress) -> Iterator[Item]:
    """Go through `items` and tell how far it is.

    The bar goes to standard error, so that output can be piped.
    """
    if callable(progress):
        return _told(items, step, progress)
    if progress and sys.stderr.isatty():
        return _drawn(items, step)
    return iter(items)


def _told(
    items: Sequence[Item], step: str, tell: Callable[[str, int, int], None]
) -> Iterator[Item]:
    """Call `tell` before the first item and behind each."""
    tell(step, 0, len(items))
    for done, item in enumerate(items, 1):
        yield item
        tell(step, done, len(items))


def _drawn(items: Iterable[Item], step: str) -> Iterator[Item]:
    """Draw a bar with rich."""
    from rich.console import Console
    from rich.progress import track

    yield from track(items, step, console=Console(stderr=True), transient=True)
