"""What a page is made of, apart from how it is written down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A heading below the page's title.

    Attributes:
        text: what it says.
        level: 2 for a section, 3 for a part of one.
    """

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        text: plain; nothing in it is markup.
        soft: whether it stands back, as a note does.
    """

    text: str
    soft: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list, one line an item."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its header; "" for none.
        kind: "text", "number" (set flush right) or "digest" (may break anywhere).
    """

    name: str
    kind: str = "text"


def columns(*names: str, texts: int = 1) -> tuple[Column, ...]:
    """Columns of which the first so many hold texts and the others numbers."""
    return tuple(Column(name, "text" if i < texts else "number") for i, name in enumerate(names))


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names the row.

    Attributes:
        caption: what it holds, unlike that of any other table of the page.
        columns: at least one; a table in which none has a name has no header.
        rows: cells as they are read, as many as there are columns.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A chart, above the table that tells the same.

    Attributes:
        svg: an `<svg>` element whose texts are drawn in `currentColor`.
        title: what it shows.
        told: what there is to see, in a sentence or two, for those who do not see it.
        table: the figures that it was drawn from.
    """

    svg: str
    title: str
    told: str
    table: Table


@dataclass(frozen=True)
class Details:
    """Blocks that a reader opens; on paper they are open."""

    summary: str
    blocks: tuple[Heading | Text | Bullets | Table | Picture | Markup, ...]


@dataclass(frozen=True)
class Markup:
    """A piece of HTML, and what it says as Markdown."""

    html: str
    markdown: str


Block = Heading | Text | Bullets | Table | Picture | Details | Markup
