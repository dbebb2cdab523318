"""Candidate pairs among several datasets, as `anonlink.candidate_generation` finds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.interop.anonlink.blocking import Blocking
from pprl.interop.anonlink.candidates import CandidatePairs, floats, numbers, ranks
from pprl.interop.clks import Clks

Rows = list[int] | None
_Found = tuple[NDArray[np.float64], NDArray[np.int64]]


def find_candidate_pairs(
    datasets: Sequence[Any],
    similarity_f: Callable[..., Any],
    threshold: float,
    k: int | None = None,
    blocking_f: Blocking | None = None,
) -> CandidatePairs:
    """Compare every two datasets and collect the similar pairs.

    Args:
        datasets: sequences of bitarrays, or what else `similarity_f` takes.
        similarity_f: as `similarities.dice_coefficient`.
        threshold: least similarity.
        k: of each record, keep only its best so many pairs with each other dataset.
        blocking_f: `(dataset, record, filter) -> blocks`; only records that share a block are
            compared. None compares all.

    Returns:
        `(similarities, (datasets, datasets), (records, records))`, the most similar first, then in
        the datasets' and the records' order.
    """
    found = []
    for first, second in combinations(range(len(datasets)), 2):
        sides = datasets[first], datasets[second]
        blocks: Sequence[tuple[Rows, Rows]] = [(None, None)] if all(map(len, sides)) else []
        if blocking_f is not None:
            blocks = _blocks(sides, (first, second), blocking_f)
        for rows_a, rows_b in blocks:
            chosen = _chosen(sides[0], rows_a), _chosen(sides[1], rows_b)
            similarities, (i, j) = similarity_f(chosen, threshold, k=k)
            i, j = _numbered(i, rows_a), _numbered(j, rows_b)
            places = np.full(len(i), first), np.full(len(i), second), i, j
            found.append((np.asarray(similarities), np.array(places)))
    return _merged(found, k)


def _blocks(
    sides: tuple[Any, Any], numbers: tuple[int, int], blocking_f: Blocking
) -> Sequence[tuple[Rows, Rows]]:
    """The records of two datasets in each block that both have."""
    members: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for place, (side, number) in enumerate(zip(sides, numbers, strict=True)):
        for record, content in enumerate(_rows(side)):
            for block in blocking_f(number, record, content):
                members[block][place].append(record)
    return [both for both in members.values() if all(both)]


def _rows(dataset: Any) -> Any:
    """The filters of a dataset, one by one."""
    return dataset.to_bitarrays() if isinstance(dataset, Clks) else dataset


def _chosen(dataset: Any, rows: Rows) -> Any:
    """Some records of a dataset; all of them if `rows` is None."""
    if rows is None:
        return dataset
    if isinstance(dataset, Clks):
        return Clks(dataset.filters[rows], dataset.bits)
    return dataset[rows] if isinstance(dataset, np.ndarray) else [dataset[row] for row in rows]


def _numbered(found: Any, rows: Rows) -> NDArray[np.int64]:
    """Records of a part of a dataset, numbered as in the whole."""
    places = np.asarray(found, np.int64)
    return places if rows is None else np.array(rows, np.int64)[places]


def _merged(found: list[_Found], k: int | None) -> CandidatePairs:
    """All pairs sorted, each once, at most `k` for a record and another dataset."""
    if k is not None and k < 0:
        raise UsageError("k must not be negative.")
    similarities = np.concatenate([np.zeros(0), *(one for one, _ in found)])
    columns = np.concatenate([np.zeros((4, 0), np.int64), *(one for _, one in found)], axis=1)
    if not _are_in_order(similarities, columns):
        order = np.lexsort((*columns[::-1], -similarities))
        similarities, columns = similarities[order], columns[:, order]
        is_new = np.ones(len(order), np.bool_)
        is_new[1:] = (columns[:, 1:] != columns[:, :-1]).any(axis=0)
        is_new[1:] |= similarities[1:] != similarities[:-1]
        similarities, columns = similarities[is_new], columns[:, is_new]
    if k is not None:
        first, second, i, j = columns
        between = first * (int(second.max(initial=0)) + 1) + second
        is_best = np.ones(len(between), np.bool_)
        for records in (i, j):
            is_best &= ranks(between * (int(records.max(initial=0)) + 1) + records) < k
        similarities, columns = similarities[is_best], columns[:, is_best]
    first, second, i, j = map(numbers, columns)
    return floats(similarities), (first, second), (i, j)


def _are_in_order(similarities: NDArray[np.float64], columns: NDArray[np.int64]) -> bool:
    """Whether the pairs are sorted already and each is there once, as those of one comparison."""
    is_after = similarities[1:] < similarities[:-1]
    is_level = similarities[1:] == similarities[:-1]
    for column in columns:
        is_after |= is_level & (column[1:] > column[:-1])
        is_level &= column[1:] == column[:-1]
    return bool(is_after.all())
