"""`pprl close`: the end of a partnership, and the certificate of what was destroyed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pprl.cli.options import AgreementFile
from pprl.cli.passphrases import signing_key_of

_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl close linkage-key=compact.key state=orchard-usd.state.sqlite --agreement compact.toml "
    "--as orchard-usd --log orchard-usd.disclosures.sqlite --signing-key orchard-usd.signing "
    "--yes"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("close", epilog=_EXAMPLE)(close)


def close(
    agreement: AgreementFile,
    signer: Annotated[
        str, typer.Option("--as", metavar="ID", help='Your id in the agreement, or "hub".')
    ],
    log: Annotated[
        Path,
        typer.Option(
            "--log",
            metavar="FILE",
            help="What stays: the institution's disclosure log, or the hub's custody ledger.",
        ),
    ],
    things: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ITEM=PATH...",
            help="What you hold of the agreement's items, such as state=FILE; a folder stands for "
            "all files in it.",
        ),
    ] = None,
    signing_key: Annotated[
        Path | None, typer.Option("--signing-key", metavar="FILE", help="Your own signing key.")
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            help="The certificate to write. Without it: beside the agreement, which the commands "
            "then refuse.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Destroy them.")] = False,
) -> None:
    """Destroy what the agreement says, and write a signed certificate of it.

    Without --yes, it tells what would be destroyed.
    """
    import pprl
    from pprl.chain import Chain
    from pprl.exchange import closing
    from pprl.hub.custody.ledger import KIND as HUB_KIND

    agreed = pprl.Agreement.load(agreement)
    kind = HUB_KIND if signer == "hub" else "disclosure log"
    with contextlib.closing(Chain.open(log, kind, make=False)) as chain:
        # A closing that was begun goes on with what was logged; part of it may be gone.
        chosen = {} if closing.has_begun(chain, agreed) else _files(things or (), log)
    if not yes:
        for item, paths in chosen.items():
            for path in paths:
                typer.echo(f"{item:<12} {path}")
        _tell_missing([item for item in agreed.destruction.items if not chosen.get(item)])
        typer.echo("Nothing was destroyed. To destroy these files for good, run again with --yes.")
        return
    key = signing_key_of(signing_key) if signing_key else None
    target = certificate or closing.certificate_beside(agreement)
    with contextlib.closing(Chain.open(log, kind, make=False)) as chain:
        written = closing.close(chain, agreed, signer, chosen, target, signing_key=key)
    for item in written.content["destroyed"]:
        typer.echo(f"{item['item']:<12} {item['sha256'][:16]}  {item['name']}")
    _tell_missing(written.content["not_held"])
    typer.echo("Not guaranteed, and yours to see to:")
    for line in written.content["not_guaranteed"]:
        typer.echo(f"  {line}")
    typer.echo("The certificate:" if key else "The certificate, unsigned since there is no key:")
    typer.echo(str(target))


def _files(things: Sequence[str], log: Path) -> dict[str, list[Path]]:
    """The arguments `ITEM=PATH`; the log that lies in a folder with them stays."""
    from pprl.exchange.closing import files_of

    chosen: dict[str, list[Path]] = {}
    for thing in things:
        item, equals, path = thing.partition("=")
        if not (item and equals and path):
            raise typer.BadParameter(f"{thing!r} is not ITEM=PATH, such as state=FILE")
        named = Path(path)
        found = files_of(named)
        if named.is_dir():
            found = [f for f in found if not f.resolve().name.startswith(log.resolve().name)]
        chosen.setdefault(item, []).extend(found)
    return chosen


def _tell_missing(items: Sequence[str]) -> None:
    """Say which of the agreement's items no file was named for."""
    if items:
        typer.echo(f"Of these, no file was named, as if you held none: {', '.join(items)}")
