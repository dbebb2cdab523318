"""Claims about admission: what is not as agreed is refused before anything is matched."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from pprl.agreement import Agreement
from pprl.errors import AgreementError, MismatchError, SubmissionError, UsageError
from pprl.exchange import Entries, Submission
from pprl.hub.admission import admit

MakeSubmission = Callable[..., Submission]
Two = list[Submission]


def with_manifest(submission: Submission, **change: object) -> Submission:
    """A submission whose manifest says something else."""
    return Submission(dataclasses.replace(submission.manifest, **change), submission.passes)


def with_entries(submission: Submission, name: str, **change: np.ndarray) -> Submission:
    """A submission with another column in one pass."""
    entries = dataclasses.replace(submission.passes[name], **change)
    return Submission(submission.manifest, {**submission.passes, name: entries})


def test_sound_submissions_are_admitted_in_the_order_of_their_names(
    two: Two, agreement: Agreement
) -> None:
    """Nothing that follows can depend on the order of files."""
    names = [submission.institution for submission in admit(two, agreement)]
    assert names == ["county-college", "orchard-usd"]
    assert [s.institution for s in admit(two[::-1], agreement)] == names


@pytest.mark.parametrize("number", [0, 1])
def test_linking_takes_two(number: int, two: Two, agreement: Agreement) -> None:
    """One submission has nobody to be linked with."""
    with pytest.raises(UsageError, match=f"at least two submissions, not {number}"):
        admit(two[:number], agreement)


def test_a_stranger_is_refused(two: Two, agreement: Agreement) -> None:
    """An institution that did not sign has no part in the linkage."""
    stranger = with_manifest(two[0], institution="elsewhere-usd")
    with pytest.raises(AgreementError, match="'elsewhere-usd' is not a party"):
        admit([stranger, two[1]], agreement)


def test_another_agreement_is_refused(two: Two, agreement: Agreement) -> None:
    """The message names the institution and both digests."""
    other = with_manifest(two[0], linkage="f" * 64)
    with pytest.raises(MismatchError, match="orchard-usd: was encoded under another") as caught:
        admit([other, two[1]], agreement)
    assert "f" * 12 in str(caught.value)
    assert agreement.linkage_digest[:12] in str(caught.value)


def test_a_renewed_agreement_is_no_other(two: Two, agreement: Agreement) -> None:
    """Dates and titles do not decide encodings."""
    assert admit([with_manifest(two[0], agreement="f" * 64), two[1]], agreement)


def test_another_key_is_refused_and_the_message_says_whose(
    two: Two, agreement: Agreement, make_submission: MakeSubmission
) -> None:
    """Who used which key is what the institutions must know to put it right."""
    third = with_manifest(make_submission("city-college", 3, 20), key_check="d" * 32)
    with pytest.raises(
        MismatchError, match="used by city-college and another by county-college, orchard-usd"
    ):
        admit([*two, third], agreement)


def test_an_institution_is_linked_once(
    two: Two, agreement: Agreement, make_submission: MakeSubmission
) -> None:
    """Last year's file and this year's are not two institutions."""
    again = make_submission("orchard-usd", 5, 30)
    with pytest.raises(MismatchError, match="orchard-usd: two submissions of one institution"):
        admit([*two, again], agreement)


def test_a_handful_of_records_is_refused(two: Two, agreement: Agreement) -> None:
    """The agreement says how many records hide each other."""
    strict = dataclasses.replace(
        agreement, records=dataclasses.replace(agreement.records, minimum=4)
    )
    with pytest.raises(SubmissionError, match=r"county-college: holds 3 records; .* at least 4"):
        admit(two, strict)


def test_a_missing_pass_is_refused(two: Two, agreement: Agreement) -> None:
    """All passes of the agreement are there."""
    passes = {"birth": two[0].passes["birth"]}
    with pytest.raises(SubmissionError, match="orchard-usd: does not hold the agreement's passes"):
        admit([Submission(two[0].manifest, passes), two[1]], agreement)


def test_a_pass_too_many_is_refused(two: Two, agreement: Agreement) -> None:
    """And no others."""
    passes = {**two[0].passes, "more": two[0].passes["birth"]}
    with pytest.raises(SubmissionError, match="does not hold the agreement's passes"):
        admit([Submission(two[0].manifest, passes), two[1]], agreement)


def test_filters_of_another_width_are_refused(two: Two, agreement: Agreement) -> None:
    """A pass has the segments that its block leaves open."""
    wide = np.zeros((4, 9), np.uint64)
    with pytest.raises(SubmissionError, match="pass 'birth': its filters have another length"):
        admit([with_entries(two[0], "birth", filters=wide), two[1]], agreement)


def test_a_repeated_token_is_refused(two: Two, agreement: Agreement) -> None:
    """The cap of one holds at the hub, too: also for a submission that never was a file."""
    tokens = two[0].passes["birth"].tokens.copy()
    tokens[1] = tokens[0]
    with pytest.raises(SubmissionError, match="tokens repeat or are out of order"):
        admit([with_entries(two[0], "birth", tokens=tokens), two[1]], agreement)


def test_a_record_out_of_range_is_refused(two: Two, agreement: Agreement) -> None:
    """Records are numbered from 0."""
    records = np.array([0, 1, 2, 4], np.uint32)
    with pytest.raises(SubmissionError, match="names a record beyond the 4"):
        admit([with_entries(two[0], "birth", records=records), two[1]], agreement)


def test_a_broken_quota_is_refused(two: Two, agreement: Agreement) -> None:
    """How many entries a record has must tell nothing of it."""
    records = np.array([0, 1, 2, 2], np.uint32)
    with pytest.raises(SubmissionError, match="more or fewer entries than the quota of 1"):
        admit([with_entries(two[0], "birth", records=records), two[1]], agreement)


def test_too_few_entries_are_refused(two: Two, agreement: Agreement) -> None:
    """Decoys fill every quota, so none may be missing."""
    entries = two[0].passes["birth"]
    short = Entries(entries.tokens[1:], entries.records[1:], entries.filters[1:])
    broken = Submission(two[0].manifest, {**two[0].passes, "birth": short})
    with pytest.raises(SubmissionError, match="more or fewer entries than the quota"):
        admit([broken, two[1]], agreement)


@pytest.mark.parametrize("column", [0, 1, 2, 3])
def test_a_segment_with_another_number_of_bits_is_refused(
    column: int, two: Two, agreement: Agreement
) -> None:
    """A fuller filter would overlap with everybody's."""
    filters = two[0].passes["birth"].filters.copy()
    filters[2, column] ^= np.uint64(1)
    with pytest.raises(SubmissionError, match="a segment has more or fewer bits than agreed"):
        admit([with_entries(two[0], "birth", filters=filters), two[1]], agreement)


