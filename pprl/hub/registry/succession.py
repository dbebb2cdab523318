"""Which of last year's persons this year's clusters are: who keeps a name, who gives it up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

NEW = -1


@dataclass(frozen=True, eq=False, repr=False)
class Members:
    """Every student of every source that a registry knows, numbered in the order of first runs.

    Attributes:
        source: `object[k]`, the source's id.
        person: `int64[k]`, the person that each belongs to; persons are numbered likewise.
        recipient_id: `object[k]`, what the source is told.
    """

    source: NDArray[np.object_]
    person: Integers
    recipient_id: NDArray[np.object_]


@dataclass(frozen=True, eq=False, repr=False)
class Succession:
    """What becomes of persons.

    Attributes:
        name: `int64[clusters]`, the person that each cluster is, `NEW` for one not known before.
        retired: person -> the person that it turned out to be.
        parted: (person, cluster) -> members of the person that the cluster took with it.
    """

    name: Integers
    retired: dict[int, int]
    parted: dict[tuple[int, int], list[int]]


def succeed(
    clusters: int, cluster: Integers, member: Integers, members: Members, sole: frozenset[str]
) -> Succession:
    """Name clusters after the persons whose members they hold.

    A cluster is the person with which it shares most members; of equals, the one known for longer.
    A person goes with one cluster only, and if another cluster takes some of its members away, they
    part from it. A person all of whose members went elsewhere is retired, and so is one whose other
    members, absent now, may follow: they may not where a source that holds each person once would
    have two records of the successor.

    Args:
        clusters: how many there are.
        cluster: `int64[m]`, the cluster of each member that is met again.
        member: `int64[m]`, the member, each once.
        members: all members.
        sole: the sources that hold each person once.
    """
    name = np.full(clusters, NEW, np.int64)
    person = members.person[member]
    stride = int(members.person.max(initial=-1)) + 1
    cell, count = np.unique(cluster * stride + person, return_counts=True)
    whose, who = np.divmod(cell, max(1, stride))
    alone = (np.bincount(whose, minlength=clusters)[whose] == 1) & (np.bincount(who)[who] == 1)
    name[whose[alone]] = who[alone]
    taken = np.zeros(stride, bool)
    order = np.lexsort((whose, who, -count))
    for place in order[~alone[order]].tolist():
        if name[whose[place]] == NEW and not taken[who[place]]:
            name[whose[place]] = who[place]
            taken[who[place]] = True

    parted: dict[tuple[int, int], list[int]] = {}
    for place in np.flatnonzero(name[cluster] != person).tolist():
        key = (int(person[place]), int(cluster[place]))
        parted.setdefault(key, []).append(int(member[place]))
    lost = sorted({old for old, _ in parted} - set(name.tolist()))
    held = _held(members, {*lost, *name[[c for p, c in parted if p in set(lost)]].tolist()})
    retired = {}
    for old in lost:
        goes = {other: len(gone) for (p, other), gone in parted.items() if p == old}
        successor = int(name[max(goes, key=lambda other: (goes[other], -other))])
        gone = {m for (p, _), some in parted.items() if p == old for m in some}
        there = {members.source[m] for m in held[successor]} & sole
        if not any(members.source[m] in there for m in held[old] if m not in gone):
            retired[old] = successor
    return Succession(name, retired, parted)


def _held(members: Members, persons: set[int]) -> dict[int, list[int]]:
    """The members of some persons."""
    held: dict[int, list[int]] = {person: [] for person in persons}
    for member in np.flatnonzero(np.isin(members.person, sorted(persons))).tolist():
        held[int(members.person[member])].append(member)
    return held
