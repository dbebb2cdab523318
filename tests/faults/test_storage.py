"""Claims about disks that are full or read-only, and about two processes at once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scenes import SCENES, Scene, Victims, victims

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(scope="module")
def processes() -> Iterator[tuple[Victims, Victims]]:
    """Two, which may run at once."""
    with victims() as one, victims() as other:
        yield one, other


@pytest.fixture(scope="module", params=SCENES)
def scene(request: pytest.FixtureRequest) -> Scene:
    """Each command."""
    return SCENES[request.param]


@pytest.fixture(scope="module")
def start(
    scene: Scene, processes: tuple[Victims, Victims], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder before the command, and beside it one in which it ran undisturbed."""
    folder = tmp_path_factory.mktemp(scene.name)
    (folder / "start").mkdir()
    scene.prepare(folder / "start")
    shutil.copytree(folder / "start", folder / "whole")
    assert processes[0].run(scene.arguments(folder / "whole"))["code"] == 0
    return folder / "start"


@pytest.fixture
def trial(start: Path) -> Iterator[Path]:
    """A copy of it."""
    copy = start.parent / "trial"
    yield Path(shutil.copytree(start, copy))
    shutil.rmtree(copy)


def refused(answer: dict[str, object]) -> None:
    """It was refused in one line that says what to do, and not by an error nobody thought of."""
    error = str(answer["error"])
    assert answer["code"] == 1, answer
    assert error.startswith("pprl: ") and "internal error" not in error, error


def test_a_full_disk_is_told_and_nothing_is_lost(
    scene: Scene, processes: tuple[Victims, Victims], trial: Path
) -> None:
    """Once there is room, the same command completes."""
    answer = processes[0].run(scene.arguments(trial), bytes=scene.bytes)
    refused(answer)
    scene.check(trial)
    again = processes[0].run(scene.arguments(trial))
    assert again["code"] == 0, again
    scene.check(trial)
    scene.done(trial)


@pytest.mark.skipif(
    getattr(os, "getuid", int)() == 0 and not sys.platform.startswith("linux"),
    reason="would run as a superuser",
)
def test_a_folder_that_may_not_be_written_is_told_and_nothing_is_lost(
    scene: Scene, processes: tuple[Victims, Victims], trial: Path
) -> None:
    """Nor is it written to; with permission, the same command completes."""
    folders = [trial, *(path for path in trial.rglob("*") if path.is_dir())]
    before = {path: path.read_bytes() for path in trial.rglob("*") if path.is_file()}
    for path in folders:
        path.chmod(0o500)
    answer = processes[0].run(scene.arguments(trial), unprivileged=True)
    for path in folders:
        path.chmod(0o700)
    refused(answer)
    assert {path: path.read_bytes() for path in trial.rglob("*") if path.is_file()} == before
    assert processes[0].run(scene.arguments(trial))["code"] == 0
    scene.check(trial)
    scene.done(trial)


def test_of_two_processes_at_once_one_waits_or_is_told(
    scene: Scene, processes: tuple[Victims, Victims], trial: Path
) -> None:
    """Nothing is corrupted, and one of them at least is done."""
    for process in processes:
        process.begin(scene.arguments(trial))
    answers = [process.end() for process in processes]
    codes = sorted(answer["code"] for answer in answers)
    assert codes in ([0, 0], [0, 1]), answers
    for answer in answers:
        if answer["code"]:
            refused(answer)
    scene.check(trial)
    scene.done(trial)
