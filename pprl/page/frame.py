"""The frame of a page: one HTML file that loads nothing, with landmarks and a style for all."""

from __future__ import annotations

import html
from importlib import resources

from pprl._version import __version__


def framed(title: str, body: str, *, style: str = "") -> str:
    """A whole page.

    Args:
        title: plain text, the page's only first-level heading.
        body: HTML, whose headings begin at the second level.
        style: CSS of the page's own.
    """
    told = html.escape(title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f'<meta name="generator" content="pprl {__version__}">\n'
        f"<title>{told}</title>\n<style>\n{_style()}{style}</style>\n</head>\n"
        "<body>\n"
        '<a class="skip" href="#content">Skip to the content</a>\n'
        f'<header><h1>{told}</h1></header>\n<main id="content" tabindex="-1">\n{body}\n</main>\n'
        f"<footer><p>Made by pprl {__version__}. "
        "This page loads nothing and sends nothing.</p></footer>\n"
        "</body>\n</html>\n"
    )


def scrolling(inside: str, name: str) -> str:
    """HTML too wide for some screens, in a region of its own that scrolls and takes the keyboard.

    Args:
        inside: HTML.
        name: plain text, unlike that of any other region of the page.
    """
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{html.escape(name)}">'
        f"{inside}</div>"
    )


def _style() -> str:
    """The CSS that all pages share."""
    return resources.files("pprl.page").joinpath("page.css").read_text(encoding="utf-8")
