"""Claims about linking as a whole, on real encodings of small rosters."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl.agreement import Agreement
from pprl.errors import UsageError
from pprl.exchange import Entries, Submission
from pprl.hub import Linkage
from pprl.hub.study_ids import is_study_id
from pprl.institution import LinkageKey, State

KEY = LinkageKey(bytes(range(32)))


@dataclasses.dataclass(frozen=True)
class Encodings:
    """Three institutions' submissions, and what only they and the test know."""

    submissions: list[Submission]
    truth: pd.DataFrame


def encoded(rosters: dict[str, pd.DataFrame], agreement: Agreement) -> Encodings:
    """Encode rosters, each institution under a secret of its own."""
    submissions, truth = [], []
    for number, (institution, roster) in enumerate(rosters.items(), 1):
        state = State.in_memory(bytes([number] * 32))
        made = pprl.encode(
            roster.drop(columns="person"), agreement, KEY, institution, state=state, progress=False
        )
        submissions.append(made.submission)
        person = made.id_map["local_id"].map(
            dict(zip(roster["local_id"], roster["person"], strict=True))
        )
        truth.append(made.id_map.assign(source=institution, person=person))
    return Encodings(submissions, pd.concat(truth, ignore_index=True))


@pytest.fixture(scope="module")
def encodings(rosters: dict[str, pd.DataFrame], students_agreement: Agreement) -> Encodings:
    """The rosters, encoded."""
    return encoded(rosters, students_agreement)


@pytest.fixture(scope="module")
def linkage(encodings: Encodings, students_agreement: Agreement) -> Linkage:
    """The rosters, linked."""
    return pprl.link(encodings.submissions, students_agreement, progress=False)


def links(linkage: Linkage, truth: pd.DataFrame) -> set[frozenset[str]]:
    """The accepted pairs, by local ids."""
    name = {(r.source, r.record): r.local_id for r in truth.itertuples(index=False)}
    rows = linkage.pairs[["source_a", "record_a", "source_b", "record_b"]].itertuples(index=False)
    return {frozenset({name[a, i], name[b, j]}) for a, i, b, j in rows}


def persons(linkage: Linkage, truth: pd.DataFrame) -> set[frozenset[str]]:
    """The records of each study ID, by local ids."""
    joined = linkage.study_ids.merge(truth, on=["source", "record"])
    return {frozenset(group) for _, group in joined.groupby("study_id")["local_id"]}


def test_students_are_found_again(linkage: Linkage, encodings: Encodings) -> None:
    """On slightly dirty rosters of three institutions, nearly all, and hardly a stranger."""
    evaluation = pprl.evaluate(linkage, encodings.truth)
    assert evaluation.true_pairs > 200
    assert evaluation.precision > 0.95
    assert evaluation.recall > 0.9


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:])
def test_the_order_of_submissions_decides_no_link(
    order: tuple[int, ...], linkage: Linkage, encodings: Encodings, students_agreement: Agreement
) -> None:
    """Pairs, probabilities and clusters are the same; study IDs are random."""
    again = pprl.link(
        [encodings.submissions[place] for place in order], students_agreement, progress=False
    )
    pd.testing.assert_frame_equal(again.candidates, linkage.candidates)
    assert persons(again, encodings.truth) == persons(linkage, encodings.truth)


def test_the_order_of_rows_decides_no_link(
    rosters: dict[str, pd.DataFrame], students_agreement: Agreement, encodings: Encodings
) -> None:
    """Shuffled rosters give the same submissions, bit for bit."""
    shuffled = {name: roster.sample(frac=1, random_state=35) for name, roster in rosters.items()}
    again = encoded(shuffled, students_agreement)
    for one, other in zip(encodings.submissions, again.submissions, strict=True):
        assert one.manifest == other.manifest
        for name, entries in one.passes.items():
            assert np.array_equal(entries.filters, other.passes[name].filters)
            assert np.array_equal(entries.records, other.passes[name].records)


def test_the_numbers_of_records_decide_no_link(
    linkage: Linkage, encodings: Encodings, students_agreement: Agreement
) -> None:
    """The same students under other record numbers are linked alike."""
    rng = np.random.default_rng(36)
    renumbered, truth = [], encodings.truth.copy()
    for submission in encodings.submissions:
        number = rng.permutation(submission.records).astype(np.uint32)
        passes = {
            name: Entries(entries.tokens, number[entries.records], entries.filters)
            for name, entries in submission.passes.items()
        }
        renumbered.append(Submission(submission.manifest, passes))
        own = truth["source"] == submission.institution
        truth.loc[own, "record"] = number[truth.loc[own, "record"]]
    again = pprl.link(renumbered, students_agreement, progress=False)
    assert links(again, truth) == links(linkage, encodings.truth)
    assert again.quality.recall_interval == pytest.approx(linkage.quality.recall_interval)
    assert again.quality.unseen_matches == pytest.approx(linkage.quality.unseen_matches)
    assert persons(again, truth) == persons(linkage, encodings.truth)


