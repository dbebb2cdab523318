"""The plan on paper says what was measured, and no more."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_has_the_table_that_the_results_make() -> None:
    """Regenerate it by `python benchmarks/scale_plan.py` when a benchmark has run."""
    plan = runpy.run_path(str(ROOT / "benchmarks" / "scale_plan.py"))
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert plan["page"]() in text


def test_a_plan_grows_with_what_was_measured() -> None:
    """Bytes and hours are written with their units; growth is a power."""
    plan = runpy.run_path(str(ROOT / "benchmarks" / "scale_plan.py"))
    assert [plan["size"](count) for count in (1500, 2.5e6, 133.2e9, 4e12)] == [
        "1.5 kB", "2.5 MB", "133.2 GB", "4.0 TB",
    ]  # fmt: skip
    assert plan["hours"](5400) == "1.5 h"
    assert plan["exponent"]([10.0, 1000.0], [1.0, 100.0]) == 1.0


def test_what_does_not_grow_is_left_out() -> None:
    """A rate is that of further records; of one run, its own."""
    further = runpy.run_path(str(ROOT / "benchmarks" / "scale_plan.py"))["further"]
    runs = [
        {"records": records, "link": {"core-seconds": 30.0 + records / 1000}}
        for records in (1000, 5000)
    ]
    assert further(runs, "link", "core-seconds") == 0.001
    assert further(runs[:1], "link", "core-seconds") == 0.031
