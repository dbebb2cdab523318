"""Every pair of similar filters, by looking at every pair that could be one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Literal, Protocol

import numpy as np

from pprl.errors import UsageError
from pprl.progress import Progress, tracked
from pprl.similarity.best_so_far import BestSoFar
from pprl.similarity.found import Gathering, SimilarPairs
from pprl.similarity.packed_products import PackedProducts
from pprl.similarity.popcount_order import Counts, PopcountOrder, Words
from pprl.similarity.threshold import Measure, Number, Threshold
from pprl.workers import in_turn, processors

KernelName = Literal["numpy", "numba"]
Found = tuple[Counts, Counts, Counts]

MAX_PAIRS = 10_000_000
_TILES_A_WORKER = 8
_WORTH_TAKING = 0.9
"""Share of a tile's rows within reach below which the others are left out."""


class Kernel(Protocol):
    """Finds the similar pairs between a block of A and a tile of B; shared among threads.

    Attributes:
        block: most filters of A at once.
        tile: most filters of B at once.
        narrowest: fewest filters of B that are worth a tile, unless there are no more.
    """

    block: int
    tile: int
    narrowest: int

    def prepared(self, start: int, stop: int) -> Any:
        """Make a block of A ready, to be compared with many tiles."""
        ...

    def pairs(self, block: Any, rows: slice, columns: slice) -> Found:
        """Places in A, places in B and bits in common of the similar pairs."""
        ...


