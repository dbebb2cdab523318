"""One person, one record: what rivals for the same record leave each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from pprl.hub.model import logit
from pprl.hub.scoring import Candidates

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_LOG_ODDS = 300.0
FEW_NON_MATCHES = 10.0
DENSE = 16
"""Sums over records go by record number, unless there are so many times fewer pairs."""
TINY = 1e-15
TIE = 1e-9
"""What a lower token may outweigh: choices closer to each other than this are equals."""


def probabilities(candidates: Candidates, sole: NDArray[np.bool_]) -> Floats:
    """Match probabilities once rivals have shared what there is.

    If a source holds each person once, at most one of the pairs of a record with that source is a
    match. Two things follow. A pair's probability is its odds over one plus the odds of itself and
    all its rivals. And a pair without rivals gains: the odds were learned from all pairs, among
    which a share `c` of the non-matches have a record that is matched elsewhere and no match has,
    so that being free multiplies the odds by `1 / (1 - c)`. The share is measured for each pair of
    sources and each pass that judged best: where a true match would nearly always share the block
    too, the cap has withheld the strangers who are taken, and those that are left are free anyway.

    Args:
        candidates: the candidate pairs.
        sole: `bool[groups, 2]`, whether the first and the second source of each pair of sources
            hold each person once.

    Returns:
        `float64[n]`, 0 to 1.
    """
    left = numbered(candidates.group, candidates.left)
    right = numbered(candidates.group, candidates.right)
    sides = sole[candidates.group]
    odds = odds_of(candidates.log_odds)
    alone = shared(odds, rivals(left, odds), rivals(right, odds), sides)
    free = freedom(rivals(left, alone), rivals(right, alone), sides)
    passes = int(candidates.best.max(initial=0)) + 1
    stratum = candidates.group.astype(np.int64) * passes + candidates.best
    taken, total = strangers(alone, free)
    gain = gain_of_the_free(_sums(stratum, taken), _sums(stratum, total))[stratum]
    odds = odds_of(candidates.log_odds, gain)
    return shared(odds, rivals(left, odds), rivals(right, odds), sides)


def _sums(stratum: Integers, amount: Floats) -> Floats:
    """The sum of an amount over each stratum."""
    sums: Floats = np.bincount(stratum, amount).astype(np.float64)
    return sums


def odds_of(log_odds: Floats, gain: Floats | float = 0.0) -> Floats:
    """Odds, from log-odds that are bounded and then raised by a gain: `float64[n]`."""
    odds: Floats = np.exp(np.clip(log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS) + gain)
    return odds


def shared(odds: Floats, left: Floats, right: Floats, sides: NDArray[np.bool_]) -> Floats:
    """Each pair's odds over one plus the odds of itself and its rivals: `float64[n]`.

    Args:
        odds: `float64[n]`.
        left: `float64[n]`, the odds of the other pairs of the pair's first record.
        right: `float64[n]`, those of its second.
        sides: `bool[n, 2]`, whether the first and the second source hold each person once.
    """
    probability: Floats = odds / (
        1.0 + odds + np.where(sides[:, 1], left, 0.0) + np.where(sides[:, 0], right, 0.0)
    )
    return probability


def freedom(left: Floats, right: Floats, sides: NDArray[np.bool_]) -> Floats:
    """How likely it is that neither record of a pair is matched elsewhere: `float64[n]`.

    Args:
        left: `float64[n]`, the probabilities of the other pairs of the first record.
        right: `float64[n]`, those of the second.
        sides: as in `shared`.
    """
    free = np.where(sides[:, 1], 1 - np.minimum(left, 1), 1.0)
    free *= np.where(sides[:, 0], 1 - np.minimum(right, 1), 1.0)
    return free


def strangers(probability: Floats, free: Floats) -> tuple[Floats, Floats]:
    """How far each pair `[n]` is a non-match with a record matched elsewhere, and one at all."""
    unlike: Floats = 1 - probability
    return unlike * (1 - free), unlike


def gain_of_the_free(taken: Floats, total: Floats) -> Floats:
    """What it says for a pair of each stratum that neither record is matched elsewhere.

    Few non-matches say little: the share is drawn towards none.

    Args:
        taken: `float64[...]`, the sum over each stratum of the first of `strangers`.
        total: `float64[...]`, that of the second.
    """
    gain: Floats = -np.log1p(-taken / (total + FEW_NON_MATCHES))
    return gain


def numbered(group: NDArray[np.int32], side: NDArray[np.uint32]) -> Integers:
    """A number for each record of each pair of sources: `int64[n]`, few more than there are."""
    groups = int(group.max(initial=-1)) + 1
    most = np.zeros(groups, np.int64)
    np.maximum.at(most, group, side.astype(np.int64) + 1)
    number = (np.cumsum(most) - most)[group] + side.astype(np.int64)
    if most.sum() > DENSE * len(group):
        _, number = np.unique(number, return_inverse=True)
    return number


def rivals(record: Integers, amount: Floats) -> Floats:
    """`float64[n]`: the sum of an amount over the other pairs of each pair's record."""
    if not len(record):
        return amount
    return np.maximum(np.bincount(record, amount)[record] - amount, 0.0)