def test_files_are_linked_as_memory_is(
    linkage: Linkage, encodings: Encodings, students_agreement: Agreement, tmp_path: object
) -> None:
    """A submission that went through a file gives the same pairs."""
    read = []
    for submission in encodings.submissions:
        path = tmp_path / f"{submission.institution}.pprl"  # type: ignore[operator]
        submission.write(path)
        read.append(Submission.open(path, allow_unverified=True))
    again = pprl.link(read, students_agreement, progress=False)
    pd.testing.assert_frame_equal(again.candidates, linkage.candidates)


def test_a_crosswalk_has_one_row_for_every_record(linkage: Linkage) -> None:
    """Matched or not, so that it does not tell who was found elsewhere."""
    for source, records in linkage.records.items():
        crosswalk = linkage.crosswalk(source)
        assert list(crosswalk.columns) == ["record", "study_id"]
        assert sorted(crosswalk["record"]) == list(range(records))
        assert crosswalk["study_id"].map(is_study_id).all()
        assert crosswalk["study_id"].is_unique


def test_crosswalks_of_two_recipients_share_no_id(linkage: Linkage) -> None:
    """Laid side by side they say nothing, and none shows the hub's own ID."""
    given = [set(linkage.crosswalk(source)["study_id"]) for source in linkage.records]
    given.append(set(linkage.study_ids["study_id"]))
    assert len(set.union(*given)) == sum(map(len, given))


def test_common_study_ids_are_common(
    encodings: Encodings, students_agreement: Agreement, with_rules: Callable[..., Agreement]
) -> None:
    """Where the agreement asks for them, records of one person have one ID everywhere."""
    common = with_rules(students_agreement, common_study_ids=True)
    linkage = pprl.link(encodings.submissions, common, progress=False)
    told = {
        (source, row.record): row.study_id
        for source in linkage.records
        for row in linkage.crosswalk(source).itertuples(index=False)
    }
    assert len(linkage.pairs)
    for pair in linkage.pairs.itertuples(index=False):
        assert told[pair.source_a, pair.record_a] == told[pair.source_b, pair.record_b]


def test_an_unknown_source_lists_the_known_ones(linkage: Linkage) -> None:
    """Whoever mistypes an id sees what it could have been."""
    with pytest.raises(UsageError, match=r"Sources: city-college, county-college, orchard-usd\."):
        linkage.crosswalk("orchard")


def test_accepted_pairs_are_what_study_ids_say(linkage: Linkage) -> None:
    """A pair is accepted only if its records end as one person; no source is in a person twice."""
    study_id = {(r.source, r.record): r.study_id for r in linkage.study_ids.itertuples(index=False)}
    for pair in linkage.pairs.itertuples(index=False):
        assert study_id[pair.source_a, pair.record_a] == study_id[pair.source_b, pair.record_b]
        assert pair.source_a < pair.source_b
    assert not linkage.study_ids.duplicated(["source", "study_id"]).any()


def test_candidates_come_most_probable_first(linkage: Linkage) -> None:
    """With probabilities, and accepted only from the threshold."""
    probability = linkage.candidates["probability"]
    assert probability.is_monotonic_decreasing
    assert probability.between(0, 1).all()
    assert linkage.pairs["probability"].min() >= linkage.threshold
    assert linkage.candidates["n_passes"].between(1, 16).all()
    assert "accepted" not in linkage.pairs


def test_a_higher_threshold_never_accepts_more_pairs(
    linkage: Linkage, encodings: Encodings, students_agreement: Agreement
) -> None:
    """Or as many, and surer ones; at 1, only the certain."""
    strict = pprl.link(encodings.submissions, students_agreement, threshold=0.999, progress=False)
    assert strict.pairs["probability"].min() >= 0.999
    assert len(strict.pairs) <= len(linkage.pairs)
    certain = pprl.link(encodings.submissions, students_agreement, threshold=1.0, progress=False)
    assert (certain.pairs["probability"] == 1).all()


@pytest.mark.parametrize("threshold", [0, -0.1, 1.1, float("nan"), float("inf")])
def test_a_threshold_out_of_range_is_refused(
    threshold: float, encodings: Encodings, students_agreement: Agreement
) -> None:
    """It is a probability above 0."""
    with pytest.raises(UsageError, match="threshold must be above 0 and at most 1"):
        pprl.link(encodings.submissions, students_agreement, threshold=threshold)


def test_a_matrix_counts_pairs_and_records(linkage: Linkage) -> None:
    """Symmetric, the records of each source on the diagonal."""
    matrix = linkage.matrix()
    assert np.array_equal(matrix.to_numpy(), matrix.to_numpy().T)
    assert {name: matrix.loc[name, name] for name in matrix} == dict(linkage.records)
    assert np.triu(matrix.to_numpy(), 1).sum() == len(linkage.pairs)


