"""The matching model of one pass: m and u learned from counts of patterns, without truth.

A mixture of two classes in which levels are independent within a class (Fellegi and Sunter, JASA
64, 1969), fitted by EM with Dirichlet priors (Winkler, 1988). Everything runs on the counts of
distinct patterns, so its cost does not grow with the number of pairs. Each pair of sources has a
match share of its own; m and u are common to all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ITERATIONS = 200
TOLERANCE = 1e-7
SHARE_WEIGHT = 10.0
BLOCKED_WEIGHT = 50.0
"""How many pairs the belief is worth that a field of the blocking key tells nothing more."""


@dataclass(frozen=True)
class Prior:
    """A Dirichlet prior for one attribute's m or u.

    Attributes:
        mean: shares of the levels, adding up to 1; 0 for a silent level.
        weight: how many pairs it is worth.
    """

    mean: Floats
    weight: float

    def joined(self, other: Prior) -> Prior:
        """Both priors together, each with its weight."""
        weight = self.weight + other.weight
        if not weight:
            return self
        return Prior((self.mean * self.weight + other.mean * other.weight) / weight, weight)


@dataclass(frozen=True)
class PassModel:
    """What was learned in one pass.

    Attributes:
        m: for each attribute, the share of each level among matches.
        u: for each attribute, the share of each level among non-matches.
        share: `float64[groups]`, the share of matches among the pairs of each pair of sources.
        matches: expected number of matches.
    """

    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    share: Floats
    matches: float

    def log_odds(self, levels: NDArray[np.int8]) -> Floats:
        """Log-odds of a match for patterns in every pair of sources: `float64[groups, p]`.

        Args:
            levels: `int8[p, attributes]`.
        """
        weight = np.zeros(len(levels))
        for column, (m, u) in enumerate(zip(self.m, self.u, strict=True)):
            weight += match_weights(m, u)[levels[:, column]]
        return logit(self.share)[:, None] + weight


def fit(
    counts: NDArray[np.int64],
    levels: NDArray[np.int8],
    m: Sequence[Prior],
    u: Sequence[Prior],
    evident: Sequence[bool],
) -> PassModel:
    """Learn m, u and the match shares of one pass.

    Args:
        counts: `int64[groups, p]`, how often each pattern occurs.
        levels: `int8[p, attributes]`, the patterns.
        m: a prior for each attribute.
        u: a prior for each attribute; for one that is not evident, only what was observed.
        evident: for each attribute, whether the priors may judge it. An attribute that the
            blocking key touches is not evident: all pairs of a block are alike in it, so the belief
            is that it tells nothing, unless what was observed or the other attributes say so.
    """
    total = counts.sum(axis=0).astype(np.float64)
    m, u = list(m), list(u)
    for column, shown in enumerate(evident):
        if not shown:
            alike = _update(levels[:, column], total, Prior(m[column].mean, 1.0))
            m[column] = Prior(alike, BLOCKED_WEIGHT)
            u[column] = u[column].joined(Prior(alike, BLOCKED_WEIGHT))
    share = np.full(len(counts), 0.5)
    model = PassModel(tuple(p.mean for p in m), tuple(p.mean for p in u), share, 0.0)
    for _ in range(ITERATIONS):
        before = model
        posterior = sigmoid(model.log_odds(levels))
        matched = counts * posterior
        per_pattern = matched.sum(axis=0)
        model = PassModel(
            tuple(_update(levels[:, c], per_pattern, prior) for c, prior in enumerate(m)),
            tuple(_update(levels[:, c], total - per_pattern, prior) for c, prior in enumerate(u)),
            _shares(matched.sum(axis=1), counts.sum(axis=1)),
            float(per_pattern.sum()),
        )
        if np.abs(model.share - before.share).max(initial=0) < TOLERANCE and all(
            np.abs(new - old).max() < TOLERANCE
            for new, old in zip((*model.m, *model.u), (*before.m, *before.u), strict=True)
        ):
            break
    return model


def match_weights(m: Floats, u: Floats) -> Floats:
    """The logarithm of m over u, `float64[levels]`; 0 for a silent level, which has no share."""
    spoken = m > 0
    weights: Floats = np.log(np.where(spoken, m, 1.0) / np.where(spoken, u, 1.0))
    return weights


def _update(levels: NDArray[np.int8], weight: Floats, prior: Prior) -> Floats:
    """The posterior mean of the shares of levels; those without a prior share get none."""
    seen = np.bincount(levels, weight, minlength=len(prior.mean)) * (prior.mean > 0)
    shares: Floats = (seen + prior.weight * prior.mean) / (seen.sum() + prior.weight)
    return shares


def _shares(matched: Floats, pairs: NDArray[np.int64]) -> Floats:
    """Match shares, drawn towards the pooled one where a pair of sources has few candidates."""
    pooled = (matched.sum() + 0.5) / (pairs.sum() + 1.0)
    shares: Floats = (matched + SHARE_WEIGHT * pooled) / (pairs + SHARE_WEIGHT)
    return shares


def logit(share: Floats) -> Floats:
    """Log-odds of shares, `float64[n]`."""
    odds: Floats = np.log(share) - np.log1p(-share)
    return odds


def sigmoid(log_odds: Floats) -> Floats:
    """Probabilities of log-odds, `float64[n]`, without overflow."""
    probability: Floats = 0.5 * (1 + np.tanh(log_odds / 2))
    return probability