def similar_pairs(
    a: Words,
    b: Words | None,
    threshold: Number,
    *,
    measure: Measure = "dice",
    top: int | None = None,
    max_pairs: int = MAX_PAIRS,
    kernel: KernelName | None = None,
    threads: int | None = None,
    progress: Progress = False,
) -> SimilarPairs:
    """Find every pair of filters at or above a similarity, or at or below a distance.

    The result is the same to the last pair whatever the kernel and the number of threads. Takes the
    memory of `a` and `b` once more, some 100 MiB a thread, and about 100 bytes a pair found.

    Args:
        a: filters, `uint64[n, words]`, any number of words.
        b: filters of as many words; None compares `a` with itself, each pair once and no filter
            with itself.
        threshold: least similarity, above 0 and at most 1; or greatest Hamming distance. A float
            means the decimal that it prints as: 0.8 is exactly four fifths.
        measure: "dice", "jaccard" or "hamming". With an empty filter, Dice and Jaccard similarity
            are 0, that of two empty filters too.
        top: keep only the best so many of each row of `a`, of equals those of lower row of `b`. In
            a self-join, those that are among the best of either of their rows.
        max_pairs: most pairs to return.
        kernel: "numba" (of the extra `pprl-edu[fast]`) or "numpy"; None takes numba where it is
            installed.
        threads: tiles to compare at once; None takes the processors that this process may use.
            NumPy's BLAS may start threads of its own besides.
        progress: as in `pprl.progress`.

    Returns:
        `SimilarPairs(i, j, similarity)`, the most similar first, then by `i`, then by `j`.

    Raises:
        UsageError: an argument is none of these, numba is asked for and not installed, or there are
            more than `max_pairs`.
    """
    ordered_a, ordered_b, rule = checked(
        a, b, threshold, measure, top=top, max_pairs=max_pairs, threads=threads
    )
    finder = _kernel(kernel)(ordered_a, ordered_b, rule)
    gathering = Gathering(
        max_pairs=max_pairs,
        top=top,
        is_distance=measure == "hamming",
        is_self_join=b is None,
    )
    workers = threads or processors()
    width = max(finder.narrowest, min(finder.tile, len(ordered_b) // (_TILES_A_WORKER * workers)))
    blocks = -(-len(ordered_a) // finder.block)
    cuts = [len(ordered_a) * number // blocks for number in range(blocks + 1)] if blocks else []
    for start, stop in tracked(list(pairwise(cuts)), "compare", progress):
        tiles = list(_tiles(width, start, stop, ordered_a, ordered_b, rule, b is None))
        if not tiles:
            continue
        block = finder.prepared(start, stop)
        best = None
        if top is not None and b is not None:
            # Partners tend to have as many bits: found first, they spare what is farther off.
            best = BestSoFar(ordered_a.ones[start:stop], top, rule)
            middle = _middle(slice(start, stop), ordered_a)
            tiles.sort(key=lambda tile: abs(_middle(tile[1], ordered_b) - middle))

        def compare(
            tile: tuple[slice, slice], block: Any = block, best: BestSoFar | None = best
        ) -> Found:
            rows, columns = tile
            if best is None:
                return finder.pairs(block, rows, columns)
            ends = ordered_b.ones[columns.start], ordered_b.ones[columns.stop - 1]
            reach = np.flatnonzero(best.within_reach(rows, int(ends[0]), int(ends[1])))
            if not len(reach):
                return reach, reach, reach
            if len(reach) > _WORTH_TAKING * (rows.stop - rows.start):
                return finder.pairs(block, rows, columns)
            return finder.pairs(block.take(reach + rows.start), slice(0, len(reach)), columns)

        for i, j, common in in_turn(compare, tiles, min(workers, len(tiles)), waiting=workers):
            if b is None:
                is_new = i < j
                i, j, common = i[is_new], j[is_new], common[is_new]
            score = rule.score(common, ordered_a.ones[i] + ordered_b.ones[j])
            if best is not None:
                best.add(i - start, score)
            gathering.add(ordered_a.row[i], ordered_b.row[j], score)
    return gathering.sorted()


def checked(
    a: Words,
    b: Words | None,
    threshold: Number,
    measure: Measure,
    **counts: int | None,
) -> tuple[PopcountOrder, PopcountOrder, Threshold]:
    """Sort filters `uint64[n, words]` of both sides (one, without `b`); make the threshold exact.

    Raises:
        UsageError: an argument cannot be used, or one of `counts` is below 1.
    """
    ordered_a = PopcountOrder.of(a, "a")
    ordered_b = ordered_a if b is None else PopcountOrder.of(b, "b")
    if a.shape[1] != ordered_b.words.shape[1]:
        raise UsageError(
            f"a has filters of {a.shape[1]} words and b of {ordered_b.words.shape[1]}: filters of "
            "different lengths cannot be compared."
        )
    for name, count in counts.items():
        if count is not None and count < 1:
            raise UsageError(f"{name} must be at least 1.")
    return ordered_a, ordered_b, Threshold.of(measure, threshold, 64 * a.shape[1])


def _kernel(name: KernelName | None) -> Callable[[PopcountOrder, PopcountOrder, Threshold], Kernel]:
    """The kernel of a name, or the best one there is."""
    is_there = importlib.util.find_spec("numba") is not None
    if name == "numpy" or (name is None and not is_there):
        return PackedProducts
    if name not in ("numba", None):
        raise UsageError(f"kernel is {name!r}; choose numpy or numba, or None for the faster.")
    if not is_there:
        raise UsageError("kernel='numba' needs numba: pip install 'pprl-edu[fast]'.")
    from pprl.similarity.compiled import CompiledCounts

    return CompiledCounts


def _tiles(
    width: int,
    start: int,
    stop: int,
    a: PopcountOrder,
    b: PopcountOrder,
    threshold: Threshold,
    is_self_join: bool,
) -> Iterator[tuple[slice, slice]]:
    """Rows of a block, counted within it, and columns of B that may hold partners of theirs."""
    fewest, most = threshold.partners()
    first, last = b.between(int(fewest[a.ones[start]]), int(most[a.ones[stop - 1]]))
    if is_self_join:
        first = max(first, start)
    for left in range(first, last, width):
        right = min(left + width, last)
        low, high = a.between(int(fewest[b.ones[left]]), int(most[b.ones[right - 1]]))
        low, high = max(low, start), min(high, stop)
        if is_self_join:
            high = min(high, right - 1)
        if low < high:
            yield slice(low - start, high - start), slice(left, right)


def _middle(rows: slice, order: PopcountOrder) -> float:
    """The bits set in the filter in the middle of a stretch."""
    return float(order.ones[(rows.start + rows.stop) // 2])
