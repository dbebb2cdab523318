"""`pprl link`: the hub's work, on match files alone."""

from __future__ import annotations

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
        float,
        typer.Option("--threshold", metavar="P", help="Accept pairs of at least this probability."),
    ] = 0.5,
    identity: Annotated[
        Path | None,
        typer.Option(
            "--identity",
            metavar="FILE",
            help="The hub's private key, to which the files are sealed; not needed in trials.",
        ),
    ] = None,
    renews: Annotated[
        list[Path] | None,
        typer.Option(
            "--renews",
            metavar="FILE",
            help="An agreement that this one renews: files made under it are taken too. May be "
            "repeated.",
        ),
    ] = None,
    allow_unverified: Annotated[
        bool,
        typer.Option(
            "--allow-unverified",
            help="Also take files that are unsigned or signed by a key that the agreement does "
            "not know.",
        ),
    ] = False,
) -> None:
    """Link match files at the hub.

    Finds the records that are the same person, and gives each person a random study ID.
    """
    import pprl
    from pprl.cli.passphrases import passphrase_of
    from pprl.progress import tracked
    from pprl.results.folder import CROSSWALKS, PAIRS, STUDY_IDS, check_vacant, write_linkage

    check_vacant(out)
    agreed = pprl.Agreement.load(agreement)
    own = pprl.Identity.load(identity, passphrase_of(identity)) if identity else None
    submissions = [
        pprl.Submission.open(file, identity=own, signers=agreed, allow_unverified=allow_unverified)
        for file in tracked(files, "reading", True)
    ]
    linkage = pprl.link(submissions, agreed, threshold=threshold)
    write_linkage(linkage, out)
    typer.echo(linkage.summary())
    typer.echo("")
    typer.echo("Keep at the hub:")
    typer.echo(str(out / STUDY_IDS))
    typer.echo(str(out / PAIRS))
    typer.echo("Send each source its own crosswalk and no other:")
    for source in linkage.records:
        typer.echo(str(out / CROSSWALKS / f"{source}.csv"))
