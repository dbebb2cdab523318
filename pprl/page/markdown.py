"""Blocks as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pprl.page.blocks import Block, Bullets, Details, Heading, Picture, Table, Text


def as_markdown(title: str, blocks: Iterable[Block]) -> str:
    """A page of blocks; a chart is its sentence and its table."""
    return "\n\n".join([f"# {markdown_text(title)}", *map(_block, blocks)]) + "\n"


def markdown_text(line: str) -> str:
    """A text in which no letter is taken for markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", line.replace("\n", " "))


def _block(block: Block) -> str:
    """One block."""
    if isinstance(block, Heading):
        return f"{'#' * block.level} {markdown_text(block.text)}"
    if isinstance(block, Text):
        return markdown_text(block.text)
    if isinstance(block, Bullets):
        return "\n".join(f"- {markdown_text(item)}" for item in block.items)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Picture):
        return "\n\n".join(
            [f"**{markdown_text(block.title)}**", markdown_text(block.told), _table(block.table)]
        )
    if isinstance(block, Details):
        return "\n\n".join([f"**{markdown_text(block.summary)}**", *map(_block, block.blocks)])
    return block.markdown


def _table(table: Table) -> str:
    """A table under its caption; numbers stand flush right."""
    rows = [[column.name for column in table.columns], *table.rows]
    lines = [f"| {' | '.join(map(markdown_text, row))} |" for row in rows]
    rule = ("---:" if column.kind == "number" else "---" for column in table.columns)
    lines.insert(1, f"|{'|'.join(rule)}|")
    return "\n".join([f"*{markdown_text(table.caption)}*", "", *lines])
