"""Claims about clerical review: no name on a sheet, and answers that count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl.errors import UsageError
from pprl.exchange import Submission
from pprl.hub import Linkage
from pprl.hub.review import SURE, Answered, Review


@pytest.fixture(scope="module")
def review(linked: Linkage) -> Review:
    """Questions on the doubtful pairs of three rosters."""
    made = linked.review()
    assert len(made) > 3
    return made


def test_every_doubtful_pair_is_asked_about(review: Review, linked: Linkage) -> None:
    """And no other."""
    low, high = linked.decision.doubtful
    assert len(review) == len(linked.doubtful)
    assert linked.doubtful["probability"].between(low, high).all()
    assert review.questions["question"].is_unique


def test_a_sheet_tells_own_records_and_levels_only(review: Review, linked: Linkage) -> None:
    """Neither the other record's number nor how likely the hub thinks it."""
    asked = 0
    for source, records in linked.records.items():
        sheet = review.sheet(source)
        asked += len(sheet)
        assert list(sheet.columns[:3]) == ["question", "record", "other"]
        assert sheet.columns[-1] == "answer" and (sheet["answer"] == "").all()
        assert not {"probability", "record_a", "record_b"} & set(sheet.columns)
        assert sheet["record"].between(0, records - 1).all()
        assert (sheet["other"] != source).all()
    assert asked == 2 * len(review)


def test_the_nearest_to_even_chances_are_asked_first(linked: Linkage) -> None:
    """If only a few may be asked."""
    few = linked.review(most=2).questions["probability"]
    rest = linked.doubtful["probability"]
    assert len(few) == 2
    assert np.abs(few - 0.5).max() <= np.sort(np.abs(rest - 0.5))[1] + 1e-12


def test_answers_come_back_as_pairs(review: Review) -> None:
    """Two institutions that contradict each other, and empty answers, settle nothing."""
    first, second, third, *_ = review.questions["question"]
    one = pd.DataFrame({"question": [first, second, third], "answer": ["same", "Different ", ""]})
    other = pd.DataFrame({"question": [second, first], "answer": ["same", None]})
    answers = review.answers(one, other)
    assert len(answers) == 1 and answers["same"].tolist() == [True]
    row = review.questions.iloc[0]
    assert answers["record_a"].iloc[0] == row["record_a"]
    assert answers["source_b"].iloc[0] == row["source_b"]


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        (pd.DataFrame({"question": ["q001"]}), "lacks the columns answer"),
        (pd.DataFrame({"question": ["q999"], "answer": ["same"]}), "q999 is not of this review"),
        (pd.DataFrame({"question": ["q001"], "answer": ["yes"]}), "q001: the answer must be"),
    ],
)
def test_a_sheet_that_cannot_be_read_is_refused(
    sheet: pd.DataFrame, message: str, review: Review
) -> None:
    """With what is wrong."""
    with pytest.raises(UsageError, match=message):
        review.answers(sheet)


def test_answers_settle_their_pairs(
    review: Review, linked: Linkage, submissions: list[Submission]
) -> None:
    """What an institution calls the same is accepted, what it calls different is not."""
    sheet = review.sheet(review.questions["source_a"].iloc[0])
    sheet["answer"] = ["same" if i % 2 == 0 else "different" for i in range(len(sheet))]
    answers = review.answers(sheet)
    again = pprl.link(submissions, linked.agreement, answers=answers, progress=False)
    keys = ["source_a", "record_a", "source_b", "record_b"]
    told = again.candidates.merge(answers, on=keys)
    assert len(told) == len(answers)
    assert (told["probability"] == np.where(told["same"], SURE, 1 - SURE)).all()
    assert not told[~told["same"]]["accepted"].any()


def test_answers_without_their_columns_are_refused(
    linked: Linkage, submissions: list[Submission]
) -> None:
    """They are those of `Review.answers`."""
    with pytest.raises(UsageError, match="answers lacks the columns"):
        pprl.link(
            submissions, linked.agreement, answers=pd.DataFrame({"same": [True]}), progress=False
        )


def test_answers_move_all_pairs_together() -> None:
    """If what is called 0.6 is always one person, everything is likelier than was said."""
    before = np.concatenate((np.full(60, 0.6), np.full(40, 0.3), [0.0, 1.0]))
    place = np.arange(60)
    up, doubt = Answered(place, np.ones(60, bool)).updated(before, 0.5)
    down, _ = Answered(place, np.zeros(60, bool)).updated(before, 0.5)
    same, _ = Answered(place, np.arange(60) < 36).updated(before, 0.5)
    assert (up[60:100] > 0.35).all() and (down[60:100] < 0.25).all()
    assert same[60:100] == pytest.approx(0.3, abs=0.01)
    assert (up[:60] == SURE).all() and (down[:60] == 1 - SURE).all()
    assert up[100] == 0.0 and up[101] == pytest.approx(1.0)
    assert doubt < 0.35


def test_no_answers_move_nothing() -> None:
    """And leave the doubt as it was."""
    before = np.array([0.2, 0.9])
    nothing = Answered(np.empty(0, np.int64), np.empty(0, bool))
    after, doubt = nothing.updated(before, 0.5)
    assert after == pytest.approx(before) and doubt == pytest.approx(0.5)
