"""Write the pages that are made from the source: `python -m docs.make.pages`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs.make.commands_page import commands_page
from docs.make.errors_page import errors_page
from pprl.institution.layout_page import layouts_page

DOCS = Path(__file__).parent.parent
MADE: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "layouts.md": layouts_page,
}
"""Each page that is made, and what makes it."""

if __name__ == "__main__":
    for name, make in MADE.items():
        (DOCS / name).write_text(make(), encoding="utf-8", newline="\n")