def test_bits_do_not_make_up_for_each_other_across_segments(two: Two, agreement: Agreement) -> None:
    """Each segment has its own number, not only their sum."""
    filters = two[0].passes["birth"].filters.copy()
    filters[0, 0] |= np.uint64((1 << 64) - 1)
    filters[0, 2] = np.uint64(0)
    with pytest.raises(SubmissionError, match="a segment has more or fewer bits"):
        admit([with_entries(two[0], "birth", filters=filters), two[1]], agreement)


def test_a_stranger_is_told_before_anything_else(two: Two, agreement: Agreement) -> None:
    """Of several faults, the one that needs no second look comes first."""
    spoilt = with_manifest(two[0], institution="elsewhere", linkage="f" * 64, records=1)
    with pytest.raises(AgreementError):
        admit([spoilt, two[1]], agreement)


def test_another_privacy_budget_is_refused(two: Two, agreement: Agreement) -> None:
    """How much noise the counts carry is agreed, not announced."""
    loud = with_manifest(two[0], epsilon=5e-324)
    with pytest.raises(MismatchError, match="noised with epsilon"):
        admit([loud, two[1]], agreement)


def test_announcing_records_costs_no_memory(two: Two, agreement: Agreement) -> None:
    """A file of four entries that announces two billion records is refused at once."""
    boastful = with_manifest(two[0], records=1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(SubmissionError):
            admit([boastful, two[1]], agreement)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
