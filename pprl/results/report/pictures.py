"""The charts of a linkage report, as SVG. Needs the extra `report`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from pprl.results.charts import COLOURS, HEIGHT, WIDTH, altair, drawn
from pprl.results.report.figures import Figures, QualityFigures
from pprl.results.report.wording import band_name

ROW = 24
"""Height of a row in a chart of named rows, in pixels."""
NAMES = 150
"""What such names take of a chart's width."""
KINDS = ("accepted", "not accepted")


def passes(figures: Figures, name: str) -> str:
    """Accepted pairs that each pass found, in the order of the agreement."""
    rows = [(told.name, told.accepted or 0) for told in figures.passes]
    return _bars(rows, "accepted pairs that it found", name)


def persons(figures: Figures, name: str) -> str:
    """Persons by number of institutions."""
    rows = [(f"{told.institutions} institutions", told.persons or 0) for told in figures.persons]
    return _bars(rows, "persons", name)


def bands(figures: Figures, name: str) -> str:
    """Candidates by probability, accepted beside others; equal steps are tenfold, from 10 on.

    Every band is as wide as any other, so that the crowded ends can be seen.
    """
    alt = altair()
    names = [band_name(told) for told in figures.bands]
    counts = [(told.accepted, told.rejected) for told in figures.bands]
    rows = [
        {"band": band, "kind": kind, "pairs": count or 0}
        for band, told in zip(names, counts, strict=True)
        for kind, count in zip(KINDS, told, strict=True)
    ]
    most = max(count or 0 for told in counts for count in told)
    ticks = [0, *(10**power for power in range(1, len(str(most))))]
    chart = alt.Chart(pd.DataFrame(rows)).mark_bar()
    chart = chart.encode(
        x=alt.X("band:N", sort=names, title="probability of the pair").axis(labelAngle=-45),
        xOffset=alt.XOffset("kind:N", sort=KINDS),
        y=alt.Y("pairs:Q", title="pairs")
        .scale(type="symlog", constant=5)
        .axis(values=ticks, format=",d"),
        color=alt.Color("kind:N", scale=alt.Scale(domain=KINDS), title=None),
    )
    return drawn(chart.properties(width=WIDTH, height=HEIGHT), name)


def thresholds(figures: Figures, name: str) -> str:
    """Expected precision, recall and match rate against the threshold; a rule at the decision."""
    alt = altair()
    rows = [
        {"threshold": told.threshold, "what": what, "share": share}
        for told in figures.thresholds
        for what, share in (
            ("expected precision", told.precision),
            ("expected recall", told.recall),
            ("match rate", told.match_rate),
        )
        if share is not None
    ]
    table = pd.DataFrame(rows, columns=["threshold", "what", "share"])
    kinds = ["expected precision", "expected recall", "match rate"]
    lines = (
        alt.Chart(table)
        .mark_line(point={"size": 50})
        .encode(
            x=alt.X("threshold:Q", title="pairs are accepted from this probability on").scale(
                domain=[0, 1]
            ),
            y=alt.Y("share:Q", title="share").scale(zero=False),
            color=alt.Color("what:N", scale=alt.Scale(domain=kinds), title=None),
            strokeDash=alt.StrokeDash("what:N", scale=alt.Scale(domain=kinds), title=None),
            shape=alt.Shape("what:N", scale=alt.Scale(domain=kinds), title=None),
        )
    )
    decision = pd.DataFrame({"threshold": [figures.threshold]})
    rule = alt.Chart(decision).mark_rule(strokeDash=[2, 3]).encode(x="threshold:Q")
    return drawn((lines + rule).properties(width=WIDTH, height=HEIGHT), name)


def quality(parts: Sequence[tuple[str, QualityFigures]], name: str) -> str:
    """Expected precision and recall of parts of the links, with their intervals, in this order."""
    alt = altair()
    kinds = ["precision", "recall"]
    rows = [
        {"part": part, "what": kind, "share": share, "low": low, "high": high}
        for part, told in parts
        for kind, share, low, high in (
            ("precision", told.precision, told.precision_low, told.precision_high),
            ("recall", told.recall, told.recall_low, told.recall_high),
        )
        if share is not None
    ]
    table = pd.DataFrame(rows, columns=["part", "what", "share", "low", "high"])
    names = [part for part, told in parts if told.precision is not None]
    base = alt.Chart(table).encode(
        y=_named("part", names),
        yOffset=alt.YOffset("what:N", sort=kinds),
        color=alt.Color("what:N", scale=alt.Scale(domain=kinds), title=None),
    )
    ends = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="expected, with its interval of 95%").scale(zero=False), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x="share:Q", shape=alt.Shape("what:N", scale=alt.Scale(domain=kinds), title=None)
    )
    chart = (ends + points).properties(width=WIDTH - NAMES, height=ROW * max(1, len(names)))
    return drawn(chart, name)


def _bars(rows: Sequence[tuple[str, int]], title: str, name: str) -> str:
    """Counts by name, as bars from the left, in this order."""
    alt = altair()
    table = pd.DataFrame(rows, columns=["name", "count"])
    chart = alt.Chart(table).mark_bar(color=COLOURS[0], size=ROW - 10)
    chart = chart.encode(
        x=alt.X("count:Q", title=title).axis(format=",d", tickCount=6),
        y=_named("name", table["name"]),
    )
    return drawn(chart.properties(width=WIDTH - NAMES, height=ROW * max(1, len(rows))), name)


def _named(field: str, names: Iterable[str]) -> Any:
    """An axis of names, from above in this order, none of them cut short."""
    alt = altair()
    return alt.Y(f"{field}:N", sort=list(names), title=None).axis(labelLimit=260)
