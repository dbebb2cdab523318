"""Claims about evaluation: the figures are those of counting pairs one by one."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.errors import UsageError
from pprl.results import Evaluation, evaluate

Record = tuple[str, int, int, int]

# Each record: source, number, person, study ID. Few of each, so that all cases occur.
records = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 4), st.integers(0, 4)),
    max_size=14,
    unique_by=lambda record: record[:2],
)


def candidates_of(rows: list[tuple[str, int, str, int, float]]) -> pd.DataFrame:
    """Scored pairs: two records and the probability."""
    columns = ["source_a", "record_a", "source_b", "record_b", "probability"]
    return pd.DataFrame(rows, columns=columns).astype({"probability": float})


def linkage_of(rows: list[Record]) -> Any:
    """What `evaluate` reads of a linkage."""
    return SimpleNamespace(
        study_ids=pd.DataFrame(
            {
                "source": np.array([row[0] for row in rows], object),
                "record": np.array([row[1] for row in rows], np.uint32),
                "study_id": np.array([f"S{row[3]}" for row in rows], object),
            }
        ),
        candidates=candidates_of([]),
    )


def truth_of(rows: list[Record]) -> pd.DataFrame:
    """The true persons of records."""
    return pd.DataFrame(
        {
            "source": np.array([row[0] for row in rows], object),
            "record": np.array([row[1] for row in rows], np.int64),
            "person": np.array([f"P{row[2]}" for row in rows], object),
        }
    )


def counted(rows: list[Record]) -> Evaluation:
    """The same figures, from every pair of records of different sources."""
    pairs = [(one, other) for one, other in combinations(rows, 2) if one[0] != other[0]]
    true = {pair for pair in pairs if pair[0][2] == pair[1][2]}
    found = {pair for pair in pairs if pair[0][3] == pair[1][3]}
    return Evaluation(len(true), len(found), len(true & found))


@settings(max_examples=50)
@given(records)
def test_pairs_are_counted_as_a_slow_loop_counts_them(rows: list[Record]) -> None:
    """Pairs within a source count neither as true nor as found."""
    assert evaluate(linkage_of(rows), truth_of(rows)) == counted(rows)


@settings(max_examples=50)
@given(records, st.sets(st.integers(0, 13)))
def test_records_without_truth_are_left_out_of_account(
    rows: list[Record], unknown: set[int]
) -> None:
    """Neither their pairs nor their study IDs count."""
    known = [row for place, row in enumerate(rows) if place not in unknown]
    assert evaluate(linkage_of(rows), truth_of(known)) == counted(known)


@settings(max_examples=50)
@given(records)
def test_a_record_with_several_local_ids_counts_once(rows: list[Record]) -> None:
    """An institution's map may name a record more than once."""
    doubled = pd.concat([truth_of(rows), truth_of(rows)])
    assert evaluate(linkage_of(rows), doubled) == counted(rows)


