"""Claims about data maps: what there is, for which years, and nothing of anybody."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import UsageError
from pprl.institution.data_map import data_map
from tests.rosters import crowded

CANARY = "Zyxwquibble"


def export(count: int = 120) -> pd.DataFrame:
    """Rows of three years, with elements of every kind."""
    years = ["2024-25", "2025-26", "2026-27"]
    return pd.DataFrame(
        {
            "local_id": [f"S{number}" for number in range(count)],
            "surname": [CANARY] + [f"N{number}" for number in range(count - 1)],
            "birth_date": [f"2008-01-{number % 28 + 1:02}" for number in range(count)],
            "gpa": [f"{number % 5}.5" if number % 3 else "" for number in range(count)],
            "program": ["AVID" if number % 2 else "" for number in range(count)],
            "notes": [""] * count,
            "year": [years[number % 3] for number in range(count)],
        }
    )


def test_a_map_tells_elements_kinds_completeness_and_years() -> None:
    """Percent of rows, in all and by year."""
    found = data_map(export(), "fresno", year="year")
    assert (found.institution, found.rows) == ("fresno", 120)
    assert found.years == {"2024-25": 40, "2025-26": 40, "2026-27": 40}
    told = {e.name: (e.kind, e.completeness, list(e.by_year.values())) for e in found.elements}
    assert told == {
        "local_id": ("text", 100, [100, 100, 100]),
        "surname": ("text", 100, [100, 100, 100]),
        "birth_date": ("date", 100, [100, 100, 100]),
        "gpa": ("number", 67, [0, 100, 100]),
        "program": ("code", 50, [50, 50, 50]),
        "notes": ("empty", 0, [0, 0, 0]),
        "year": ("code", 100, [100, 100, 100]),
    }


def test_no_name_and_no_value_stands_in_a_map() -> None:
    """In neither form, of no student."""
    table = export()
    found = data_map(table, "fresno", year="year")
    for text in (found.to_json(), found.to_markdown(), repr(found)):
        for column in ("local_id", "surname", "birth_date", "program"):
            assert not {value for value in table[column] if value and value in text}


def test_both_forms_tell_the_same() -> None:
    """JSON for programs, a table for readers."""
    found = data_map(export(), "fresno", year="year")
    tree = json.loads(found.to_json())
    assert tree["format"] == 1 and len(tree["elements"]) == 7
    text = found.to_markdown()
    assert text.startswith("# Data map of fresno\n")
    assert "| (rows) |  | 120 | 40 | 40 | 40 |" in text
    assert r"| birth\_date | date | 100% | 100% | 100% | 100% |" in text
    bare = data_map(export(5).drop(columns="year"), "fresno")
    assert "Rows: under 11." in bare.to_markdown()
    assert json.loads(bare.to_json())["rows"] is None


@given(st.lists(st.booleans(), max_size=60))
def test_few_students_are_never_told_apart(present: list[bool]) -> None:
    """Neither how many there are, nor that fewer than the smallest cell have or lack an element."""
    table = pd.DataFrame({"pell": ["yes" if value else "" for value in present]}, dtype=object)
    found = data_map(table, "fresno")
    have = sum(present)
    (element,) = found.elements
    if len(present) < 11:
        assert found.rows is None and element.completeness is None
    else:
        assert element.completeness is not None
        told = round(element.completeness / 100 * len(present))
        assert told in (0, len(present)) or (have >= 11 and len(present) - have >= 11)
        assert found.rows is not None and abs(found.rows - len(present)) <= 5


@pytest.mark.parametrize(
    "header",
    [
        ["1001", "Garcia", "2008-01-02"],
        ["S1", "Garcia", ""],
        ["S1", "Garcia", "1/2/2008"],
        ["id", "N1", "year"],
    ],
)
def test_a_row_of_values_in_the_headers_place_is_refused(header: list[str]) -> None:
    """A map shows the header; without one the first student would stand there."""
    table = export()[["local_id", "surname", "birth_date"]]
    table.columns = pd.Index(header)
    with pytest.raises(UsageError, match="looks like a value") as caught:
        data_map(table, "fresno")
    assert "Garcia" not in str(caught.value) and "N1" not in str(caught.value)


def test_years_that_are_none_are_refused() -> None:
    """Values of another column would stand in the map as years."""
    with pytest.raises(UsageError, match="there is no column 'yr'"):
        data_map(export(), "fresno", year="yr")
    for column in ("surname", "birth_date", "gpa"):
        with pytest.raises(UsageError, match="something other than years") as caught:
            data_map(export(), "fresno", year=column)
        assert CANARY not in str(caught.value)


def test_rows_without_a_year_count_in_all_years_together_only() -> None:
    """And years are put in order, however they are spaced."""
    table = export()
    table.loc[table.index[:60], "year"] = ""
    table.loc[table.index[60:], "year"] = " 2026"
    found = data_map(table, "fresno", year="year")
    assert (found.rows, dict(found.years)) == (120, {"2026": 60})


def test_a_roster_has_a_map_too() -> None:
    """What `read_students` gives is an export like any other."""
    found = data_map(crowded(200, 3), "fresno")
    kinds = {element.name: element.kind for element in found.elements}
    assert kinds["birth_date"] == "date" and kinds["sex"] == "code"
    with pytest.raises(UsageError, match="something other than text"):
        data_map(pd.DataFrame({"x": [1, 2]}), "fresno")
