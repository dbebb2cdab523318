"""`pprl registry`: the hub's memory of who was called what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.outputs import CROSSWALK, check_output, write_csv

if TYPE_CHECKING:
    from pprl.hub.registry import Registry

_Place = Annotated[
    str,
    typer.Argument(metavar="REGISTRY", help="Its SQLite file, or a postgresql:// address."),
]
_Key = Annotated[
    Path | None,
    typer.Option(
        "--registry-key", metavar="FILE", help="Its key. Without it: REGISTRY.key beside the file."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    example = "Example:\n\n\b\npprl registry log registry.sqlite"
    commands = typer.Typer(
        rich_markup_mode=None, help="The hub's memory of study IDs.", epilog=example
    )
    commands.command("log", epilog=example)(log)
    commands.command(
        "rollback", epilog="Example:\n\n\b\npprl registry rollback registry.sqlite --to 3"
    )(rollback)
    commands.command(
        "crosswalk",
        epilog="Example:\n\n\b\npprl registry crosswalk registry.sqlite orchard-usd "
        "--out crosswalk-orchard-usd.csv",
    )(crosswalk)
    app.add_typer(commands, name="registry")


def opened(place: str, key: Path | None) -> Registry:
    """The registry at a place; unlike linking, no command here makes one.

    Raises:
        UsageError: there is no such file.
    """
    from pprl.errors import UsageError
    from pprl.hub.registry import Registry
    from pprl.hub.registry.store import is_address

    if not is_address(place) and not Path(place).exists():
        raise UsageError(f"{place}: there is no registry. pprl link --registry makes one.")
    return Registry.open(place, key)


def log(place: _Place, key: _Key = None) -> None:
    """Print every run, and every merge and split with its reason. It stays at the hub."""
    with opened(place, key) as registry:
        runs, events = registry.runs(), registry.log()
    for run in runs.to_dict("records"):
        undone = f", undone {run['undone']}" if run["undone"] else ""
        typer.echo(
            f"run {run['run']}  {run['moment']}  {run['records']:,} records, "
            f"{run['merges']:,} merges, {run['splits']:,} splits{undone}"
        )
        for event in events[events["run"] == run["run"]].to_dict("records"):
            verb = "merged into" if event["kind"] == "merge" else "split, in part now"
            typer.echo(f"  {event['study_id']} {verb} {event['other']}: {event['reason']}")


def rollback(
    place: _Place,
    run: Annotated[
        int, typer.Option("--to", metavar="RUN", help="The run to go back to; 0: before the first.")
    ],
    key: _Key = None,
) -> None:
    """Make everything hold again that held after a run.

    Later runs stay in the log, marked undone; study IDs that they gave first are withdrawn.
    """
    with opened(place, key) as registry:
        registry.rollback(run)
        typer.echo(f"Back at run {run}.")


def crosswalk(
    place: _Place,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The institution's id.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The CSV file to write.")],
    key: _Key = None,
) -> None:
    """Write what one source is told of the records that it last sent.

    If study IDs of its were replaced, they are listed with those that stand for them now.
    """
    check_output(out, "crosswalk", CROSSWALK, {})
    with opened(place, key) as registry:
        table, changes = registry.crosswalk(source), registry.changes(source)
    write_csv(table, out)
    for change in changes.to_dict("records"):
        typer.echo(f"{change['retired']} is {change['study_id']} since {change['moment']}")
    typer.echo(f"{len(table):,} records of {source}. Send the crosswalk to {source} and no other:")
    typer.echo(str(out))
