"""What the hub checks before it matches anything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Agreement, Pass, Segment
from pprl.errors import MismatchError, SubmissionError, UsageError
from pprl.exchange import Submission
from pprl.exchange.submission import check_entries
from pprl.filters import segment_ones

TILE = 1 << 13
TILES_KEPT = 64
"""Tiles that are looked at before the file's memory is given back."""


def admit(submissions: Sequence[Submission], agreement: Agreement) -> list[Submission]:
    """Check submissions against the agreement and each other.

    Returns:
        the submissions in the order of their institutions' ids, so that nothing depends on the
        order of files.

    Raises:
        UsageError: fewer than two submissions.
        AgreementError: a submission's institution is not a party.
        MismatchError: another agreement, profile or linkage key, or two submissions of one
            institution; the message says which differ.
        SubmissionError: too few records, or entries that are not as the agreement's passes say.
    """
    ordered = in_order(submissions, agreement)
    for submission in ordered:
        _check_form(submission, agreement)
    return ordered


def in_order(submissions: Sequence[Submission], agreement: Agreement) -> list[Submission]:
    """`admit`, but for the entries, which are not looked at."""
    if len(submissions) < 2:
        raise UsageError(f"Linking takes at least two submissions, not {len(submissions)}.")
    ordered = sorted(submissions, key=lambda submission: submission.institution)
    for submission in ordered:
        _check_origin(submission, agreement)
    for before, after in itertools.pairwise(ordered):
        if before.institution == after.institution:
            raise MismatchError(
                f"{after.institution}: two submissions of one institution. Link one of them."
            )
    _check_keys(ordered)
    return ordered


def admit_alone(submission: Submission, agreement: Agreement) -> None:
    """Check one submission against the agreement, before it is kept.

    Raises:
        AgreementError: its institution is not a party.
        MismatchError: another agreement or profile.
        SubmissionError: too few records, or entries that are not as the agreement's passes say.
    """
    _check_origin(submission, agreement)
    _check_form(submission, agreement)


def admit_earlier(
    earlier: Sequence[Submission], admitted: Sequence[Submission], agreement: Agreement
) -> dict[str, list[Submission]]:
    """Check earlier submissions, and sort them by institution.

    Raises:
        UsageError: an institution sends none now.
        AgreementError, MismatchError, SubmissionError: as `admit` does.
    """
    past: dict[str, list[Submission]] = {item.institution: [] for item in admitted}
    for submission in earlier:
        _check_origin(submission, agreement)
        if submission.institution not in past:
            raise UsageError(
                f"{submission.institution}: an earlier file of it is given, and none of now. "
                "Give the earlier one as the one of now."
            )
        past[submission.institution].append(submission)
    _check_keys([*admitted, *earlier])
    for submission in earlier:
        _check_form(submission, agreement)
    return past


def _check_origin(submission: Submission, agreement: Agreement) -> None:
    """The party, the agreement and the number of records."""
    institution = submission.institution
    agreement.party(institution)
    if submission.manifest.linkage != agreement.linkage_digest:
        raise MismatchError(
            f"{institution}: was encoded under another agreement or profile (linkage section "
            f"{submission.manifest.linkage[:12]}, here {agreement.linkage_digest[:12]}). "
            "Give both sides the same agreement file and encode again."
        )
    if submission.manifest.epsilon != agreement.records.epsilon:
        raise MismatchError(
            f"{institution}: its counts were noised with epsilon {submission.manifest.epsilon:g}; "
            f"the agreement says {agreement.records.epsilon:g}. Encode again under this agreement."
        )
    if submission.records < agreement.records.minimum:
        raise SubmissionError(
            f"{institution}: holds {submission.records} records; the agreement asks for at least "
            f"{agreement.records.minimum}."
        )


def _check_keys(ordered: Sequence[Submission]) -> None:
    """One linkage key for all."""
    groups: dict[str, list[str]] = {}
    for submission in ordered:
        groups.setdefault(submission.manifest.key_check, []).append(submission.institution)
    if len(groups) > 1:
        sides = " and another by ".join(", ".join(group) for group in groups.values())
        raise MismatchError(
            f"The linkage keys differ: one is used by {sides}. "
            "The institutions must encode again with one key."
        )
    if len({submission.blinding for submission in ordered}) > 1:
        raise MismatchError(
            "Blinded submissions are linked with others of their own store alone. Take in the "
            "match files with pprl store add."
        )


def _check_form(submission: Submission, agreement: Agreement) -> None:
    """Every pass there, each record's quota full, each segment filled as agreed."""
    expected = {linkage_pass.name for linkage_pass in agreement.linkage.passes}
    if set(submission.passes) != expected:
        raise SubmissionError(
            f"{submission.institution}: does not hold the agreement's passes. Encode again."
        )
    for linkage_pass in agreement.linkage.passes:
        place = f"{submission.institution} pass {linkage_pass.name!r}"
        entries = submission.passes[linkage_pass.name]
        if entries.filters.shape[1] != agreement.linkage.words_of(linkage_pass):
            raise SubmissionError(f"{place}: its filters have another length than agreed.")
        check_entries(entries, submission.records, place)
        # Counted only once the number of entries bears the number of records out.
        full = len(entries) == submission.records * linkage_pass.quota
        if not full or (np.bincount(entries.records) != linkage_pass.quota).any():
            raise SubmissionError(
                f"{place}: a record has more or fewer entries than the quota of "
                f"{linkage_pass.quota}. Ask for a file made by pprl encode."
            )
        # Blinded entries were found to be so before their bits were covered.
        if not submission.blinding and not _filled_as_agreed(submission, agreement, linkage_pass):
            raise SubmissionError(
                f"{place}: a segment has more or fewer bits than agreed. "
                "Ask for a file made by pprl encode."
            )


def _filled_as_agreed(submission: Submission, agreement: Agreement, linkage_pass: Pass) -> bool:
    """Whether each segment of each filter of a pass has exactly its number of bits."""
    segments = agreement.linkage.segments_of(linkage_pass)
    filters = submission.passes[linkage_pass.name].filters
    for number, start in enumerate(range(0, len(filters), TILE), 1):
        if not are_full(filters[start : start + TILE], segments):
            return False
        if number % TILES_KEPT == 0:
            submission.let_go()
    submission.let_go()
    return True


def are_full(filters: NDArray[np.uint64], segments: Sequence[Segment]) -> bool:
    """Whether each segment of each filter has exactly its number of bits.

    Args:
        filters: `uint64[n, words]`.
        segments: those of the pass.
    """
    ones = segment_ones(filters, [segment.words for segment in segments])
    return not (ones != np.array([segment.insertions for segment in segments], np.uint16)).any()
