"""The demonstration links what it made up, and touches no folder but its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import pprl
from pprl.cli import demo, run
from pprl.cli.demo.partnership import Partnership, agreement_text, claim, minimum_for
from pprl.errors import UsageError


def test_a_small_demonstration_runs_from_students_to_crosswalks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Error told beside error true, every institution given its crosswalk, paths last."""
    folder = tmp_path / "a demonstration, é"
    assert run(["demo", "--persons", "300", "--out", str(folder)]) == 0
    told = capsys.readouterr().out
    figures = re.findall(r"^ (?:expected|true).* (\d\.\d+) +(\d\.\d+) +(\d\.\d+)", told, re.M)
    assert len(figures) == 2
    assert min(float(figure) for figure in figures[1]) > 0.8
    report = Path(told.splitlines()[-1])
    assert report == folder / "hub" / "linkage-report.html"
    assert "<h1>Linkage report: Four Valleys demonstration</h1>" in report.read_text("utf-8")
    last = told.splitlines()[-10:-2]
    for line in last:
        crosswalk = pd.read_csv(line, dtype=str)
        id_map = pd.read_csv(Path(line).with_name("id-map.csv"), dtype=str)
        assert set(crosswalk["record"]) == set(id_map["record"])
        assert crosswalk["study_id"].str.len().eq(18).all()
    agreement = pprl.Agreement.load(folder / "agreement.toml")
    assert [Path(line).parent.name for line in last] == [party.id for party in agreement.parties]
    assert {path.name for path in (folder / "hub").iterdir()} == {
        "linkage",
        "linkage-report.html",
        "hub.identity",
        *(f"{party.id}.pprl" for party in agreement.parties),
    }


def test_without_the_charts_the_report_is_markdown_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demonstration needs no extra; the way to the page is told."""
    monkeypatch.setitem(sys.modules, "altair", None)
    wanted: list[Path] = []
    linkage: Any = SimpleNamespace(report=wanted.append)
    assert demo._report(linkage, Partnership(tmp_path, ())) == wanted[0]
    assert wanted[0].name == "linkage-report.md"
    assert 'pip install "pprl-edu[report]"' in capsys.readouterr().out


def test_its_own_folder_is_made_anew(tmp_path: Path) -> None:
    """What an earlier demonstration left is cleared; a file of somebody else's stays."""
    claim(tmp_path / "demo")
    left = tmp_path / "demo" / "hub"
    left.mkdir()
    (left / "linkage").write_text("old", encoding="utf-8")
    (tmp_path / "demo" / "notes.txt").write_text("mine", encoding="utf-8")
    claim(tmp_path / "demo")
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"about.txt", "notes.txt"}


def test_a_folder_that_it_did_not_make_is_left_alone(tmp_path: Path) -> None:
    """Without the demonstration's mark nothing is cleared."""
    (tmp_path / "hub").mkdir()
    (tmp_path / "about.txt").write_text("about my hub", encoding="utf-8")
    with pytest.raises(UsageError, match="Name another folder with --out"):
        claim(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"hub", "about.txt"}


def test_an_institution_that_fails_is_named_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `pprl encode` said in its own process is said once, without a second prefix."""

    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "pprl: The disk is full.\n")

    monkeypatch.setattr(subprocess, "run", fail)
    assert run(["demo", "--persons", "100", "--out", str(tmp_path / "demo")]) == 1
    told = capsys.readouterr().err
    assert told == "pprl: orchard-usd: encoding failed. The disk is full.\n"


def test_the_agreement_asks_for_the_customary_number_unless_all_is_tiny() -> None:
    """A demonstration large enough keeps the rule that a handful hides nobody."""
    assert minimum_for(1000) == 100
    assert minimum_for(20) == 2


def test_the_agreement_is_toml_whatever_the_profile_is_called() -> None:
    """Quotes and backslashes in a name do not break the document."""
    text = agreement_text({"a": "district", "b": "college"}, 'x"\\', 2, {"a": "", "b": ""}, "")
    assert tomllib.loads(text)["linkage"]["profile"] == 'x"\\'
