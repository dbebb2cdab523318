"""Claims about an export that is opened once, in every layout and form that students come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pprl.institution.data_map import data_map
from pprl.institution.export import Export
from pprl.institution.layout_file import layout_names
from pprl.institution.students import STUDENT_COLUMNS, StudentsWarning, students_of
from pprl.synthetic.exports import write_export
from tests.rosters import crowded

ROWS = pd.DataFrame({"local_id": ["007", "NA"], "last_name": ["Muñoz", ""], "gpa": ["3.50", "4"]})


def workbook(path: Path) -> None:
    """As a spreadsheet."""
    pytest.importorskip("openpyxl")
    ROWS.to_excel(path, index=False)


FORMS: dict[str, Callable[[Path], None]] = {
    "utf16.csv": lambda path: ROWS.to_csv(path, index=False, encoding="utf-16"),
    "carets.txt": lambda path: ROWS.to_csv(path, index=False, sep="^"),
    "latin.csv": lambda path: ROWS.to_csv(path, index=False, encoding="cp1252"),
    "book.xlsx": workbook,
    "table.parquet": lambda path: ROWS.to_parquet(path),
    "objects.json": lambda path: ROWS.to_json(path, orient="records"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_column_is_read_whatever_the_form_of_the_file(name: str, tmp_path: Path) -> None:
    """As text: leading zeros, "NA" and the letters of names are kept."""
    FORMS[name](tmp_path / name)
    columns = Export.open(tmp_path / name, "generic", {}).every_column()
    assert columns.to_dict("list") == ROWS.to_dict("list")


@pytest.mark.parametrize("layout", layout_names())
def test_map_and_students_come_of_one_reading_in_every_layout(
    layout: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """With headers or without, alone or beside other files; a teacher is no student."""
    students = crowded(30, seed=6).reindex(columns=STUDENT_COLUMNS, fill_value="")
    path = write_export(students, tmp_path / "export", layout)
    export = Export.open(path, layout, {})
    columns = export.every_column()
    mapped = data_map(columns, "fresno")
    assert tuple(element.name for element in mapped.elements) == tuple(columns)
    teachers = 1 if layout.startswith("oneroster") else 0
    assert len(students_of(export, {}, "stop")) == len(columns) - teachers == len(students)
    assert len(export.others()) == len(export.sources) - 1
    assert repr(export) == f"<Export: {', '.join(s.file for s in export.sources.values())}>"
    assert {warning.category for warning in recwarn} <= {StudentsWarning}


def test_columns_of_one_header_are_told_apart(tmp_path: Path) -> None:
    """By their places."""
    (tmp_path / "twice.csv").write_text("Code,Name,Code\n1,a,2\n", encoding="utf-8")
    columns = Export.open(tmp_path / "twice.csv", "generic", {}).every_column()
    assert columns.to_dict("list") == {"Code": ["1"], "Name": ["a"], "Code (column 3)": ["2"]}
