"""Claims about aliases: further words behind the legal ones, asked for, once."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import pprl
from pprl.institution.normalise import normalise
from tests.rosters import agreement_on, roster

names = st.text(st.sampled_from("abAB -é"), max_size=8)


def one(**cells: str) -> pd.DataFrame:
    """One student, with further names."""
    row = {"local_id": "1", "first_name": "", "last_name": "", "middle_name": ""}
    return pd.DataFrame(
        [{**row, "other_first_name": "", "other_last_name": "", **cells}], dtype=object
    )


def test_further_words_stand_behind_and_only_once() -> None:
    """What is there already, in whatever case and behind whatever hyphen, is not added."""
    students = pprl.with_other_names(
        one(
            first_name="Yer",
            last_name="Lor-Xiong",
            other_first_name="Lisa yer",
            other_last_name="XIONG Vang",
        )
    )
    assert students["first_name"].tolist() == ["Yer Lisa"]
    assert students["last_name"].tolist() == ["Lor-Xiong Vang"]
    assert students["other_first_name"].tolist() == [""]


def test_the_columns_may_be_absent_and_the_callers_rows_stay() -> None:
    """A frame without further names is given back equal; none is changed in place."""
    plain = roster({"local_id": "1", "first_name": "Ana", "last_name": "Lee"})
    pd.testing.assert_frame_equal(pprl.with_other_names(plain), plain)
    students = one(first_name="Ana", other_first_name="Bea")
    pprl.with_other_names(students)
    assert students["first_name"].tolist() == ["Ana"]


@given(names, names, names, names)
def test_doing_it_twice_is_doing_it_once(first: str, last: str, alias: str, former: str) -> None:
    """And the first word of the first name stays what it was."""
    students = one(first_name=first, last_name=last, other_first_name=alias, other_last_name=former)
    once = pprl.with_other_names(students)
    pd.testing.assert_frame_equal(pprl.with_other_names(once), once)
    before = normalise(students).first[0].split()
    after = normalise(once).first[0].split()
    assert after[: len(before)] == before


def test_every_entry_is_as_full_as_without() -> None:
    """A further name changes which bits are set, never how many entries or bits there are."""
    students = roster(
        {"local_id": "1", "first_name": "Yer", "last_name": "Vang", "birth_date": "2009-07-12"},
        {"local_id": "2", "first_name": "Bo", "last_name": "Ng", "birth_date": "2010-01-02"},
    ).assign(other_first_name=["Lisa", ""], other_last_name=["Xiong", ""])
    agreement, key = agreement_on(), pprl.LinkageKey(bytes(32))
    plain, further = (
        pprl.encode(rows, agreement, key, "fresno", progress=False).submission.passes
        for rows in (students, pprl.with_other_names(students))
    )
    for name, entries in plain.items():
        assert len(entries) == len(further[name])
        bits = [sum(int(word).bit_count() for word in row) for row in entries.filters]
        assert {*bits} == {
            sum(int(word).bit_count() for word in row) for row in further[name].filters
        }
