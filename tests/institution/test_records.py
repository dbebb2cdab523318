"""Exports that are no text: workbooks, Parquet, JSON and a database's answer."""

from __future__ import annotations

import builtins
import datetime
import sqlite3
import warnings
from pathlib import Path

import pandas as pd
import pytest

from pprl.errors import PPRLError, StudentsError, UsageError
from pprl.institution.database import DATABASE_URL, read_students_sql
from pprl.institution.students import StudentsWarning, read_students

CANARY = "Quackenbush"
HEADER = ["Student ID", "First Name", "Last Name", "DOB", "ZIP"]
openpyxl = pytest.importorskip("openpyxl")
sqlalchemy = pytest.importorskip("sqlalchemy")


def workbook(path: Path, rows: list[list[object]], before: int = 0) -> Path:
    """An Excel workbook with some rows, below as many blank ones."""
    book = openpyxl.Workbook()
    for _ in range(before):
        book.active.append([])
    for row in rows:
        book.active.append(row)
    book.create_sheet("More").append(["x", "y"])
    book.save(path)
    return path


def test_a_workbook_reads_with_its_own_row_numbers(tmp_path: Path) -> None:
    """Dates are dates, numbers have no .0, and what numbers lose is told."""
    born = datetime.datetime(2005, 3, 4)
    rows = [HEADER, [7, "Ana", "Lee", born, "02138"], [8, "Bo", None, "2005-03-05", 94103.0]]
    with pytest.warns(StudentsWarning) as told:
        students = read_students(workbook(tmp_path / "a b.xlsx", rows, before=2))
    assert students["local_id"].tolist() == ["7", "8"]
    assert students["birth_date"].tolist() == ["2005-03-04", "2005-03-05"]
    assert students["zip"].tolist() == ["02138", "94103"]
    assert students.index.tolist() == [4, 5]
    said = " ".join(str(item.message) for item in told)
    assert "local_id is stored as numbers, which have no leading zeros" in said
    assert "1 further sheets were not read" in said


