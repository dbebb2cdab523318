"""`pprl link`: the hub's work, on match files alone."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pprl import Agreement, Linkage

_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl link orchard-usd.pprl county-college.pprl --agreement compact.toml --out linkage"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("link", epilog=_EXAMPLE)(link)


def link(
    agreement: Annotated[
        Path, typer.Option("--agreement", metavar="FILE", help="The agreement, a TOML file.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to make.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILES...", help="One match file an institution, or --store."),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="FOLDER",
            help="Link what this store holds, in place of match files. What went out is logged in "
            "its ledger.",
        ),
    ] = None,
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
    from pprl.exchange.closing import refuse_certified
    from pprl.progress import tracked
    from pprl.results.folder import check_vacant, write_linkage

    if (store is None) == (not files):
        raise typer.BadParameter("give match files, or --store")
    check_vacant(out)
    agreed = pprl.Agreement.load(agreement)
    refuse_certified(agreement, agreed)
    if store is not None:
        _link_stored(store, agreed, threshold, out)
        return
    own = pprl.Identity.load(identity, passphrase_of(identity)) if identity else None
    submissions = [
        pprl.Submission.open(file, identity=own, signers=agreed, allow_unverified=allow_unverified)
        for file in tracked(files or [], "reading", True)
    ]
    linkage = pprl.link(submissions, agreed, threshold=threshold)
    write_linkage(linkage, out)
    _tell(linkage, out)


def _link_stored(store: Path, agreed: Agreement, threshold: float, out: Path) -> None:
    """Link what a store holds, and log it with the digests of what is sent out."""
    import pprl
    from pprl.exchange.destruction import digest_of
    from pprl.hub.custody import LinkageStore
    from pprl.hub.custody.ledger import LINKED, SENT
    from pprl.results.folder import CROSSWALKS, check_vacant, write_linkage

    # Logged before the folder takes its name, so that nothing is there to be sent unlogged.
    waiting = out.with_name(f".{out.name}.{secrets.token_hex(6)}.partial")
    with contextlib.closing(LinkageStore.open(store)) as opened:
        linkage = pprl.link(opened.submissions(agreed), agreed, threshold=threshold)
        write_linkage(linkage, waiting)
        with opened.ledger.writing():
            opened.ledger.log(
                LINKED,
                linkage=agreed.linkage_digest,
                sources=list(linkage.records),
                folder=out.name,
            )
            for source in linkage.records:
                opened.ledger.log(
                    SENT,
                    what="crosswalk",
                    to=source,
                    sha256=digest_of(waiting / CROSSWALKS / f"{source}.csv"),
                )
        check_vacant(out)
        if out.exists():
            out.rmdir()
        waiting.rename(out)
    _tell(linkage, out)


def _tell(linkage: Linkage, out: Path) -> None:
    """Say what was linked, and what goes where."""
    from pprl.results.folder import CROSSWALKS, PAIRS, STUDY_IDS

    typer.echo(linkage.summary())
    typer.echo("")
    typer.echo("Keep at the hub:")
    typer.echo(str(out / STUDY_IDS))
    typer.echo(str(out / PAIRS))
    typer.echo("Send each source its own crosswalk and no other:")
    for source in linkage.records:
        typer.echo(str(out / CROSSWALKS / f"{source}.csv"))
