"""`pprl crosswalk`: what one source is given back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pprl.cli.outputs import CROSSWALK, check_output, write_csv

_EXAMPLE = "Example:\n\n\b\npprl crosswalk linkage orchard-usd --out crosswalk-orchard-usd.csv"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("crosswalk", epilog=_EXAMPLE)(crosswalk)


def crosswalk(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder that pprl link wrote.")
    ],
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The institution's id.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The CSV file to write.")],
) -> None:
    """Write what one source is given back.

    The crosswalk holds its record numbers and its own study IDs.
    """
    from pprl.results import read_crosswalk

    table = read_crosswalk(folder, source)
    check_output(out, "crosswalk", CROSSWALK, {})
    write_csv(table, out)
    typer.echo(f"{len(table):,} records of {source}. Send the crosswalk to {source} and no other:")
    typer.echo(str(out))
