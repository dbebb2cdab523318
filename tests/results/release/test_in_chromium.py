"""A claim about the indicator report as a browser shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pprl.results.release import Compilation, forms_of

pytestmark = pytest.mark.chromium


def test_the_indicator_report_is_sound(compiled: Compilation, tmp_path: Path) -> None:
    """At every width, by day, by night and on paper, with charts, flows and tables."""
    from tests.browsing import faults

    assert faults(forms_of(compiled.report)["indicators.html"], tmp_path) == []
