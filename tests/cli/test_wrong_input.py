"""Tried as a new user would: what is wrong is named with the way out, and no student appears."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pprl.synthetic import write_export
from tests.cli.conftest import CANARY, check_refused

Tree = Callable[[Path], dict[str, bytes]]
ENCODE = (
    "--agreement compact.toml --key compact.key --institution fresno "
    "--out fresno.pprl --id-map map.csv"
)
LOOK = "--agreement compact.toml"
SQL = "--sql 'SELECT * FROM students' --url sqlite:///sis.db"


@pytest.fixture
def here(folder: Path, linked: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: the inputs, and exports as they go wrong."""
    students = pd.read_csv(folder / "fresno.csv", dtype=str, keep_default_na=False)
    text = (folder / "fresno.csv").read_text(encoding="utf-8")
    (folder / "no header.csv").write_text(text.partition("\n")[2], encoding="utf-8")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "header.csv").write_text(text.partition("\n")[0] + "\n", encoding="utf-8")
    (folder / "quote.csv").write_text(text.replace(CANARY, f'"{CANARY}'), encoding="utf-8")
    (folder / "short.csv").write_text(text + f"1,{CANARY}\n", encoding="utf-8")
    (folder / "nul.csv").write_bytes(text.encode().replace(b"Zyxw", b"Zy\0w"))
    (folder / "page.csv").write_text(f"<html><b>{CANARY}</b></html>", encoding="utf-8")
    (folder / "book.xlsx").write_bytes(f"no book {CANARY}".encode())
    (folder / "book.xls").write_bytes(b"\xd0\xcf\x11\xe0" + CANARY.encode())
    (folder / "renamed.csv").write_bytes(b"PK\x03\x04" + CANARY.encode())
    (folder / "folder").mkdir()
    write_export(students.assign(suffix=""), folder / "senr.txt", "calpads_senr")
    write_export(students.assign(suffix=""), folder / "oneroster", "oneroster_1_1")
    (folder / "users only").mkdir()
    shutil.copy(folder / "oneroster" / "users.csv", folder / "users only" / "classes.csv")
    students.assign(birth_date=f"born {CANARY}").to_csv(folder / "dates.csv", index=False)
    students.assign(local_id="1.5E+12").to_csv(folder / "rounded.csv", index=False)
    students.assign(local_id="7").to_csv(folder / "one id.csv", index=False)
    students.assign(birth_date=["3/14/2005", "14/3/2005"] * 75).to_csv(
        folder / "orders.csv", index=False
    )
    students.rename(columns={"zip": "last name"}).to_csv(folder / "twice.csv", index=False)
    (folder / "ours.toml").write_text('[layout]\nshoe = "x"\n', encoding="utf-8")
    (folder / "job.toml").write_text("[encode]\nkye = 1\n", encoding="utf-8")
    shutil.copy(linked / "linkage" / "crosswalks" / "fresno.csv", folder / "crosswalk.csv")
    shutil.copy(linked / "fresno-id-map.csv", folder / "map of fresno.csv")
    again = (folder / "crosswalk.csv").read_text(encoding="utf-8")
    (folder / "twice.map").write_text(f"{again}0,S0\n", encoding="utf-8")
    part = pd.read_csv(folder / "map of fresno.csv", dtype=str).head(100)
    part.to_csv(folder / "map of last year.csv", index=False)
    monkeypatch.chdir(folder)
    return folder


