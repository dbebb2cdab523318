"""`pprl attach`: study IDs back onto local IDs, at the institution."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pprl.cli.outputs import check_output, write_csv

ATTACHED = b"local_id,study_id"
_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl attach crosswalk-orchard-usd.csv --map orchard-usd-id-map.csv --out study-ids.csv"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("attach", epilog=_EXAMPLE)(attach)


def attach(
    crosswalk: Annotated[
        Path, typer.Argument(metavar="CROSSWALK", help="What the hub gave back, a CSV file.")
    ],
    id_map: Annotated[
        Path,
        typer.Option("--map", metavar="FILE.csv", help="The id map of the same submission."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The CSV file to write.")],
) -> None:
    """Join study IDs onto your local IDs. What it writes stays here."""
    from pprl.institution.attachment import attach as joined
    from pprl.institution.text_csv import read_text_csv

    check_output(out, "table of study IDs", ATTACHED, {"crosswalk": crosswalk, "id map": id_map})
    table = joined(read_text_csv(crosswalk), read_text_csv(id_map))
    write_csv(table, out)
    typer.echo(f"{len(table):,} local ids have {table['study_id'].nunique():,} study IDs.")
    typer.echo("Keep here; the hub must never hold it:")
    typer.echo(str(out))
