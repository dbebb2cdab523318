"""Functions that put records into blocks, as in `anonlink.blocking`.

A blocking function takes the numbers of a dataset and of a record and the record's filter, and
gives the blocks the record is in. Records that share a block are compared.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from pprl.errors import UsageError

Blocking = Callable[[int, int, Any], Iterable[Hashable]]


def block_and(*functions: Any) -> Blocking:
    """Records that share a block by every function (several, or one iterable of them)."""
    chosen = _functions(functions)

    def blocks(dataset: int, record: int, content: Any) -> Iterable[Hashable]:
        """One block for each combination."""
        return itertools.product(*(function(dataset, record, content) for function in chosen))

    return blocks


def block_or(*functions: Any) -> Blocking:
    """Records that share a block by any function (several, or one iterable of them)."""
    chosen = _functions(functions)

    def blocks(dataset: int, record: int, content: Any) -> Iterable[Hashable]:
        """The blocks of each function, told apart by its place."""
        for place, function in enumerate(chosen):
            for block in function(dataset, record, content):
                yield place, block

    return blocks


def bit_blocking(g: int, r: int, *, seed: Any = None) -> Blocking:
    """Records that agree in `r` random bits of their filters, in any of `g` draws.

    Args:
        g: draws, the blocks of a record.
        r: bits a draw.
        seed: decides the draws as in anonlink.
    """
    if g < 1 or r < 1:
        raise UsageError("g and r must be at least 1.")
    drawn: dict[int, list[list[int]]] = {}

    def blocks(dataset: int, record: int, content: Any) -> Iterable[Hashable]:
        """The bits of each draw, as one number."""
        if not drawn:
            rng = random.Random(seed)
            drawn[len(content)] = [rng.sample(range(len(content)), r) for _ in range(g)]
        if len(content) not in drawn:
            raise UsageError("the filters differ in length.")
        for place, positions in enumerate(drawn[len(content)]):
            bits = sum(content[position] << shift for shift, position in enumerate(positions))
            yield bits * g + place

    return blocks


def continuous_blocking(radius: float, source: Sequence[Sequence[float]]) -> Blocking:
    """Records whose numbers in `source[dataset][record]` are within `radius` share a block."""
    if radius <= 0:
        raise UsageError("radius must be above 0.")

    def blocks(dataset: int, record: int, content: Any) -> Iterable[Hashable]:
        """Two overlapping stretches of the line."""
        number = source[dataset][record]
        width = 2 * radius
        return int(number // width) * 2, int((number + radius) // width) * 2 + 1

    return blocks


def list_blocking(source: Sequence[Sequence[Hashable]]) -> Blocking:
    """Records of the same value in `source[dataset][record]` share a block."""

    def blocks(dataset: int, record: int, content: Any) -> Iterable[Hashable]:
        """The value."""
        return (source[dataset][record],)

    return blocks


def _functions(given: tuple[Any, ...]) -> tuple[Blocking, ...]:
    """The functions themselves, or those of the one iterable that was passed."""
    if not given:
        raise UsageError("at least one blocking function is needed.")
    return tuple(given[0]) if len(given) == 1 and not callable(given[0]) else given
