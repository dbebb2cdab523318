"""Linking, from submissions to a linkage: the stages in order."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement import Agreement
from pprl.agreement.enforcement import enforce
from pprl.errors import UsageError
from pprl.exchange import Submission
from pprl.hub.admission import admit, admit_earlier
from pprl.hub.agreeing import key_fields
from pprl.hub.assignment import TIE, beyond, one_to_one, probabilities
from pprl.hub.clusters import clusters
from pprl.hub.combination import combine
from pprl.hub.comparison import compare_pass, source_pairs
from pprl.hub.decision import LOWEST, THRESHOLD, Curve, Decision, Objective
from pprl.hub.earlier import with_departed
from pprl.hub.explanation import JudgedPass, Reasons
from pprl.hub.linkage import Linkage
from pprl.hub.missed import both_have
from pprl.hub.quality import DOUBT, Estimates, Judgement, estimate
from pprl.hub.registry import Evidence, Linked, Registry
from pprl.hub.review import PAIR, Answered
from pprl.hub.scoring import Believed, Candidates, score_pass
from pprl.hub.third_sources import without_contradictions
from pprl.progress import Progress, tracked


def link(
    submissions: Sequence[Submission],
    agreement: Agreement,
    *,
    threshold: float | None = None,
    objective: str | None = None,
    answers: pd.DataFrame | None = None,
    registry: Registry | str | os.PathLike[str] | None = None,
    earlier: Sequence[Submission] = (),
    progress: Progress = True,
    today: datetime.date | None = None,
) -> Linkage:
    """Find the records that are the same person among several institutions' submissions.

    The links do not depend on the order of submissions or of rows; study IDs are random, and stay
    where a registry remembers them.

    Args:
        submissions: one for each institution, at least two.
        agreement: the agreement under which they were encoded.
        threshold: pairs of at least this probability are accepted, 0 to 1; 0.5 if nothing is said.
        objective: what to choose the threshold for instead: "f1", "precision>=0.99" or
            "recall>=0.95", as estimated.
        answers: what a review found, `source_a, record_a, source_b, record_b, same`, from
            `Review.answers`. It settles these pairs and moves the log-odds of all.
        registry: the hub's registry of study IDs, or the path of its SQLite file, which is made if
            there is none. Without one, all study IDs are new.
        earlier: earlier submissions of the same institutions. Students whom they hold and this
            year's do not are linked too, so that who left one institution is found at another.
        progress: True draws a bar on a terminal, False is silent, a function is told.
        today: the day on which; the machine's own if not given.

    Raises:
        KeyFileError: the registry's key is missing, damaged or open to other users.
        RegistryError: the registry cannot be used; it is as it was.
        UsageError: fewer than two submissions, a threshold out of range, an objective that cannot
            be read or reached, or an earlier submission of an institution that sends none now.
        AgreementError: the agreement does not allow it: see `pprl.agreement.enforcement`.
        MismatchError: other agreements or keys than each other's or the registry's, or an
            institution twice.
        SubmissionError: a submission is not as the agreement says.
    """
    if threshold is not None and objective is not None:
        raise UsageError("Give a threshold or an objective, not both.")
    default = THRESHOLD if threshold is None else threshold
    wanted = Objective.of(default if objective is None else objective)
    enforce(agreement, [submission.institution for submission in submissions], today=today)
    admitted = admit(submissions, agreement)
    current = [submission.records for submission in admitted]
    manifests = tuple(submission.manifest for submission in (*admitted, *earlier))
    past = admit_earlier(earlier, admitted, agreement)
    admitted = [with_departed(item, past[item.institution]) for item in admitted]
    groups = source_pairs(len(admitted))
    believed = Believed(agreement, [submission.manifest for submission in admitted])
    scored = []
    for linkage_pass in tracked(agreement.linkage.passes, "linking", progress):
        pairs = compare_pass(admitted, agreement.linkage, linkage_pass)
        scored.append(score_pass(pairs, linkage_pass, len(groups), believed))
    passes = agreement.linkage.passes
    fields = key_fields(passes)
    candidates, verdicts = combine(scored, passes, fields)

    sole_source = np.array(
        [agreement.party(s.institution).one_record_per_person for s in admitted], bool
    )
    sole = np.array([[sole_source[a], sole_source[b]] for a, b in groups], bool)
    names = [submission.institution for submission in admitted]
    sizes = np.array([submission.records for submission in admitted], np.int64)
    source = np.repeat(np.arange(len(admitted)), sizes)
    ends = _places(candidates, groups, sizes)
    probability = without_contradictions(probabilities(candidates, sole), ends, source, sole_source)
    doubt = DOUBT
    if answers is not None:
        answered = _answered(answers, candidates, groups, names)
        probability, doubt = answered.updated(probability, DOUBT)
    is_current = np.concatenate([np.arange(n) < k for n, k in zip(sizes, current, strict=True)])
    kept = is_current[ends[0]] & is_current[ends[1]]
    order = np.lexsort((candidates.token, candidates.group, -probability))
    order = order[kept[order]]
    verdicts, group = verdicts.of(order), candidates.group[order]
    judgement = Judgement(
        probability=probability[order],
        accepted=np.zeros(len(order), bool),
        found=verdicts.found,
        agrees=verdicts.agrees,
        passes=passes,
        fields=fields,
        completeness=both_have([submission.manifest for submission in admitted], fields),
        doubt=doubt,
    )
    decision = _decided(wanted, judgement, candidates, probability, sole, kept)

    evidence = beyond(probability, decision.threshold) + TIE
    if len(admitted) == 2:
        chosen = one_to_one(candidates, probability, decision.threshold, sole)
        evidence = np.where(chosen, evidence, -np.abs(evidence))
    label = clusters(source, sole_source, *ends, evidence)
    accepted = (label[ends[0]] == label[ends[1]]) & (probability >= decision.threshold)
    linked = Linked(admitted, current, label, Evidence(*ends, probability, candidates.passes))
    judgement = dataclasses.replace(judgement, accepted=accepted[order])
    pairs_of_sources = [(names[a], names[b]) for a, b in groups]
    return Linkage(
        agreement=agreement,
        threshold=decision.threshold,
        records=dict(zip(names, current, strict=True)),
        candidates=_table(candidates, groups, names, judgement, order),
        quality=estimate(judgement, group.astype(np.int64), pairs_of_sources),
        study_ids=_study_ids(linked, agreement, registry)[is_current].reset_index(drop=True),
        decision=decision,
        judgement=judgement,
        reasons=Reasons(
            [JudgedPass.of(item, own) for item, own in zip(scored, passes, strict=True)],
            verdicts,
            group,
        ),
        manifests=manifests,
    )


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


def _answered(
    answers: pd.DataFrame,
    candidates: Candidates,
    groups: list[tuple[int, int]],
    names: list[str],
) -> Answered:
    """Which candidates the answers are about; those that are no candidates any more are left out.

    Raises:
        UsageError: a column is missing.
    """
    if missing := {*PAIR, "same"} - set(answers.columns):
        raise UsageError(f"answers lacks the columns {', '.join(sorted(missing))}.")
    every = np.arange(len(candidates.group))
    table = pd.DataFrame(_named(candidates, groups, names, every) | {"place": every})
    found = table.merge(answers[[*PAIR, "same"]].drop_duplicates(PAIR), on=PAIR)
    return Answered(found["place"].to_numpy(np.int64), found["same"].to_numpy(bool))


def _places(
    candidates: Candidates, groups: list[tuple[int, int]], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The two records of each pair, numbered through all sources."""
    offset = np.concatenate(([0], np.cumsum(sizes)))
    first, second = np.array(groups, np.int64).T
    return (
        offset[first[candidates.group]] + candidates.left.astype(np.int64),
        offset[second[candidates.group]] + candidates.right.astype(np.int64),
    )


