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
    part from it. Members that are absent now stay with their person, so a person may not become a
    cluster where a source that holds each person once would have two records in it. A person all
    of whose members went elsewhere is retired, and so is one whose absent members may follow.

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
    contested = np.lexsort((whose, who, -count))
    contested = contested[~alone[contested]]
    if not len(contested):
        return Succession(name, {}, {})

    present = np.zeros(len(members.person), bool)
    present[member] = True
    held = _grouped(members.person, np.arange(len(present)), who[contested])
    met = _grouped(cluster, member, whose[contested])
    left = {
        p: {members.source[m] for m in some if not present[m]} & sole for p, some in held.items()
    }
    taken: set[int] = set()
    for c, p in zip(whose[contested].tolist(), who[contested].tolist(), strict=True):
        others = {members.source[m] for m in met[c] if members.person[m] != p}
        if name[c] == NEW and p not in taken and not others & left[p]:
            name[c] = p
            taken.add(p)

    parted: dict[tuple[int, int], list[int]] = {}
    for place in np.flatnonzero(name[cluster] != person).tolist():
        key = (int(person[place]), int(cluster[place]))
        parted.setdefault(key, []).append(int(member[place]))
    retired: dict[int, int] = {}
    for p in sorted({p for p, _ in parted} - taken):
        goes = {c: len(some) for (q, c), some in parted.items() if q == p and name[c] != NEW}
        if not goes:
            continue
        c = max(goes, key=lambda c: (goes[c], -c))
        successor = int(name[c])
        if not left[p] & (left[successor] | {members.source[m] for m in met[c]}):
            retired[p] = successor
            left[successor] |= left[p]
    return Succession(name, retired, parted)


def _grouped(key: Integers, values: Integers, wanted: Integers) -> dict[int, list[int]]:
    """The values under each of the keys that are wanted."""
    groups: dict[int, list[int]] = {int(name): [] for name in wanted}
    chosen = np.flatnonzero(np.isin(key, wanted))
    for name, value in zip(key[chosen].tolist(), values[chosen].tolist(), strict=True):
        groups[name].append(value)
    return groups
