"""The pages of the documentation, and what stands in them: blocks of code, links, headings."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)
"""Every page, from the root of the repository."""

_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->")
_COMMANDS = ("sh", "console", "python", "sql", "toml", "json", "csv")
_PICTURES = ("text", "math")


@dataclass(frozen=True)
class Block:
    """A fenced or indented block of a page.

    Attributes:
        page: where it stands, from the root.
        line: the line of its fence, from 1.
        language: as it is named behind the fence; empty if it is not.
        text: what stands in it.
        not_run: why nothing runs it, as a comment before it says; empty if something does.
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str

    @property
    def is_code(self) -> bool:
        """Whether it is there to be run or read by a program."""
        return self.language in _COMMANDS

    @property
    def is_picture(self) -> bool:
        """Whether it shows a form or a formula, which nothing runs."""
        return self.language in _PICTURES


def text_of(page: str) -> str:
    """A page as it stands."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    return list(_blocks(page))


@functools.cache
def _tokens(page: str) -> list[Token]:
    """A page as GitHub's Markdown has it."""
    return MarkdownIt("commonmark").enable("table").parse(text_of(page))


def _blocks(page: str) -> Iterator[Block]:
    """Fenced and indented blocks, each with the comment before it."""
    before = ""
    for token in _tokens(page):
        if token.type in ("fence", "code_block"):
            reason = _NOT_RUN.search(before)
            line = token.map[0] + 1 if token.map else 0
            language = token.info.strip().partition(" ")[0]
            yield Block(page, line, language, token.content, reason[1] if reason else "")
        before = token.content if token.type == "html_block" else ""


def links_of(page: str) -> list[str]:
    """Where the links and pictures of a page lead, as they are written."""
    inlines = (token.children or () for token in _tokens(page) if token.type == "inline")
    targets = (token.attrGet("href") or token.attrGet("src") for line in inlines for token in line)
    return [str(target) for target in targets if target]


@functools.cache
def anchors_of(page: str) -> set[str]:
    """What can be led to within a page: its headings, as GitHub and MkDocs name them."""
    tokens = _tokens(page)
    headings = (
        after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"
    )
    words = (re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings)
    return {re.sub(r"\s+", "-", heading) for heading in words}


def crowded_lists(page: str) -> list[str]:
    """Where lists begin on the line after a paragraph."""
    lines = text_of(page).splitlines()
    begins = [
        token.map[0]
        for token in _tokens(page)
        if token.map
        and token.level == 0
        and token.type in ("bullet_list_open", "ordered_list_open")
    ]
    before = ((line, lines[line - 1]) for line in begins if line)
    return [f"{page}:{line + 1}" for line, text in before if text and not text.startswith("#")]
