"""Claims about pages as a browser shows them, on a phone, a tablet and a desk, and on paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pprl
from pprl.agreement.page import page as agreement_page
from pprl.audit import audit
from pprl.audit.page import page as audit_page
from pprl.page import Column, Table, Text, as_html, framed
from pprl.results.report import write_report
from pprl.results.report.account import account
from tests.partners import signed
from tests.rosters import crowded

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def partners() -> tuple[pprl.Agreement, list[pprl.Submission]]:
    """Three institutions' submissions under one agreement."""
    names = ("county-college", "fresno-usd", "reedley-college")
    agreement = pprl.Agreement.students(names, "students-1-strict")
    key = pprl.LinkageKey(bytes(range(32)))
    students = crowded(420, seed=7)
    parts = (students.iloc[:220], students.iloc[60:300], students.iloc[214:420])
    return agreement, [
        pprl.encode(part.reset_index(drop=True), agreement, key, name, progress=False).submission
        for name, part in zip(names, parts, strict=True)
    ]


def test_the_linkage_report_is_sound(
    partners: tuple[pprl.Agreement, list[pprl.Submission]], tmp_path: Path
) -> None:
    """With groups, all charts and a title that is longer than a phone is wide."""
    from tests.browsing import faults

    agreement, submissions = partners
    linkage = pprl.link(submissions, agreement, progress=False)
    groups = linkage.study_ids[["source", "record"]].assign(group="all")
    write_report(account(linkage, groups), tmp_path / "report.html")
    assert faults((tmp_path / "report.html").read_text(encoding="utf-8"), tmp_path) == []


def test_the_audit_is_sound(
    partners: tuple[pprl.Agreement, list[pprl.Submission]], tmp_path: Path
) -> None:
    """Lights, bars and details."""
    from tests.browsing import faults

    agreement, submissions = partners
    found = audit(submissions[:2], agreement, rng=np.random.default_rng(1))
    assert faults(audit_page(found), tmp_path) == []


def test_the_agreements_page_is_sound(tmp_path: Path) -> None:
    """Digests included, which are wider than a phone."""
    from tests.browsing import faults

    agreement = signed()
    assert faults(as_html(agreement.title, agreement_page(agreement)), tmp_path) == []


def test_the_inspections_page_is_sound(
    partners: tuple[pprl.Agreement, list[pprl.Submission]], tmp_path: Path
) -> None:
    """Its bars and its key have no words of their own."""
    from tests.browsing import faults

    students = crowded(300, seed=5).assign(group="a")
    found = pprl.inspect(students, partners[0], group="group", progress=False)
    assert faults(found.html(), tmp_path) == []


def test_a_page_that_is_not_sound_is_found_out(tmp_path: Path) -> None:
    """Something too wide, something asked for, something that cannot be read."""
    from tests.browsing import AXE, faults

    wide = '<p style="width:3000px;color:#ddd;background:#eee">hard to read</p>'
    bad = framed("t", wide + '<img src="https://example.org/x.png">')
    told = "\n".join(faults(bad, tmp_path))
    assert "pixels wide in a window of 360" in told
    assert "console: " in told
    if AXE.is_file():
        assert "image-alt" in told
        assert "color-contrast" in told
    narrow = Table("T", (Column("", "digest"),), (("y" * 90,),))
    assert faults(as_html("t", [Text("x"), narrow]), tmp_path) == []
