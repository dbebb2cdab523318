"""Claims about pages: one content, two forms, nothing loaded, nothing taken for markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from pprl.page import (
    Block,
    Bullets,
    Column,
    Details,
    Heading,
    Markup,
    Picture,
    Table,
    Text,
    as_html,
    as_markdown,
    columns,
)

# Letters that mean something to HTML, to Markdown or to neither, and no control characters.
texts = st.text(st.sampled_from("<>&\"'|*_`#[]()\\ ab1é"), min_size=1, max_size=12).map(
    lambda text: f"x{text}x"
)
tables = st.builds(
    lambda caption, cells: Table(caption, columns("", "n"), tuple(zip(cells, cells, strict=True))),
    texts,
    st.lists(texts, min_size=1, max_size=3),
)
blocks = st.one_of(
    st.builds(Heading, texts, st.just(3)),
    st.builds(Text, texts, st.booleans()),
    st.builds(Bullets, st.tuples(texts, texts)),
    st.builds(Details, texts, st.tuples(tables)),
    st.builds(Picture, st.just("<svg></svg>"), texts, texts, tables),
    tables,
)


def tree(page: str) -> ElementTree.Element:
    """The body of a page."""
    return ElementTree.fromstring(page.split("</head>")[1].removesuffix("</html>\n"))


def of_every_kind() -> list[Block]:
    """A page with a block of every kind and enough sections for a list of contents."""
    table = Table("Figures", (Column("who"), Column("n", "number")), (("a", "1"), ("b", "2")))
    return [
        *(Heading(name) for name in ("One", "Two", "Three", "Four")),
        Text("said"),
        Bullets(("first", "second")),
        Picture("<svg></svg>", "A chart", "It rises.", table),
        Details("More", (Text("hidden"), Table("Others", columns("", ""), (("k", "v"),)))),
        Markup("<p>own</p>", "own"),
    ]


@given(texts, st.lists(blocks, max_size=6))
def test_whatever_a_text_holds_it_is_read_and_never_obeyed(title: str, page: list[Block]) -> None:
    """The HTML is well formed and says the texts; Markdown has each of its letters escaped."""
    body = tree(as_html(title, page))
    assert body.find("header/h1").text == title  # type: ignore[union-attr]
    said = "".join(body.itertext())
    plain = re.sub(r"\\([\\`*_{}\[\]<>#|~])", r"\1", as_markdown(title, page))
    for block in page:
        for text in vars(block).values():
            if isinstance(text, str) and text.startswith("x"):
                assert text in said
                assert text in plain


def test_both_forms_say_the_same_cells() -> None:
    """Each row of the HTML's tables is a row of the Markdown's."""
    page = of_every_kind()
    rows = {tuple(cell.text for cell in row) for row in tree(as_html("t", page)).iter("tr")}
    lines = as_markdown("t", page).splitlines()
    told = {tuple(line.strip("| ").split(" | ")) for line in lines if line.startswith("| ")}
    assert {("a", "1"), ("b", "2"), ("k", "v"), ("who", "n")} <= rows
    assert rows <= told | {("", "")}


def test_a_page_loads_nothing_and_forbids_it() -> None:
    """No address but those within the page; a policy that lets nothing in."""
    page = as_html("t", of_every_kind())
    assert "default-src 'none'" in page
    assert "://" not in page
    assert not re.search(r"<(?:script|link|img|iframe|object)|url\(|@import|\ssrc=", page)
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', page))


def test_those_who_hear_or_tab_through_a_page_find_their_way() -> None:
    """A language, landmarks, a way past the head, and a name for every region that scrolls."""
    page = as_html("t", of_every_kind())
    assert '<html lang="en">' in page
    body = tree(page)
    assert [child.tag for child in body] == ["a", "header", "main", "footer"]
    assert body.find("a").get("href") == f"#{body.find('main').get('id')}"  # type: ignore[union-attr]
    regions = [e for e in body.iter("div") if e.get("role") == "region"]
    names = [region.get("aria-label") for region in regions]
    assert len(set(names)) == len(names) == 3
    assert all(region.get("tabindex") == "0" for region in regions)
    assert [link.get("href") for link in body.iter("a")][1:] == ["#s1", "#s2", "#s3", "#s4"]


def test_a_short_page_has_no_list_of_contents() -> None:
    """One section needs no way to it."""
    assert "<nav" not in as_html("t", [Heading("One"), Text("said")])
