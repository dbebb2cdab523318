"""Blocks as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from pprl.page.blocks import Block, Bullets, Column, Details, Heading, Picture, Table, Text
from pprl.page.frame import framed, scrolling

FEWEST_SECTIONS = 4
"""From how many sections on a page has a list of contents."""
_SOFT = ' class="soft"'


def as_html(title: str, blocks: Iterable[Block], *, style: str = "") -> str:
    """A page of blocks, with a list of contents if it has several sections."""
    page = tuple(blocks)
    sections = [b.text for b in page if isinstance(b, Heading) and b.level == 2]
    contents = _contents(sections) if len(sections) >= FEWEST_SECTIONS else ""
    return framed(title, contents + html_of(page), style=style)


def html_of(blocks: Iterable[Block]) -> str:
    """The HTML of blocks, without a frame."""
    section = 0
    out = []
    for block in blocks:
        if isinstance(block, Heading) and block.level == 2:
            section += 1
            out.append(f'<h2 id="s{section}">{escape(block.text)}</h2>')
        else:
            out.append(_block(block))
    return "\n".join(out)


def html_table(
    caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, shown: bool = True
) -> str:
    """A table whose cells are HTML already, in a region that scrolls.

    Args:
        caption: plain text, unlike that of any other table of the page.
        columns: see `pprl.page.blocks.Table`.
        rows: HTML.
        shown: whether the caption is seen, or only heard.
    """
    kinds = [f' class="{c.kind}"' if c.kind != "text" else "" for c in columns]
    hidden = "" if shown else ' class="heard"'
    head, form = "", ' class="pairs"'
    if any(column.name for column in columns):
        cells = "".join(
            f'<th scope="col"{kind}>{escape(column.name)}</th>' if column.name else "<td></td>"
            for column, kind in zip(columns, kinds, strict=True)
        )
        form = ""
        head = f"<thead><tr>{cells}</tr></thead>\n"
    body = "".join(
        f'<tr><th scope="row"{kinds[0]}>{row[0]}</th>'
        + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True))
        + "</tr>\n"
        for row in rows
    )
    return scrolling(
        f"<table{form}>\n<caption{hidden}>{escape(caption)}</caption>\n"
        f"{head}<tbody>\n{body}</tbody>\n</table>",
        caption,
    )


def _block(block: Block) -> str:
    """One block."""
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        return f"<p{_SOFT if block.soft else ''}>{escape(block.text)}</p>"
    if isinstance(block, Bullets):
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Picture):
        return (
            f"<figure><figcaption>{escape(block.title)}</figcaption>"
            f"{scrolling(block.svg, f'Chart: {block.title}')}"
            f"<p{_SOFT}>{escape(block.told)}</p></figure>\n"
            f"<details><summary>The figures of this chart</summary>{_table(block.table)}</details>"
        )
    if isinstance(block, Details):
        return (
            f"<details><summary>{escape(block.summary)}</summary>\n"
            f"{html_of(block.blocks)}</details>"
        )
    return block.html


def _table(table: Table) -> str:
    """A table of plain texts."""
    rows = [[escape(cell) for cell in row] for row in table.rows]
    return html_table(table.caption, table.columns, rows)


def _contents(sections: Sequence[str]) -> str:
    """Links to the sections."""
    links = "".join(
        f'<li><a href="#s{number}">{escape(text)}</a></li>'
        for number, text in enumerate(sections, start=1)
    )
    return f'<nav aria-label="Contents"><ol>{links}</ol></nav>\n'
