"""What the documentation shows does what it says: every block of every page is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documentation.pages import PAGES, Block, blocks_of, crowded_lists, text_of
from tests.documentation.running import Reader, Scene, lines_of
from tests.documentation.scenes import SCENES

BLOCKS = {page: blocks_of(page) for page in PAGES}
PAGES_WITH_CODE = [page for page, blocks in BLOCKS.items() if any(b.is_code for b in blocks)]
RUN_ELSEWHERE = {"docs/warehouse.md": "tests/hub/test_warehouse.py"}
"""Pages that another test runs, and which."""
WITH_THE_DEMO = [
    page for page in PAGES_WITH_CODE if any("pprl demo" in block.text for block in BLOCKS[page])
]
ON_THEIR_OWN = [
    page for page in PAGES_WITH_CODE if page not in WITH_THE_DEMO and page not in RUN_ELSEWHERE
]
NOT_RUN = 10
"""How many blocks are marked as not run. Each says why; it should not become more."""
NEEDED = {"docs/interoperability.md": ("recordlinkage", "splink")}


def every(kind: str) -> list[Block]:
    """All blocks of one language."""
    return [block for blocks in BLOCKS.values() for block in blocks if block.language == kind]


def read_and_paste(page: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a page's blocks in their order, in a folder with what its reader has."""
    desk.mkdir()
    monkeypatch.chdir(desk)
    reader = Reader(SCENES.get(page, Scene()))
    try:
        for block in BLOCKS[page]:
            if block.is_code and not block.not_run:
                reader.run(block)
    finally:
        reader.close()


@pytest.mark.parametrize("page", ON_THEIR_OWN)
def test_the_blocks_of_a_page_run_one_after_the_other(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its reader would paste them."""
    for library in NEEDED.get(page, ()):
        pytest.importorskip(library)
    read_and_paste(page, tmp_path / "desk", monkeypatch)


def test_the_blocks_of_pages_that_begin_with_the_demonstration_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one test, so that one process makes it for all of them."""
    for place, page in enumerate(WITH_THE_DEMO):
        read_and_paste(page, tmp_path / str(place), monkeypatch)


def test_pages_that_another_test_runs_are_read_by_it() -> None:
    """By their name."""
    for page, test in RUN_ELSEWHERE.items():
        assert Path(page).name in text_of(test)


def test_every_block_is_code_that_runs_or_a_picture() -> None:
    """None is of a language that no test knows, nor of none."""
    strange = [
        f"{block.page}:{block.line}"
        for blocks in BLOCKS.values()
        for block in blocks
        if not (block.is_code or block.is_picture)
    ]
    assert strange == []


def test_no_picture_hides_a_command() -> None:
    """What could be pasted is not shown as a mere text."""
    command = re.compile(r"\s*(\$ |python3? |pipx? |make |import \w+$|pprl [a-z-]+ .*--)")
    hidden = [
        f"{block.page}:{block.line}"
        for block in every("text")
        if any(command.match(line) for line in block.text.splitlines())
    ]
    assert hidden == []


def test_lists_begin_after_an_empty_line() -> None:
    """The site would run them into the paragraph before, and GitHub a sum's "+" into a list."""
    assert [list_ for page in PAGES for list_ in crowded_lists(page)] == []


def test_blocks_that_no_test_runs_are_few_and_say_why() -> None:
    """Counted, so that none is added in passing."""
    left_out = [block for blocks in BLOCKS.values() for block in blocks if block.not_run]
    assert len(left_out) == NOT_RUN, [f"{block.page}:{block.line}" for block in left_out]


def test_every_scene_is_of_a_page() -> None:
    """None is kept for a page that is gone."""
    assert set(SCENES) <= set(PAGES_WITH_CODE)


def test_commands_of_the_districts_page_paste_into_any_shell() -> None:
    """One line each, without a backslash, a backtick or single quotes."""
    pasted = [b for b in BLOCKS["docs/district-engineer.md"] if b.language == "sh"]
    lines = [line for b in pasted if not b.not_run for line in b.text.splitlines()]
    assert lines == [line for b in pasted if not b.not_run for line in lines_of(b.text)]
    assert not any(set(line) & set("\\`'$") for line in lines)
