"""What is refused is told in one line with the way out, and leaves everything as it was."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import pprl
from pprl.cli import run
from pprl.errors import SubmissionError
from pprl.institution import id_map
from tests.cli.conftest import CANARY, check_refused, encode_arguments

Tree = Callable[[Path], dict[str, bytes]]
ALWAYS = (
    "--agreement compact.toml --key compact.key --institution fresno "
    "--out fresno.pprl --id-map map.csv"
)
LINK = "link sent-fresno.pprl sent-reedley.pprl --agreement compact.toml --out new"


def encode(option: str) -> str:
    """`pprl encode` with one option changed or added."""
    name = option.split()[0]
    return f"encode fresno.csv {re.sub(rf'{name} [^ ]+', '', ALWAYS)} {option}"


@pytest.fixture
def here(folder: Path, linked: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: inputs, match files, a linkage and several files that are wrong."""
    for name in ("fresno.pprl", "reedley.pprl"):
        shutil.copy(linked / name, folder / f"sent-{name}")
    shutil.copytree(linked / "linkage", folder / "linkage")
    shutil.copy(linked / "reedley-id-map.csv", folder / "other.csv")
    (folder / "notes.txt").write_text("notes", encoding="utf-8")
    (folder / "short.pprl").write_bytes((folder / "sent-fresno.pprl").read_bytes()[:5000])
    (folder / "faulty.toml").write_text("[agreement]\nname = 1\n", encoding="utf-8")
    (folder / "no.toml").write_text("[agreement\n", encoding="utf-8")
    students = pd.read_csv(folder / "fresno.csv", dtype=str)
    students.head(1).to_csv(folder / "few.csv", index=False)
    students.drop(columns="first_name").to_csv(folder / "nameless.csv", index=False)
    students.loc[0, "birth_date"] = f"born with {CANARY}"
    students.to_csv(folder / "undated.csv", index=False)
    monkeypatch.chdir(folder)
    return folder


WRONG = [
    ("", 2, "pprl: Missing command. See: pprl --help"),
    ("frobnicate", 2, "No such command 'frobnicate'. See: pprl --help"),
    ("key", 2, "Missing command. See: pprl key --help"),
    ("key new", 2, "See: pprl key new --help"),
    ("key new compact.key", 1, "not overwritten. Choose another name."),
    ("key new absent/compact.key", 1, "cannot be written (No such file or directory)"),
    ("agreement check absent.toml", 1, "absent.toml: cannot be read"),
    ("agreement check no.toml", 1, "no.toml: is not TOML"),
    ("agreement check faulty.toml", 1, "\n  [agreement] title: is missing"),
    ("encode fresno.csv", 2, "See: pprl encode --help"),
    (encode("--institution stockton"), 1, "Parties: fresno, reedley."),
    (encode("--agreement compact.key"), 1, "compact.key: is not TOML"),
    (encode("--key compact.toml"), 1, "only the first of them makes one"),
    (encode("--key absent.key"), 1, "absent.key: cannot be read"),
    (encode("--out fresno.csv"), 1, "is the students' export. Name another file."),
    (encode("--out compact.key"), 1, "is the linkage key. Name another file."),
    (encode("--out map.csv"), 1, "is the id map. Name another file."),
    (encode("--out notes.txt"), 1, "exists already and is no match file"),
    (encode("--out absent/fresno.pprl"), 1, "absent. Make it first."),
    (encode("--out linkage"), 1, "linkage: is a folder."),
    (encode("--id-map reedley.csv"), 1, "exists already and is no id map"),
    (encode("--id-map absent/map.csv"), 1, "absent. Make it first."),
    (encode("--state notes.txt"), 1, "is no pprl state file"),
    (encode("--state map.csv"), 1, "is the state. Name another"),
    (encode("--state absent/state"), 1, "absent. Make it first."),
    (encode("--column zip"), 2, "such as zip=Postal. See: pprl encode --help"),
    (encode("--column zip=A --column zip=B"), 2, "zip is given twice"),
    (encode("--column postal=ZIP"), 1, "--column names 'postal'; known"),
    (encode("--column zip=Postal"), 1, '--column "our_name=their header"'),
    (encode("--layout sis"), 1, "known layouts: calpads_senr, ceds"),
    (encode("--on-error guess"), 2, "See: pprl encode --help"),
    (f"encode absent.csv {ALWAYS}", 1, "absent.csv: cannot be read"),
    (f"encode few.csv {ALWAYS}", 1, "the agreement asks for at least 2"),
    (f"encode nameless.csv {ALWAYS}", 1, "no column for first_name"),
    (f"encode undated.csv {ALWAYS}", 1, "undated.csv row 2: birth_date is not a date"),
    (f"encode undated.csv {ALWAYS}", 1, "Fix them or pass --on-error skip."),
    ("link --agreement compact.toml --out new", 2, "See: pprl link --help"),
    (f"{LINK} --threshold half", 2, "See: pprl link --help"),
    (f"{LINK} --threshold 2", 1, "threshold must be above 0 and at most 1"),
    (f"{LINK} --objective best", 1, "'best' is no objective"),
    (f"{LINK} --objective f1 --threshold 0.5", 1, "not both"),
    (LINK.replace("sent-fresno.pprl", ""), 1, "at least two submissions"),
    (LINK.replace("new", "linkage"), 1, "never overwritten"),
    (LINK.replace("new", "absent/new"), 1, "to put it in. Make it."),
    (LINK.replace("sent-fresno", "absent"), 1, "absent.pprl: cannot be read"),
    (LINK.replace("sent-fresno", "short"), 1, "short.pprl: is truncated"),
    (LINK.replace("sent-fresno", "sent-reedley"), 1, "two submissions of one institution"),
    (LINK.replace("sent-fresno.pprl", "fresno.csv"), 1, "is not a pprl match file"),
    (LINK.replace("sent-fresno.pprl", "compact.key"), 1, "must never hold it: delete it"),
    ("crosswalk linkage fresno", 2, "See: pprl crosswalk --help"),
    ("crosswalk linkage stockton --out c.csv", 1, "Sources: fresno, reedley."),
    ("crosswalk . fresno --out c.csv", 1, "Give the one that pprl link wrote."),
    ("crosswalk linkage fresno --out other.csv", 1, "exists already and is no crosswalk"),
    ("crosswalk linkage fresno --out absent/c.csv", 1, "absent. Make it first."),
    ("demo --persons 3", 2, "See: pprl demo --help"),
    ("demo --profile students-0", 1, "students-1-strict"),
    ("demo --out linkage", 1, "Name another folder with --out."),
    ("demo --out notes.txt", 1, "is a file. Name another folder"),
    ("demo --out absent/demo", 1, "cannot be made"),
]