def test_a_number_that_a_workbook_cannot_hold_is_a_fault(tmp_path: Path) -> None:
    """Seventeen digits in a cell of numbers are fifteen and two noughts."""
    path = workbook(tmp_path / "a.xlsx", [HEADER, [12345678901234567, "A", "B", None, None]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(StudentsError, match="row 2: local_id was rounded by a spreadsheet"):
            read_students(path)


def test_what_is_no_workbook_is_told(tmp_path: Path) -> None:
    """A text by that name, and a workbook without rows."""
    (tmp_path / "a.xlsx").write_text(CANARY, encoding="utf-8")
    with pytest.raises(StudentsError, match=r"a\.xlsx: is not an Excel workbook") as caught:
        read_students(tmp_path / "a.xlsx")
    assert CANARY not in repr(caught.value.__cause__)
    openpyxl.Workbook().save(tmp_path / "b.xlsx")
    with pytest.raises(StudentsError, match=r"b\.xlsx: the workbook has no rows"):
        read_students(tmp_path / "b.xlsx")


def test_without_openpyxl_the_way_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Save as CSV, or install the extra."""
    path = workbook(tmp_path / "a.xlsx", [HEADER])
    monkeypatch.setattr(builtins, "__import__", _without("openpyxl"))
    with pytest.raises(UsageError, match=r'pip install "pprl-edu\[excel\]"'):
        read_students(path)


def _without(name: str):  # type: ignore[no-untyped-def]
    """`__import__` of a Python that lacks a package."""
    real = builtins.__import__

    def missing(module: str, *args: object, **options: object) -> object:
        if module.partition(".")[0] == name:
            raise ImportError(module)
        return real(module, *args, **options)  # type: ignore[arg-type]

    return missing


def test_parquet_reads_text_and_dates(tmp_path: Path) -> None:
    """Whatever pandas wrote."""
    frame = pd.DataFrame(
        {
            "Student ID": ["007", "008"],
            "First Name": ["Ana", None],
            "Last Name": ["Lee", "Ng"],
            "DOB": [datetime.date(2005, 3, 4), None],
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    students = read_students(tmp_path / "a.parquet")
    assert students["local_id"].tolist() == ["007", "008"]
    assert students["first_name"].tolist() == ["Ana", ""]
    assert students["birth_date"].tolist() == ["2005-03-04", ""]
    (tmp_path / "b.parquet").write_bytes(b"PAR1" + CANARY.encode())
    with pytest.raises(StudentsError, match=r"b\.parquet: is not a Parquet file"):
        read_students(tmp_path / "b.parquet")


@pytest.mark.parametrize(
    "text", ["[", "[1]", "[]", '{"a": 1}x', "3", '["Quackenbush"]', "{'x'", "\n{\n"]
)
def test_json_that_holds_no_students_is_told(text: str, tmp_path: Path) -> None:
    """Without the text of the parser's error."""
    (tmp_path / "students.json").write_text(text, encoding="utf-8")
    with pytest.raises(PPRLError) as caught:
        read_students(tmp_path, "edfi")
    assert str(caught.value).startswith("students.json")
    assert CANARY not in str(caught.value)


def test_json_may_be_wrapped_or_hold_one_object(tmp_path: Path) -> None:
    """`{"students": [...]}`, and a NUL that JSON can spell."""
    student = '{"studentUniqueId": "1", "firstName": "A\\u0000na", "lastSurname": "Lee"}'
    for text in (f'{{"students": [{student}]}}', student):
        (tmp_path / "students.json").write_text(text, encoding="utf-8")
        with pytest.warns(StudentsWarning, match="its fields are missing"):
            assert read_students(tmp_path, "edfi")["first_name"].tolist() == ["Ana"]


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The URL of a database with two students."""
    path = tmp_path / "sis é.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE s (id TEXT, first TEXT, last TEXT, born TEXT, zip INT)")
        connection.executemany(
            "INSERT INTO s VALUES (?, ?, ?, ?, ?)",
            [("007", "Ana", "Lee", "2005-03-04", 94103), ("008", "Bo", CANARY, None, None)],
        )
    return f"sqlite:///{path}"


def test_a_query_reads_as_a_file_does(database: str) -> None:
    """Column names are headers, and a fault is told by the number of the row."""
    query = "SELECT id, first, last, born AS dob, zip FROM s ORDER BY id"
    students = read_students_sql(query, database)
    assert students["local_id"].tolist() == ["007", "008"]
    assert students["zip"].tolist() == ["94103", ""]
    assert students.index.tolist() == [1, 2]
    with pytest.raises(StudentsError, match="query row 1: birth_date is not a date") as caught:
        read_students_sql("SELECT id, first, last, last AS dob FROM s ORDER BY id DESC", database)
    assert CANARY not in str(caught.value)


def test_the_url_is_filled_from_the_environment(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, or in its parts."""
    query = "SELECT id, first, last FROM s"
    with pytest.raises(UsageError, match=f"set {DATABASE_URL} in the environment"):
        read_students_sql(query)
    monkeypatch.setenv(DATABASE_URL, database)
    assert len(read_students_sql(query)) == 2
    monkeypatch.setenv("SIS_FILE", database.removeprefix("sqlite:///"))
    assert len(read_students_sql(query, "sqlite:///${SIS_FILE}")) == 2
    with pytest.raises(UsageError, match="variable NOWHERE, which the URL names, is not set"):
        read_students_sql(query, "sqlite:///${NOWHERE}")


def test_a_password_on_the_command_line_is_refused() -> None:
    """And not repeated."""
    with pytest.raises(UsageError, match="the URL holds a password") as caught:
        read_students_sql("SELECT 1", f"postgresql://reader:{CANARY}@host/sis")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "url", "told"),
    [
        ("SELECT nothing FROM nowhere", "", "the database refused it .OperationalError"),
        ("DELETE FROM s", "", "It must be one SELECT"),
        ("SELECT 1", "no url", "the URL of the database cannot be read"),
        ("SELECT 1", "nosuch://host/x", "the database cannot be used"),
    ],
)
def test_what_fails_is_told_without_the_drivers_words(
    query: str, url: str, told: str, database: str
) -> None:
    """They may quote students."""
    with pytest.raises(PPRLError, match=told) as caught:
        read_students_sql(query, url or database)
    assert caught.value.__cause__ is None
    assert len(read_students_sql("SELECT id, first, last FROM s", database)) == 2


def test_a_query_needs_a_layout_of_one_table(database: str) -> None:
    """OneRoster is two files."""
    with pytest.raises(UsageError, match="is one of files"):
        read_students_sql("SELECT 1", database, "oneroster_1_1")


def test_without_sqlalchemy_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the extra."""
    monkeypatch.setattr(builtins, "__import__", _without("sqlalchemy"))
    with pytest.raises(UsageError, match=r'pip install "pprl-edu\[sql\]"'):
        read_students_sql("SELECT 1", "sqlite://")


def test_values_are_written_as_an_export_would_write_them() -> None:
    """Decimals of whole numbers, floats, truth values and what is not there."""
    from decimal import Decimal

    from pprl.institution.records import as_text

    values = [None, True, False, Decimal("7"), Decimal("7.5"), 7.0, 7.5, float("nan"), "a\0b", 7]
    written = ["", "true", "false", "7", "7.5", "7", "7.5", "", "ab", "7"]
    assert [as_text(value) for value in values] == written
