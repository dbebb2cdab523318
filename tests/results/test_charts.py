"""Claims about charts: static, the same each time, in the page's own ink."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import pandas as pd
import pytest

from pprl.errors import UsageError
from pprl.results.charts import COLOURS, HEIGHT, WIDTH, altair, drawn

LIGHT, DARK = "#ffffff", "#14181d"
"""What a chart stands on in a page, by day and by night."""


def chart() -> Any:
    """Bars of two series, clipped, with a legend and labels."""
    alt = altair()
    rows = pd.DataFrame({"at": [0.1, 0.2], "n": [3, 4], "kind": ["a", "b"]})
    drawing = alt.Chart(rows).encode(x="at:Q", y="n:Q")
    bars = drawing.mark_bar(clip=True).encode(color="kind:N")
    labels = drawing.mark_text().encode(text="n:Q")
    return (bars + labels).properties(width=WIDTH, height=HEIGHT)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_chart_is_the_same_bytes_each_time() -> None:
    """However many were drawn before."""
    assert drawn(chart(), "Some bars") == drawn(chart(), "Some bars")


def test_two_charts_of_one_page_share_no_name() -> None:
    """A clip path of one is not taken for the other's."""
    names = [set(re.findall(r'\bid="([^"]+)"', drawn(chart(), name))) for name in ("one", "two")]
    assert all(names)
    assert names[0].isdisjoint(names[1])


def test_a_chart_has_one_name_and_writes_in_the_pages_ink() -> None:
    """Its name is escaped; no mark is read out; no letter and no line has a colour of its own."""
    svg = ElementTree.fromstring(drawn(chart(), 'A & "B"'))
    assert svg.get("aria-label") == 'A & "B"'
    assert svg.get("role") == "img"
    inside = list(svg.iter())[1:]
    assert not [e for e in inside if e.get("role") or e.get("aria-label")]
    assert {e.get("fill") for e in inside if e.tag == "text"} == {"currentColor"}
    marks = {e.get("fill", "").upper() for e in inside if e.tag == "path"} - {"", "NONE"}
    assert {COLOURS[0], COLOURS[1]} <= marks


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_the_first_colours_stand_out_by_day_and_by_night(ground: str) -> None:
    """At 3 to 1, which WCAG 2.2 asks of what must be seen to understand a picture."""
    for colour in COLOURS[:3]:
        light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3.0


@pytest.mark.parametrize("missing", ["altair", "vl_convert"])
def test_without_the_extra_the_way_out_is_told(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name of the extra."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UsageError, match=r'pip install "pprl-edu\[report\]"'):
        altair()