def _study_ids(
    linked: Linked, agreement: Agreement, registry: Registry | str | os.PathLike[str] | None
) -> pd.DataFrame:
    """What all records are called: `source, record, study_id, recipient_id`."""
    if isinstance(registry, Registry):
        named = registry.carry_on(linked, agreement)
    elif registry is None:
        named = linked.named_anew(agreement)
    else:
        with Registry.open(registry) as opened:
            named = opened.carry_on(linked, agreement)
    sizes = [submission.records for submission in linked.submissions]
    return pd.DataFrame(
        {
            "source": linked.source,
            "record": np.concatenate([np.arange(size, dtype=np.uint32) for size in sizes]),
            "study_id": named.study_id,
            "recipient_id": named.recipient_id,
        }
    )


def _table(
    candidates: Candidates,
    groups: list[tuple[int, int]],
    names: list[str],
    judgement: Judgement,
    order: NDArray[np.int64],
) -> pd.DataFrame:
    """The scored pairs of this year's records, most probable first, ties by content."""
    return pd.DataFrame(
        _named(candidates, groups, names, order)
        | {
            "probability": judgement.probability,
            "n_passes": candidates.passes[order],
            "accepted": judgement.accepted,
        }
    )


def _named(
    candidates: Candidates,
    groups: list[tuple[int, int]],
    names: list[str],
    places: NDArray[np.int64],
) -> dict[str, NDArray[Any]]:
    """Some candidates as they are named outside: `source_a, record_a, source_b, record_b`."""
    first, second = np.array(groups, np.int64).T
    labels = np.array(names, object)
    group = candidates.group[places]
    return {
        "source_a": labels[first[group]],
        "record_a": candidates.left[places],
        "source_b": labels[second[group]],
        "record_b": candidates.right[places],
    }
