"""What exports do to data is handled or told, never silent; and no note holds a student."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.errors import StudentsError
from pprl.institution.delimited import DelimitedFile, rows_of
from pprl.institution.normalise import NormalisedStudents, normalise
from pprl.institution.regular_rows import regular_rows
from pprl.institution.students import read_students
from pprl.synthetic import population, write_export
from pprl.synthetic.dirt import DIRT
from pprl.synthetic.exports import CARRIED

FIELDS = ("first", "middle", "last", "suffix", "birth", "sex", "zip", "state_id")


@pytest.fixture(scope="module")
def roster() -> pd.DataFrame:
    """A district's students, each local ID once; one of them has a name with accents."""
    students = population(1500, seed=12).institutions["orchard-usd"]
    students = students.drop_duplicates("local_id").reset_index(drop=True)
    students.loc[3, ["first_name", "last_name"]] = ["Zoë", "Núñez"]
    zero = students.index[students["state_id"] != ""][::15]
    students.loc[zero, "state_id"] = "0" + students.loc[zero, "state_id"].str[1:]
    return students


def read(path: Path, layout: str = "generic") -> tuple[pd.DataFrame, str]:
    """The students and all that was told."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        students = read_students(path, layout)
    return students, "\n".join(str(item.message) for item in caught)


def differing(one: NormalisedStudents, other: NormalisedStudents) -> set[str]:
    """The fields that are not equal throughout."""
    assert len(one) == len(other)
    return {name for name in FIELDS if not np.array_equal(getattr(one, name), getattr(other, name))}


HANDLED = {
    "bom": "",
    "utf16": "",
    "windows_1252": "read as Windows-1252, because it is not UTF-8",
    "windows_line_ends": "",
    "mac_line_ends": "",
    "month_first": "",
    "day_first": "read as day/month/year, which row",
    "short_years": "a year of two digits",
    "serials": "a spreadsheet's day number",
    "totals": "1 line of totals left out",
    "header_again": "1 further header row left out",
    "empty_columns": "",
    "quoted": "",
    "capitals": "",
    "zip4": "",
    "suffix_in_last_name": "",
}
"""Dirt that leaves every field of every row as it was, and what is told of it."""


@pytest.mark.parametrize("kind", HANDLED)
def test_dirt_that_can_be_undone_is(kind: str, roster: pd.DataFrame, tmp_path: Path) -> None:
    """Every row and every field is what it would have been; what was assumed is told."""
    path = write_export(
        roster, tmp_path / "a.csv", "generic", dirt=[kind], rng=np.random.default_rng(1)
    )
    students, told = read(path)
    assert students["local_id"].tolist() == roster["local_id"].tolist()
    assert differing(normalise(students), normalise(roster)) == set()
    assert HANDLED[kind] in told
    assert bool(told) == bool(HANDLED[kind])


def test_zeros_that_a_spreadsheet_lost_are_told_and_not_put_back(
    roster: pd.DataFrame, tmp_path: Path
) -> None:
    """State IDs shorter than nearly all others are used as they stand."""
    path = write_export(
        roster, tmp_path / "a.csv", "generic", dirt=["lost_zeros"], rng=np.random.default_rng(1)
    )
    students, told = read(path)
    lost = roster["state_id"].str.startswith("0")
    assert f"{int(lost.sum())} state_ids have fewer digits than the others" in told
    assert students["state_id"][lost.to_numpy()].str.len().max() < 10
    assert differing(normalise(students), normalise(roster)) == {"state_id"}


def test_ids_with_an_exponent_are_refused(roster: pd.DataFrame, tmp_path: Path) -> None:
    """They stand for many students each."""
    path = write_export(
        roster, tmp_path / "a.csv", "generic", dirt=["rounded_ids"], rng=np.random.default_rng(1)
    )
    with pytest.raises(StudentsError, match=r"a\.csv row 2: state_id was rounded by a spreadsheet"):
        read(path)


def test_long_ids_that_end_in_noughts_are_told(tmp_path: Path) -> None:
    """A spreadsheet keeps fifteen digits of a number and writes noughts for the others."""
    path = tmp_path / "a.csv"
    path.write_text("id,first,last\n12345678901234500,A,B\n12345678901234600,C,D\n", "utf-8")
    assert "all 2 local_id of more than 15 digits end in noughts" in read(path)[1]
    path.write_text("id,first,last\n12345678901234567,A,B\n12345678901234600,C,D\n", "utf-8")
    assert read(path)[1] == ""


def test_ids_with_a_decimal_point_are_told(tmp_path: Path) -> None:
    """12345.0 is what pandas and Excel make of a column with a gap."""
    path = tmp_path / "a.csv"
    path.write_text("id,first,last,ssid\n1,A,B,12345.0\n", encoding="utf-8")
    assert "state_id were stored as numbers (they end in .0)" in read(path)[1]


def test_placeholders_are_missing(roster: pd.DataFrame, tmp_path: Path) -> None:
    """UNKNOWN, N/A, 1900-01-01 and 00000 say no more than a blank."""
    path = write_export(
        roster, tmp_path / "a.csv", "generic", dirt=["placeholders"], rng=np.random.default_rng(1)
    )
    students, told = read(path)
    assert "placeholder such as 1900-01-01, read as missing" in told
    assert differing(normalise(students), normalise(roster)) == set()


def test_earlier_rows_of_a_student_yield_to_the_latest(
    roster: pd.DataFrame, tmp_path: Path
) -> None:
    """In SENR by the date of enrolment; elsewhere the last row stands."""
    from pprl.institution.collapse import collapse

    path = write_export(
        roster,
        tmp_path / "senr.txt",
        "calpads_senr",
        dirt=["effective_rows"],
        rng=np.random.default_rng(1),
    )
    students, _ = read(path, "calpads_senr")
    assert len(students) > len(roster)
    collapsed = collapse(normalise(students)).records
    clean = collapse(normalise(roster.assign(zip=""))).records
    assert collapsed.local_id.tolist() == clean.local_id.tolist()
    assert differing(collapsed, clean) == set()


@pytest.mark.parametrize("kind", DIRT)
@pytest.mark.parametrize("layout", [name for name in CARRIED if name != "generic"])
def test_no_layout_stumbles_over_dirt(
    kind: str, layout: str, roster: pd.DataFrame, tmp_path: Path
) -> None:
    """Each kind in each layout is read or refused by name; nothing else is raised."""
    few = roster.head(60)
    path = write_export(few, tmp_path / "export", layout, dirt=[kind], rng=np.random.default_rng(1))
    try:
        students, told = read(path, layout)
    except StudentsError as error:
        told = str(error)
        assert kind == "rounded_ids"
    else:
        assert set(few["local_id"].str.lstrip("0")) <= set(students["local_id"].str.lstrip("0"))
    assert "Núñez" not in told


def test_names_of_the_valley_stand(tmp_path: Path) -> None:
    """Hmong, Vietnamese, Spanish, Punjabi and Armenian customs, and a student with one name."""
    names = [
        ("Mai See", "", "Vang"),
        ("Nguyễn", "Thị Minh", "Khai"),
        ("María de los Ángeles", "", "Hernández de la Cruz"),
        ("Gurpreet", "Kaur", "Sidhu"),
        ("Harjit", "", "Singh"),
        ("Հայկ", "", "Պետրոսյան"),
        ("Ani", "", "Ter-Petrosyan"),
        ("", "", "Suharto"),
        ("Xee", "Pa Zong", "Lor-Xiong"),
    ]
    path = tmp_path / "a.csv"
    lines = [f"{i},{','.join(name)}" for i, name in enumerate(names)]
    path.write_text("\n".join(["id,first,middle,last", *lines]), encoding="utf-8")
    students, told = read(path)
    assert told == ""
    normal = normalise(students)
    assert normal.first.tolist() == [
        *(
            "mai see",
            "nguyen",
            "maria delosangeles",
            "gurpreet",
            "harjit",
            "հայկ",
            "ani",
            "",
            "xee",
        ),
    ]
    assert normal.last.tolist() == [
        *("vang", "khai", "hernandez delacruz", "sidhu", "singh", "պետրոսյան", "terpetrosyan"),
        *("suharto", "lor xiong"),
    ]


def test_rows_longer_by_blank_cells_are_read_and_told(tmp_path: Path) -> None:
    """What a spreadsheet saves of a column that was once written in."""
    path = tmp_path / "a.csv"
    path.write_text("id,first,last\n1,A,B,,\n2,C,D\n", encoding="utf-8")
    students, told = read(path)
    assert students["last_name"].tolist() == ["B", "D"]
    assert "1 row has blank cells beyond the header's" in told


@pytest.mark.parametrize(
    "line",
    [
        *("Total,3,", "Grand Total: 3,,", "Record count: 3", "(3 rows affected)", ",,Total 3"),
        *("*** End of report ***", "Total records,3,"),
    ],
)
def test_a_reports_last_line_is_no_student(line: str, tmp_path: Path) -> None:
    """Whether or not it has the header's number of cells."""
    path = tmp_path / "a.csv"
    path.write_text(f"id,first,last\n1,A,B\n2,C,D\n{line}\n", encoding="utf-8")
    students, told = read(path)
    assert students["local_id"].tolist() == ["1", "2"]
    assert "1 line of totals left out" in told


