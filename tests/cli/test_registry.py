"""Study IDs stay from one run of `pprl link` to the next, and can be told, taken back and sent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pprl.cli import run
from pprl.hub.registry import Registry


def link_arguments(linked: Path, out: Path, *further: str) -> list[str]:
    """The arguments of `pprl link` for both institutions' match files."""
    files = [str(linked / f"{institution}.pprl") for institution in ("fresno", "reedley")]
    agreement = str(linked / "compact.toml")
    return ["link", *files, "--agreement", agreement, "--out", str(out), *further]


@pytest.fixture
def registry(linked: Path, tmp_path: Path) -> Path:
    """A registry after one run, whose linkage is in the folder `first`."""
    path = tmp_path / "registry.sqlite"
    assert run(link_arguments(linked, tmp_path / "first", "--registry", str(path))) == 0
    return path


def test_a_second_run_gives_the_same_study_ids(
    registry: Path, linked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """File for file; the registry and its key are named among what stays at the hub."""
    arguments = link_arguments(linked, tmp_path / "second", "--registry", str(registry))
    assert run(arguments) == 0
    told = capsys.readouterr().out.splitlines()
    assert str(registry) in told and f"{registry}.key" in told
    assert told[-1] == "registry: nothing changed, still run 1"
    for name in ("study-ids.csv", "pairs.csv", "crosswalks/fresno.csv"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_an_earlier_file_may_be_given(registry: Path, linked: Path, tmp_path: Path) -> None:
    """Here this year's own, from which nobody has left."""
    arguments = link_arguments(linked, tmp_path / "second", "--registry", str(registry))
    assert run([*arguments, "--earlier", str(linked / "fresno.pprl")]) == 0
    first, second = (tmp_path / name / "study-ids.csv" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_the_log_tells_runs_merges_and_splits(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its reason, under its run."""
    with Registry.open(registry) as opened:
        one, two, *_ = opened._store.rows("SELECT study_id FROM persons")
        rows = [
            (1, 1, "merge", *one, *two, "because they match"),
            (2, 1, "split", *two, *one, "because they do not"),
        ]
        opened._store.insert("events", rows)
    assert run(["registry", "log", str(registry)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("run 1  ") and told[0].endswith("1 merges, 1 splits")
    assert told[1] == f"  {one[0]} merged into {two[0]}: because they match"
    assert told[2] == f"  {two[0]} split, in part now {one[0]}: because they do not"


def test_a_rollback_is_done_and_logged(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Back before the first run nobody is known."""
    assert run(["registry", "rollback", str(registry), "--to", "0"]) == 0
    assert capsys.readouterr().out == "Back at run 0.\n"
    assert run(["registry", "log", str(registry)]) == 0
    assert ", undone 2" in capsys.readouterr().out
    assert run(["registry", "rollback", str(registry), "--to", "1"]) == 1
    assert "There is no run 1 to go back to. Runs: 0." in capsys.readouterr().err


def test_a_crosswalk_is_written_again(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same bytes as in the linkage's folder; the last line is its path."""
    out = tmp_path / "fresno.csv"
    assert run(["registry", "crosswalk", str(registry), "fresno", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out)
    assert out.read_bytes() == (tmp_path / "first" / "crosswalks" / "fresno.csv").read_bytes()


def test_study_ids_that_were_replaced_are_told_with_the_crosswalk(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that the source can bring what it keeps under the old one up to date."""
    out = tmp_path / "fresno.csv"
    before = pd.read_csv(tmp_path / "first" / "crosswalks" / "fresno.csv")["study_id"][0]
    with Registry.open(registry) as opened:
        store = opened._store
        (member,) = store.rows("SELECT member FROM members WHERE recipient_id = ?", (before,))[0]
        store.rows("UPDATE members SET until = 2 WHERE member = ?", (member,))
        store.insert("members", [(member, "fresno", 0, "ANOTHER", 2, None)])
        store.insert("runs", [(2, "2027-01-01T00:00:00Z", "a", 0, "pprl 0", 1, None)])
    assert run(["registry", "crosswalk", str(registry), "fresno", "--out", str(out)]) == 0
    assert f"{before} is ANOTHER since 2027-01-01T00:00:00Z" in capsys.readouterr().out


def test_a_registry_that_is_not_there_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only linking makes one."""
    path = tmp_path / "registry.sqlite"
    assert run(["registry", "log", str(path)]) == 1
    assert "there is no registry" in capsys.readouterr().err
    assert not path.exists()


def test_a_key_without_a_registry_is_refused(
    linked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would do nothing."""
    out = tmp_path / "linkage"
    assert run(link_arguments(linked, out, "--registry-key", str(tmp_path / "key"))) == 1
    assert "with --registry only" in capsys.readouterr().err
    assert not out.exists()
