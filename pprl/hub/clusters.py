"""Clusters: the records of all sources that belong to one person.

A clustering is worth the sum of the log-odds of all pairs that it puts together (correlation
clustering), those that no pass found counting against it; a source that holds each person once has
at most one record in a cluster. Nearly all components stand as they are, which arrays tell; small
ones are solved exactly, large ones by local search.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pprl.hub.partitions import FORBIDDEN, LARGEST, best_partitions
from pprl.hub.tangles import untangled

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ABSENT_LOG_ODDS = -3.0
"""What it says against two records that no pass brought together although passes together find 95
in 100 matches: log(1 - 0.95)."""


def clusters(
    source: Integers, sole: NDArray[np.bool_], left: Integers, right: Integers, log_odds: Floats
) -> Integers:
    """Group records into persons.

    The result depends on the evidence alone. Groups of at most `LARGEST` records that hang together
    by evidence for them are divided in the best way there is; of equally good ways the order of the
    pairs decides. In larger ones the search ends where neither moving a record, nor joining two
    clusters, nor dividing the records of two clusters anew is better.

    Args:
        source: `int64[records]`, the source of each record of all sources together.
        sole: `bool[sources]`, whether a source holds each person once.
        left: `int64[n]`, one record of each candidate pair; pairs stand in the order in which ties
            are to be decided, each pair once, and its records are of different sources.
        right: `int64[n]`, the other.
        log_odds: `float64[n]`, beyond the decision: above 0 speaks for one person.

    Returns:
        `int64[records]`, a label for each record, equal within a cluster.
    """
    count = len(source)
    speaks = log_odds > 0
    i, j = left[speaks], right[speaks]
    graph = coo_array((np.ones(len(i), np.int8), (i, j)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    label: Integers = component.astype(np.int64)
    tangled = _tangled(label, source, sole, i)
    within = np.flatnonzero(tangled[label[left]] & (label[left] == label[right]))
    if len(within):
        _divide(label, source, sole, left[within], right[within], log_odds[within])
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
    order = np.argsort(member, kind="stable")
    again = order[1:][np.diff(member[order]) == 0]
    tangled[label[again[sole[source[again]]]]] = True
    return tangled


def _divide(
    label: Integers,
    source: Integers,
    sole: NDArray[np.bool_],
    left: Integers,
    right: Integers,
    log_odds: Floats,
) -> None:
    """Divide tangled components; writes into `label`."""
    ends = np.column_stack((left, right)).ravel()
    _, first = np.unique(ends, return_index=True)
    nodes = ends[np.sort(first)]
    nodes = nodes[np.argsort(label[nodes], kind="stable")]
    place = np.empty(len(source), np.int64)
    starts = np.flatnonzero(np.diff(label[nodes], prepend=-1))
    sizes = np.diff(np.append(starts, len(nodes)))
    place[nodes] = np.arange(len(nodes)) - np.repeat(starts, sizes)
    number = np.empty(len(source), np.int64)
    number[nodes] = np.repeat(np.arange(len(starts)), sizes)
    size_of_pair = sizes[number[left]]
    fresh = int(label.max()) + 1 + np.arange(len(nodes))
    for size in np.unique(sizes[sizes <= LARGEST]).tolist():
        groups = np.flatnonzero(sizes == size)
        rows = nodes[starts[groups][:, None] + np.arange(size)]
        weight = _unknown(source[rows], sole)
        slot = np.empty(len(starts), np.int64)
        slot[groups] = np.arange(len(groups))
        pairs = np.flatnonzero(size_of_pair == size)
        a, b = place[left[pairs]], place[right[pairs]]
        weight[slot[number[left[pairs]]], a, b] = log_odds[pairs]
        weight[slot[number[left[pairs]]], b, a] = log_odds[pairs]
        label[rows] = fresh[starts[groups][:, None] + best_partitions(weight)]
    large = np.flatnonzero(size_of_pair > LARGEST)
    large = large[np.argsort(number[left[large]], kind="stable")]
    cuts = np.flatnonzero(np.diff(number[left[large]], prepend=-1, append=-1))
    for begin, end in pairwise(cuts.tolist()):
        pairs = large[begin:end]
        group = number[left[pairs[0]]]
        members = nodes[starts[group] : starts[group] + sizes[group]]
        parts = untangled(
            source[members],
            sole,
            place[left[pairs]],
            place[right[pairs]],
            log_odds[pairs],
            ABSENT_LOG_ODDS,
        )
        label[members] = fresh[starts[group] + parts]


def _unknown(source: Integers, sole: NDArray[np.bool_]) -> Floats:
    """The weights of pairs that no pass found: `float64[n, k, k]` for sources `int64[n, k]`."""
    same = source[:, :, None] == source[:, None, :]
    # Two records of one source were never compared, which says nothing.
    weight: Floats = np.where(
        same, np.where(sole[source], FORBIDDEN, 0.0)[:, :, None], ABSENT_LOG_ODDS
    )
    places = np.arange(source.shape[1])
    weight[:, places, places] = 0.0
    return weight
