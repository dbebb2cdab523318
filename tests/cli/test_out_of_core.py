"""`pprl link` within bounded memory writes what it writes without a bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from pprl.cli import run


def link_arguments(linked: Path, out: Path, *further: str) -> list[str]:
    """The arguments of `pprl link` for both institutions' match files."""
    files = [str(linked / f"{institution}.pprl") for institution in ("fresno", "reedley")]
    agreement = str(linked / "compact.toml")
    return ["link", *files, "--agreement", agreement, "--out", str(out), *further]


@pytest.mark.parametrize("named", [False, True])
def test_the_pairs_are_the_same_and_the_work_folder_is_gone(
    named: bool, linked: Path, tmp_path: Path
) -> None:
    """Whether it was named or lay beside the linkage's folder."""
    further = ["--work", str(tmp_path / "work")] if named else []
    arguments = link_arguments(linked, tmp_path / "linkage", "--memory", "300MiB", *further)
    assert run([*arguments, "--workers", "2"]) == 0
    for name in ("pairs.csv", "summary.txt"):
        assert (tmp_path / "linkage" / name).read_bytes() == (
            linked / "linkage" / name
        ).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["linkage"]


@pytest.mark.parametrize("size", ["much", "20MiB"])
def test_a_memory_that_does_not_do_is_refused(
    size: str, linked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is left behind."""
    assert run(link_arguments(linked, tmp_path / "linkage", "--memory", size)) == 1
    assert "memory" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
