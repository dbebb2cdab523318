"""Linking, from submissions to a linkage: the stages in order."""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pprl.agreement import Agreement
from pprl.agreement.enforcement import enforce
from pprl.errors import UsageError
from pprl.exchange import Manifest, Submission
from pprl.exchange.spool import Spool
from pprl.hub.admission import admit, admit_earlier
from pprl.hub.agreeing import key_fields
from pprl.hub.combination import Verdicts
from pprl.hub.decision import THRESHOLD, Objective
from pprl.hub.earlier import with_departed
from pprl.hub.explanation import Reasons
from pprl.hub.judged_pass import JudgedPass
from pprl.hub.kept_pairs import KeptPairs, PairsInMemory
from pprl.hub.linkage import Linkage
from pprl.hub.memory import Memory
from pprl.hub.missed import both_have
from pprl.hub.quality import Judgement, estimate
from pprl.hub.ranges import Cut
from pprl.hub.registry import Evidence, Linked, Registry
from pprl.hub.resolution import resolve
from pprl.hub.scoring import Candidates
from pprl.hub.sources import Sources
from pprl.hub.study_ids import as_texts
from pprl.hub.sweeps import combine_ranges, compare_ranges, judge_passes
from pprl.hub.work_folder import WorkFolder, subject_of
from pprl.progress import Progress
from pprl.workers import checked_workers


def link(
    submissions: Sequence[Submission],
    agreement: Agreement,
    *,
    threshold: float | None = None,
    objective: str | None = None,
    answers: pd.DataFrame | None = None,
    registry: Registry | str | os.PathLike[str] | None = None,
    earlier: Sequence[Submission] = (),
    memory: str | int | None = None,
    work: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: Progress = True,
    today: datetime.date | None = None,
) -> Linkage:
    """Find the records that are the same person among several institutions' submissions.

    The links do not depend on the order of submissions or of rows, nor on memory and workers; study
    IDs are random, and stay where a registry remembers them.

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
        memory: what it may take, such as "4GiB", or bytes. Then the files are compared in ranges,
            whose pairs lie on the disk meanwhile; what must be in memory is said where it is more.
        work: a folder for these pairs, which is made if there is none. A linking that was broken
            off goes on with it, ranges that are finished are not compared again. It stays: delete
            it once the linkage is written. Without one, they lie where temporary files do.
        workers: how many ranges or passes are compared at once; one for each processor if not
            given.
        progress: True draws a bar on a terminal, False is silent, a function is told.
        today: the day on which; the machine's own if not given.

    Raises:
        KeyFileError: the registry's key is missing, damaged or open to other users.
        RegistryError: the registry cannot be used; it is as it was.
        UsageError: fewer than two submissions, a threshold out of range, an objective that cannot
            be read or reached, an earlier submission of an institution that sends none now, too
            little memory, a work folder of another linking or damaged, or a full disk.
        AgreementError: the agreement does not allow it: see `pprl.agreement.enforcement`.
        MismatchError: other agreements or keys than each other's or the registry's, or an
            institution twice.
        SubmissionError: a submission is not as the agreement says.
    """
    if threshold is not None and objective is not None:
        raise UsageError("Give a threshold or an objective, not both.")
    default = THRESHOLD if threshold is None else threshold
    wanted = Objective.of(default if objective is None else objective)
    threads = checked_workers(workers)
    enforce(agreement, [submission.institution for submission in submissions], today=today)
    admitted = admit(submissions, agreement)
    current = [submission.records for submission in admitted]
    manifests = [submission.manifest for submission in (*admitted, *earlier)]
    past = admit_earlier(earlier, admitted, agreement)
    bound = None if memory is None else Memory.of(memory)
    with contextlib.ExitStack() as closing:
        spool = None
        if bound is not None and earlier:
            beside = None if work is None else Path(work).parent
            spool = closing.enter_context(contextlib.closing(Spool(beside)))
        admitted = [with_departed(item, past[item.institution], spool) for item in admitted]
        sources = Sources.of(admitted, current, agreement)
        records, remembered = int(sources.sizes.sum()), registry is not None
        if bound is not None:
            bound.check(records, remembered=remembered)
        cut = Cut.of(admitted, agreement.linkage, bound, threads)
        kept: KeptPairs = PairsInMemory(cut)
        if bound is not None or work is not None:
            folder = work or closing.enter_context(tempfile.TemporaryDirectory(prefix="pprl-"))
            subject = subject_of([*submissions, *earlier], agreement.linkage_digest)
            kept = WorkFolder.open(folder, subject, cut, sources)
        compare_ranges(admitted, agreement, kept, threads, progress)
        judged = judge_passes(admitted, agreement, kept)
        candidates, verdicts = combine_ranges(judged, agreement, kept)
    if bound is not None:
        bound.check(records, len(candidates.group), remembered=remembered)
    return conclude(
        admitted,
        sources,
        agreement,
        candidates,
        verdicts,
        judged,
        wanted,
        manifests,
        answers,
        registry,
    )


