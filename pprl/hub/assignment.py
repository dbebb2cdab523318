"""One person, one record: what rivals for the same record leave each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pprl.hub.scoring import Candidates

Floats = NDArray[np.float64]

MOST_LOG_ODDS = 500.0


def probabilities(candidates: Candidates, sole: NDArray[np.bool_]) -> Floats:
    """Match probabilities once rivals have shared what there is.

    If a source holds each person once, at most one of the pairs of a record with that source is a
    match. Given the pairs' independent odds, the probability of a pair is then its odds over one
    plus the odds of itself and all its rivals.

    Args:
        candidates: the candidate pairs.
        sole: `bool[groups, 2]`, whether the first and the second source of each pair of sources
            hold each person once.

    Returns:
        `float64[n]`, 0 to 1.
    """
    log_odds = np.clip(candidates.log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS)
    odds = np.exp(log_odds)
    total = 1.0 + odds
    for side, other in ((candidates.left, 1), (candidates.right, 0)):
        record = candidates.group.astype(np.int64) << 32 | side.astype(np.int64)
        _, place = np.unique(record, return_inverse=True)
        rivals = np.bincount(place, odds)[place] - odds if len(place) else odds
        total += np.where(sole[candidates.group, other], np.maximum(rivals, 0.0), 0.0)
    probability: Floats = odds / total
    return probability


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
