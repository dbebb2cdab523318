"""Claims about which rows become one student, and which never do."""

from __future__ import annotations

import traceback

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import StudentsError
from pprl.institution.collapse import Students, collapse
from pprl.institution.duplicates import LARGEST_GROUP
from pprl.institution.normalise import normalise

ANA = {"first_name": "Ana", "last_name": "Lee", "birth_date": "2005-03-04"}


def collapsed(*rows: dict[str, str]) -> Students:
    """Collapse the given rows, normalised."""
    frame = pd.DataFrame(list(rows), dtype=object)
    return collapse(normalise(frame), file="fresno.csv")


def together(*rows: dict[str, str]) -> bool:
    """Whether rows of Ana Lee under local IDs of their own become one student."""
    numbered = [{"local_id": str(i), **ANA, **row} for i, row in enumerate(rows)]
    return len(collapsed(*numbered)) == 1


def test_the_latest_row_of_a_local_id_stands() -> None:
    """Every field of the last row, gaps filled from the latest row before it."""
    students = collapsed(
        {**ANA, "local_id": "7", "zip": "90001", "sex": "F", "middle_name": "Jo"},
        {**ANA, "local_id": "7", "zip": "90002", "sex": "", "middle_name": "Kim"},
        {**ANA, "local_id": "7", "zip": "90003", "sex": "", "middle_name": ""},
    )
    assert students.student.tolist() == [0, 0, 0]
    records = students.records
    assert (records.zip[0], records.sex[0], records.middle[0]) == ("90003", "f", "kim")
    assert students.notes == ("1 local id stood on several rows; the latest row was taken.",)


@pytest.mark.parametrize(
    "second",
    [
        {"last_name": "Park"},
        {"first_name": "Mia"},
        {"birth_date": "2005-04-03"},
        {"first_name": "Mia", "last_name": "Lee Park", "birth_date": "2006-01-01"},
        {"first_name": "Mia", "last_name": "Park"},
        {"first_name": "Mia", "last_name": "Park", "birth_date": ""},
        {"first_name": "", "last_name": "Park", "birth_date": "2006-01-01"},
    ],
)
def test_a_local_id_survives_a_change_of_name_or_date(second: dict[str, str]) -> None:
    """Names change and dates are corrected; one of them in common is enough."""
    rows = {"local_id": "7", **ANA}, {"local_id": "7", **ANA, **second}
    assert len(collapsed(*rows)) == 1


def test_a_local_id_of_two_people_is_refused_without_naming_them() -> None:
    """Rows are named by their place in the file, people not at all."""
    frame = pd.DataFrame(
        [
            {
                "local_id": "Q7",
                "first_name": "Zoe",
                "last_name": "Quackenbush",
                "birth_date": "2005-03-04",
            },
            {
                "local_id": "Q7",
                "first_name": "Max",
                "last_name": "Snodgrass",
                "birth_date": "2006-01-01",
            },
        ],
        dtype=object,
    ).set_index(pd.Index([12, 40], name="row"))
    with pytest.raises(StudentsError, match=r"^fresno\.csv rows 12 and 40: one local_id") as caught:
        collapse(normalise(frame), file="fresno.csv")
    said = repr(caught.value) + "".join(traceback.format_exception(caught.value))
    for value in ("quackenbush", "snodgrass", "zoe", "q7"):
        assert value not in said.lower()


def test_a_blank_local_id_is_refused() -> None:
    """Two students without an ID would become one."""
    with pytest.raises(StudentsError, match=r"fresno\.csv row 3: local_id is blank; 1 row like it"):
        collapsed({"local_id": "1", **ANA}, {"local_id": " ", **ANA})


@pytest.mark.parametrize(
    "shared", [{"zip": "90001"}, {"state_id": "0012"}, {"middle_name": "Maria"}]
)
def test_one_further_field_makes_namesakes_of_a_birth_date_one(shared: dict[str, str]) -> None:
    """Same full name, same birth date, and the same ZIP, state ID or full middle name."""
    assert together(shared, shared)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"zip": "90001"}, {"zip": "90002"}),
        ({"middle_name": "M"}, {"middle_name": "M"}),
        ({"sex": "F"}, {"sex": "F"}),
        ({"zip": "90001", "sex": "F"}, {"zip": "90001", "sex": "M"}),
        ({"zip": "90001", "state_id": "1"}, {"zip": "90001", "state_id": "2"}),
        ({"zip": "90001", "middle_name": "Jo"}, {"zip": "90001", "middle_name": "Kim"}),
        ({"zip": "90001", "middle_name": "J"}, {"zip": "90001", "middle_name": "Kim"}),
        ({"zip": "90001"}, {"zip": "90001", "first_name": "Mia"}),
        ({"zip": "90001"}, {"zip": "90001", "birth_date": "2005-03-05"}),
        ({"zip": "90001", "birth_date": ""}, {"zip": "90001", "birth_date": ""}),
    ],
)
def test_without_it_or_against_it_they_stay_two(one: dict[str, str], other: dict[str, str]) -> None:
    """Nothing further shared, or a contradiction, or twins, or no birth date at all."""
    assert not together(one, other)


