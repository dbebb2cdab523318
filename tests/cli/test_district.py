"""An institution's day: look at the layouts, inspect, encode, attach, and let a scheduler do it."""

from __future__ import annotations

import datetime
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import typer

from pprl.cli import _app, run
from pprl.cli.roster import known_layouts
from pprl.cli.schedule import COMMANDS, command_lines
from pprl.errors import UsageError
from pprl.institution.layout_file import layout_names
from pprl.synthetic import write_export
from tests.cli.conftest import CANARY, encode_arguments

Tree = Callable[[Path], dict[str, bytes]]
ROOT = Path(__file__).parents[2]


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of standard output since the last time."""
    return capsys.readouterr().out.splitlines()


def inspect_arguments(folder: Path, *more: str) -> list[str]:
    """`pprl inspect` of Fresno's students."""
    agreement = str(folder / "compact.toml")
    return ["inspect", str(folder / "fresno.csv"), "--agreement", agreement, *more]


def test_layouts_are_listed_and_told_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    """Each by its name; one with its source, its files and its headers."""
    assert run(["layouts"]) == 0
    lines = told(capsys)
    assert [line.split()[0] for line in lines[:-1]] == list(layout_names())
    assert run(["layouts", "oneroster_1_2"]) == 0
    whole = "\n".join(told(capsys))
    for expected in ("1EdTech", "https://", "demographics.csv (may be absent)", "givenName"):
        assert expected in whole


def test_an_inspection_may_make_the_data_map_as_well(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For partners to see: elements and how complete they are, no name and no value."""
    out = folder / "map.json"
    options = ("--data-map", str(out), "--institution", "fresno")
    assert run(inspect_arguments(folder, *options)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out)
    text = out.read_text(encoding="utf-8")
    assert '"first_name"' in text
    assert CANARY.casefold() not in text.casefold()
    assert run(inspect_arguments(folder, *options[:2])) == 1
    assert "goes with --institution" in capsys.readouterr().err


def test_an_inspection_with_a_data_map_reads_its_export_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that is written meanwhile gives no map of other students."""
    read: list[Path] = []
    whole = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path) or whole(path))
    options = ("--data-map", str(folder / "map.json"), "--institution", "fresno")
    assert run(inspect_arguments(folder, *options)) == 0
    assert read.count(folder / "fresno.csv") == 1


