"""Clusters: the records of all sources that belong to one person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ABSENT_LOG_ODDS = -3.0
"""What it says against two records that no pass brought together although passes together find 95
in 100 matches: log(1 - 0.95)."""

Known = dict[tuple[int, int], float]


def clusters(
    source: Integers,
    sole: NDArray[np.bool_],
    left: Integers,
    right: Integers,
    log_odds: Floats,
    accepted: NDArray[np.bool_],
) -> Integers:
    """Group records into persons.

    Where accepted pairs hang together without conflict (every two records of a group accepted, no
    source twice), the group stands. Elsewhere groups grow by falling evidence, and two are joined
    only if the pairs between them speak for it together, those that no pass found speaking
    against, and no source that holds each person once would stand in a cluster twice. So a chain
    of lookalikes makes no cluster.

    Args:
        source: `int64[records]`, the source of each record of all sources together.
        sole: `bool[sources]`, whether a source holds each person once.
        left: `int64[n]`, one record of each candidate pair; pairs stand in the order in which ties
            are to be decided.
        right: `int64[n]`, the other.
        log_odds: `float64[n]`.
        accepted: `bool[n]`.

    Returns:
        `int64[records]`, a label for each record, equal within a cluster.
    """
    count = len(source)
    i, j = left[accepted], right[accepted]
    graph = coo_array((np.ones(len(i), np.int8), (i, j)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    label: Integers = component.astype(np.int64)
    tangled = _tangled(label, source, sole, i)
    within = tangled[label[left]] & (label[left] == label[right])
    if within.any():
        _untangle(label, source, sole, left[within], right[within], log_odds[within])
    return label


def _tangled(
    label: Integers, source: Integers, sole: NDArray[np.bool_], i: Integers
) -> NDArray[np.bool_]:
    """Which components lack a pair or hold a source twice: `bool[components]`."""
    components = int(label.max(initial=-1)) + 1
    size = np.bincount(label, minlength=components)
    pairs = np.bincount(label[i], minlength=components)
    tangled: NDArray[np.bool_] = pairs < size * (size - 1) // 2
    member = label * len(sole) + source
    held, times = np.unique(member, return_counts=True)
    repeated = (times > 1) & sole[held % len(sole)]
    tangled[held[repeated] // len(sole)] = True
    return tangled


def _untangle(
    label: Integers,
    source: Integers,
    sole: NDArray[np.bool_],
    left: Integers,
    right: Integers,
    log_odds: Floats,
) -> None:
    """Take tangled components apart and grow them anew; writes into `label`."""
    nodes = np.unique(np.concatenate((left, right)))
    members = {node: [node] for node in nodes.tolist()}
    home = {node: node for node in nodes.tolist()}
    edges = list(zip(left.tolist(), right.tolist(), log_odds.tolist(), strict=True))
    known: Known = {(min(a, b), max(a, b)): weight for a, b, weight in edges}
    order = np.lexsort((np.arange(len(edges)), -log_odds))
    for place in order.tolist():
        a, b, weight = edges[place]
        one, two = home[a], home[b]
        if one == two or weight <= 0:
            continue
        if _fit_together(members[one], members[two], source, sole, known):
            for node in members[two]:
                home[node] = one
            members[one] += members.pop(two)
    fresh = int(label.max()) + 1
    for number, group in enumerate(members.values()):
        label[group] = fresh + number


def _fit_together(
    one: list[int], two: list[int], source: Integers, sole: NDArray[np.bool_], known: Known
) -> bool:
    """Whether two groups may be one person, and the pairs between them say so together."""
    sources = [int(source[node]) for node in one]
    if any(sole[s] and s in sources for s in (int(source[node]) for node in two)):
        return False
    # Two records of one source were never compared, which says nothing.
    evidence = sum(
        known.get((min(a, b), max(a, b)), ABSENT_LOG_ODDS)
        for a in one
        for b in two
        if source[a] != source[b]
    )
    return evidence > 0
