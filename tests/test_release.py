"""Claims about what a release is checked for."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from release import check, dependencies
from release.builds import differences
from release.dependencies import LICENCES, is_allowed, refused, vulnerabilities
from release.pythons import at_hand, supported

ROOT = Path(__file__).parent.parent
RULES = tomllib.loads(LICENCES.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("licence", "is_so"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND Zlib OR GPL-3.0-only", True),
        ("MIT License; GNU General Public License (GPL)", False),
        ("UNKNOWN", False),
        ("", False),
    ],
)
def test_a_licence_is_taken_only_if_it_is_made_of_allowed_ones(licence: str, is_so: bool) -> None:
    """Of alternatives one, of several together all."""
    assert is_allowed(licence, RULES["allowed"]) is is_so


def test_a_package_is_taken_by_name_under_the_licence_it_was_taken_for() -> None:
    """If it changes its licence, it is looked at again."""
    packages = [
        {"Name": "psycopg", "License": "LGPL-3.0-only"},
        {"Name": "pyrage", "License": "GPL-3.0-only"},
        {"Name": "another", "License": "LGPL-3.0-only"},
    ]
    assert refused(packages, RULES) == ["pyrage (GPL-3.0-only)", "another (LGPL-3.0-only)"]


@pytest.mark.parametrize(
    ("answer", "found", "unanswered"),
    [
        ("", [], ["one==1", "two==2"]),
        (
            '{"dependencies": [{"name": "one", "version": "1", "vulns": [{"id": "CVE-1"}]}, '
            '{"name": "two", "skip_reason": "not found"}]}',
            ["one 1: CVE-1"],
            ["two==2"],
        ),
        (
            '{"dependencies": [{"name": "one", "version": "1", "vulns": []}, '
            '{"name": "two", "version": "2", "vulns": []}]}',
            [],
            [],
        ),
    ],
)
def test_a_package_that_could_not_be_looked_up_is_not_called_safe(
    answer: str,
    found: list[str],
    unanswered: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tool itself says that there are no known vulnerabilities, and succeeds."""

    class Done:
        stdout = answer

    monkeypatch.setattr(dependencies, "_tool", lambda *_, **__: Done())
    assert vulnerabilities(["one==1", "two==2"], tmp_path) == (found, unanswered)


def test_builds_that_differ_in_a_byte_or_a_file_are_told() -> None:
    """By name."""
    assert differences({"a": b"1", "b": b"2"}, {"a": b"1", "b": b"3", "c": b""}) == ["b", "c"]
    assert differences({"a": b"1"}, {"a": b"1"}) == []


def test_an_interpreter_that_does_not_run_is_passed_over() -> None:
    """As version managers leave them on the path; the next one is asked."""
    version = f"3.{sys.version_info[1]}"
    assert version in at_hand([version], ["false"])
    assert at_hand(["3.2"]) == {}
    assert "3.11" in supported(ROOT / "pyproject.toml")


def test_a_tag_is_held_against_version_changelog_and_address(tmp_path: Path) -> None:
    """What is still to be done is told before anything is built."""
    (tmp_path / "pprl").mkdir()
    (tmp_path / "pprl" / "_version.py").write_text('__version__ = "1.2.0"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n", encoding="utf-8")
    (tmp_path / "SECURITY.md").write_text("**[the maintainers fill in x]**", encoding="utf-8")
    assert check.version_of(tmp_path) == "1.2.0"
    assert len(check.undone(tmp_path, "1.2.0", "v1.3.0")) == 3
    (tmp_path / "CHANGELOG.md").write_text("## [1.2.0] - 2026-12-01\n", encoding="utf-8")
    (tmp_path / "SECURITY.md").write_text("security@example.org", encoding="utf-8")
    assert check.undone(tmp_path, "1.2.0", "v1.2.0") == []


def test_workflows_run_what_anyone_can_run_and_hold_no_password() -> None:
    """Their steps are targets of the Makefile; only attesting and publishing get an identity."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
    }
    assert set(texts) == {"release.yml", "tests.yml"}
    for text in texts.values():
        for target in re.findall(r"make ([a-z-]+)", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for action in re.findall(r"uses: (\S+)", text):
            assert "@" in action and not action.endswith(("@main", "@master"))
        assert "secrets." not in text
    build, attest, publish = re.split(r"^  (?:attest|publish):", texts["release.yml"], flags=re.M)
    assert "id-token: write" not in build + texts["tests.yml"]
    assert "id-token: write" in attest and "id-token: write" in publish
    assert f"sbom-path: dist/{check.BILL}" in attest