def conclude(
    admitted: Sequence[Submission],
    sources: Sources,
    agreement: Agreement,
    candidates: Candidates,
    verdicts: Verdicts,
    judged: Sequence[JudgedPass],
    wanted: Objective,
    manifests: Sequence[Manifest],
    answers: pd.DataFrame | None = None,
    registry: Registry | str | os.PathLike[str] | None = None,
) -> Linkage:
    """The linkage that candidates come to, however they were found.

    Args:
        admitted: the submissions, as `pprl.hub.admission.admit` orders them, with the records of
            earlier ones.
        sources: theirs.
        agreement: the agreement.
        candidates: all of them, in the order of `pprl.hub.combination.together`.
        verdicts: in the same order.
        judged: the passes.
        wanted: what the threshold is chosen for.
        manifests: of the files as they were received.
        answers: as in `link`.
        registry: as in `link`.

    Raises:
        KeyFileError, RegistryError, MismatchError, UsageError: as `link` does.
    """
    passes = agreement.linkage.passes
    completeness = both_have([item.manifest for item in admitted], key_fields(passes))
    resolved = resolve(candidates, verdicts, sources, passes, completeness, wanted, answers)
    evidence = Evidence(*sources.ends(candidates), resolved.probability, candidates.passes)
    current = sources.current.tolist()
    linked = Linked(admitted, current, resolved.cluster, evidence)
    candidates, verdicts = candidates.of(resolved.order), verdicts.of(resolved.order)
    names = [(sources.names[a], sources.names[b]) for a, b in sources.pairs]
    study_ids = _study_ids(linked, sources, agreement, registry)
    return Linkage(
        agreement=agreement,
        threshold=resolved.decision.threshold,
        records=dict(zip(sources.names, current, strict=True)),
        candidates=_table(candidates, sources, resolved.judgement),
        quality=estimate(resolved.judgement, candidates.group.astype(np.int64), names),
        study_ids=study_ids,
        decision=resolved.decision,
        judgement=resolved.judgement,
        reasons=Reasons(judged, verdicts, candidates.group),
        persons=len(np.unique(resolved.cluster[sources.is_current])),
        manifests=tuple(manifests),
    )


def _table(candidates: Candidates, sources: Sources, judgement: Judgement) -> pd.DataFrame:
    """The scored pairs of this year's records, in the order of the judgement."""
    return pd.DataFrame(
        sources.named(candidates)
        | {
            "probability": judgement.probability,
            "n_passes": candidates.passes,
            "accepted": judgement.accepted,
        }
    )


def _study_ids(
    linked: Linked,
    sources: Sources,
    agreement: Agreement,
    registry: Registry | str | os.PathLike[str] | None,
) -> pd.DataFrame:
    """What this year's records are called: `source, record, study_id, recipient_id`."""
    if isinstance(registry, Registry):
        named = registry.carry_on(linked, agreement)
    elif registry is None:
        named = linked.named_anew(agreement)
    else:
        with Registry.open(registry) as opened:
            named = opened.carry_on(linked, agreement)
    kept, current = sources.is_current, sources.current
    return pd.DataFrame(
        {
            "source": np.repeat(np.array(sources.names, object), current),
            "record": np.concatenate([np.arange(size, dtype=np.uint32) for size in current]),
            "study_id": as_texts(named.study_id[kept]),
            "recipient_id": as_texts(named.recipient_id[kept]),
        }
    )
