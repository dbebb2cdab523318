"""Claims about the inspection: it counts what the encoder will do, and shows nobody."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import pprl
from pprl.errors import StudentsError, UsageError
from pprl.institution.duplicates import _are_one, _relations
from pprl.institution.inspection import FEW_PASSES, Inspection
from pprl.institution.inspection_text import share
from pprl.institution.normalise import normalise
from tests import oracle
from tests.rosters import agreement_on, little_rosters, roster, varied

CANARY = "Zyxwquibble"
TODAY = datetime.date(2026, 8, 1)


def seen(students: pd.DataFrame, **options: object) -> Inspection:
    """An inspection on a fixed day."""
    return pprl.inspect(students, agreement_on(), today=TODAY, **options)  # type: ignore[arg-type]


def students_with_a_block_of_their_own(students: pd.DataFrame) -> dict[str, int]:
    """How many in each pass, by the slow and obvious encoder of the tests."""
    agreement = agreement_on()
    everybody = oracle.students_of(students, agreement)
    counts = {}
    for item in agreement.linkage.passes:
        values = [oracle.block_values(item, student) for student in everybody]
        holders = Counter(value for own in values for value in own)
        counts[item.name] = sum(any(holders[value] == 1 for value in own) for own in values)
    return counts


def test_a_pass_emits_for_whom_the_inspection_says() -> None:
    """Students with a real entry, pass by pass, against the slow and obvious encoder."""
    students = varied(300, seed=5)
    found = seen(students)
    expected = students_with_a_block_of_their_own(students)
    assert {item.name: item.emits for item in found.passes} == expected


def test_it_counts_the_students_that_are_encoded_whatever_else_the_export_says() -> None:
    """Two state IDs keep nobody apart under an agreement that does not declare them."""
    students = varied(100, seed=5)
    students = students.assign(state_id=[str(number) for number in range(len(students))])
    again = students.head(20).assign(
        local_id=[f"again {number}" for number in range(20)],
        state_id=[str(number) for number in range(500, 520)],
    )
    both = pd.concat([students, again], ignore_index=True)
    agreement = agreement_on()
    assert "state_id" not in agreement.linkage.fields
    encoded = pprl.encode(both, agreement, pprl.LinkageKey(bytes(32)), "fresno", progress=False)
    assert seen(both).students == encoded.submission.records < len(both)


@settings(max_examples=25)
@given(little_rosters())
def test_every_student_is_counted_once_in_every_pass(students: pd.DataFrame) -> None:
    """Emitting, missing, or held by a double, a twin or another: the five sum to all."""
    try:
        found = seen(students)
    except StudentsError:  # one local ID names two people
        return
    for item in found.passes:
        told = item.emits + item.missing + item.duplicates + item.twins + item.others
        assert told == found.students
    assert sum(found.passes_per_student) == found.students
    reached = sum(k * count for k, count in enumerate(found.passes_per_student))
    assert reached == sum(item.emits for item in found.passes)


def is_one_person(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether two local IDs of one name and birth date are one student, field by field."""
    known = [name for name in ("zip", "state_id", "sex", "middle") if one[name] and other[name]]
    same = {name for name in known if one[name] == other[name]}
    apart = set(known) - same - {"zip"}
    middles = one["middle"], other["middle"]
    if min(map(len, middles)) < 2 and middles[0][:1] == middles[1][:1]:
        apart.discard("middle")
    if len(middles[0]) < 2:
        same.discard("middle")
    return bool(same - {"sex"}) and not apart


@settings(max_examples=50)
@given(little_rosters(most=8))
def test_a_pair_is_judged_as_a_group_of_two_is(students: pd.DataFrame) -> None:
    """All pairs at once, against one by one, and against the rule in plain Python."""
    rows = normalise(students)
    left, right = (side.astype(np.int64) for side in np.triu_indices(len(rows), 1))
    told = _are_one(rows, left, right)
    for one, other, verdict in zip(left, right, told, strict=True):
        agree, contradict = _relations(rows, np.array([one, other]))
        assert verdict == bool(agree[0, 1] and not contradict[0, 1])
        fields = ("zip", "state_id", "sex", "middle")
        pair = [{name: getattr(rows, name)[row] for name in fields} for row in (one, other)]
        assert verdict == is_one_person(*pair)


def test_twins_doubles_and_strangers_are_told_apart() -> None:
    """Who else holds a student's block is why it is withheld."""
    born = {"birth_date": "2009-07-12", "zip": "93721"}
    found = seen(
        roster(
            {"local_id": "1", "first_name": "Ana", "last_name": "Lee", **born},
            {"local_id": "2", "first_name": "Bea", "last_name": "Lee", **born},
            {"local_id": "3", "first_name": "Cy", "last_name": "Ng", "birth_date": "2010-01-02"},
            {"local_id": "4", "first_name": "Cy", "last_name": "Ng", "birth_date": "2010-01-02"},
            {"local_id": "5", "first_name": "Dot", "last_name": "Orr", "birth_date": "2010-03-04"},
            {"local_id": "6", "first_name": "Eli", "last_name": "Poe", "birth_date": "2010-03-04"},
            {"local_id": "7", "first_name": "Flo", "last_name": "Qin"},
        )
    )
    whole = next(item for item in found.passes if item.block == "birth_date")
    counts = (whole.emits, whole.missing, whole.duplicates, whole.twins, whole.others)
    assert counts == (0, 1, 2, 2, 2)


