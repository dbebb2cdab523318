"""`pprl key`: the linkage key that the institutions share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    commands = typer.Typer(
        rich_markup_mode=None,
        help="The linkage key that the institutions share.",
        epilog="Example:\n\n\b\npprl key new compact.key",
    )
    commands.command("new", epilog="Example:\n\n\b\npprl key new compact.key")(new)
    app.add_typer(commands, name="key")


def new(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The key file to make.")],
) -> None:
    """Make a linkage key. One institution does it once, and passes it to the others."""
    import pprl

    pprl.LinkageKey.generate().save(path)
    typer.echo(
        "A linkage key was made. Pass it to every institution of the agreement by a way that"
    )
    typer.echo("the hub cannot read, never to the hub itself, and keep a backup:")
    typer.echo(str(path))