def test_an_inspection_writes_nothing_but_its_page(
    folder: Path, tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page is the owner's alone, and may be written again."""
    before = tree(folder)
    assert run(inspect_arguments(folder)) == 0
    assert tree(folder) == before
    page = folder / "inspection é.html"
    for _ in range(2):
        assert run(inspect_arguments(folder, "--html", str(page))) == 0
    lines = told(capsys)
    assert lines[-1] == str(page)
    assert tree(folder).keys() - before.keys() == {page.name}
    if os.name == "posix":
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert CANARY.lower() not in "\n".join(lines).lower()
    assert CANARY.lower() not in page.read_text(encoding="utf-8").lower()


def test_which_column_is_what_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is encoded, and again when it is."""
    for arguments in (
        inspect_arguments(folder),
        [*encode_arguments(folder, "fresno"), "--dry-run"],
    ):
        assert run(arguments) == 0
        assert any("columns: local_id <- local_id, first_name <-" in line for line in told(capsys))


def test_an_inspection_tells_by_group(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The column is named by its header and is not a field of the agreement."""
    students = pd.read_csv(folder / "fresno.csv", dtype=str, keep_default_na=False)
    students["Program"] = ["AVID" if i % 4 else "none" for i in range(len(students))]
    students.to_csv(folder / "fresno.csv", index=False)
    assert run(inspect_arguments(folder, "--group", "program", "--json")) == 0
    groups = json.loads(capsys.readouterr().out)["groups"]
    assert [group["group"] for group in groups] == ["AVID", "none"]


def test_a_dry_run_writes_nothing(
    folder: Path, tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither match file, id map nor state; as text and as JSON."""
    before = tree(folder)
    assert run([*encode_arguments(folder, "fresno"), "--dry-run"]) == 0
    assert told(capsys)[-1] == "A dry run: nothing was encoded or written."
    assert run([*encode_arguments(folder, "fresno"), "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["students"] == 150
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"minimum = 2": "minimum = 500"}, "There are 150 students; the agreement asks for"),
        ({"minimum = 2": 'minimum = 2\nrequired_fields = ["zip"]'}, "zip is empty or unreadable"),
    ],
)
def test_a_dry_run_refuses_what_an_encoding_would(
    change: dict[str, str], why: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After it has told what it found; an inspection tells it as a note."""
    agreement = folder / "compact.toml"
    text = agreement.read_text(encoding="utf-8")
    for before, after in change.items():
        text = text.replace(before, after)
    agreement.write_text(text, encoding="utf-8")
    students = pd.read_csv(folder / "fresno.csv", dtype=str, keep_default_na=False)
    students.assign(zip="").to_csv(folder / "fresno.csv", index=False)
    assert run([*encode_arguments(folder, "fresno"), "--dry-run"]) == 1
    output = capsys.readouterr()
    assert output.err.startswith(f"pprl: {why}")
    assert "A dry run" in output.out
    assert run(inspect_arguments(folder)) == 0
    assert any(f"note: an encoding would be refused: {why}" in line for line in told(capsys))


def test_machines_are_told_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was encoded, what stays and what is sent."""
    assert run([*encode_arguments(folder, "fresno"), "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["institution"] == "fresno"
    assert out["students"] == 150
    assert out["send"] == str(folder / "fresno.pprl")
    assert str(folder / "fresno-id-map.csv") in out["keep"]
    assert sum(out["entries"].values()) == 150 * 22


def test_the_summary_says_what_the_hub_learns(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words that promise no more than is so."""
    assert run(encode_arguments(folder, "fresno")) == 0
    whole = " ".join(told(capsys))
    assert "The hub learns how many records there are" in whole
    assert "not anonymous" in whole


def test_every_layout_encodes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command from a state file's extract to the file that is sent."""
    students = pd.read_csv(folder / "fresno.csv", dtype=str, keep_default_na=False)
    students.insert(4, "suffix", "")
    write_export(students, folder / "senr.txt", "calpads_senr")
    arguments = encode_arguments(folder, "fresno")
    arguments[1] = str(folder / "senr.txt")
    assert run([*arguments, "--layout", "calpads_senr"]) == 0
    assert "fresno: 150 students under 150 local ids" in capsys.readouterr().out


def test_students_come_from_a_database(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A query gives the same match file as the export."""
    pytest.importorskip("sqlalchemy")
    assert run(encode_arguments(folder, "fresno")) == 0
    exported = (folder / "fresno.pprl").read_bytes()
    students = pd.read_csv(folder / "fresno.csv", dtype=str, keep_default_na=False)
    with sqlite3.connect(folder / "sis.db") as connection:
        students.to_sql("students", connection, index=False)
    arguments = encode_arguments(folder, "fresno")
    del arguments[1]
    query = ["--sql", "SELECT * FROM students", "--url", f"sqlite:///{folder / 'sis.db'}"]
    assert run([*arguments, *query]) == 0
    assert (folder / "fresno.pprl").read_bytes() == exported


def test_study_ids_come_back_to_every_local_id(
    linked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each local ID once, with the study ID of its record; the file stays here."""
    out = tmp_path / "study ids é.csv"
    crosswalk = linked / "linkage" / "crosswalks" / "fresno.csv"
    id_map = linked / "fresno-id-map.csv"
    for _ in range(2):
        assert run(["attach", str(crosswalk), "--map", str(id_map), "--out", str(out)]) == 0
    table = pd.read_csv(out, dtype=str)
    records = pd.read_csv(id_map, dtype=str).merge(pd.read_csv(crosswalk, dtype=str), on="record")
    expected = dict(zip(records["local_id"], records["study_id"], strict=True))
    assert dict(zip(table["local_id"], table["study_id"], strict=True)) == expected
    assert list(table.columns) == ["local_id", "study_id"]
    assert told(capsys)[-1] == str(out)


def job(folder: Path, text: str) -> Path:
    """A job's file."""
    path = folder / "district.toml"
    path.write_text(text, encoding="utf-8")
    return path


JOB = """
[inspect]
students = "fresno.csv"
agreement = "compact.toml"
html = "inspection-{date}.html"

[encode]
students = 'fresno.csv'
agreement = "compact.toml"
key = "compact.key"
institution = "fresno"
out = "fresno.pprl"
id-map = "map-{date}.csv"
on-error = "skip"
json = true

[encode.column]
zip = "zip"
"""


def test_a_scheduled_job_is_one_file(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are seen from its folder, wherever the scheduler starts; {date} is today."""
    monkeypatch.chdir(ROOT)
    assert run(["run", str(job(folder, JOB))]) == 0
    today = datetime.date.today().isoformat()
    for name in (f"inspection-{today}.html", f"map-{today}.csv", "fresno.pprl"):
        assert (folder / name).exists()
    out = capsys.readouterr().out
    assert out.index("pprl inspect") < out.index("pprl encode")


def test_a_job_stops_at_the_first_refusal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With that command's message and exit code, and without the next command."""
    faulty = JOB.replace('agreement = "compact.toml"\nhtml', 'agreement = "absent.toml"\nhtml')
    assert run(["run", str(job(folder, faulty))]) == 1
    assert "absent.toml: cannot be read" in capsys.readouterr().err
    assert not (folder / "fresno.pprl").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "there is no command in it"),
        ("[encod]\n", "[encod]: is no command of a job; known: inspect, encode"),
        ("encode = 1\n", "[encode]: is no command of a job"),
        ("[encode]\nkye = 'x'\n", "[encode] kye: is not known; known: agreement, audit, column"),
        ("[encode]\ndry-run = 'yes'\n", "[encode] dry-run: is true or false"),
        ('[encode]\nstudents = "C:\\exports"\n', "backslashes in single quotes"),
        ("[encode\n", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_job_is_told_before_it_starts(
    text: str, expected: str, tmp_path: Path
) -> None:
    """All faults, each with its place."""
    with pytest.raises(UsageError) as caught:
        command_lines(job(tmp_path, text), typer.main.get_command(_app))
    assert expected in str(caught.value)


def test_a_job_knows_the_commands_own_options(tmp_path: Path) -> None:
    """Every option of every command may stand in it, since they are the commands' own."""
    group = typer.main.get_command(_app)
    for name in COMMANDS:
        if name in group.commands:  # type: ignore[attr-defined]
            for item in group.commands[name].params:  # type: ignore[attr-defined]
                key = item.name if item.param_type_name == "argument" else item.opts[0].lstrip("-")
                value = "true" if getattr(item, "is_flag", False) else "'x'"
                if key != "help":
                    command_lines(job(tmp_path, f"[{name}]\n{key} = {value}\n"), group)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "pwsh"])
def test_a_shell_completes_commands_and_layouts(shell: str) -> None:
    """The script is printed without being installed, and asks pprl for the names of layouts."""
    script = subprocess.run(
        [sys.executable, "-m", "pprl", "--show-completion", shell],
        cwd=ROOT,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert script.returncode == 0, script.stderr
    assert "_PPRL_COMPLETE" in script.stdout


def test_a_terminal_is_shown_that_reading_is_under_way(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, so that the table can be piped."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run(inspect_arguments(folder)) == 0
    assert told(capsys)[0].startswith("150 rows")


def test_what_completes_is_what_begins_so() -> None:
    """The names of layouts, in the process itself."""
    assert known_layouts("one") == ["oneroster_1_1", "oneroster_1_2"]


def test_completion_offers_the_layouts() -> None:
    """What a shell is told after `--layout c`."""
    line = "pprl inspect a.csv --layout c"
    done = subprocess.run(
        [sys.executable, "-m", "pprl"],
        cwd=ROOT,
        env={
            **os.environ,
            "_PPRL_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": "4",
            "_TYPER_COMPLETE_ARGS": line,
        },
        capture_output=True,
        encoding="utf-8",
    )
    assert set(done.stdout.split()) == {"calpads_senr", "ceds", "csu_ersa"}
