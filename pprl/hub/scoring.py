"""Scoring: a model for each pass, and what it says of the pairs that the pass found."""

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

Column = tuple[str, ...]

CARRIED_WEIGHT = 200.0
NAMES = ("first_name", "last_name")


@dataclass(frozen=True, eq=False, repr=False)
class ScoredPass:
    """One pass with its model.

    Patterns are ranked by what they say, within each pair of sources, so that a pair's verdict is
    one small number.

    Attributes:
        pairs: its candidate pairs.
        columns: the attributes that the model judges, each alone or two names as one.
        model: what was learned.
        rank: `int32[n]`, of each pair's pattern.
        patterns: `int64[groups, p]`, the pattern of each rank.
        table: `float64[groups, p]`, its log-odds, rising.
    """

    pairs: PassPairs
    columns: tuple[Column, ...]
    model: PassModel
    rank: NDArray[np.int32]
    patterns: NDArray[np.int64]
    table: Floats

    @property
    def log_odds(self) -> Floats:
        """`float64[n]`, of each pair."""
        return self.table[self.pairs.group, self.rank]


@dataclass(frozen=True, eq=False, repr=False)
class Candidates:
    """Every distinct pair of records that some pass found, in the order of its token.

    Attributes:
        group: `int32[n]`, the pair of sources.
        left: `uint32[n]`, record in the first source.
        right: `uint32[n]`, record in the second.
        token: `uint64[n]`, decides ties: the lowest of `pprl.hub.comparison.tie` over the passes
            that found the pair.
        log_odds: `float64[n]`, from the two passes that judged the pair highest.
        best: `int64[n]`, the pass whose log-odds are highest, by its place in the agreement.
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


def columns_of(attributes: Sequence[str], linkage_pass: Pass) -> tuple[Column, ...]:
    """What a pass's model judges: each attribute alone, but names that the block mixes as one.

    In a block of "any part of the name" a pair agrees on the first name or on the last: to take
    them for independent would count the stranger's luck twice.
    """
    mixed = any(set(part.fields) >= set(NAMES) for part in linkage_pass.block)
    if not mixed or not set(attributes) >= set(NAMES):
        return tuple((name,) for name in attributes)
    return (NAMES, *((name,) for name in attributes if name not in NAMES))


def column_levels(
    levels: NDArray[np.int8], attributes: Sequence[str], columns: Sequence[Column]
) -> NDArray[np.int8]:
    """The levels of each column: `int8[p, columns]`, those of two attributes numbered as one.

    Args:
        levels: `int8[p, attributes]`.
        attributes: the attributes of `levels`.
        columns: from `columns_of`.
    """
    out = np.zeros((len(levels), len(columns)), np.int8)
    for place, column in enumerate(columns):
        for name in column:
            out[:, place] = out[:, place] * len(LEVELS[name]) + levels[:, attributes.index(name)]
    return out


def score_pass(pairs: PassPairs, linkage_pass: Pass, groups: int, believed: Believed) -> ScoredPass:
    """Fit one pass's model and score its pairs; what it learns is added to `believed`."""
    patterns, counts, place = pairs.counts(groups)
    names = pairs.comparison.attributes
    columns = columns_of(names, linkage_pass)
    levels = column_levels(pairs.comparison.levels_of(patterns), names, columns)
    touched = touched_attributes(linkage_pass)
    judged = [bool(touched & set(column)) for column in columns]
    model = fit(
        counts,
        levels,
        [_prior(column, [believed.m(name) for name in column]) for column in columns],
        [
            _unjoined(
                column, [believed.u(name, chosen, linkage_pass, len(names)) for name in column]
            )
            for column, chosen in zip(columns, judged, strict=True)
        ],
        [not chosen for chosen in judged],
    )
    for number, (column, chosen) in enumerate(zip(columns, judged, strict=True)):
        if len(column) == 1:
            believed.learn(column[0], chosen, model, number)
    table = model.log_odds(levels)
    order = np.lexsort((np.broadcast_to(patterns, table.shape), table))
    rank = np.empty(table.shape, np.int32)
    np.put_along_axis(rank, order, np.arange(len(patterns), dtype=np.int32)[None, :], axis=1)
    return ScoredPass(
        pairs,
        columns,
        model,
        rank[pairs.group, place],
        patterns[order],
        np.take_along_axis(table, order, axis=1),
    )


def _prior(column: Column, single: list[Prior]) -> Prior:
    """The prior of a column, from those of its attributes."""
    return single[0] if len(column) == 1 else priors.of_both_names(*single)


def _unjoined(column: Column, single: list[Prior]) -> Prior:
    """The same for u; names judged as one weigh nothing, for they were only observed apart."""
    prior = _prior(column, single)
    return prior if len(column) == 1 else Prior(prior.mean, 0.0)
