"""Groups of records that are one entity, from candidate pairs, as `anonlink.solving` finds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.interop.anonlink.candidates import CandidatePairs, checked

Record = tuple[int, int]
Groups = tuple[tuple[Record, ...], ...]


def greedy_solve(candidates: CandidatePairs) -> Groups:
    """Merge groups in the order of the candidates, once every pair between the two is among them.

    Args:
        candidates: as `find_candidate_pairs` returns them.

    Returns:
        Groups of at least two records `(dataset, number)`, in order of appearance.
    """
    return probabilistic_greedy_solve(candidates, merge_threshold=1.0, deduplicated=False)


greedy_solve_native = greedy_solve_python = greedy_solve


def probabilistic_greedy_solve(
    candidates: CandidatePairs, *, merge_threshold: float = 0.5, deduplicated: bool = True
) -> Groups:
    """Merge groups in the order of the candidates, once enough pairs between them are among them.

    Args:
        candidates: as `find_candidate_pairs` returns them.
        merge_threshold: share of the pairs between two groups that is enough, 0 to 1.
        deduplicated: whether no two records of one dataset may be in a group.

    Raises:
        UsageError: the candidates or the threshold are none.
    """
    if not 0 <= merge_threshold <= 1:
        raise UsageError("merge_threshold must be from 0 to 1.")
    _, datasets, records = checked(candidates)
    if _are_plain(datasets, records) and (deduplicated or merge_threshold > 0.5):
        return _matching(datasets, records)
    groups = _Groups(merge_threshold, deduplicated)
    for first, second, i, j in zip(*datasets.tolist(), *records.tolist(), strict=True):
        groups.link((first, i), (second, j))
    return groups.found()


probabilistic_greedy_solve_native = probabilistic_greedy_solve


def pairs_from_groups(groups: Iterable[Sequence[Record]]) -> Iterator[Record]:
    """Groups of two records of datasets 0 and 1 as pairs of their numbers.

    Raises:
        UsageError: a group is of another kind.
    """
    for group in groups:
        if sorted(dataset for dataset, _ in group) != [0, 1]:
            raise UsageError("a group is not one record of dataset 0 and one of dataset 1.")
        (_, i), (_, j) = sorted(group)
        yield i, j


def _are_plain(datasets: NDArray[Any], records: NDArray[Any]) -> bool:
    """Whether all pairs are between the same two datasets, and each is there once."""
    if not records.size or (datasets != datasets[:, :1]).any() or datasets[0, 0] == datasets[1, 0]:
        return False
    width = int(records[1].max()) + 1
    if int(records[0].max()) >= np.iinfo(np.int64).max // width:
        return False
    pairs = np.sort(records[0] * width + records[1])
    return bool((pairs[1:] != pairs[:-1]).all())


def _matching(datasets: NDArray[Any], records: NDArray[Any]) -> Groups:
    """Between two datasets: each pair both of whose records are still free.

    No third record can join: its pair with one of the two cannot be a candidate.
    """
    first, second = datasets[:, 0].tolist()
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    groups = []
    for i, j in zip(*records.tolist(), strict=True):
        if i not in taken_first and j not in taken_second:
            taken_first.add(i)
            taken_second.add(j)
            groups.append(((first, i), (second, j)))
    return tuple(groups)


class _Group:
    """Records that are together, and the candidate pairs that other groups have had with them."""

    def __init__(self, *members: Record) -> None:
        """Begin with some records."""
        self.members = list(members)
        self.pairs: defaultdict[_Group, int] = defaultdict(int)

    def shares_dataset(self, datasets: Iterable[int]) -> bool:
        """Whether a member is of one of the datasets."""
        return not {dataset for dataset, _ in self.members}.isdisjoint(datasets)


class _Groups:
    """The groups so far."""

    def __init__(self, merge_threshold: float, deduplicated: bool) -> None:
        """Begin with none."""
        self._threshold = merge_threshold
        self._deduplicated = deduplicated
        self._of: dict[Record, _Group] = {}

    def found(self) -> Groups:
        """Those of at least two records, in order of their first record's appearance."""
        distinct = dict.fromkeys(self._of.values())
        return tuple(tuple(group.members) for group in distinct if len(group.members) > 1)

    def link(self, a: Record, b: Record) -> None:
        """Take one candidate pair into account."""
        if a == b:
            return
        group_a, group_b = self._of.get(a), self._of.get(b)
        if group_a is not None and group_b is not None:
            if group_a is not group_b:
                self._link_groups(group_a, group_b)
        elif group_a is not None:
            self._link_alone(group_a, b)
        elif group_b is not None:
            self._link_alone(group_b, a)
        elif not (self._deduplicated and a[0] == b[0]):
            self._of[a] = self._of[b] = _Group(a, b)

    def _link_alone(self, group: _Group, record: Record) -> None:
        """Add a record to a group, or let it begin one of its own."""
        if self._threshold * len(group.members) <= 1:
            if not (self._deduplicated and group.shares_dataset([record[0]])):
                group.members.append(record)
                self._of[record] = group
            return
        self._of[record] = alone = _Group(record)
        alone.pairs[group] = group.pairs[alone] = 1

    def _link_groups(self, a: _Group, b: _Group) -> None:
        """Count a pair between two groups, and merge them if it is enough."""
        a.pairs[b] += 1
        b.pairs[a] += 1
        if a.pairs[b] < self._threshold * len(a.members) * len(b.members):
            return
        if self._deduplicated and a.shares_dataset(dataset for dataset, _ in b.members):
            return
        large, small = (b, a) if len(a.members) < len(b.members) else (a, b)
        large.members += small.members
        self._of.update(dict.fromkeys(small.members, large))
        del large.pairs[small], small.pairs[large]
        for other, number in small.pairs.items():
            large.pairs[other] += number
            other.pairs[large] += number
            del other.pairs[small]