def test_a_student_called_total_is_one(tmp_path: Path) -> None:
    """A line with a name in it is not a report's last."""
    path = tmp_path / "a.csv"
    path.write_text("id,first,last\nTotal,Ana,Lee\n2,Total,Jones\n", encoding="utf-8")
    assert read(path)[0]["last_name"].tolist() == ["Lee", "Jones"]


cells = st.text(st.sampled_from("ab ,;\"'\n\r\té李"), max_size=6)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "^"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_a_file_cut_by_columns_is_that_cut_by_rows(rows, delimiter, line_end) -> None:  # type: ignore[no-untyped-def]
    """The fast way gives the cells and lines of the csv module, or leaves the file to it."""

    def written(cell: str) -> str:
        special = any(c in cell for c in (delimiter, '"', "\n", "\r"))
        return '"' + cell.replace('"', '""') + '"' if special else cell

    lines = [delimiter.join(map(written, row)) for row in [("x", "y", "z"), *rows]]
    text = line_end.join(lines).encode()
    source = DelimitedFile(text, "a.csv", delimiter)
    places = {"local_id": 0, "first_name": 1, "last_name": 2}
    table = source.read(places)
    slow = [(n, [c.strip() for c in r]) for n, r in rows_of(text, delimiter, "a.csv")][1:]
    slow = [(n, r) for n, r in slow if any(r)]
    assert table.lines.tolist() == [n for n, _ in slow]
    for name, place in places.items():
        assert table.columns[name].texts().tolist() == [r[place] for _, r in slow]


@given(st.binary(max_size=60))
def test_whatever_is_regular_has_the_rows_that_the_csv_module_finds(noise: bytes) -> None:
    """Bytes at random between rows: the fast way counts as the slow one does, or declines."""
    text = (b"a,b,c\n1,2,3\n" + noise.replace(b"\0", b"") + b"\n4,5,6\n").decode("latin-1").encode()
    found = regular_rows(text, ",", 3)
    if found is not None:
        assert found[0].tolist() == [line for line, _ in rows_of(text, ",", "a.csv")]


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=6))
def test_any_unicode_is_survived(tmp_path_factory, names: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Whatever letters a name has, the file is read or refused, and reads back as written."""
    path = tmp_path_factory.mktemp("any") / "a.csv"
    rows = [("id", "first", "last"), *((f"S{i}", "A", name) for i, name in enumerate(names))]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    try:
        students, _ = read(path)
    except StudentsError:
        assert "\0" in "".join(names)
        return
    expected = [" ".join(name.split()) for name in names]
    assert [" ".join(name.split()) for name in students["last_name"]] == expected
    normalise(students)
