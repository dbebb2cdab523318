"""Claims about `pprl audit`, and about what `pprl agreement check` warns of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pprl.cli import run
from tests.cli.conftest import CANARY, encode_arguments


def audit(folder: Path, *files: str, **options: str) -> int:
    """Run the command on match files of a folder."""
    arguments = ["audit", *(str(folder / file) for file in files)]
    given = {"agreement": str(folder / "compact.toml"), "out": str(folder / "a.html"), **options}
    for name, value in given.items():
        arguments += [f"--{name}", value]
    return run(arguments)


@pytest.fixture
def sent(linked: Path, folder: Path) -> Path:
    """The folder of inputs with the match files and an id map beside them."""
    for name in ("fresno.pprl", "reedley.pprl", "fresno-id-map.csv"):
        (folder / name).write_bytes((linked / name).read_bytes())
    return folder


def test_an_institution_audits_its_file_with_its_own_roster(
    sent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page and figures are written, and neither holds a student."""
    options = {
        "plaintext": str(sent / "fresno.csv"),
        "truth": str(sent / "fresno-id-map.csv"),
    }
    assert audit(sent, "fresno.pprl", "reedley.pprl", **options) == 0
    said = capsys.readouterr().out
    page, figures = sent / "a.html", sent / "a.json"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert found["light"].upper() in said
    assert any("similarity graphs" in item["name"] for item in found["findings"])
    for text in (said, page.read_text(encoding="utf-8"), figures.read_text(encoding="utf-8")):
        assert CANARY.casefold() not in text.casefold()


def test_a_hub_audits_without_plaintext(sent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And is told what was therefore not examined; a page of its own is replaced."""
    for _ in range(2):
        assert audit(sent, "fresno.pprl") == 0
    assert "note: Without --plaintext" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"plaintext": "fresno.csv"}, "--plaintext and --truth go together"),
        ({"plaintext": "fresno.csv", "truth": "none.csv"}, "none.csv: cannot be read"),
        ({"plaintext": "fresno.csv", "truth": "fresno.csv"}, "id map"),
        ({"plaintext": "fresno.csv", "truth": "wrong.csv"}, "other columns than record,local_id"),
        ({"plaintext": "fresno.csv", "truth": "short.csv"}, "Name your own submission first"),
        ({"plaintext": "reedley.csv", "truth": "fresno-id-map.csv"}, "not among these students"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    sent: Path, capsys: pytest.CaptureFixture[str], options: dict[str, str], words: str
) -> None:
    """Nothing is written, and the message says what to give."""
    (sent / "wrong.csv").write_text("record,other\n0,1\n", encoding="utf-8")
    (sent / "short.csv").write_text("record,local_id\n0,S1000\n", encoding="utf-8")
    paths = {name: str(sent / file) for name, file in options.items()}
    assert audit(sent, "fresno.pprl", **paths) == 1
    assert words in capsys.readouterr().err
    assert not (sent / "a.html").exists()


def test_the_page_never_replaces_another_file(
    sent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Least of all the agreement."""
    assert audit(sent, "fresno.pprl", out=str(sent / "compact.toml")) == 1
    assert "Name another file" in capsys.readouterr().err


def test_an_agreement_tells_its_links_to_strangers(
    sent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The strict profile has few; one that blocks loosely is warned of, with the figure."""
    agreement = sent / "compact.toml"
    assert run(["agreement", "check", str(agreement)]) == 0
    assert "warning" not in capsys.readouterr().out
    text = agreement.read_text(encoding="utf-8")
    agreement.write_text(text.replace("students-1-strict", "students-1"), encoding="utf-8")
    assert run(["agreement", "check", str(agreement)]) == 0
    said = capsys.readouterr().out
    assert "links to strangers a record" in said
    assert "warning (amber)" in said


def test_an_institution_audits_its_file_before_it_is_sealed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the same command, with its own students; the page stays, and holds none of them."""
    assert run([*encode_arguments(folder, "fresno"), "--audit", str(folder / "audit.html")]) == 0
    said = capsys.readouterr().out
    page = (folder / "audit.html").read_text(encoding="utf-8")
    assert "similarity graphs" in said
    assert page.startswith("<!doctype html>")
    assert CANARY.casefold() not in (said + page).casefold()
