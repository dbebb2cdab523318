"""Pages that people read: blocks of text, tables and pictures, as one HTML file or as Markdown.

A page is written once, as blocks; what is told in one form is told in the other. The HTML loads
nothing, runs nothing, and can be read on a phone, in the dark, on paper and aloud.
"""

from pprl.page.blocks import (
    Block,
    Bullets,
    Column,
    Details,
    Heading,
    Markup,
    Picture,
    Table,
    Text,
    columns,
)
from pprl.page.frame import framed, scrolling
from pprl.page.html import as_html, html_of, html_table
from pprl.page.markdown import as_markdown, markdown_text

__all__ = [
    "Block",
    "Bullets",
    "Column",
    "Details",
    "Heading",
    "Markup",
    "Picture",
    "Table",
    "Text",
    "as_html",
    "as_markdown",
    "columns",
    "framed",
    "html_of",
    "html_table",
    "markdown_text",
    "scrolling",
]