@settings(max_examples=50)
@given(records, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(rows: list[Record], random: Any) -> None:
    """Truth may come in any order, with any index and further columns."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    truth = truth_of(shuffled).assign(local_id="x")
    truth.index = pd.Index(np.zeros(len(truth), int))
    assert evaluate(linkage_of(rows), truth) == counted(rows)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_figures_lie_between_0_and_1(correct: int, missed: int, wrong: int) -> None:
    """And F1 between precision and recall."""
    figures = Evaluation(correct + missed, correct + wrong, correct)
    assert 0 <= figures.precision <= 1 and 0 <= figures.recall <= 1
    if correct:
        low, high = sorted((figures.precision, figures.recall))
        assert low - 1e-12 <= figures.f1 <= high + 1e-12


def test_a_perfect_linkage_scores_one() -> None:
    """Everything found, nothing wrong."""
    rows = [("a", 0, 0, 7), ("b", 3, 0, 7), ("c", 2, 0, 7), ("a", 1, 1, 8)]
    figures = evaluate(linkage_of(rows), truth_of(rows))
    assert (figures.true_pairs, figures.precision, figures.recall, figures.f1) == (3, 1, 1, 1)
    assert str(figures) == "precision 1.0000, recall 1.0000, F1 1.0000"


def test_nothing_to_find_and_nothing_found_is_no_division_by_zero() -> None:
    """No records at all are linked perfectly, and F1 has nothing to say."""
    figures = evaluate(linkage_of([]), truth_of([]))
    assert (figures.precision, figures.recall, figures.f1) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("column", ["source", "record", "person"])
def test_truth_that_lacks_a_column_is_refused(column: str) -> None:
    """By its name."""
    rows = [("a", 0, 0, 0), ("b", 0, 0, 0)]
    with pytest.raises(UsageError, match=f"truth lacks the columns {column}"):
        evaluate(linkage_of(rows), truth_of(rows).drop(columns=column))


def test_an_unknown_person_is_nobody_in_particular() -> None:
    """Records whose person is not known are left out of account, as absent ones are."""
    rows = [("a", 0, 0, 0), ("b", 0, 0, 0), ("a", 1, 1, 1), ("b", 1, 2, 2)]
    truth = truth_of(rows)
    truth.loc[2:, "person"] = None
    assert evaluate(linkage_of(rows), truth) == counted(rows[:2])


def grouped(rows: list[Record]) -> pd.DataFrame:
    """Truth with a group for each person: even and odd ones."""
    return truth_of(rows).assign(group=["even" if row[2] % 2 == 0 else "odd" for row in rows])


@settings(max_examples=50)
@given(records)
def test_groups_add_up_to_the_whole(rows: list[Record]) -> None:
    """Each person is in one group, each wrong pair in that of its study ID's first record."""
    evaluation = evaluate(linkage_of(rows), grouped(rows))
    if not rows:
        assert not len(evaluation.by_group)
        return
    for name in ("true_pairs", "found_pairs", "correct_pairs"):
        assert evaluation.by_group[name].sum() == getattr(evaluation, name)


@settings(max_examples=50)
@given(records)
def test_figures_lie_within_their_intervals(rows: list[Record]) -> None:
    """Precision, recall and F1, 0 to 1, overall and by group."""
    evaluation = evaluate(linkage_of(rows), grouped(rows))
    for name in ("precision", "recall", "f1"):
        low, high = getattr(evaluation, f"{name}_interval")
        assert 0 <= low <= getattr(evaluation, name) <= high <= 1
        for row in evaluation.by_group.to_dict("records"):
            assert 0 <= row[f"{name}_low"] <= row[name] <= row[f"{name}_high"] <= 1


def test_an_interval_covers_the_share_behind_the_draws() -> None:
    """Persons of whom nine in ten are found: the interval of recall holds 0.9, and is narrow."""
    rng = np.random.default_rng(71)
    covered = []
    for _ in range(40):
        hit = rng.random(400) < 0.9
        rows = [("a", i, i, i) for i in range(400)]
        rows += [("b", i, i, i if hit[i] else 1000 + i) for i in range(400)]
        low, high = evaluate(linkage_of(rows), truth_of(rows)).recall_interval
        assert high - low < 0.08
        covered.append(low <= 0.9 <= high)
    assert np.mean(covered) >= 0.85


def test_the_recall_gap_is_that_of_the_best_and_the_worst_group() -> None:
    """With an interval around it."""
    rows = [(source, i, i, i) for source in "ab" for i in range(100)]
    rows = [(s, i, p, 500 + i if s == "b" and i % 2 and i < 40 else d) for s, i, p, d in rows]
    evaluation = evaluate(linkage_of(rows), grouped(rows))
    gap, (low, high) = evaluation.recall_gap()
    assert gap == pytest.approx(0.4)
    assert low < gap < high
    with pytest.raises(UsageError, match="There are no groups"):
        evaluate(linkage_of(rows), truth_of(rows)).recall_gap()


def test_calibration_compares_what_was_said_with_what_is_true() -> None:
    """By decile; candidates whose persons are not known are left out."""
    linkage = linkage_of([("a", i, i, i) for i in range(4)] + [("b", i, i, i) for i in range(4)])
    linkage.candidates = candidates_of(
        [
            ("a", 0, "b", 0, 0.95),
            ("a", 1, "b", 2, 0.91),
            ("a", 3, "b", 3, 0.25),
            ("a", 9, "b", 1, 0.9),
        ]
    )
    truth = truth_of([("a", i, i, i) for i in range(4)] + [("b", i, i, i) for i in range(4)])
    table = evaluate(linkage, truth).calibration
    assert table["pairs"].tolist() == [1, 2]
    assert table["true"].tolist() == [1.0, 0.5]
    assert table["expected"].tolist() == pytest.approx([0.25, 0.93])
    assert table["from"].tolist() == pytest.approx([0.2, 0.9])


def test_a_calibration_plot_has_a_point_for_each_decile() -> None:
    """Well-formed SVG."""
    linkage = linkage_of([("a", 0, 0, 0), ("b", 0, 0, 0)])
    linkage.candidates = candidates_of([("a", 0, "b", 0, 0.95)])
    evaluation = evaluate(linkage, truth_of([("a", 0, 0, 0), ("b", 0, 0, 0)]))
    tree = ElementTree.fromstring(evaluation.calibration_svg())
    assert len(tree.findall("{http://www.w3.org/2000/svg}circle")) == 1
