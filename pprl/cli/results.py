"""`pprl results`: what leaves the hub, and the attacker that tries it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.release import EXAMPLE, release

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLE = "Example:\n\n\b\npprl results audit release-2026 release-2027"
_MOST_TOLD = 50


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    commands = typer.Typer(
        rich_markup_mode=None, help="What leaves the hub: tables and their audit.", epilog=_EXAMPLE
    )
    commands.command("release", epilog=EXAMPLE)(release)
    commands.command("audit", epilog=_EXAMPLE)(audit)
    app.add_typer(commands, name="results")


def audit(
    releases: Annotated[
        list[Path], typer.Argument(metavar="RELEASE...", help="Folders that were released.")
    ],
    protection: Annotated[
        int | None,
        typer.Option(
            "--protection",
            min=1,
            metavar="N",
            help="The least width of an interval that is safe. Without it: what the releases say.",
        ),
    ] = None,
) -> None:
    """Try to work out hidden counts from everything that was released, in all folders together.

    Prints each hidden count that can be worked out or placed in too narrow an interval. The exit
    code is 1 if there is any.
    """
    from pprl.results.disclosure import attack, read_release

    opened = [read_release(folder) for folder in releases]
    found = attack(opened, protection=protection, exact=False, progress=True)
    narrow = found[found["at_risk"]]
    for line in told(narrow)[:_MOST_TOLD]:
        typer.echo(line)
    if len(narrow) > _MOST_TOLD:
        typer.echo(f"... and {len(narrow) - _MOST_TOLD:,} more")
    if len(narrow):
        typer.echo(f"UNSAFE: {len(narrow):,} of {len(found):,} hidden counts can be worked out.")
        raise typer.Exit(1)
    typer.echo(f"SAFE: none of {len(found):,} hidden counts can be worked out.")


def told(narrow: pd.DataFrame) -> list[str]:
    """A line for each count that was worked out: what it is called, and what it can be."""
    lines = []
    for row in narrow.to_dict("records"):
        lower, upper = row.pop("lower"), row.pop("upper")
        row.pop("at_risk")
        measure = row.pop("measure")
        names = ", ".join(f"{name}={code}" for name, code in row.items() if code != "total")
        interval = f"is {lower}" if lower == upper else f"lies in {lower} to {upper}"
        lines.append(f"  {measure} ({names or 'total'}) {interval}")
    return lines
