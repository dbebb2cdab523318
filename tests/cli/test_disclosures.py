"""Claims about the commands that answer for what was disclosed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pprl.cli import run
from tests.cli.conftest import encode_arguments


def test_a_parent_is_answered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was encoded of the child, for whom, what for and when; and of nobody else."""
    assert run(encode_arguments(folder, "fresno")) == 0
    head = next(t for t in capsys.readouterr().out.splitlines() if t.startswith("head of"))
    log = str(folder / "fresno.disclosures.sqlite")
    local_id = (folder / "fresno-id-map.csv").read_text("utf-8").splitlines()[1].split(",")[1]
    assert run(["disclosures", "--log", log, "--student", local_id]) == 0
    told = capsys.readouterr().out
    for part in ("fresno.pprl", "released", "birth_date", "from       fresno", "sha256"):
        assert part in told
    assert run(["disclosures", "--log", log, "--student", "nobody"]) == 0
    assert "No file held this record." in capsys.readouterr().out
    assert run(["disclosures", "--log", log]) == 0
    assert head.rpartition(" ")[2] in capsys.readouterr().out
    assert run(["disclosures", "verify", "--log", log, "--head", head.rpartition(" ")[2]]) == 0
    assert "2 links, unbroken." in capsys.readouterr().out


def test_a_broken_log_is_told_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which link, and what was done to it."""
    assert run(encode_arguments(folder, "fresno")) == 0
    log = folder / "fresno.disclosures.sqlite"
    with closing(sqlite3.connect(log)) as database:
        database.execute("DROP TRIGGER no_update")
        database.execute("UPDATE link SET body = replace(body, 'fresno', 'reedley')")
        database.commit()
    capsys.readouterr()
    assert run(["disclosures", "verify", "--log", str(log)]) == 1
    assert "breaks at link 1 " in capsys.readouterr().err


def test_a_log_that_is_not_named_or_not_there_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And none is made."""
    assert run(["disclosures"]) == 2
    assert "--log" in capsys.readouterr().err
    assert run(["disclosures", "--log", str(folder / "absent")]) == 1
    assert "is not there" in capsys.readouterr().err
    assert not (folder / "absent").exists()


def test_a_refused_id_map_leaves_no_ledger(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The submission that was not written takes no number and holds no block."""
    assert run(encode_arguments(folder, "fresno")) == 0
    state = (folder / "fresno.state.sqlite").read_bytes()
    students = folder / "fresno.csv"
    lines = students.read_text("utf-8").splitlines()
    students.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    (folder / "fresno.pprl").unlink()
    assert run(encode_arguments(folder, "fresno")) == 1
    assert "is the id map of another submission" in capsys.readouterr().err
    assert (folder / "fresno.state.sqlite").read_bytes() == state
    assert not (folder / "fresno.pprl").exists()


def test_outcomes_that_leave_are_logged(
    linked: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the id map and the crosswalk; without them, that they were not is said."""
    agreement = folder / "outcomes.toml"
    text = (folder / "compact.toml").read_text("utf-8")
    agreement.write_text(text + '[payload.columns]\nterm = "text"\n', encoding="utf-8")
    assert run(encode_arguments(folder, "fresno")) == 0
    crosswalk = linked / "linkage" / "crosswalks" / "fresno.csv"
    study_ids = [row.split(",")[1] for row in crosswalk.read_text("utf-8").splitlines()[1:3]]
    rows = "\n".join(["study_id,term", *(f"{study_id},fall" for study_id in study_ids)])
    (folder / "rows.csv").write_text(rows + "\n", encoding="utf-8")
    arguments = [
        *("payload", str(folder / "rows.csv"), "--agreement", str(agreement)),
        *("--institution", "fresno", "--out", str(folder / "outcomes.pprl")),
    ]
    log = ["--disclosures", str(folder / "fresno.disclosures.sqlite")]
    maps = ["--id-map", str(folder / "fresno-id-map.csv"), "--crosswalk", str(crosswalk)]
    assert run(arguments) == 0
    assert "was not logged" in capsys.readouterr().out
    assert run([*arguments, *log]) == 1
    assert "together" in capsys.readouterr().err
    (folder / "outcomes.pprl").unlink()
    assert run([*arguments, *log, *maps]) == 0
    assert "head of the disclosure log" in capsys.readouterr().out
    assert run(["disclosures", "--log", log[1]]) == 0
    told = capsys.readouterr().out
    assert "payload file outcomes.pprl  released" in told and "fresno, 2 students" in told
