"""Scoring: a model for each pass, learned from the counts of its patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Agreement, Pass
from pprl.agreement.levels import LEVELS, Comparison
from pprl.agreement.linkage import SEGMENT_FIELDS
from pprl.exchange.budget import profile_sensitivity
from pprl.exchange.manifest import Manifest
from pprl.hub import priors
from pprl.hub.judged_pass import Column, JudgedPass, column_levels
from pprl.hub.model import PassModel, Prior, fit
from pprl.hub.patterns import PatternCounts

Floats = NDArray[np.float64]

CARRIED_WEIGHT = 200.0
NAMES = ("first_name", "last_name")


@dataclass(frozen=True, eq=False, repr=False)
class Candidates:
    """Every distinct pair of records that some pass found.

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

    def of(self, places: NDArray[np.intp]) -> Candidates:
        """Those at the places `intp[k]`, in their order."""
        return Candidates(*(column[places] for column in vars(self).values()))


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


def judge_pass(
    counted: PatternCounts, comparison: Comparison, linkage_pass: Pass, believed: Believed
) -> JudgedPass:
    """Fit one pass's model to its pattern counts; what it learns is added to `believed`.

    Passes are judged in the agreement's order, for what one learns is believed in the next.
    """
    names = comparison.attributes
    columns = columns_of(names, linkage_pass)
    levels = column_levels(comparison.levels_of(counted.patterns), names, columns)
    touched = touched_attributes(linkage_pass)
    judged = [bool(touched & set(column)) for column in columns]
    model = fit(
        counted.counts,
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
    order = np.lexsort((np.broadcast_to(counted.patterns, table.shape), table))
    return JudgedPass(
        linkage_pass,
        comparison,
        columns,
        model,
        counted.patterns[order],
        np.take_along_axis(table, order, axis=1),
    )


def _prior(column: Column, single: list[Prior]) -> Prior:
    """The prior of a column, from those of its attributes."""
    return single[0] if len(column) == 1 else priors.of_both_names(*single)


def _unjoined(column: Column, single: list[Prior]) -> Prior:
    """The same for u; names judged as one weigh nothing, for they were only observed apart."""
    prior = _prior(column, single)
    return prior if len(column) == 1 else Prior(prior.mean, 0.0)
