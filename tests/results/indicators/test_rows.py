"""Claims about what institutions told, laid out as rows, and about groups told differently."""

from __future__ import annotations

import datetime

import pandas as pd
import pyarrow as pa
import pytest

from pprl.agreement.indicators import Test
from pprl.errors import SubmissionError, UsageError
from pprl.exchange import Payload
from pprl.hub.study_ids import new_study_ids
from pprl.results.indicators.report_groups import NOT_TOLD, report_groups
from pprl.results.indicators.rows import days, outcome_rows, passing, rows_of_payloads

ROLES = {"city": "college", "orchard": "district", "state": "college", "valley": "district"}


def told(*rows: tuple[str, str, object]) -> pd.DataFrame:
    """Rows of person, institution and ethnicity."""
    return pd.DataFrame(rows, columns=["person", "institution", "ethnicity"])


def group(rows: pd.DataFrame) -> dict[str, str]:
    """Each person's ethnicity."""
    return dict(report_groups(rows, ["ethnicity"], ROLES)["ethnicity"])


def test_a_district_is_asked_before_colleges() -> None:
    """However many colleges say otherwise."""
    rows = told(("p", "valley", "white"), ("p", "city", "black"), ("p", "state", "black"))
    assert group(rows) == {"p": "white"}


def test_a_college_is_asked_where_no_district_tells() -> None:
    """An empty value tells nothing."""
    rows = told(("p", "valley", ""), ("p", "valley", None), ("p", "city", "black"))
    assert group(rows) == {"p": "black"}


def test_an_institution_says_what_most_of_its_rows_say() -> None:
    """And has one vote, however many rows it has."""
    rows = told(
        *[("p", "valley", "white")] * 3,
        ("p", "valley", "black"),
        ("p", "orchard", "black"),
        ("q", "orchard", "black"),
    )
    assert group(rows)["p"] == "black"


def test_of_two_that_are_told_as_often_the_more_common_is_taken() -> None:
    """Then the first in the alphabet; so no order of rows decides."""
    rows = told(("p", "valley", "black"), ("p", "orchard", "white"), ("q", "orchard", "white"))
    assert group(rows)["p"] == group(rows[::-1])["p"] == "white"
    assert group(rows[:2])["p"] == group(rows[:2][::-1])["p"] == "black"


def test_who_is_told_of_by_nobody_is_said_to_be() -> None:
    """As is everybody where the column was not sent."""
    rows = told(("p", "valley", None), ("q", "valley", "white"))
    assert group(rows) == {"p": NOT_TOLD, "q": "white"}
    assert group(rows.drop(columns="ethnicity")) == {"p": NOT_TOLD, "q": NOT_TOLD}


def test_flags_and_numbers_are_groups_as_well() -> None:
    """Told as a reader says them."""
    rows = told(("p", "valley", True), ("q", "valley", False), ("r", "city", 2.0))
    assert group(rows) == {"p": "yes", "q": "no", "r": "2"}


def test_a_test_passes_what_it_says_and_nothing_missing() -> None:
    """Values, bounds, or both."""
    rows = pd.DataFrame({"n": [1, 2, None, 4], "flag": [True, False, None, True]})
    assert passing(rows, [("n", Test(any_of=(1, 4)))]).tolist() == [True, False, False, True]
    assert passing(rows, [("n", Test(least=2, below=4))]).tolist() == [False, True, False, False]
    assert passing(rows, [("flag", Test(any_of=(True,)))]).tolist() == [True, False, False, True]
    assert passing(rows, [("n", Test())]).tolist() == [True, True, False, True]


def test_rows_may_be_arrow_tables_by_either_name_of_a_person() -> None:
    """What an analysis store holds, and what a notebook has."""
    stored = pa.table({"person": ["a"], "enrolled_on": [datetime.date(2012, 8, 20)]})
    rows = outcome_rows({"city": stored, "valley": pd.DataFrame({"study_id": ["a"], "x": [1]})})
    assert rows["person"].tolist() == ["a", "a"]
    assert rows["institution"].tolist() == ["city", "valley"]
    assert days(rows, "enrolled_on").notna().tolist() == [True, False]


def test_what_is_no_table_of_persons_is_refused() -> None:
    """Without a person, without rows, or with something other than dates."""
    with pytest.raises(UsageError, match="city: its table has no column study_id"):
        outcome_rows({"city": pd.DataFrame({"x": [1]})})
    with pytest.raises(UsageError, match="no outcomes"):
        outcome_rows({"city": pd.DataFrame({"study_id": []})})
    with pytest.raises(UsageError, match="on: holds something other than dates") as refused:
        days(pd.DataFrame({"on": ["the fifth"]}), "on")
    assert "fifth" not in str(refused.value)


def test_payloads_come_under_the_hubs_own_names() -> None:
    """A study ID that its institution was not given is refused, and a second payload."""
    given, ours = new_study_ids(2), new_study_ids(2)
    ids = pd.DataFrame({"source": "city", "study_id": ours, "recipient_id": given})
    payload = Payload("city", "", "", 1, pa.table({"study_id": given, "level": [2, 4]}))
    rows = rows_of_payloads([payload], ids)
    assert rows["person"].tolist() == ours
    with pytest.raises(SubmissionError, match="1 of 2 rows have study IDs"):
        rows_of_payloads([payload], ids[:1])
    with pytest.raises(SubmissionError, match="two payloads"):
        rows_of_payloads([payload, payload], ids)
