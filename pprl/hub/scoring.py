"""Scoring: a model for each pass, and one verdict for each pair that any pass found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Agreement, Pass
from pprl.agreement.levels import LEVELS
from pprl.agreement.linkage import SEGMENT_FIELDS
from pprl.exchange.budget import profile_sensitivity
from pprl.exchange.manifest import Manifest
from pprl.hub import priors
from pprl.hub.comparison import PassPairs
from pprl.hub.model import PassModel, Prior, fit

Floats = NDArray[np.float64]

CARRIED_WEIGHT = 200.0


@dataclass(frozen=True, eq=False, repr=False)
class ScoredPass:
    """One pass with its model.

    Attributes:
        pairs: its candidate pairs.
        model: what was learned.
        log_odds: `float64[n]`, of each pair.
    """

    pairs: PassPairs
    model: PassModel
    log_odds: Floats


@dataclass(frozen=True, eq=False, repr=False)
class Candidates:
    """Every distinct pair of records that some pass found, in the order of its token.

    Attributes:
        group: `int32[n]`, the pair of sources.
        left: `uint32[n]`, record in the first source.
        right: `uint32[n]`, record in the second.
        token: `uint64[n]`, decides ties: the lowest of `pprl.hub.comparison.tie` over the passes
            that found the pair.
        log_odds: `float64[n]`, the highest of the passes that found the pair.
        best: `int64[n]`, the pass whose log-odds they are, by its place in the agreement.
        passes: `int64[n]`, how many passes found it.
    """

    group: NDArray[np.int32]
    left: NDArray[np.uint32]
    right: NDArray[np.uint32]
    token: NDArray[np.uint64]
    log_odds: Floats
    best: NDArray[np.int64]
    passes: NDArray[np.int64]


class Believed:
    """What is believed of m and u, pass by pass: the shipped priors, then what was learned."""

    def __init__(self, agreement: Agreement, manifests: Sequence[Manifest]) -> None:
        """Begin with the shipped priors."""
        self._passes = len(agreement.linkage.passes)
        self._manifests = manifests
        self._learned = {name: np.zeros(len(levels)) for name, levels in LEVELS.items()}

    def m(self, attribute: str) -> Prior:
        """The prior of an attribute's m: the shipped one and the matches of earlier passes."""
        learned = self._learned[attribute]
        pairs = learned.sum()
        shipped = np.array(priors.M[attribute]) * priors.M_WEIGHT
        carried = learned * (min(CARRIED_WEIGHT, pairs) / pairs) if pairs else 0.0
        counts = shipped + carried
        return Prior(counts / counts.sum(), float(counts.sum()))

    def u(self, attribute: str, touched: bool, linkage_pass: Pass, attributes: int) -> Prior:
        """The prior of an attribute's u: the shipped one and the institutions' own non-matches."""
        shipped = Prior(np.array(priors.U[attribute]), 0.0 if touched else priors.U_WEIGHT)
        sensitivity = profile_sensitivity(linkage_pass.quota, attributes)
        mean, weight = priors.observed_u(
            self._manifests,
            linkage_pass.name,
            attribute,
            sensitivity,
            self._passes,
            shipped.mean > 0,
        )
        return shipped.joined(Prior(mean, weight))

    def learn(self, attribute: str, touched: bool, model: PassModel, column: int) -> None:
        """Keep what a pass says of m, unless its blocking key chose which matches it saw."""
        if not touched:
            self._learned[attribute] += model.m[column] * model.matches


def touched_attributes(linkage_pass: Pass) -> frozenset[str]:
    """The attributes on whose fields the blocking key depends."""
    fields = {field for part in linkage_pass.block for field in part.fields}
    return frozenset(name for name in LEVELS if fields & set(SEGMENT_FIELDS[name]))


def score_pass(pairs: PassPairs, linkage_pass: Pass, groups: int, believed: Believed) -> ScoredPass:
    """Fit one pass's model and score its pairs; what it learns is added to `believed`."""
    patterns, counts = pairs.counts(groups)
    levels = pairs.comparison.levels_of(patterns)
    names = pairs.comparison.attributes
    touched = touched_attributes(linkage_pass)
    model = fit(
        counts,
        levels,
        [believed.m(name) for name in names],
        [believed.u(name, name in touched, linkage_pass, len(names)) for name in names],
        [name not in touched for name in names],
    )
    for column, name in enumerate(names):
        believed.learn(name, name in touched, model, column)
    table = model.log_odds(levels)
    place = np.searchsorted(patterns, pairs.pattern)
    return ScoredPass(pairs, model, table[pairs.group, place])


def combine(scored: Sequence[ScoredPass]) -> Candidates:
    """Merge the passes: each pair once, with the highest of its log-odds."""
    group = np.concatenate([item.pairs.group for item in scored])
    left = np.concatenate([item.pairs.left for item in scored])
    right = np.concatenate([item.pairs.right for item in scored])
    token = np.concatenate([item.pairs.token for item in scored])
    log_odds = np.concatenate([item.log_odds for item in scored])
    number = np.repeat(np.arange(len(scored)), [len(item.log_odds) for item in scored])
    order = np.lexsort((number, log_odds, right, left, group))
    group, left, right = group[order], left[order], right[order]
    log_odds, token = log_odds[order], token[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(group) != 0) | (np.diff(left) != 0) | (np.diff(right) != 0)
    start = np.flatnonzero(new)
    passes = np.diff(np.append(start, len(order)))
    highest = start + passes - 1
    lowest = np.minimum.reduceat(token, start) if len(start) else token[:0]
    by_content = np.lexsort((lowest, group[start]))
    first = start[by_content]
    return Candidates(
        group[first],
        left[first],
        right[first],
        lowest[by_content],
        log_odds[highest][by_content],
        number[order][highest][by_content],
        passes[by_content].astype(np.int64),
    )
