"""Claims about the page of the architecture: it says what the source says."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("grimp")

from docs.make.architecture_diagram import FACTS, Folders
from docs.make.architecture_page import CHANGES, DOCS, IMAGE, architecture_page

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def folders() -> Folders:
    """The folders as they are."""
    return Folders.of(ROOT)


def test_the_page_is_made_from_the_source_as_it_is(folders: Folders) -> None:
    """Otherwise: python -m docs.make.architecture_page."""
    assert (DOCS / "architecture.md").read_text(encoding="utf-8") == architecture_page(folders)


def test_the_diagram_shows_the_folders_as_they_are(folders: Folders) -> None:
    """Their layers and imports, whatever version of the library drew it."""
    picture = (DOCS / IMAGE).read_text(encoding="utf-8")
    stamp = FACTS.search(picture)
    assert stamp is not None and stamp[1] == folders.digest
    assert all(f">{name}/</text>" in picture for name in folders.names)


def test_what_follows_from_other_imports_is_left_out_of_the_picture() -> None:
    """And nothing else: whoever follows the arrows comes wherever the imports lead."""
    imports = {("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}
    folders = Folders([["a"], ["b", "d"], ["c"]], imports)
    assert folders.arrows() == [("a", "b"), ("a", "d"), ("b", "c")]
    assert folders.digest != Folders([["a"], ["d", "b"], ["c"]], imports).digest


def test_whoever_is_told_where_to_change_something_finds_it() -> None:
    """Every file and folder is there."""
    assert not [
        place for places in CHANGES.values() for place in places if not (ROOT / place).exists()
    ]
