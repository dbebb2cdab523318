"""One person, one record: what rivals for the same record leave each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pprl.hub.scoring import Candidates

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_LOG_ODDS = 300.0
FEW_NON_MATCHES = 10.0
DENSE = 16
"""Sums over records go by record number, unless there are so many times fewer pairs."""


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
    log_odds = np.clip(candidates.log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS)
    records = tuple(_numbered(candidates.group, side) for side in (candidates.left, candidates.right))
    alone = _shared(candidates, log_odds, sole, records)
    gain = _gain_of_the_free(candidates, alone, sole, records)
    return _shared(candidates, log_odds + gain, sole, records)


def _shared(
    candidates: Candidates, log_odds: Floats, sole: NDArray[np.bool_], records: tuple[Integers, ...]
) -> Floats:
    """Each pair's odds over one plus the odds of itself and its rivals: `float64[n]`."""
    odds = np.exp(log_odds)
    left, right = (_rivals(record, odds) for record in records)
    shared: Floats = odds / (
        1.0
        + odds
        + np.where(sole[candidates.group, 1], left, 0.0)
        + np.where(sole[candidates.group, 0], right, 0.0)
    )
    return shared


def _gain_of_the_free(
    candidates: Candidates,
    probability: Floats,
    sole: NDArray[np.bool_],
    records: tuple[Integers, ...],
) -> Floats:
    """What it says for each pair that neither record is matched elsewhere: `float64[n]`.

    Few non-matches say little: the share is drawn towards none.
    """
    left, right = (_rivals(record, probability) for record in records)
    free = np.where(sole[candidates.group, 1], 1 - np.minimum(left, 1), 1.0)
    free *= np.where(sole[candidates.group, 0], 1 - np.minimum(right, 1), 1.0)
    passes = int(candidates.best.max(initial=0)) + 1
    stratum = candidates.group.astype(np.int64) * passes + candidates.best
    taken = np.bincount(stratum, (1 - probability) * (1 - free))
    strangers = np.bincount(stratum, 1 - probability) + FEW_NON_MATCHES
    gain: Floats = -np.log1p(-taken / strangers)[stratum]
    return gain


def _numbered(group: NDArray[np.int32], side: NDArray[np.uint32]) -> Integers:
    """A number for each record of each pair of sources: `int64[n]`, few more than there are."""
    groups = int(group.max(initial=-1)) + 1
    most = np.zeros(groups, np.int64)
    np.maximum.at(most, group, side.astype(np.int64) + 1)
    number = (np.cumsum(most) - most)[group] + side.astype(np.int64)
    if most.sum() > DENSE * len(group):
        _, number = np.unique(number, return_inverse=True)
    return number


def _rivals(record: Integers, amount: Floats) -> Floats:
    """The sum of an amount over the other pairs of each pair's record."""
    if not len(record):
        return amount
    return np.maximum(np.bincount(record, amount)[record] - amount, 0.0)


def one_to_one(
    candidates: Candidates, probability: Floats, threshold: float, sole: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Accept pairs by falling probability, none whose record is taken.

    Ties go to the lower token, which depends on the students alone, never on a record's number or
    place.

    Args:
        candidates: the candidate pairs.
        probability: `float64[n]`, from `probabilities`.
        threshold: pairs below it are not accepted.
        sole: as in `probabilities`.

    Returns:
        `bool[n]`.
    """
    likely = np.flatnonzero(probability >= threshold)
    order = likely[np.lexsort((candidates.token[likely], -probability[likely]))]
    accepted = np.zeros(len(probability), bool)
    taken: set[tuple[int, int, int]] = set()
    columns = (candidates.group[order], candidates.left[order], candidates.right[order])
    for place, group, left, right in zip(
        order.tolist(), *(c.tolist() for c in columns), strict=True
    ):
        first, second = (group, 0, left), (group, 1, right)
        if (sole[group, 1] and first in taken) or (sole[group, 0] and second in taken):
            continue
        taken.update((first, second))
        accepted[place] = True
    return accepted