def one_to_one(
    candidates: Candidates, probability: Floats, threshold: float, sole: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Accept the pairs that together say most, so that no record of a sole source is used twice.

    Among all choices of pairs at or above the threshold that the one-record rule allows, the one
    with the largest sum of log-odds beyond the threshold's is taken: exactly, not greedily (up to
    `TIE`). Equals are decided in favour of lower tokens, which depend on the students alone, never
    on a record's number or place. Pairs without rivals, nearly all, are taken by arrays; the rest
    is an assignment problem (Jonker and Volgenant, Computing 38, 1987) in which every record has a
    dummy partner.

    Args:
        candidates: the candidate pairs.
        probability: `float64[n]`, from `probabilities`.
        threshold: pairs below it are not accepted.
        sole: as in `probabilities`.

    Returns:
        `bool[n]`.
    """
    accepted = probability >= threshold
    likely = np.flatnonzero(accepted)
    likely = likely[np.lexsort((candidates.token[likely], candidates.group[likely]))]
    weight = beyond(probability[likely], threshold)
    group = candidates.group[likely].astype(np.int64)
    left = group << 32 | candidates.left[likely].astype(np.int64)
    right = group << 32 | candidates.right[likely].astype(np.int64)
    one_right, one_left = sole[group, 1], sole[group, 0]
    contested = (one_right & _repeated(left)) | (one_left & _repeated(right))
    accepted[likely[contested]] = False
    weight[contested] += _before_later(left[contested], right[contested])
    for records, rule in ((left, one_right & ~one_left), (right, one_left & ~one_right)):
        chosen = np.flatnonzero(contested & rule)
        best = chosen[np.lexsort((-weight[chosen], records[chosen]))]
        accepted[likely[best[np.diff(records[best], prepend=-1) != 0]]] = True
    both = np.flatnonzero(contested & one_left & one_right)
    accepted[likely[both[_matching(left[both], right[both], weight[both])]]] = True
    return accepted


def _before_later(left: Integers, right: Integers) -> Floats:
    """What decides between equals: `TIE` for the first pair, less for each later one.

    Pairs are counted among those that hang together by their records, so that a choice does not
    depend on what else there is to choose.
    """
    i, j = _by_first_place(left), _by_first_place(right)
    size = int(i.max(initial=-1)) + 1, int(j.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(i), np.int8), (i, size[0] + j)), shape=(sum(size),) * 2)
    _, component = connected_components(graph, directed=False)
    own = component[i]
    order = np.argsort(own, kind="stable")
    held = np.bincount(own)
    place = np.empty(len(own), np.int64)
    place[order] = np.arange(len(own)) - np.repeat(np.cumsum(held) - held, held)
    earlier: Floats = TIE * (1 - place / held[own])
    return earlier


def beyond(probability: Floats, threshold: float) -> Floats:
    """Log-odds of `float64[n]` less those of a threshold, bounded so that none is infinite."""
    log_odds = logit(np.clip(np.append(probability, threshold), TINY, 1 - TINY))
    evidence: Floats = log_odds[:-1] - log_odds[-1]
    return evidence


def _repeated(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which keys occur more than once: `bool[n]`."""
    order = np.argsort(keys, kind="stable")
    same = np.diff(keys[order], prepend=-1) == 0
    same[:-1] |= same[1:]
    repeated = np.empty(len(keys), bool)
    repeated[order] = same
    return repeated


def _matching(
    left: NDArray[np.int64], right: NDArray[np.int64], weight: Floats
) -> NDArray[np.intp]:
    """The places of the pairs of a heaviest matching; weights are not negative.

    Row i is a left record, row `lefts + j` the dummy partner of right record j; likewise columns. A
    dummy may be left to a dummy where the records that they stand by are a pair. Records are
    numbered by their first pair, so that the solver sees the same problem whatever they are called.
    """
    if not len(left):
        return np.empty(0, np.intp)
    i, j = _by_first_place(left), _by_first_place(right)
    lefts, rights = int(i.max()) + 1, int(j.max()) + 1
    rows = np.concatenate((i, np.arange(lefts), lefts + np.arange(rights), lefts + j))
    columns = np.concatenate((j, rights + np.arange(lefts), np.arange(rights), rights + i))
    cost = np.full(len(rows), 1 + weight.max())
    cost[: len(i)] -= weight
    table = coo_array((cost, (rows, columns)), shape=(lefts + rights,) * 2).tocsr()
    _, partner = min_weight_full_bipartite_matching(table)
    return np.flatnonzero(partner[i] == j)


def _by_first_place(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keys numbered in the order of their first occurrence: `int64[n]`."""
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[place]