@pytest.mark.parametrize(("arguments", "code", "told"), WRONG)
def test_what_is_wrong_is_told_and_nothing_is_changed(
    arguments: str, code: int, told: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on standard error with the way out; no file made, changed or half-written."""
    check_refused(arguments, code, told, here, capsys)


def test_a_file_of_another_key_is_told(
    here: Path, tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two institutions with two keys cannot be linked, and the message says so."""
    pprl.LinkageKey(bytes(32)).save(here / "other.key")
    arguments = encode_arguments(here, "reedley", key=str(here / "other.key"))
    assert run(arguments) == 0
    before = tree(here)
    files = [str(here / "sent-fresno.pprl"), str(here / "reedley.pprl")]
    capsys.readouterr()
    assert run(["link", *files, "--agreement", "compact.toml", "--out", "new"]) == 1
    assert "must encode again with one key" in capsys.readouterr().err
    assert tree(here) == before


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_a_key_that_others_can_read_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message is the command that puts it right."""
    (here / "compact.key").chmod(0o644)
    assert run(encode_arguments(here, "fresno")) == 1
    assert "Run: chmod 600" in capsys.readouterr().err


def test_neither_file_is_left_when_the_id_map_cannot_be_written(
    here: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk that fills up under the id map leaves no map and no match file."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = tree(here)
    monkeypatch.setattr(id_map, "check_vacant", fail)
    assert run(encode_arguments(here, "fresno")) == 1
    assert "fresno-id-map.csv: cannot be written (No space left" in capsys.readouterr().err
    assert tree(here) == before


def test_neither_file_is_left_when_the_match_file_cannot_be_written(
    here: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The id map of a match file that does not exist is not written either."""

    def fail(*_: object, **__: object) -> None:
        raise SubmissionError("fresno.pprl: cannot be written (No space left on device).")

    before = tree(here)
    monkeypatch.setattr(pprl.Submission, "write", fail)
    assert run(encode_arguments(here, "fresno")) == 1
    assert "fresno.pprl: cannot be written" in capsys.readouterr().err
    assert tree(here).keys() - before.keys() == {"fresno.state.sqlite"}


def test_a_match_file_without_its_id_map_is_taken_back(
    here: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the finished id map cannot take its name (it is open elsewhere), nothing is sent."""
    rename = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if Path(target).name == "fresno-id-map.csv":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    before = tree(here)
    monkeypatch.setattr(Path, "replace", fail)
    assert run(encode_arguments(here, "fresno")) == 1
    assert tree(here).keys() - before.keys() == {"fresno.state.sqlite"}


def test_an_unexpected_exception_tells_its_place_and_not_its_text(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text of a foreign exception may quote a student, so it is not shown."""

    def fail(*_: object, **__: object) -> None:
        raise TypeError(f"cannot add 1 to {CANARY}")

    monkeypatch.setattr("pprl.institution.roster.collapse", fail)
    assert run(encode_arguments(here, "fresno")) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("pprl: internal error (TypeError in pprl.institution.roster:")
    assert output.err.endswith("). Please report it.\n")
    assert CANARY not in output.err


def test_a_failed_encoding_does_not_spoil_an_older_state(
    here: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state of the last submission is there after a failure, unchanged."""
    assert run(encode_arguments(here, "fresno")) == 0
    before = tree(here)
    assert run(["encode", "few.csv", *encode_arguments(here, "fresno")[2:]]) == 1
    assert tree(here) == before


def test_an_interrupted_command_is_quiet(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Control-C is no fault: exit code 130, and nothing said."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pprl.LinkageKey, "load", interrupt)
    assert run(encode_arguments(here, "fresno")) == 130
    output = capsys.readouterr()
    assert (output.out, output.err.strip()) == ("", "")


def test_the_second_change_of_an_export_is_the_second_submission(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first submission under a state is told apart, in case the state was mislaid."""
    assert run(encode_arguments(here, "fresno")) == 0
    assert "this is the first submission under this state" in capsys.readouterr().out
    shutil.copy(here / "reedley.csv", here / "fresno.csv")
    assert run(encode_arguments(here, "fresno")) == 1
    assert "is the id map of another submission" in capsys.readouterr().err
    (here / "fresno-id-map.csv").rename(here / "fresno-id-map-2026.csv")
    assert run(encode_arguments(here, "fresno")) == 0
    assert "submission 2 under this state and key" in capsys.readouterr().out
