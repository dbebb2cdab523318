"""The documentation as a site: built without a warning, and read from disk without a network."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browsing import chromium
from tests.documentation.pages import ROOT

WIDTHS = {"phone": 360, "desktop": 1280}
OFFLINE = ("file:", "data:", "blob:", "about:")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("latex2mathml", "mkdocstrings")),
        reason="needs pip install 'pprl-edu[docs]'",
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of this machine."""
    with chromium() as started:
        yield started


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_from_disk_asks_for_nothing_and_fits(
    width: str, site: Path, browser: Browser
) -> None:
    """No request leaves, no script fails, no page is wider than the screen."""
    page = browser.new_page(viewport={"width": WIDTHS[width], "height": 900})
    faults: list[str] = []
    page.on("request", lambda r: r.url.startswith(OFFLINE) or faults.append(r.url))
    # What is still on its way when the next page is opened is given up, not missing.
    given_up = "net::ERR_ABORTED"
    page.on("requestfailed", lambda r: r.failure == given_up or faults.append(f"missing: {r.url}"))
    page.on("pageerror", lambda error: faults.append(str(error)))
    files = sorted(site.rglob("*.html"))
    assert len(files) > 80
    for file in files:
        page.goto(file.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > WIDTHS[width]:
            faults.append(f"{file.relative_to(site)}: {wide} pixels wide")
    page.close()
    assert faults == []


def test_search_finds_a_page_from_disk(site: Path, browser: Browser) -> None:
    """Though a browser lets no page on disk read another file or start a worker."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((site / "index.html").as_uri())
    page.fill("input[data-md-component=search-query]", "colour refinement")
    page.wait_for_selector(".md-search-result__link", state="attached")
    found = page.get_attribute(".md-search-result__link", "href")
    page.close()
    assert found is not None
    assert "security.html" in found
