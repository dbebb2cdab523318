"""`pprl data-map`: what an institution has, for partners to see before anything is exchanged."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.roster import LayoutName

if TYPE_CHECKING:
    from pprl.institution.export import Export

_EXAMPLE = (
    "Example:\n\n\b\npprl data-map students.csv --institution orchard-usd --year year "
    "--out orchard-usd-data-map.json"
)
_JSON = b'{\n "elements"'


class Form(StrEnum):
    """How a data map is written."""

    JSON = "json"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("data-map", epilog=_EXAMPLE)(data_map)


def data_map(
    export: Annotated[
        Path,
        typer.Argument(
            metavar="EXPORT", help="The export: a file, or the folder or zip archive of one."
        ),
    ],
    institution: Annotated[str, typer.Option("--institution", metavar="ID", help="Your id.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The map to write.")],
    year: Annotated[
        str | None,
        typer.Option("--year", metavar="COLUMN", help="The column that holds each row's year."),
    ] = None,
    form: Annotated[Form, typer.Option("--form", help="What to write.")] = Form.JSON,
    layout: LayoutName = "generic",
) -> None:
    """Write which elements you have, how complete and for which years: no name and no value.

    The headers of the export stand in the map; read it before you send it.
    """
    from pprl.institution.export import Export

    check_map(out, export)
    opened = Export.open(export, layout, {})
    write_map(opened, institution, out, year, form)
    tell_map(out, opened)


def check_map(out: Path, export: Path) -> None:
    """Check that a map may be written there.

    Raises:
        UsageError: something else is there.
    """
    from pprl.cli.outputs import check_output

    check_output(out, "data map", (_JSON, b"# Data map of "), {"export": export})


def write_map(
    export: Export, institution: str, out: Path, year: str | None, form: Form = Form.JSON
) -> None:
    """Write the data map of an export's first table."""
    from pprl.cli.outputs import write_bytes
    from pprl.institution.data_map import data_map as made

    mapped = made(export.every_column(), institution, year=year)
    text = mapped.to_markdown() if form is Form.MARKDOWN else mapped.to_json()
    write_bytes(text.encode("utf-8"), out)


def tell_map(out: Path, export: Export) -> None:
    """Tell what to do with a map, and what is not in it."""
    if others := export.others():
        typer.echo(f"note: the map leaves out {', '.join(others)}; map each by itself.")
    typer.echo("Read it, then send it to your partners:")
    typer.echo(str(out))
