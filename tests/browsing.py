"""Pages in Chromium: what is wrong with one, at every width, by day, by night and on paper.

A test of a page carries the marker `chromium`, and asserts that `faults(page, folder)` is empty.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import PROGRAMS

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (360, 768, 1440)
SCHEMES = ("light", "dark")
PAPER = 816
"""The width of a letter page at 96 pixels an inch."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine, without a window."""
    paths = filter(None, map(shutil.which, PROGRAMS["chromium"]))
    # Root has no sandbox; nothing but our own pages is opened.
    own = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=next(paths), args=own)
        try:
            yield browser
        finally:
            browser.close()


def faults(html: str, folder: Path) -> list[str]:
    """What is wrong with a page, a line each; its screenshots go to the folder.

    It may write nothing to the console, ask no network for anything, and be no wider than the
    window, with all details open or closed. Axe finds no violation. Without axe-core, which
    `make test-all` installs, the test that asks is skipped with a notice once the rest is sound.
    """
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    found = []
    with chromium() as browser:
        for width in WIDTHS:
            for scheme in SCHEMES:
                found += _seen(browser, path, width, scheme, "screen")
        found += _seen(browser, path, PAPER, "light", "print")
        page = browser.new_page()
        page.goto(path.as_uri())
        page.pdf(path=folder / "page.pdf", format="Letter")
    if not found and not AXE.is_file():
        pytest.skip("axe-core is not installed: run by `make test-all` where npm is")
    return found


def _seen(browser: Browser, path: Path, width: int, scheme: Any, media: Any) -> list[str]:
    """The faults of a page at one width, by day or by night, on screen or on paper."""
    place = f"{media} {width} {scheme}"
    found: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    page.emulate_media(media=media, color_scheme=scheme)
    page.on("console", lambda message: found.append(f"{place}: console: {message.text}"))
    page.on("pageerror", lambda error: found.append(f"{place}: error: {error}"))
    page.on(
        "request",
        lambda asked: None if asked.url == path.as_uri() else found.append(f"{place}: {asked.url}"),
    )
    page.goto(path.as_uri())
    page.screenshot(path=path.with_name(f"{place.replace(' ', '-')}.png"), full_page=True)
    found += _too_wide(page, place)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found += _too_wide(page, f"{place}, details open")
    if AXE.is_file():
        # Evaluated, not added as a script: the page's own policy would keep a script out.
        page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = page.evaluate("async () => (await axe.run()).violations")
        found += [f"{place}: {_told(violation)}" for violation in violations]
    context.close()
    return found


def _too_wide(page: Page, place: str) -> list[str]:
    """Whether the page scrolls sideways."""
    wide, shown = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    return [f"{place}: {wide} pixels wide in a window of {shown}"] if wide > shown else []


def _told(violation: dict[str, Any]) -> str:
    """A violation of a rule, and the first element that violates it."""
    element = json.dumps(violation["nodes"][0]["html"])[:200]
    return f"{violation['id']}: {violation['help']}: {element}"
