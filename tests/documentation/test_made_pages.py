"""The pages that are made from the source are made from the source as it is."""

from __future__ import annotations

import pytest

from docs.make.pages import DOCS, MADE
from pprl import errors


@pytest.mark.parametrize("name", MADE)
def test_a_made_page_is_up_to_date(name: str) -> None:
    """Make it again: python -m docs.make.pages."""
    assert (DOCS / name).read_text(encoding="utf-8") == MADE[name]()


def test_every_class_of_errors_says_where_the_way_out_lies() -> None:
    """And is on the page."""
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    for name, kind in vars(errors).items():
        is_class = isinstance(kind, type) and issubclass(kind, errors.PPRLError)
        if is_class and kind is not errors.PPRLError:
            assert "The way out lies" in (kind.__doc__ or ""), name
            assert f"## {name}\n" in page
