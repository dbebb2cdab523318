"""Resolution: from candidates to persons. Which pairs are matches, and which records one person."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement import Pass
from pprl.errors import UsageError
from pprl.hub.agreeing import key_fields
from pprl.hub.assignment import TIE, beyond, one_to_one, probabilities
from pprl.hub.clusters import clusters
from pprl.hub.combination import Verdicts
from pprl.hub.decision import LOWEST, Curve, Decision, Objective
from pprl.hub.quality import DOUBT, Estimates, Judgement
from pprl.hub.review import PAIR, Answered
from pprl.hub.scoring import Candidates
from pprl.hub.sources import Sources
from pprl.hub.third_sources import without_contradictions


@dataclass(frozen=True, eq=False, repr=False)
class Resolution:
    """Who is who.

    Attributes:
        probability: `float64[n]`, of each candidate.
        cluster: `int64[records]`, a label for each record of all sources, equal within a person.
        decision: from which probability on pairs are accepted.
        order: `int64[k]`, the candidates of this year's records, most probable first, ties by
            content.
        judgement: what the quality is estimated from, in that order.
    """

    probability: NDArray[np.float64]
    cluster: NDArray[np.int64]
    decision: Decision
    order: NDArray[np.int64]
    judgement: Judgement


def resolve(
    candidates: Candidates,
    verdicts: Verdicts,
    sources: Sources,
    passes: Sequence[Pass],
    completeness: Sequence[float],
    wanted: Objective,
    answers: pd.DataFrame | None = None,
) -> Resolution:
    """Decide which candidates are matches, and which records belong to one person.

    Args:
        candidates: all of them, in the order of `pprl.hub.combination.together`.
        verdicts: what is kept of the passes' verdicts, in the same order.
        sources: whose records they are.
        passes: the agreement's.
        completeness: for each key field, the share of pairs of records that both have it.
        wanted: what the threshold is chosen for.
        answers: what a review found: `source_a, record_a, source_b, record_b, same`.

    Raises:
        UsageError: the objective cannot be reached, or `answers` lacks a column.
    """
    sole = sources.sole_sides
    ends, source = sources.ends(candidates), sources.of_record
    probability = probabilities(candidates, sole)
    probability = without_contradictions(probability, ends, source, sources.sole)
    doubt = DOUBT
    if answers is not None:
        probability, doubt = _answered(answers, candidates, sources).updated(probability, DOUBT)
    is_current = sources.is_current
    kept = is_current[ends[0]] & is_current[ends[1]]
    order = np.lexsort((candidates.token, candidates.group, -probability))
    order = order[kept[order]]
    judgement = Judgement(
        probability=probability[order],
        accepted=np.zeros(len(order), bool),
        found=verdicts.found[order],
        agrees=verdicts.agrees[order],
        passes=passes,
        fields=key_fields(passes),
        completeness=completeness,
        doubt=doubt,
    )
    decision = _decided(wanted, judgement, candidates, probability, sole, kept)
    cluster, accepted = persons(
        candidates, probability, ends, source, sources.sole, decision.threshold
    )
    judgement = dataclasses.replace(judgement, accepted=accepted[order])
    return Resolution(probability, cluster, decision, order, judgement)


def persons(
    candidates: Candidates,
    probability: NDArray[np.float64],
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    source: NDArray[np.int64],
    sole: NDArray[np.bool_],
    threshold: float,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which records are one person, and which pairs are accepted.

    Groups of records that no likely pair joins do not touch each other: each may be asked alone.

    Args:
        candidates: the pairs, in the order in which ties are to be decided.
        probability: `float64[n]`, of each.
        ends: `int64[n]` each, their two records, numbered through all sources.
        source: `int64[records]`, the source of each record.
        sole: `bool[sources]`, whether a source holds each person once.
        threshold: pairs below it are not accepted.

    Returns:
        `int64[records]`, a label for each record, equal within a person; `bool[n]`.
    """
    evidence = beyond(probability, threshold) + TIE
    if len(sole) == 2:
        chosen = one_to_one(candidates, probability, threshold, sole[None, :])
        evidence = np.where(chosen, evidence, -np.abs(evidence))
    cluster = clusters(source, sole, *ends, evidence)
    return cluster, (cluster[ends[0]] == cluster[ends[1]]) & (probability >= threshold)


def _decided(
    wanted: Objective,
    judgement: Judgement,
    candidates: Candidates,
    probability: NDArray[np.float64],
    sole: NDArray[np.bool_],
    kept: NDArray[np.bool_],
) -> Decision:
    """The threshold that the objective asks for."""
    if wanted.kind == "threshold":
        return Decision(wanted.bound)
    allowed = one_to_one(candidates, probability, LOWEST, sole) & kept
    matches = float(probability[kept].sum()) + Estimates(judgement).unseen
    return Curve.of(probability[allowed], matches).decide(wanted)


def _answered(answers: pd.DataFrame, candidates: Candidates, sources: Sources) -> Answered:
    """Which candidates the answers are about; those that are no candidates any more are left out.

    Raises:
        UsageError: a column is missing.
    """
    if missing := {*PAIR, "same"} - set(answers.columns):
        raise UsageError(f"answers lacks the columns {', '.join(sorted(missing))}.")
    every = np.arange(len(candidates.group))
    table = pd.DataFrame(sources.named(candidates) | {"place": every})
    found = table.merge(answers[[*PAIR, "same"]].drop_duplicates(PAIR), on=PAIR)
    return Answered(found["place"].to_numpy(np.int64), found["same"].to_numpy(bool))
