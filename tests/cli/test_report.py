"""`pprl report` and `pprl appendix` work from what `pprl link` kept, and from nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pprl.cli import run
from tests.cli.conftest import AGREEMENT, CANARY, check_refused


@pytest.fixture
def hub(linked: Path, tmp_path: Path) -> Path:
    """What the hub holds after linking: the folder and the agreement."""
    shutil.copytree(linked / "linkage", tmp_path / "linkage")
    shutil.copy(linked / "compact.toml", tmp_path / "compact.toml")
    return tmp_path


def arguments(hub: Path, command: str, out: str, *more: str) -> list[str]:
    """A command on what the hub holds."""
    agreement = ["--agreement", str(hub / "compact.toml")]
    return [command, str(hub / "linkage"), *agreement, "--out", str(hub / out), *more]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("report.html", "<!doctype html>"),
        ("report.md", "# Linkage report: Two of us"),
        ("report.json", '{\n "digest"'),
    ],
)
def test_the_suffix_decides_the_form(
    hub: Path, capsys: pytest.CaptureFixture[str], name: str, begins: str
) -> None:
    """Its path is told; written again, it is replaced."""
    for _ in range(2):
        assert run(arguments(hub, "report", name)) == 0
        assert capsys.readouterr().out == f"{hub / name}\n"
    text = (hub / name).read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert CANARY.lower() not in text.lower()


def test_the_figures_are_those_of_the_linkage(hub: Path) -> None:
    """The JSON form is what `pprl link` kept."""
    assert run(arguments(hub, "report", "report.json")) == 0
    kept = (hub / "linkage" / "figures.json").read_bytes()
    assert (hub / "report.json").read_bytes() == kept
    assert json.loads(kept)["agreement"]["title"] == "Two of us"


def test_an_audit_is_taken_in(hub: Path) -> None:
    """Its findings stand in the report and in the appendix."""
    findings = {"title": "Two of us", "light": "green", "headline": "No attack did better."}
    findings |= {"sources": {"fresno": 150}, "findings": [], "notes": []}  # type: ignore[dict-item]
    (hub / "audit.json").write_text(json.dumps(findings), encoding="utf-8")
    for command, out in (("report", "report.md"), ("appendix", "appendix.md")):
        assert run(arguments(hub, command, out, "--audit", str(hub / "audit.json"))) == 0
        told = {"report": "No attack did better.", "appendix": "questions that an audit put"}
        assert told[command] in (hub / out).read_text(encoding="utf-8")


def test_an_appendix_comes_with_its_references(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two files, both told."""
    assert run(arguments(hub, "appendix", "methods.md")) == 0
    assert capsys.readouterr().out.split("\n") == [
        str(hub / "methods.md"),
        str(hub / "methods.bib"),
        "",
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("report {hub}/linkage --agreement {hub}/compact.toml --out {hub}/r.pdf", "ends in .html"),
        ("report {hub} --agreement {hub}/compact.toml --out {hub}/r.md", "cannot be read"),
        ("report {hub}/linkage --agreement {hub}/other.toml --out {hub}/r.md", "is not the agree"),
        (
            "report {hub}/linkage --agreement {hub}/compact.toml --out {hub}/linkage/summary.md",
            "is no linkage report",
        ),
        (
            "appendix {hub}/linkage --agreement {hub}/compact.toml --out {hub}/linkage/summary.md",
            "is no appendix",
        ),
    ],
)
def test_what_cannot_be_reported_is_refused(
    hub: Path, capsys: pytest.CaptureFixture[str], line: str, told: str
) -> None:
    """With the reason, and no file made or changed."""
    other = AGREEMENT.replace("Two of us", "Others")
    (hub / "other.toml").write_text(other, encoding="utf-8")
    (hub / "linkage" / "summary.md").write_text("my own notes", encoding="utf-8")
    check_refused(line.format(hub=hub), 1, told, hub, capsys)
