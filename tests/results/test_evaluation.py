"""Claims about evaluation: the figures are those of counting pairs one by one."""

from __future__ import annotations

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
