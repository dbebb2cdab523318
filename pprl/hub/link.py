"""Linking, from submissions to a linkage: the stages in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement import Agreement
from pprl.errors import UsageError
from pprl.exchange import Submission
from pprl.hub.admission import admit
from pprl.hub.assignment import TIE, beyond, one_to_one, probabilities
from pprl.hub.clusters import clusters
from pprl.hub.comparison import compare_pass, source_pairs
from pprl.hub.linkage import Linkage
from pprl.hub.quality import estimate
from pprl.hub.scoring import Believed, Candidates, combine, score_pass
from pprl.hub.study_ids import new_study_ids
from pprl.progress import Progress, tracked

THRESHOLD = 0.5


def link(
    submissions: Sequence[Submission],
    agreement: Agreement,
    *,
    threshold: float = THRESHOLD,
    progress: Progress = True,
) -> Linkage:
    """Find the records that are the same person among several institutions' submissions.

    The links do not depend on the order of submissions or of rows; study IDs are random.

    Args:
        submissions: one for each institution, at least two.
        agreement: the agreement under which they were encoded.
        threshold: pairs of at least this probability are accepted, 0 to 1.
        progress: True draws a bar on a terminal, False is silent, a function is told.

    Raises:
        UsageError: fewer than two submissions, or a threshold out of range.
        AgreementError: an institution is not a party.
        MismatchError: other agreements or keys, or an institution twice.
        SubmissionError: a submission is not as the agreement says.
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"threshold must be above 0 and at most 1, not {threshold}.")
    admitted = admit(submissions, agreement)
    groups = source_pairs(len(admitted))
    believed = Believed(agreement, [submission.manifest for submission in admitted])
    scored = []
    for linkage_pass in tracked(agreement.linkage.passes, "linking", progress):
        pairs = compare_pass(admitted, agreement.linkage, linkage_pass)
        scored.append(score_pass(pairs, linkage_pass, len(groups), believed))
    candidates = combine(scored)

    sole_source = np.array(
        [agreement.party(s.institution).one_record_per_person for s in admitted], bool
    )
    sole = np.array([[sole_source[a], sole_source[b]] for a, b in groups], bool)
    probability = probabilities(candidates, sole)
    sizes = np.array([submission.records for submission in admitted], np.int64)
    ends = _places(candidates, groups, sizes)
    evidence = beyond(probability, threshold) + TIE
    if len(admitted) == 2:
        chosen = one_to_one(candidates, probability, threshold, sole)
        evidence = np.where(chosen, evidence, -np.abs(evidence))
    label = clusters(np.repeat(np.arange(len(admitted)), sizes), sole_source, *ends, evidence)
    accepted = (label[ends[0]] == label[ends[1]]) & (probability >= threshold)
    names = [submission.institution for submission in admitted]
    study_ids = _study_ids(names, sizes, label)
    return Linkage(
        agreement=agreement,
        threshold=threshold,
        records=dict(zip(names, sizes.tolist(), strict=True)),
        candidates=_table(candidates, groups, names, probability, accepted),
        study_ids=study_ids,
        quality=estimate(probability, candidates.passes, accepted),
        recipient_ids=_recipient_ids(study_ids, names, agreement.output.common_study_ids),
    )


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
    names: list[str], sizes: NDArray[np.int64], label: NDArray[np.int64]
) -> pd.DataFrame:
    """The hub's own study IDs: `source, record, study_id`."""
    distinct, place = np.unique(label, return_inverse=True)
    made = np.array(new_study_ids(len(distinct)), object)
    return pd.DataFrame(
        {
            "source": np.repeat(np.array(names, object), sizes),
            "record": np.concatenate([np.arange(size, dtype=np.uint32) for size in sizes]),
            "study_id": made[place],
        }
    )


def _recipient_ids(
    study_ids: pd.DataFrame, names: list[str], common: bool
) -> dict[str, dict[str, str]]:
    """For each source, the hub's study ID of its persons -> the ID that the source is given."""
    translated = {}
    for name in names:
        own = study_ids.loc[study_ids["source"] == name, "study_id"].unique().tolist()
        translated[name] = dict(zip(own, own if common else new_study_ids(len(own)), strict=True))
    return translated


def _table(
    candidates: Candidates,
    groups: list[tuple[int, int]],
    names: list[str],
    probability: NDArray[np.float64],
    accepted: NDArray[np.bool_],
) -> pd.DataFrame:
    """All scored pairs, most probable first, ties by content."""
    order = np.lexsort((candidates.token, candidates.group, -probability))
    first, second = np.array(groups, np.int64).T
    labels = np.array(names, object)
    group = candidates.group[order]
    return pd.DataFrame(
        {
            "source_a": labels[first[group]],
            "record_a": candidates.left[order],
            "source_b": labels[second[group]],
            "record_b": candidates.right[order],
            "probability": probability[order],
            "n_passes": candidates.passes[order],
            "accepted": accepted[order],
        }
    )