def test_what_is_odd_in_the_rows_is_told_by_line() -> None:
    """Placeholders, ages, codes, ZIPs, suffixes and single names, each with its rows."""
    rows = [
        {"first_name": "UNKNOWN"},
        {"birth_date": "2031-01-01"},
        {"birth_date": "2025-01-01"},
        {"birth_date": "1911-05-05"},
        {"sex": "7"},
        {"zip": "2138"},
        {"zip": "K1A"},
        {"last_name": "Smith Jr"},
        {"last_name": ""},
        {"state_id": "--"},
    ]
    students = roster(
        *(
            {"local_id": str(i), "first_name": "Ana", "last_name": "Lee", "sex": "F", **row}
            for i, row in enumerate(rows)
        )
    )
    told = {(f.field, f.what): (f.rows, f.lines) for f in seen(students).findings}
    assert told == {
        ("first_name", "placeholders, or no letters: read as missing"): (1, (2,)),
        ("sex", "codes that are not understood: read as missing"): (1, (6,)),
        ("zip", "no ZIP that can be one: read as missing"): (1, (8,)),
        ("state_id", "no letters or digits: read as missing"): (1, (11,)),
        ("birth_date", "in the future"): (1, (3,)),
        ("birth_date", "younger than 3"): (1, (4,)),
        ("birth_date", "older than 100"): (1, (5,)),
        ("zip", "lost leading zeros: they were put back"): (1, (7,)),
        ("last_name", "one name only: nothing in last_name"): (1, (10,)),
        ("first_name", "one name only: nothing in first_name"): (1, (2,)),
        ("suffix", "found in a name: taken out of it"): (1, (9,)),
    }


def test_a_birth_date_that_stands_everywhere_is_suspected() -> None:
    """1 July of some year on every tenth row is no birthday."""
    students = varied(600, seed=2)
    students.loc[::10, "birth_date"] = "2005-07-01"
    (filler,) = [f for f in seen(students).findings if "filler" in f.what]
    assert (filler.field, filler.rows) == (
        "birth_date",
        int((students.birth_date == "2005-07-01").sum()),
    )


def test_coverage_is_told_by_group_and_by_nothing_that_is_none() -> None:
    """Groups sum to all students; a column of names is refused before it is shown."""
    students = varied(300, seed=5)
    students["group"] = ["x" if i % 3 else "" for i in range(len(students))]
    found = seen(students, group="group")
    assert [item.group for item in found.groups] == ["(blank)", "x"]
    assert sum(item.students for item in found.groups) == found.students
    assert sum(item.few for item in found.groups) == found.in_few_passes
    with pytest.raises(UsageError, match="no column shoe"):
        seen(students, group="shoe")
    with pytest.raises(UsageError, match="more than 50 values") as caught:
        seen(students.assign(group=students["local_id"]), group="group")
    assert students["local_id"][0] not in str(caught.value)


class Page(HTMLParser):
    """What a page loads, and the tags that it leaves open."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        addresses = [value or "" for name, value in attrs if name in ("src", "href")]
        if tag in ("script", "link", "img", "iframe") or any(a[0] != "#" for a in addresses):
            self.loads.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It closes the last one."""
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else() -> None:
    """No script, no address, all tags closed; the text says the same counts."""
    students = varied(300, seed=5)
    students["group"] = ["<b>" if i % 3 else "&" for i in range(len(students))]
    found = seen(students, group="group", notes=["a.csv: <odd>"])
    page = Page()
    page.feed(found.html())
    assert page.open == []
    assert page.loads == []
    assert "<b>" not in found.html()
    assert "&lt;odd&gt;" in found.html()
    assert "://" not in found.html()
    for item in found.passes:
        assert item.name in found.html()
        assert any(line.startswith(item.name) for line in found.lines())
    assert json.loads(json.dumps(dataclasses.asdict(found)))["students"] == found.students


def test_a_clean_roster_is_told_to_be_clean() -> None:
    """Nothing suspicious, in text and page."""
    found = seen(
        roster(
            {"local_id": "1", "first_name": "Ana", "last_name": "Lee", "birth_date": "2009-07-12"},
            {"local_id": "2", "first_name": "Bo", "last_name": "Ng", "birth_date": "2010-01-02"},
        )
    )
    assert "Nothing suspicious in the rows." in found.lines()
    assert "Nothing suspicious in the rows." in found.html()
    assert found.in_few_passes == sum(found.passes_per_student[:FEW_PASSES])


def test_no_student_is_in_the_inspection() -> None:
    """Neither in its text, nor its page, nor its representation."""
    students = varied(100, seed=3)
    students["last_name"] = students["last_name"] + f" {CANARY}"
    students.loc[0, "first_name"] = f"({CANARY}"
    found = seen(students)
    for text in (*found.lines(), found.html(), repr(found)):
        assert CANARY.lower() not in text.lower()


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(0, 0, "-"), (0, 9, "0.0%"), (1, 9999, "<0.1%"), (9998, 9999, ">99.9%"), (9, 9, "100.0%")],
)
def test_a_share_never_rounds_somebody_away(part: int, whole: int, told: str) -> None:
    """Neither a few to nobody nor nearly all to all."""
    assert share(part, whole) == told
