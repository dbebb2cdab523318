"""`pprl link`: the hub's work, on match files alone."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.options import AgreementFile, AllowUnverified, HubIdentity
from pprl.cli.passphrases import identity_of
from pprl.errors import UsageError

if TYPE_CHECKING:
    from pprl import Agreement, Linkage, Registry, Submission

_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl link orchard-usd.pprl county-college.pprl --agreement compact.toml "
    "--identity hub.identity --out linkage"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("link", epilog=_EXAMPLE)(link)


def link(
    agreement: AgreementFile,
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
    identity: HubIdentity = None,
    renews: Annotated[
        list[Path] | None,
        typer.Option(
            "--renews",
            metavar="FILE",
            help="An agreement that this one renews: files made under it are taken too. May be "
            "repeated.",
        ),
    ] = None,
    allow_unverified: AllowUnverified = False,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            metavar="SIZE",
            help="Take no more than this, such as 4GiB: files that are larger are linked in "
            "ranges.",
        ),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work",
            metavar="FOLDER",
            help="Where ranges lie until the linkage is written. The same command goes on with it "
            "where it was broken off. With --memory alone: a folder beside --out.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            help="Ranges in work at once; without it as many as there are processors. The links "
            "are the same.",
        ),
    ] = None,
) -> None:
    """Link match files at the hub.

    Finds the records that are the same person, and gives each person a random study ID.
    """
    import pprl
    from pprl.exchange.closing import refuse_certified
    from pprl.hub.registry import Registry
    from pprl.hub.work_folder import WorkFolder
    from pprl.progress import tracked
    from pprl.results.folder import check_vacant, write_linkage

    if (store is None) == (not files):
        raise typer.BadParameter("give match files, or --store")
    check_vacant(out)
    agreed = pprl.Agreement.load(agreement)
    refuse_certified(agreement, agreed)
    if registry is None and registry_key is not None:
        raise UsageError("--registry-key is of use with --registry only.")
    if store is not None and earlier:
        raise UsageError("--earlier goes with match files; a store keeps its own.")
    if store is not None and renews:
        raise UsageError("--renews goes with match files; a store has taken its own in.")
    renewed = [pprl.Agreement.load(path) for path in renews or ()]
    own = identity_of(identity) if identity else None
    if work is None and memory is not None:
        work = out.with_name(f".{out.name}.work")

    def opened(paths: Sequence[Path]) -> list[pprl.Submission]:
        return [
            pprl.Submission.open(
                path,
                identity=own,
                signers=agreed,
                renews=renewed,
                allow_unverified=allow_unverified,
            )
            for path in tracked(paths, "reading", True)
        ]

    with contextlib.ExitStack() as closing:
        remembered = (
            closing.enter_context(Registry.open(registry, registry_key)) if registry else None
        )
        runs = len(remembered.runs()) if remembered else 0

        def linked(
            submissions: Sequence[pprl.Submission], before: Sequence[pprl.Submission]
        ) -> pprl.Linkage:
            return pprl.link(
                submissions,
                agreed,
                threshold=threshold,
                objective=objective,
                registry=remembered,
                earlier=before,
                memory=memory,
                work=work,
                workers=workers,
            )

        if store is not None:
            linkage = _link_stored(store, agreed, linked, out)
        else:
            linkage = linked(opened(files or []), opened(earlier or []))
            write_linkage(linkage, out)
        still = _run_that_stays(remembered, runs) if remembered else ""
    if work is not None:
        WorkFolder.remove(work)
    _tell(linkage, out, registry, registry_key)
    if still:
        typer.echo(still)


def _run_that_stays(registry: Registry, before: int) -> str:
    """What to say where no run was added to the `before` that there were; "" if one was."""
    runs = registry.runs()
    if len(runs) > before:
        return ""
    return f"registry: nothing changed, still run {runs.loc[runs['undone'] == '', 'run'].max()}"


def _link_stored(
    store: Path,
    agreed: Agreement,
    linked: Callable[[Sequence[Submission], Sequence[Submission]], Linkage],
    out: Path,
) -> Linkage:
    """Link what a store holds, earlier files too, and log it with the digests of what goes out."""
    from pprl.exchange.destruction import digest_of
    from pprl.hub.custody import LinkageStore
    from pprl.hub.custody.ledger import LINKED, SENT
    from pprl.results.folder import CROSSWALKS, check_vacant, write_linkage

    # Logged before the folder takes its name, so that nothing is there to be sent unlogged.
    waiting = out.with_name(f".{out.name}.{secrets.token_hex(6)}.partial")
    with contextlib.closing(LinkageStore.open(store)) as opened:
        linkage = linked(opened.submissions(agreed), opened.earlier(agreed))
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
    return linkage


def _tell(linkage: Linkage, out: Path, registry: str | None, registry_key: Path | None) -> None:
    """Say what was linked, and what goes where."""
    from pprl.hub.registry.store import is_address
    from pprl.results.folder import CROSSWALKS, PAIRS, STUDY_IDS

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
