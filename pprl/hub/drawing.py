"""A few shapes as SVG, so that plots need no other package and open in any browser."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

FONT = "font-family='Helvetica, Arial, sans-serif' font-size='12'"
INK, GRID, FOR, AGAINST = "#222222", "#cccccc", "#2b6ca3", "#c05621"


def rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    """A filled rectangle; a negative width reaches to the left."""
    left, wide = min(x, x + width), abs(width)
    return (
        f"<rect x='{left:.1f}' y='{y:.1f}' width='{wide:.1f}' height='{height:.1f}' "
        f"fill='{colour}'/>"
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str = GRID) -> str:
    """A thin line."""
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}'/>"


def circle(x: float, y: float, radius: float, colour: str) -> str:
    """A filled circle."""
    return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius:.1f}' fill='{colour}'/>"


def text(x: float, y: float, content: str, anchor: str = "start") -> str:
    """Text whose baseline begins, ends or is centred at a point."""
    place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'"
    return f"<text {place} fill='{INK}'>{escape(content)}</text>"


def document(width: float, height: float, title: str, shapes: Sequence[str]) -> str:
    """An SVG file on a white ground, with a title for those who listen to it."""
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
            f"viewBox='0 0 {width:.0f} {height:.0f}' role='img' {FONT}>",
            f"<title>{escape(title)}</title>",
            rectangle(0, 0, width, height, "white"),
            *shapes,
            "</svg>",
            "",
        ]
    )