def test_a_summary_is_for_a_person_to_read(linkage: Linkage) -> None:
    """Sources, records, persons, pairs and quality."""
    summary = linkage.summary()
    assert f"3 sources, {sum(linkage.records.values()):,} records" in summary
    assert f"pairs accepted at p >= 0.5: {len(linkage.pairs):,}" in summary
    assert "expected precision" in summary and "expected recall" in summary


def test_a_linkage_shows_counts_only(linkage: Linkage) -> None:
    """Its repr and its summary hold no study ID."""
    assert repr(linkage) == (
        f"<Linkage of 3 sources: {sum(linkage.records.values()):,} records, "
        f"{len(linkage.pairs):,} pairs accepted of {len(linkage.candidates):,}>"
    )
    assert linkage.study_ids["study_id"].iloc[0] not in repr(linkage) + linkage.summary()


def test_progress_is_told(encodings: Encodings, students_agreement: Agreement) -> None:
    """A function is called before the first pass and after each."""
    told: list[tuple[str, int, int]] = []
    pprl.link(encodings.submissions, students_agreement, progress=lambda *call: told.append(call))
    assert told == [("linking", done, 16) for done in range(17)]


def test_strangers_are_not_linked(
    agreement: Agreement, make_submission: Callable[..., Submission]
) -> None:
    """Submissions without a block in common: nobody is matched, everybody has an ID."""
    submissions = [make_submission("orchard-usd", 5, 1), make_submission("city-college", 6, 40)]
    linkage = pprl.link(submissions, agreement, progress=False)
    assert not len(linkage.candidates) and not len(linkage.pairs)
    assert linkage.study_ids["study_id"].nunique() == 11
    assert linkage.quality.expected_f1 == 0
    assert "pairs accepted at p >= 0.5: 0" in linkage.summary()


def test_random_filters_are_not_linked(
    agreement: Agreement, make_submission: Callable[..., Submission]
) -> None:
    """Blocks that meet by chance bring strangers together, and hardly any of them is taken."""
    submissions = [
        make_submission("orchard-usd", 150, 1, tokens=2000),
        make_submission("city-college", 150, 40, tokens=2000),
    ]
    linkage = pprl.link(submissions, agreement, progress=False)
    assert len(linkage.candidates) > 20
    assert len(linkage.pairs) <= len(linkage.candidates) / 10


@pytest.mark.parametrize("objective", ["f1", "precision>=0.99", "recall>=0.9"])
def test_an_objective_chooses_the_threshold(
    objective: str, encodings: Encodings, students_agreement: Agreement
) -> None:
    """The lowest accepted probability, and what it brings reaches the bound as estimated."""
    linkage = pprl.link(
        encodings.submissions, students_agreement, objective=objective, progress=False
    )
    assert linkage.decision.objective == objective
    assert linkage.threshold == linkage.decision.threshold
    assert linkage.pairs["probability"].min() >= linkage.threshold
    if objective.startswith("precision"):
        assert linkage.quality.expected_precision >= 0.985


def test_a_threshold_and_an_objective_are_one_too_many(
    encodings: Encodings, students_agreement: Agreement
) -> None:
    """One of them decides."""
    with pytest.raises(UsageError, match="not both"):
        pprl.link(encodings.submissions, students_agreement, threshold=0.5, objective="f1")


def test_quality_is_told_by_pair_of_sources_and_by_pass(
    linkage: Linkage, students_agreement: Agreement
) -> None:
    """A row each, every value within its interval."""
    quality = linkage.quality
    assert len(quality.by_sources) == 3
    assert len(quality.by_pass) == len(students_agreement.linkage.passes)
    assert quality.by_sources["pairs"].sum() == len(linkage.pairs)
    for table in (quality.by_sources, quality.by_pass):
        for name in ("precision", "recall"):
            assert (table[f"{name}_low"] <= table[name]).all()
            assert (table[name] <= table[f"{name}_high"]).all()


def test_quality_is_told_by_report_group(linkage: Linkage, encodings: Encodings) -> None:
    """Pairs of records without a group are left out."""
    truth = encodings.truth
    groups = truth.assign(group=np.where(truth["person"] % 3 == 0, "one", "other"))
    table = linkage.quality_by(groups[["source", "record", "group"]])
    assert table["group"].tolist() == ["one", "other"]
    assert table["pairs"].sum() == len(linkage.pairs)
    fewer = linkage.quality_by(groups[groups["group"] == "one"][["source", "record", "group"]])
    assert fewer["group"].tolist() == ["one"]
    assert fewer["pairs"].sum() < len(linkage.pairs)
    with pytest.raises(UsageError, match="groups lacks the columns group"):
        linkage.quality_by(truth[["source", "record"]])