def test_an_initial_does_not_contradict_its_full_name() -> None:
    """And the full name stands, whichever local ID has it."""
    students = collapsed(
        {"local_id": "1", **ANA, "zip": "90001", "middle_name": "M"},
        {"local_id": "2", **ANA, "zip": "90001", "middle_name": "Maria"},
    )
    assert students.records.middle.tolist() == ["maria"]
    assert students.records.local_id.tolist() == ["1"]
    assert students.local_ids.tolist() == ["1", "2"]
    assert students.local_id_student.tolist() == [0, 0]


def test_agreement_passes_on_from_one_to_the_next() -> None:
    """First and third share nothing themselves, but nothing contradicts them either."""
    assert together({"zip": "90001"}, {"zip": "90001", "state_id": "1"}, {"state_id": "1"})


def test_a_contradiction_inside_a_group_keeps_all_of_it_apart() -> None:
    """The second fits the first and the third, which cannot be one student."""
    students = collapsed(
        {"local_id": "1", **ANA, "zip": "90001", "sex": "F"},
        {"local_id": "2", **ANA, "zip": "90001", "state_id": "5"},
        {"local_id": "3", **ANA, "zip": "90002", "state_id": "5", "sex": "M"},
    )
    assert len(students) == 3
    assert "1 group of local ids" in students.notes[0]


def test_a_name_and_date_shared_by_a_crowd_is_a_filler() -> None:
    """Too many local IDs for one person are left as they are."""
    assert not together(*[{"zip": "90001"}] * (LARGEST_GROUP + 1))
    assert together(*[{"zip": "90001"}] * LARGEST_GROUP)


cells = st.fixed_dictionaries(
    {
        "local_id": st.sampled_from("abcdefgh"),
        "first_name": st.sampled_from(["Ana", "Mia"]),
        "last_name": st.just("Lee"),
        "birth_date": st.sampled_from(["2005-03-04", "2005-03-04", ""]),
        "middle_name": st.sampled_from(["", "M", "Maria", "Jo"]),
        "zip": st.sampled_from(["", "90001", "90002"]),
        "sex": st.sampled_from(["", "F", "M"]),
        "state_id": st.sampled_from(["", "", "1", "2"]),
    }
)


def told(students: Students) -> tuple[object, ...]:
    """Everything about collapsed students but the places of their rows."""
    records = students.records
    return (
        *(
            getattr(records, name).tolist()
            for name in ("local_id", "first", "middle", "last", "birth", "sex", "zip", "state_id")
        ),
        students.local_ids.tolist(),
        students.local_id_student.tolist(),
        students.notes,
    )


@given(st.lists(cells, min_size=1, max_size=12), st.randoms())
def test_the_order_of_different_local_ids_does_not_matter(
    rows: list[dict[str, str]], random
) -> None:  # type: ignore[no-untyped-def]
    """Rows of one local ID keep their order; anything else may be shuffled."""
    shuffled = [row["local_id"] for row in rows]
    random.shuffle(shuffled)
    queues = {i: [row for row in rows if row["local_id"] == i] for i in shuffled}
    assert told(collapsed(*rows)) == told(collapsed(*(queues[i].pop(0) for i in shuffled)))


@given(st.lists(cells, min_size=1, max_size=12))
def test_every_row_and_local_id_has_one_student(rows: list[dict[str, str]]) -> None:
    """Students are sorted by their smallest local ID, and rows agree with local IDs."""
    students = collapsed(*rows)
    student_of = dict(zip(students.local_ids, students.local_id_student, strict=True))
    assert students.student.tolist() == [student_of[row["local_id"]] for row in rows]
    smallest = [min(i for i in student_of if student_of[i] == s) for s in range(len(students))]
    assert students.records.local_id.tolist() == smallest == sorted(smallest)


@given(st.lists(cells, min_size=1, max_size=12))
def test_no_student_contradicts_itself(rows: list[dict[str, str]]) -> None:
    """Of the records that became one, no two differ in a name, birth date, sex or state ID."""
    latest = {row["local_id"]: row for row in rows}
    filled = collapsed(*({**row} for row in latest.values()))
    for s in range(len(filled)):
        members = [latest[i] for i in filled.local_ids[filled.local_id_student == s]]
        for name in ("first_name", "birth_date", "sex", "state_id"):
            assert len({row[name] for row in members} - {""}) <= 1


def test_no_rows_are_no_students() -> None:
    """An empty frame collapses to nothing."""
    frame = pd.DataFrame({"local_id": [], "first_name": [], "last_name": []}, dtype=object)
    students = collapse(normalise(frame))
    assert len(students) == 0
    assert students.student.dtype == np.int64


def test_the_representation_of_students_holds_none_of_them() -> None:
    """Counts only."""
    assert repr(collapsed({"local_id": "Q7", **ANA})) == "<Students: 1 students in 1 rows>"
