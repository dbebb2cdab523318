"""Charts: Altair's, drawn as static SVG that stands in a page, by day, by night and on paper.

Needs the extra `report`: `pip install "pprl-edu[report]"`.
"""

from __future__ import annotations

import hashlib
import re
from html import escape
from typing import Any

from pprl.errors import UsageError

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""For series, in order: those of Okabe and Ito that stand out from light and from dark, the first
three at 3:1 and more from either. Eyes of all kinds can tell them apart."""
WIDTH, HEIGHT = 560, 260
"""What a chart measures, in pixels, without its axes; with them it fits a page's picture."""

# Lines and letters take the colour of the page's text, and no mark is read out one by one: the
# picture has a name, and its table follows.
_LETTERS = {
    "labelColor": "currentColor",
    "titleColor": "currentColor",
    "labelFontSize": 13,
    "titleFontSize": 13,
    "titleFontWeight": "normal",
}
_CONFIG = {
    "aria": False,
    "background": "transparent",
    "font": "sans-serif",
    "axis": {
        **_LETTERS,
        "tickColor": "currentColor",
        "domainColor": "currentColor",
        "gridColor": "currentColor",
        "gridOpacity": 0.15,
        "titlePadding": 8,
    },
    "header": _LETTERS,
    "legend": {**_LETTERS, "orient": "top"},
    "range": {"category": COLOURS},
    "rule": {"color": "currentColor"},
    "text": {"color": "currentColor", "fontSize": 13},
    "view": {"stroke": None},
}


def altair() -> Any:
    """The module `altair`, for making charts.

    Raises:
        UsageError: it is not installed, or what draws its charts is not.
    """
    try:
        import altair as imported
        import vl_convert  # noqa: F401
    except ImportError:
        raise UsageError(
            'Charts need Altair and vl-convert: pip install "pprl-edu[report]". '
            "Without them, name a file that ends in .md or .json."
        ) from None
    return imported


def drawn(chart: Any, name: str) -> str:
    """A chart as an `<svg>` element for `pprl.page.Picture`; the same chart gives the same bytes.

    Args:
        chart: of `altair`; its data lie in it.
        name: what it shows, for those who do not see it; unlike that of any other of the page.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    version = ".".join(altair().SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    import vl_convert

    svg = vl_convert.vegalite_to_svg({**chart.to_dict(), "config": _CONFIG}, vl_version=version)
    return _in_page(svg, name)


def drawn_by_vega(specification: dict[str, Any], name: str) -> str:
    """The same of a chart that Altair has no word for, as a specification of Vega itself.

    Raises:
        UsageError: the extra `report` is not installed.
    """
    altair()
    import vl_convert

    svg = vl_convert.vega_to_svg({**specification, "config": _CONFIG})
    return _in_page(svg, name)


def _in_page(svg: str, name: str) -> str:
    """An SVG as it stands in a page: named, its marks not read out, its ids its own."""
    inside = svg[svg.index(">") + 1 :]
    inside = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", inside)
    # vl-convert numbers clip paths through all charts, and a page takes two of one name for one.
    own = hashlib.sha256(name.encode()).hexdigest()[:8]
    for number, inner in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', inside))):
        inside = re.sub(rf'(\bid="|url\(#){re.escape(inner)}\b', rf"\g<1>c{own}-{number}", inside)
    size = " ".join(re.findall(r'\b(?:width|height|viewBox)="[^"]*"', svg[: svg.index(">")]))
    return f'<svg {size} role="img" aria-label="{escape(name)}">{inside}'
