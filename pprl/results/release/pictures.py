"""The charts of an indicator report, as SVG. Needs the extra `report`."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pprl.results.charts import COLOURS, HEIGHT, WIDTH, altair, drawn
from pprl.results.release.figures import Rate

ROW = 26
NAMES = 150
SHARE = "per cent"
WHOLE = (0, 100)
"""All charts share one scale, so that a point of difference looks like one."""


def trend(rates: Sequence[Rate], name: str) -> str:
    """A rate over the years, with its band.

    Args:
        rates: of all, one a year, two or more that are told.
        name: what it shows, for those who do not see it.
    """
    alt = altair()
    base = alt.Chart(_table(rates)).encode(x=alt.X("year:O", title="year").axis(labelAngle=0))
    ends = base.mark_area(opacity=0.25, color=COLOURS[0]).encode(
        y=alt.Y("low:Q", title=SHARE).scale(domain=WHOLE), y2="high:Q"
    )
    line = base.mark_line(point={"size": 60}, color=COLOURS[0]).encode(y="rate:Q")
    return drawn((ends + line).properties(width=WIDTH, height=HEIGHT), name)


def comparison(rates: Sequence[Rate], name: str) -> str:
    """A rate of each group in one year, with its band; in the order given, never by height.

    Args:
        rates: one a group, one or more that are told.
        name: what it shows, for those who do not see it.
    """
    alt = altair()
    table = _table(rates)
    codes = alt.Y("code:N", sort=table["code"].tolist(), title=None).axis(labelLimit=260)
    base = alt.Chart(table).encode(y=codes)
    ends = base.mark_bar(opacity=0.35, size=10, color=COLOURS[0]).encode(
        x=alt.X("low:Q", title=SHARE).scale(domain=WHOLE), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, opacity=1, color=COLOURS[0]).encode(x="rate:Q")
    chart = (ends + points).properties(width=WIDTH - NAMES, height=ROW * len(table))
    return drawn(chart, name)


def shown(rates: Sequence[Rate]) -> list[Rate]:
    """Those whose counts are told."""
    return [rate for rate in rates if rate.counted is not None and rate.of]


def _table(rates: Sequence[Rate]) -> pd.DataFrame:
    """The rates whose counts are told, in whole per cents as the tables have them."""
    rows = []
    for rate in shown(rates):
        share = round(100 * (rate.counted or 0) / (rate.of or 1))
        ends = (share, share) if rate.low is None or rate.high is None else (rate.low, rate.high)
        rows.append(
            {"year": rate.year, "code": rate.code, "rate": share, "low": ends[0], "high": ends[1]}
        )
    return pd.DataFrame(rows, columns=["year", "code", "rate", "low", "high"])
