"""Tangles: components too large for an exact partition, divided by local search."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from itertools import combinations, count

import numpy as np
from numpy.typing import NDArray

from pprl.hub.partitions import FORBIDDEN, best_partitions

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ROUNDS = 100
TOGETHER = 8
"""Records up to which two clusters are divided anew, exactly."""
LEAST_GAIN = 1e-9


def untangled(
    source: Integers,
    sole: NDArray[np.bool_],
    left: Integers,
    right: Integers,
    log_odds: Floats,
    absent: float,
) -> Integers:
    """Divide one component so that no single step betters it.

    Clusters are joined by falling evidence between them; then records are moved and exchanged,
    clusters joined and pairs of clusters divided anew, until nothing gains.

    Args:
        source: `int64[n]`, the source of each record.
        sole: `bool[sources]`, whether a source holds each person once.
        left: `int64[m]`, one record of each pair; the order of pairs and records decides ties.
        right: `int64[m]`, the other.
        log_odds: `float64[m]`.
        absent: what it says that no pass found a pair.

    Returns:
        `int64[n]`, the part of each record: the place of its first record.
    """
    tangle = _Tangle(source, sole, left, right, log_odds, absent)
    tangle.agglomerate()
    for _ in range(ROUNDS):
        moved = [tangle.move(record) for record in range(len(source))]
        if not (tangle.divide_anew() or any(moved)):
            break
    return tangle.parts()


class _Tangle:
    """A component while it is divided."""

    def __init__(
        self,
        source: Integers,
        sole: NDArray[np.bool_],
        left: Integers,
        right: Integers,
        log_odds: Floats,
        absent: float,
    ) -> None:
        """Every record alone."""
        self._source = source.tolist()
        self._sole = sole[source].tolist()
        self._absent = absent
        self._known: list[dict[int, float]] = [{} for _ in self._source]
        for a, b, weight in zip(left.tolist(), right.tolist(), log_odds.tolist(), strict=True):
            self._known[a][b] = self._known[b][a] = weight
        self._home = list(range(len(self._source)))
        self._members = {record: [record] for record in self._home}
        self._names = count(len(self._home))

    def parts(self) -> Integers:
        """`int64[records]`, the place of the first record of each record's cluster."""
        first = {home: min(members) for home, members in self._members.items()}
        return np.array([first[home] for home in self._home], np.int64)

    def agglomerate(self) -> None:
        """Join the two clusters with the most evidence between them while there is any."""
        heap = [
            (-weight, a, b)
            for a in self._home
            for b, weight in self._known[a].items()
            if a < b and weight > 0
        ]
        heapq.heapify(heap)
        while heap:
            gain, one, two = heapq.heappop(heap)
            if one not in self._members or two not in self._members:
                continue
            if -gain != self._between(self._members[one], self._members[two]):
                continue
            self._join(one, two)
            for other in self._beside(one):
                low, high = sorted((one, other))
                evidence = self._between(self._members[low], self._members[high])
                if evidence > 0:
                    heapq.heappush(heap, (-evidence, low, high))

    def move(self, record: int) -> bool:
        """Put a record where it fits best: in another cluster, there for its rival, or alone."""
        home = self._home[record]
        rest = [other for other in self._members[home] if other != record]
        here = self._between([record], rest)
        best, target, rival = (-here if rest else 0.0), -1, -1
        for cluster in self._beside(home):
            gain = self._between([record], self._members[cluster]) - here
            taken = -1
            if gain < FORBIDDEN / 2:
                # One at most: a source that holds each person once is in a cluster once.
                taken = next(m for m in self._members[cluster] if self._clash(record, m))
                others = [m for m in self._members[cluster] if m != taken]
                gain = self._between([record], others) - here
                gain += self._between([taken], rest) - self._between([taken], others)
            if gain > best + LEAST_GAIN:
                best, target, rival = gain, cluster, taken
        if best <= LEAST_GAIN:
            return False
        self._take(record, target)
        if rival >= 0:
            self._take(rival, home if home in self._members else -1)
        return True

    def divide_anew(self) -> bool:
        """Divide pairs of neighbouring clusters exactly; apply what gains, the most first."""
        pairs = sorted({tuple(sorted((a, b))) for a in self._members for b in self._beside(a)})
        gains: list[tuple[float, int, int, list[int], list[int]]] = []
        by_size: dict[int, list[tuple[int, int]]] = {}
        for one, two in pairs:
            by_size.setdefault(len(self._members[one]) + len(self._members[two]), []).append(
                (one, two)
            )
        for size, chosen in by_size.items():
            groups = [sorted(self._members[one] + self._members[two]) for one, two in chosen]
            if size <= TOGETHER:
                weight = np.array([self._matrix(group) for group in groups])
                parts = best_partitions(weight)
            else:
                parts = np.zeros((len(groups), size), np.int64)
            for (one, two), group, part in zip(chosen, groups, parts.tolist(), strict=True):
                before = self._inside(self._members[one]) + self._inside(self._members[two])
                pieces = [
                    [r for r, p in zip(group, part, strict=True) if p == q] for q in set(part)
                ]
                gain = sum(map(self._inside, pieces)) - before
                if gain > LEAST_GAIN:
                    gains.append((-gain, one, two, group, part))
        touched: set[int] = set()
        for _, one, two, group, part in sorted(gains):
            if not touched & {one, two}:
                touched |= {one, two}
                self._replace(one, two, group, part)
        return bool(gains)

    def _weight(self, a: int, b: int) -> float:
        """The weight of a pair."""
        known = self._known[a].get(b)
        if known is not None:
            return known
        if self._source[a] == self._source[b]:
            return FORBIDDEN if self._sole[a] else 0.0
        return self._absent

    def _clash(self, a: int, b: int) -> bool:
        """Whether two records may never be one person."""
        return self._source[a] == self._source[b] and bool(self._sole[a])

    def _between(self, one: Sequence[int], two: Sequence[int]) -> float:
        """The weight of all pairs between two groups."""
        return sum(self._weight(a, b) for a in sorted(one) for b in sorted(two))

    def _inside(self, group: Iterable[int]) -> float:
        """The weight of all pairs of a group."""
        return sum(self._weight(a, b) for a, b in combinations(sorted(group), 2))

    def _matrix(self, group: Sequence[int]) -> list[list[float]]:
        """The weights of all pairs of a group."""
        return [[0.0 if a == b else self._weight(a, b) for b in group] for a in group]

    def _beside(self, cluster: int) -> list[int]:
        """The other clusters that some pair speaks for joining with this one."""
        found = {
            self._home[other]
            for record in self._members[cluster]
            for other, weight in self._known[record].items()
            if weight > 0
        }
        return sorted(found - {cluster})

    def _join(self, one: int, two: int) -> None:
        """Make two clusters one."""
        for record in self._members[two]:
            self._home[record] = one
        self._members[one] += self._members.pop(two)

    def _take(self, record: int, target: int) -> None:
        """Take a record out of its cluster into another, or into one of its own (-1)."""
        old = self._home[record]
        self._members[old].remove(record)
        if not self._members[old]:
            del self._members[old]
        self._put(record, next(self._names) if target < 0 else target)

    def _replace(self, one: int, two: int, group: list[int], part: list[int]) -> None:
        """Put a new division of two clusters in their place."""
        del self._members[one], self._members[two]
        names = {place: next(self._names) for place in sorted(set(part))}
        for record, place in zip(group, part, strict=True):
            self._put(record, names[place])

    def _put(self, record: int, name: int) -> None:
        """Add a record to a cluster, which is made if it is not there."""
        self._members.setdefault(name, []).append(record)
        self._home[record] = name
