"""Claims about reading an export: what is understood, what is refused, what is never repeated."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import PPRLError, StudentsError, UsageError
from pprl.institution.dates import read_dates
from pprl.institution.layout import OTHER_NAMES
from pprl.institution.students import STUDENT_COLUMNS, StudentsWarning, read_students

CANARY = "Quackenbush"
HEADER = "local_id,first_name,last_name,birth_date\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text or bytes as fresno.csv and return its path."""

    def write_export(content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / "fresno.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write_export


def test_the_columns_are_exactly_the_agreed_ones_and_hold_str(write: Write) -> None:
    """Absent columns are empty text, further ones are dropped, IDs keep their zeros."""
    students = read_students(
        write("id,First Name,SURNAME,Zip Code,Lunch\n007,Ana,Lee,02138,free\n")
    )
    assert tuple(students.columns) == (*STUDENT_COLUMNS, *OTHER_NAMES)
    cells = ["007", "Ana", "", "Lee", "", "", "", "02138", "", "", "", ""]
    assert students.iloc[0].tolist() == cells
    assert all(type(cell) is str for cell in students.iloc[0])


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(write: Write, delimiter: str) -> None:
    """Comma, tab, semicolon and bar read alike, even where a header holds another of them."""
    header = delimiter.join(["id", "first", "last", '"notes, free; text|"'])
    row = delimiter.join(["1", "Ana", "Lee", '"a,b;c|d"'])
    assert read_students(write(f"{header}\n{row}\n"))["last_name"].tolist() == ["Lee"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_reads_without_a_word(write: Write, encoding: str) -> None:
    """UTF-8 with or without a byte-order mark and UTF-16 with one need no warning."""
    path = write("id,first,last\n1,Zoë,Nguyễn\n", encoding)
    assert read_students(path)["last_name"].tolist() == ["Nguyễn"]


def test_windows_1252_reads_with_a_warning(write: Write) -> None:
    """The fallback is announced, since it would corrupt a file of a third encoding."""
    path = write("id,first,last\n1,José,Núñez\n", "cp1252")
    with pytest.warns(StudentsWarning, match=r"fresno\.csv: read as Windows-1252"):
        assert read_students(path)["last_name"].tolist() == ["Núñez"]


@pytest.mark.parametrize(
    "text",
    [
        *("2005-03-04", "20050304", "2005-03-04 00:00:00", "2005-03-04T00:00:00Z", "2005.3.4"),
        *("4-MAR-2005", "04 March 2005", '"Mar 4, 2005"'),
    ],
)
def test_customary_dates_read_as_one_iso_date(write: Write, text: str) -> None:
    """Each form of 4 March 2005 that can be nothing else."""
    assert read_students(write(f"{HEADER}1,A,B,{text}\n"))["birth_date"].tolist() == ["2005-03-04"]


@pytest.mark.parametrize("text", ["3/4/2005", "03-04-2005", "3/4/2005 0:00", "03042005"])
def test_a_column_that_proves_no_order_is_read_month_first_and_that_is_told(
    write: Write, text: str
) -> None:
    """The custom of the United States stands where nothing contradicts it."""
    path = write(f"{HEADER}1,A,B,{text}\n")
    with pytest.warns(StudentsWarning, match="month/day/year, the custom of the United States"):
        assert read_students(path)["birth_date"].tolist() == ["2005-03-04"]


def test_a_column_that_can_only_be_month_first_needs_no_word(write: Write) -> None:
    """One 3/25/2005 decides for 3/4/2005."""
    students = read_students(write(f"{HEADER}1,A,B,3/4/2005\n2,C,D,3/25/2005\n"))
    assert students["birth_date"].tolist() == ["2005-03-04", "2005-03-25"]


@pytest.mark.parametrize("text", ["3/14/05", "14-MAR-05"])
def test_two_digit_years_are_read_as_excel_reads_them_and_told(write: Write, text: str) -> None:
    """1/2/03 is what a spreadsheet makes of a date."""
    path = write(f"{HEADER}1,A,B,{text}\n2,C,D,{text.replace('05', '96')}\n")
    with pytest.warns(StudentsWarning, match=r"2 birth_date cells have a year of two digits"):
        assert read_students(path)["birth_date"].tolist() == ["2005-03-14", "1996-03-14"]


def test_a_spreadsheets_day_numbers_are_read_and_told(write: Write) -> None:
    """38415 is 4 March 2005, in a workbook that counts from 1900."""
    path = write(f"{HEADER}1,A,B,38415\n2,C,D,38415.0\n")
    with pytest.warns(StudentsWarning, match=r"2 birth_date cells hold a spreadsheet's day number"):
        assert read_students(path)["birth_date"].tolist() == ["2005-03-04", "2005-03-04"]


def test_a_column_that_can_only_be_day_first_is_read_day_first(write: Write) -> None:
    """One 25/3/2005 decides 4/3/2005 too, and a warning says so."""
    path = write(f"{HEADER}1,A,B,4/3/2005\n2,C,D,25/3/2005\n")
    with pytest.warns(StudentsWarning, match="day/month/year, which row 3 proves"):
        assert read_students(path)["birth_date"].tolist() == ["2005-03-04", "2005-03-25"]


def test_a_column_of_both_orders_is_refused(write: Write) -> None:
    """No order fits 3/25/2005 and 25/3/2005, so neither is guessed, whatever on_error says."""
    path = write(f"{HEADER}1,A,B,3/25/2005\n2,C,D,25/3/2005\n")
    with pytest.raises(StudentsError, match="row 2 and day/month/year in row 3"):
        read_students(path, on_error="skip")


def test_placeholder_dates_are_missing_and_counted(write: Write) -> None:
    """1900-01-01 and its like say "not known"."""
    path = write(f"{HEADER}1,A,B,1900-01-01\n2,C,D,12/31/9999\n3,E,F,2005-01-01\n")
    with pytest.warns(StudentsWarning, match="2 birth_date cells hold a placeholder"):
        assert read_students(path)["birth_date"].tolist() == ["", "", "2005-01-01"]


@given(
    st.dates(
        min_value=pd.Timestamp("1902-01-01").date(), max_value=pd.Timestamp("2099-12-31").date()
    )
)
def test_every_date_reads_in_every_form(day) -> None:  # type: ignore[no-untyped-def]
    """Any day of the calendar, alone in its column, survives all unambiguous forms."""
    forms = [f"{day:%Y-%m-%d}", f"{day:%Y%m%d}", f"{day:%Y/%m/%d}", f"{day:%Y-%m-%d} 00:00:00"]
    assert {read_dates([form]).iso[form] for form in forms} == {day.isoformat()}


@given(st.text())
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    """Whatever a cell holds, it is a date, missing, or told as neither."""
    assert set(read_dates([text]).iso) <= {text}


def test_a_fault_names_file_row_field_form_count_and_way_out(write: Write) -> None:
    """The whole message, word by word."""
    path = write(f'{HEADER}1,"two\nlines",B,2005-01-01\n\n2,C,D,3/4/5\n3,E,F,2005-02-30\n,G,H,\n')
    with pytest.raises(StudentsError) as caught:
        read_students(path)
    assert str(caught.value) == (
        "fresno.csv row 5: birth_date is not a date (expected YYYY-MM-DD, YYYYMMDD or M/D/YYYY); "
        "2 rows like it.\n"
        "fresno.csv row 7: local_id is blank (expected the institution's own number).\n"
        'Fix them or pass on_error="skip".'
    )


def test_skipping_leaves_faulty_rows_out_and_says_which(write: Write) -> None:
    """The rows that remain keep their place in the file as their index."""
    path = write(f"{HEADER}1,A,B,nope\n2,C,D,2005-01-01\n3,E\n")
    with pytest.warns(StudentsWarning, match=r"left out for their faults: 2 \(rows 2, 4\)"):
        students = read_students(path, on_error="skip")
    assert students["local_id"].tolist() == ["2"]
    assert students.index.tolist() == [3]
    assert students.index.name == "row"


def test_an_id_that_a_spreadsheet_rounded_is_a_fault(write: Write) -> None:
    """1.23457E+16 stands for many students."""
    with pytest.raises(StudentsError, match="row 2: state_id was rounded by a spreadsheet"):
        read_students(write("id,first,last,ssid\n1,A,B,1.23457E+16\n"))


def test_rows_of_empty_cells_are_no_students(write: Write) -> None:
    """What a spreadsheet saves below its last row is passed over."""
    assert len(read_students(write(f"{HEADER}1,A,B,\n,,,\n   \n\n"))) == 1


def test_columns_names_the_headers_of_ones_own(write: Write) -> None:
    """`columns` outranks the customary headers and settles what is ambiguous."""
    path = write("id,Banner ID,Given,first,last\n1,B7,Ana,x,Lee\n")
    students = read_students(path, columns={"local_id": "banner_id", "first_name": "Given"})
    assert students.iloc[0].tolist()[:4] == ["B7", "Ana", "", "Lee"]


def test_two_headers_of_one_meaning_are_refused_by_name(write: Write) -> None:
    """Neither is taken on a guess."""
    with pytest.raises(StudentsError, match="'Student ID' and 'ID' both mean local_id"):
        read_students(write("Student ID,ID,first,last\n1,2,A,B\n"))


def test_missing_columns_are_named_and_unknown_headers_only_counted(write: Write) -> None:
    """In a file without a header row the first row is a student, so it is never quoted."""
    with pytest.raises(StudentsError) as caught:
        read_students(write(f"1,DOB,{CANARY}\n"))
    assert "no column for local_id, first_name, last_name" in str(caught.value)
    assert "recognised: DOB; not recognised: 2" in str(caught.value)


def test_what_the_caller_got_wrong_is_a_usage_error(write: Write, tmp_path: Path) -> None:
    """Unknown layout, option or name, and a spreadsheet under either name."""
    path = write(f"{HEADER}1,A,B,\n")
    with pytest.raises(UsageError, match="known layouts: calpads_senr"):
        read_students(path, "sis")
    with pytest.raises(UsageError, match="on_error"):
        read_students(path, on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'forename'"):
        read_students(path, columns={"forename": "first_name"})
    with pytest.raises(UsageError, match="one header to two names"):
        read_students(path, columns={"first_name": "x", "last_name": "x"})
    (tmp_path / "students.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(UsageError, match="Save it as CSV"):
        read_students(tmp_path / "students.xls")
    with pytest.raises(UsageError, match="Save it as CSV"):
        read_students(write(b"PK\x03\x04" + CANARY.encode()))


def test_a_file_that_is_none_is_told_with_its_name(tmp_path: Path) -> None:
    """Missing files and folders."""
    with pytest.raises(StudentsError, match=r"absent\.csv: cannot be read"):
        read_students(tmp_path / "absent.csv")
    with pytest.raises(StudentsError, match="cannot be read"):
        read_students(tmp_path)


FAULTY = {
    "empty": b"",
    "header only": HEADER.encode(),
    "no header": f"1,{CANARY},{CANARY},2005-01-01\n".encode(),
    "no header, quoted": f'"{CANARY}" x,"{CANARY}\n'.encode(),
    "bad date": f"{HEADER}1,A,B,{CANARY}\n".encode(),
    "two orders": f"{HEADER}1,A,{CANARY},1/13/2005\n2,A,{CANARY},13/1/2005\n".encode(),
    "blank id": f"{HEADER},A,{CANARY},2005-01-01\n".encode(),
    "rounded id": f"{HEADER}1.5E+12,A,{CANARY},2005-01-01\n".encode(),
    "too few cells": f"{HEADER}1,{CANARY}\n".encode(),
    "too many cells": f"{HEADER}1,A,B,,{CANARY}\n".encode(),
    "open quote": f'{HEADER}1,A,"{CANARY},2005-01-01\n'.encode(),
    "text after quote": f'{HEADER}1,A,"{CANARY}"s,2005-01-01\n'.encode(),
    "endless cell": f'{HEADER}1,A,"{CANARY * 20_000}",2005-01-01\n'.encode(),
    "NUL": f"{HEADER}1,A,{CANARY}\0,2005-01-01\n".encode(),
    "no encoding": f"{HEADER}1,A,{CANARY}".encode() + b"\x81,\n",
    "broken UTF-16": b"\xff\xfe" + f"{HEADER}1,A,{CANARY}".encode("utf-16-le") + b"\x00",
    "two meanings": f"id,student_id,first,last\n1,1,{CANARY},{CANARY}\n".encode(),
}


@pytest.mark.parametrize("fault", FAULTY)
@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_no_student_appears_in_any_error_or_warning(
    write: Write, fault: str, on_error: str
) -> None:
    """Every fault names the file, and neither it nor what it is chained to quotes a cell."""
    path = write(FAULTY[fault])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            read_students(path, on_error=on_error)  # type: ignore[arg-type]
            said = [str(warning.message) for warning in told]
            assert on_error == "skip"
        except PPRLError as error:
            assert str(error).startswith("fresno.csv")
            said = [str(error), repr(error), traceback.format_exc()]
            chained = error.__context__
            said += [repr(chained), repr(getattr(chained, "__dict__", None))]
    assert said
    assert CANARY not in "".join([*said, *(str(warning.message) for warning in told)])


@pytest.mark.parametrize("fault", ["open quote", "text after quote", "endless cell", "NUL"])
def test_a_fault_of_the_text_names_the_row_where_it_starts(write: Write, fault: str) -> None:
    """Row 2, also where the open cell runs to the end of the file."""
    with pytest.raises(StudentsError, match=r"fresno\.csv row 2: "):
        read_students(write(FAULTY[fault] + b"9,A,B,\n" * 3))
