"""No link of the documentation leads nowhere, and every command it names is one."""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit

import pytest
import typer

from pprl import cli
from tests.documentation.pages import PAGES, ROOT, anchors_of, links_of, text_of

HOSTS = {
    "age-encryption.org",
    "collegeaccess.org",
    "github.com",
    "help.careercruising.com",
    "help.studentclearinghouse.org",
    "keepachangelog.com",
    "demo.studentclearinghouse.org",
    "law.justia.com",
    "pypi.org",
    "semver.org",
    "studentprivacy.ed.gov",
    "translational-medicine.biomedcentral.com",
    "www.law.cornell.edu",
}
"""Everywhere else that the documentation leads to; no test goes there."""
_COMMAND = re.compile(r"(?<!`)`(pprl [^`]+)`(?!`)")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_or_a_heading_leads_there(page: str) -> None:
    """From where the page lies, as on GitHub; the site leads on from there."""
    faults = []
    for link in links_of(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (ROOT / page).parent / parts.path if parts.path else ROOT / page
        anchors = (
            anchors_of(target.resolve().relative_to(ROOT).as_posix())
            if (parts.fragment and target.suffix == ".md" and target.exists())
            else {parts.fragment}
        )
        if not target.exists() or parts.fragment not in anchors:
            faults.append(link)
    assert faults == []


def test_links_elsewhere_lead_to_known_hosts() -> None:
    """None is added in passing."""
    linked = {urlsplit(link).netloc for page in PAGES for link in links_of(page)} - {""}
    assert linked == HOSTS


def test_files_named_in_the_text_are_there() -> None:
    """What stands in code as `docs/...`, `tests/...`, `pprl/...`, `examples/...`."""
    named = re.compile(r"(?<!\[)`((?:benchmarks|docs|examples|pprl|tests)/[\w./-]+)`")
    faults = [
        f"{page}: {path}"
        for page in PAGES
        for path in named.findall(text_of(page))
        if not (ROOT / path).exists()
    ]
    assert faults == []


def commands(app: typer.Typer, path: str = "pprl") -> set[str]:
    """All commands below an application, each with its path."""
    found = {f"{path} {command.name}" for command in app.registered_commands}
    for group in app.registered_groups:
        inner = group.typer_instance
        assert inner
        name = group.name if isinstance(group.name, str) else inner.info.name
        found |= {f"{path} {name}"} | commands(inner, f"{path} {name}")
    return found


def test_every_command_named_in_the_text_is_one() -> None:
    """`pprl ...` within a line, which no test runs. The formats' first lines begin so as well."""
    known = commands(cli._app)
    faults = []
    for page in (page for page in PAGES if page != "docs/format.md"):
        for named in _COMMAND.findall(text_of(page)):
            words = shlex.split(named.replace("\n", " "))
            plain = [word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)]
            is_command = plain[1:] and ".." not in named and "pprl." not in named
            if is_command and not {" ".join(plain[:2]), " ".join(plain[:3])} & known:
                faults.append(f"{page}: {named}")
    assert faults == []


def test_every_page_has_its_place_in_the_navigation() -> None:
    """But for the decision records, which their own list leads to."""
    listed = set(
        re.findall(r"[\w/-]+\.md$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    )
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/*.md")}
    pages |= {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/api/*.md")}
    assert pages - listed == set()
