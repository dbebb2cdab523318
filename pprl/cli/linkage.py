"""`pprl link`: the hub's work, on match files alone."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl link orchard-usd.pprl county-college.pprl --agreement compact.toml --out linkage"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("link", epilog=_EXAMPLE)(link)


def link(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="One match file an institution.")
    ],
    agreement: Annotated[
        Path, typer.Option("--agreement", metavar="FILE", help="The agreement, a TOML file.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to make.")],
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="P",
            help="Accept pairs of at least this probability; 0.5 if nothing is said.",
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            "--objective",
            metavar="GOAL",
            help="Choose the threshold instead: f1, precision>=0.99 or recall>=0.95, as estimated.",
        ),
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option(
            "--registry",
            metavar="REGISTRY",
            help="Remember study IDs from year to year: an SQLite file, the same each time, made "
            "if there is none, or a postgresql:// address.",
        ),
    ] = None,
    registry_key: Annotated[
        Path | None,
        typer.Option(
            "--registry-key",
            metavar="FILE",
            help="Its key, made with it. Without it: REGISTRY.key beside the file.",
        ),
    ] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            "--earlier",
            metavar="FILE",
            help="An earlier match file of one of the institutions: students who have left it "
            "since are linked too. May be repeated.",
        ),
    ] = None,
) -> None:
    """Link match files at the hub.

    Finds the records that are the same person, and gives each person a random study ID.
    """
    import pprl
    from pprl.errors import UsageError
    from pprl.hub.registry import Registry
    from pprl.hub.registry.store import is_address
    from pprl.progress import tracked
    from pprl.results.folder import CROSSWALKS, PAIRS, STUDY_IDS, check_vacant, write_linkage

    check_vacant(out)
    agreed = pprl.Agreement.load(agreement)
    submissions = [pprl.Submission.open(file) for file in tracked(files, "reading", True)]
    past = [pprl.Submission.open(file) for file in earlier or []]
    if registry is None and registry_key is not None:
        raise UsageError("--registry-key is of use with --registry only.")
    with contextlib.ExitStack() as closing:
        opened = closing.enter_context(Registry.open(registry, registry_key)) if registry else None
        linkage = pprl.link(
            submissions,
            agreed,
            threshold=threshold,
            objective=objective,
            registry=opened,
            earlier=past,
        )
    write_linkage(linkage, out)
    typer.echo(linkage.summary())
    typer.echo("")
    typer.echo("Keep at the hub:")
    typer.echo(str(out / STUDY_IDS))
    typer.echo(str(out / PAIRS))
    if registry is not None and not is_address(registry):
        typer.echo(registry)
        typer.echo(str(registry_key or f"{registry}.key"))
    typer.echo("Send each source its own crosswalk and no other:")
    for source in linkage.records:
        typer.echo(str(out / CROSSWALKS / f"{source}.csv"))
