"""Two institutions and a hub, as files in a folder, for the tests of the command line."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import pprl
from pprl.cli import run
from tests.rosters import crowded

CANARY = "Zyxwquibble"
"""A surname that is in the students' export and may be in nothing else."""

AGREEMENT = """
[agreement]
title = "Two of us"
convener = "The hub"
trial = true

[[party]]
id = "fresno"
name = "Fresno Unified"
role = "district"

[[party]]
id = "reedley"
role = "college"

[records]
minimum = 2

[linkage]
partnership = "6f1c2a0e-9d1b-4c56-8a53-3e0f7a1d9b42"
profile = "students-1-strict"
"""


def contents(folder: Path) -> dict[str, bytes]:
    """What is in a folder: each file's path and bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def check_refused(
    arguments: str, code: int, told: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run a command that is wrong, and check what it says and leaves.

    The cause stands on standard error, without traceback or student; no file is made or changed.
    """
    before = contents(here)
    assert run(shlex.split(arguments)) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("pprl: ")
    assert told in output.err
    assert "Traceback" not in output.err
    assert "internal error" not in output.err
    assert CANARY.lower() not in output.err.lower()
    assert contents(here) == before


def encode_arguments(folder: Path, institution: str, **changed: str) -> list[str]:
    """The arguments of `pprl encode` for one institution's files in a folder.

    Args:
        folder: the folder.
        institution: the party.
        changed: options that differ, `id_map="..."` for `--id-map`.
    """
    options = {
        "agreement": str(folder / "compact.toml"),
        "key": str(folder / "compact.key"),
        "institution": institution,
        "out": str(folder / f"{institution}.pprl"),
        "id_map": str(folder / f"{institution}-id-map.csv"),
        **changed,
    }
    arguments = ["encode", str(folder / f"{institution}.csv")]
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}", value]
    return arguments


def closing_arguments(folder: Path, id_map: str, match_file: str) -> list[str]:
    """The arguments of `pprl close` for fresno's files in a folder, without `--yes`."""
    things = {
        "linkage-key": "compact.key",
        "state": "fresno.state.sqlite",
        "id-maps": id_map,
        "match-files": match_file,
    }
    log = folder / "fresno.disclosures.sqlite"
    return [
        *("close", *(f"{item}={folder / name}" for item, name in things.items())),
        *("--agreement", str(folder / "compact.toml"), "--as", "fresno", "--log", str(log)),
    ]


@pytest.fixture(scope="session")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which both institutions have encoded and the hub has linked; read only."""
    folder = tmp_path_factory.mktemp("both sides, é")
    (folder / "compact.toml").write_text(AGREEMENT, encoding="utf-8")
    pprl.LinkageKey(bytes(range(32))).save(folder / "compact.key")
    students = crowded(200, seed=4)
    students.loc[0, "last_name"] = CANARY
    # No study ID has a U, so none holds a local ID by chance.
    students["local_id"] = "U" + students["local_id"]
    students.iloc[:150].to_csv(folder / "fresno.csv", index=False)
    students.iloc[50:].to_csv(folder / "reedley.csv", index=False)
    for institution in ("fresno", "reedley"):
        assert run(encode_arguments(folder, institution)) == 0
    files = [str(folder / f"{institution}.pprl") for institution in ("fresno", "reedley")]
    agreement = str(folder / "compact.toml")
    assert run(["link", *files, "--agreement", agreement, "--out", str(folder / "linkage")]) == 0
    return folder


@pytest.fixture
def folder(linked: Path, tmp_path: Path) -> Path:
    """A copy of the inputs alone, in a folder whose name has a space and an accent."""
    copy = tmp_path / "one side, é"
    copy.mkdir()
    for name in ("compact.toml", "compact.key", "fresno.csv", "reedley.csv"):
        shutil.copy(linked / name, copy / name)
    return copy


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """What is in a folder, by a function."""
    return contents