WRONG = [
    # pprl layouts
    ("layouts senr", 1, "no layout 'senr'; known layouts: calpads_senr"),
    ("layouts ours.toml", 1, "'shoe' is not known; known: edition"),
    ("layouts absent.toml", 1, "the layout cannot be read. Give a TOML file"),
    ("layouts a b", 2, "See: pprl layouts --help"),
    # pprl inspect
    (f"inspect {LOOK}", 2, "give the export, or a query with --sql"),
    ("inspect fresno.csv", 2, "--agreement"),
    (f"inspect fresno.csv {SQL} {LOOK}", 2, "give the export or --sql, not both"),
    (f"inspect fresno.csv --url sqlite:// {LOOK}", 2, "is of no use without --sql"),
    (f"inspect absent.csv {LOOK}", 1, "absent.csv: cannot be read"),
    (f"inspect folder {LOOK}", 1, "folder: cannot be read"),
    (f"inspect empty.csv {LOOK}", 1, "empty.csv: the file is empty. Export it again."),
    (f"inspect header.csv {LOOK}", 1, "a header row and no students"),
    (f"inspect 'no header.csv' {LOOK}", 1, "The first row must hold the headers"),
    (f"inspect page.csv {LOOK}", 1, "no column for local_id, first_name, last_name"),
    (f"inspect book.xlsx {LOOK}", 1, "is not an Excel workbook"),
    (f"inspect book.xls {LOOK}", 1, "Save it as CSV UTF-8"),
    (f"inspect renamed.csv {LOOK}", 1, "is a spreadsheet or archive. Save it as CSV"),
    (f"inspect quote.csv {LOOK}", 1, 'quote.csv row 2: a quotation mark (")'),
    (f"inspect short.csv {LOOK}", 1, "short.csv row 152: the row does not have the header's 8"),
    (f"inspect nul.csv {LOOK}", 1, "nul.csv row 2: a NUL byte"),
    (f"inspect dates.csv {LOOK}", 1, "birth_date is not a date (expected YYYY-MM-DD"),
    (f"inspect orders.csv {LOOK}", 1, "month/day/year in row 2 and day/month/year in row 3"),
    (f"inspect rounded.csv {LOOK}", 1, "local_id was rounded by a spreadsheet"),
    (f"inspect 'one id.csv' {LOOK}", 1, "one local_id, but neither the names nor"),
    (f"inspect twice.csv {LOOK}", 1, "both mean last_name. Remove one or pass --column"),
    (f"inspect senr.txt {LOOK}", 1, "no column for local_id"),
    (f"inspect fresno.csv --layout calpads_senr {LOOK}", 1, "Is it a file of the layout calpads_"),
    (f"inspect fresno.csv --layout oneroster_1_1 {LOOK}", 1, "Give the folder that holds them"),
    (f"inspect 'users only' --layout oneroster_1_1 {LOOK}", 1, "no users.csv in it"),
    (f"inspect oneroster --layout oneroster_1_2 {LOOK}", 1, "no roles.csv in it"),
    (f"inspect fresno.csv --layout ceds {LOOK}", 1, "The layout ceds expects StudentIdentifier"),
    (
        f"inspect fresno.csv --column 'local_id=Student Nr' {LOOK}",
        1,
        "no column for local_id. No header is called 'Student Nr'.",
    ),
    (f"inspect fresno.csv --group Program {LOOK}", 1, "no column for group"),
    (f"inspect fresno.csv --group last_name {LOOK}", 1, "is a field that names students"),
    (f"inspect fresno.csv --html fresno.csv {LOOK}", 1, "is the students' export. Name another"),
    (f"inspect fresno.csv --html compact.key {LOOK}", 1, "exists already and is no page"),
    ("inspect --sql 'DROP TABLE x' --url sqlite:// " + LOOK, 1, "the database refused it"),
    ("inspect --sql 'SELECT 1' " + LOOK, 1, "set PPRL_DATABASE_URL in the environment"),
    ("inspect --sql 'SELECT 1' --url pg://u:secret@h/d " + LOOK, 1, "the URL holds a password"),
    # pprl encode
    (f"encode {ENCODE}", 2, "give the export, or a query with --sql"),
    (f"encode senr.txt --layout senr {ENCODE}", 1, "no layout 'senr'"),
    (f"encode senr.txt --layout calpads_senr --column zip=Postal {ENCODE}", 1, "has 37 fields"),
    (f"encode dates.csv --on-error skip {ENCODE}", 1, "birth_date"),
    (f"encode fresno.csv --dry-run --json=yes {ENCODE}", 2, "does not take a value"),
    # pprl attach
    ("attach crosswalk.csv --out a.csv", 2, "--map"),
    ("attach absent.csv --map map.csv --out a.csv", 1, "absent.csv: cannot be read"),
    ("attach book.xls --map 'map of fresno.csv' --out a.csv", 1, "is not a CSV file in UTF-8"),
    ("attach twice.map --map 'map of fresno.csv' --out a.csv", 1, "names a record twice"),
    ("attach fresno.csv --map 'map of fresno.csv' --out a.csv", 1, "the crosswalk has no column"),
    ("attach crosswalk.csv --map fresno.csv --out a.csv", 1, "the id map has no column record"),
    (
        "attach crosswalk.csv --map 'map of last year.csv' --out a.csv",
        1,
        "not of one submission: 50 records are only in the crosswalk, 0 only in the map",
    ),
    ("attach crosswalk.csv --map 'map of fresno.csv' --out fresno.csv", 1, "is no table of study"),
    ("attach crosswalk.csv --map 'map of fresno.csv' --out x/a.csv", 1, "x. Make it first."),
    # pprl run
    ("run", 2, "See: pprl run --help"),
    ("run absent.toml", 1, "absent.toml: cannot be read"),
    ("run compact.key", 1, "is not TOML"),
    ("run job.toml", 1, "[encode] kye: is not known; known: agreement"),
]


def test_forty_cases_and_more_are_tried() -> None:
    """The table was not cut down."""
    assert len(WRONG) >= 40


@pytest.mark.parametrize(("arguments", "code", "expected"), WRONG)
def test_a_message_names_the_cause_and_the_way_out(
    arguments: str, code: int, expected: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, without traceback or student; nothing is made or changed."""
    check_refused(arguments, code, expected, here, capsys)
