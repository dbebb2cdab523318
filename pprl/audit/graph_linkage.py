"""Linking graphs as records are linked: an attack that bears disagreement.

Colour refinement is exact: one entry more or less, and a record has another colour. This attacker
compares records by features of their places in the graph of shared blocks instead, as Fellegi and
Sunter (1969) compare records by fields: each feature that agrees speaks for a pair by how much
likelier that is of one and the same record. It knows the chances of all agreements, which is more
than any attacker does.

Of each other source, the record there that shares most blocks is looked at, its *closest*: in which
passes, and how alike. In further rounds neighbours count who were found before: strangers who share
a block are a feature once it is known who they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pprl.agreement.levels import Comparison
from pprl.audit.shared import SharedBlocks

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]
Categories = NDArray[np.int8]

ROUNDS = 3
LIKELY = 0.5
"""The probability from which on a neighbour counts as found."""
WEIGHT = 4.0
"""What a found neighbour says for a pair of records, in log-odds."""
MOST_COUNTED = 8
"""Entries of a record in one pass from which on counts are taken for equal."""
DRAWN_TO_CHANCE = 5.0
"""Pairs as good as unlike by which tables of agreement are smoothed."""


@dataclass(frozen=True, eq=False, repr=False)
class GraphLinkage:
    """What the attack achieves.

    Attributes:
        hit: `float64[m]`, for each record of known students the chance that it is pointed at
            rightly (ties share).
        sure: `float64[m]`, the probability that the attacker gives its best guess.
    """

    hit: NDArray[np.float64]
    sure: NDArray[np.float64]

    def __repr__(self) -> str:
        """Counts only."""
        return f"<GraphLinkage of {len(self.hit):,} records>"

    @property
    def success(self) -> float:
        """The mean chance of a right guess, 0 to 1."""
        return float(self.hit.mean()) if len(self.hit) else 0.0


def link_graphs(
    observed: SharedBlocks,
    computed: SharedBlocks,
    known: NDArray[np.bool_],
    comparisons: Sequence[Comparison],
    rounds: int = ROUNDS,
) -> GraphLinkage:
    """Point, for each record of a known student, at a record of the hub.

    Args:
        observed: what the hub sees of everybody.
        computed: what the attacker makes of the plaintext that it has, errors included; records are
            numbered as in `observed`, by which its guesses are judged.
        known: `bool[records]`, whose plaintext it has.
        comparisons: how each pass is compared; none where levels are to be ignored.
        rounds: how often neighbours found before are counted.
    """
    mine = np.flatnonzero(known)
    seen, made = (_features(graph, comparisons) for graph in (observed, computed))
    sources = range(int(observed.source.max(initial=-1)) + 1)
    weights = [_weights(seen[mine, f], made[mine, f], seen[:, f]) for f in range(seen.shape[1])]
    likeness = []
    for source in sources:
        ours, theirs = mine[observed.source[mine] == source], observed.source == source
        likeness.append(_likeness(made[ours], seen[theirs], weights))
    found = _judged(observed.source, mine, likeness)
    for _ in range(rounds):
        nearby = _neighbours_found(observed, computed, found)
        scores = [
            score + WEIGHT * nearby[mine[observed.source[mine] == source]][:, places].toarray()
            for source, score in enumerate(likeness)
            for places in [np.flatnonzero(observed.source == source)]
        ]
        found = _judged(observed.source, mine, scores)
    return GraphLinkage(found.hit, found.sure)


def link_counts(
    emitted: NDArray[np.integer], shared: NDArray[np.integer], known: NDArray[np.bool_]
) -> GraphLinkage:
    """The same with the plaintext of one source, where only counts can be compared.

    Unlike `attack_with_one_roster`, it does not rule out who emits less than the hub sees.

    Args:
        emitted: `[n, passes]`, the real entries that each student emits, by the plaintext at hand.
        shared: `[n, passes]`, the entries of each record that another source holds; row `i` is the
            same student's.
        known: `bool[n]`, whose plaintext there is; other rows of `emitted` are not used.
    """
    mine = np.flatnonzero(known)
    made, seen = (np.minimum(counts, MOST_COUNTED).astype(np.int8) for counts in (emitted, shared))
    weights = [_weights(seen[mine, f], made[mine, f], seen[:, f]) for f in range(seen.shape[1])]
    found = _judged(np.zeros(len(known), np.int64), mine, [_likeness(made[mine], seen, weights)])
    return GraphLinkage(found.hit, found.sure)


@dataclass(frozen=True, eq=False)
class _Found:
    """The best guess for each known record: `hit` and `sure` as above, and which it is."""

    record: Integers
    guess: Integers
    hit: NDArray[np.float64]
    sure: NDArray[np.float64]


def _features(graph: SharedBlocks, comparisons: Sequence[Comparison]) -> Categories:
    """The closest record of each source: `int8[records, sources * (passes + attributes)]`.

    0 where there is none; by pass, 1 and 2 for blocks that are shared and not; by attribute, 1 and
    more for the best level that any pass saw.
    """
    sources = int(graph.source.max(initial=-1)) + 1
    passes = int(graph.kind.max(initial=-1)) + 1
    names = sorted({name for item in comparisons for name in item.attributes})
    pairs, place, count = np.unique(graph.pairs, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    table = np.full((len(pairs), passes + len(names)), 127, np.int8)
    table[:, :passes] = 2
    table[place, graph.kind[graph.left]] = 1
    for kind, item in enumerate(comparisons):
        rows = np.flatnonzero(graph.kind[graph.left] == kind)
        levels = item.levels_of(graph.level[rows])
        for column, name in enumerate(item.attributes):
            np.minimum.at(table[:, passes + names.index(name)], place[rows], levels[:, column] + 1)
    table[table == 127] = 0
    ends = np.divmod(pairs, max(1, graph.records))
    out = np.zeros((graph.records, sources, table.shape[1]), np.int8)
    for one, other in (ends, ends[::-1]):
        order = np.argsort(count, kind="stable")
        out[one[order], graph.source[other[order]]] = table[order]
    return out.reshape(graph.records, -1)


def _weights(seen: Categories, made: Categories, all_seen: Categories) -> Floats:
    """What a pair of values of a feature says, in log-odds: `float32[values, values]`, ours first.

    Args:
        seen: `int8[m]`, of known records as the hub sees them.
        made: `int8[m]`, of the same as the attacker computes them.
        all_seen: `int8[n]`, of all records.
    """
    size = 1 + int(max(made.max(initial=0), all_seen.max(initial=0)))
    both = np.bincount(made.astype(np.int64) * size + seen, minlength=size * size)
    joint = both.reshape(size, size).astype(np.float64)
    chance = (np.bincount(all_seen, minlength=size) + 0.5) / (len(all_seen) + 0.5 * size)
    smoothed = joint + DRAWN_TO_CHANCE * chance
    given = smoothed / smoothed.sum(axis=1, keepdims=True)
    weights: Floats = np.log(given / chance).astype(np.float32)
    return weights


def _likeness(made: Categories, seen: Categories, weights: Sequence[Floats]) -> Floats:
    """The log-odds of every pair by all features: `float32[m, n]`."""
    ours, theirs = [], []
    for column, weight in enumerate(weights):
        for value in range(len(weight)):
            here = seen[:, column] == value
            if here.any():
                ours.append(weight[made[:, column], value])
                theirs.append(here)
    if not ours:
        return np.zeros((len(made), len(seen)), np.float32)
    out: Floats = np.stack(ours, axis=1) @ np.stack(theirs).astype(np.float32)
    return out


def _judged(source: Integers, mine: Integers, scores: Sequence[Floats]) -> _Found:
    """The best guess for each known record, source by source."""
    hit, sure = np.zeros(len(mine)), np.zeros(len(mine))
    guess = np.zeros(len(mine), np.int64)
    for number, score in enumerate(scores):
        rows = np.flatnonzero(source[mine] == number)
        if not len(rows):
            continue
        places = np.flatnonzero(source == number)
        score = _shared_out(score)
        best = score.max(axis=1)
        tied = score >= best[:, None] - 1e-4
        right = tied[np.arange(len(rows)), np.searchsorted(places, mine[rows])]
        hit[rows] = right / tied.sum(axis=1)
        sure[rows] = 1 / np.exp(score - best[:, None]).sum(axis=1)
        guess[rows] = places[score.argmax(axis=1)]
    return _Found(mine, guess, hit, sure)


def _shared_out(score: Floats) -> Floats:
    """Scores once every record of the hub was given to the students whom it fits better."""
    shared: Floats = np.exp(score - score.max(axis=1, keepdims=True))
    shared /= shared.sum(axis=1, keepdims=True)
    np.subtract(shared.sum(axis=0), shared, out=shared)
    np.log1p(shared, out=shared)
    np.subtract(score, shared, out=shared)
    return shared


def _neighbours_found(observed: SharedBlocks, computed: SharedBlocks, found: _Found) -> csr_array:
    """How many neighbours of pairs of records were found to be one: `float32[records, records]`.

    A neighbour counts in each pass whose block it shares with both, less where several do.
    """
    size = observed.records
    likely = found.sure >= LIKELY
    one = (found.record[likely], found.guess[likely])
    same = csr_array((found.sure[likely].astype(np.float32), one), shape=(size, size))
    total = csr_array((size, size), dtype=np.float32)
    for kind in range(int(observed.kind.max(initial=-1)) + 1):
        ours, theirs = (_adjacency(graph, kind) for graph in (computed, observed))
        total = total + ours @ same @ theirs
    return total


def _adjacency(graph: SharedBlocks, kind: int) -> csr_array:
    """Which records share a block of a pass: `float32[records, records]`, symmetric."""
    chosen = graph.kind[graph.left] == kind
    left, right = graph.record[graph.left[chosen]], graph.record[graph.right[chosen]]
    ends = (np.concatenate((left, right)), np.concatenate((right, left)))
    shape = (graph.records, graph.records)
    counted = csr_array((np.ones(len(ends[0]), np.float32), ends), shape=shape)
    counted.data = np.minimum(counted.data, np.float32(1))
    return counted
