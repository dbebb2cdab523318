"""`pprl layouts`: which exports can be read, and under which headers."""

from __future__ import annotations

from typing import Annotated

import typer

from pprl.cli.roster import known_layouts

_EXAMPLE = "Example:\n\n\b\npprl layouts calpads_senr"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("layouts", epilog=_EXAMPLE)(layouts)


def layouts(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            help="A layout, or a TOML file of your own, to be told in full.",
            autocompletion=known_layouts,
        ),
    ] = "",
) -> None:
    """List the layouts of exports that can be read, or tell one of them in full."""
    from pprl.institution.layout_file import layout_names, load_layout

    if not name:
        for known in layout_names():
            typer.echo(f"{known:<16} {load_layout(known).title}")
        typer.echo("One in full: pprl layouts NAME. One of your own is a TOML file of this form.")
        return
    layout = load_layout(name)
    typer.echo(f"{layout.name}: {layout.title}")
    for label, text in (
        ("publisher", layout.publisher),
        ("edition", layout.edition),
        *(("source", source) for source in layout.source),
        *(("", line) for line in layout.notes.splitlines()),
    ):
        typer.echo(f"{label:<10} {text}".rstrip())
    for table in layout.tables:
        if table.files:
            typer.echo(f"{'file':<10} {table.files[0]}{' (may be absent)' * table.optional}")
    for ours, field in layout.fields.items():
        home = f" in {layout.table_of(ours)}" if len(layout.tables) > 1 else ""
        typer.echo(f"{ours:<18} {', '.join(field.headers)}{home}")
