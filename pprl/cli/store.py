"""`pprl store`: what the hub keeps, blinded, and the ledger of what came and went."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.options import AgreementFile, HubIdentity
from pprl.cli.passphrases import identity_of, passphrase_of

if TYPE_CHECKING:
    from pprl.hub.custody import CustodyKey, LinkageStore

_EXAMPLES = {
    "new": "pprl store new store --key store.key",
    "add": "pprl store add orchard-usd.pprl --store store --key store.key "
    "--agreement compact.toml --identity hub.identity",
    "show": "pprl store show --store store",
    "seal": "pprl store seal --store store --recipient age1...",
    "unseal": "pprl store unseal --store store --identity elsewhere.identity",
    "purge": "pprl store purge --store store --yes",
    "verify": "pprl store verify --store store",
}
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_STORE = typer.Option("--store", metavar="FOLDER", help="The linkage store's folder.")
_KEY = typer.Option("--key", metavar="FILE", help="The store's key, which lies elsewhere.")


def _example(command: str) -> str:
    """What the help of a command ends with."""
    return f"Example:\n\n\b\n{_EXAMPLES[command]}"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    commands = typer.Typer(
        rich_markup_mode=None, help="What the hub keeps, blinded.", epilog=_example("show")
    )
    for command in (new, add, show, seal, unseal, purge, verify):
        commands.command(command.__name__, epilog=_example(command.__name__))(command)
    app.add_typer(commands, name="store")


def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to make.")],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The key file to make, outside of it.")
    ],
) -> None:
    """Make a linkage store and its key. What is kept in it is useless without the key."""
    from pprl.errors import UsageError
    from pprl.hub.custody import CustodyKey, LinkageStore
    from pprl.hub.custody.store import LEDGER

    if folder.resolve() in key.resolve().parents:
        raise UsageError(f"{key}: lies in the store. Keep its key elsewhere.")
    if (folder / LEDGER).exists():
        raise UsageError(f"{folder}: is a linkage store already. Name another folder.")
    made = CustodyKey.generate("linkage store")
    made.save(key)
    LinkageStore.open(folder, made, make=True).close()
    typer.echo("A linkage store was made. Keep its key elsewhere, with a backup of the key alone:")
    typer.echo(str(key))


def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="Match files.")],
    store: Annotated[Path, _STORE],
    key: Annotated[Path, _KEY],
    agreement: AgreementFile,
    identity: HubIdentity = None,
    allow_unverified: Annotated[
        bool, typer.Option("--allow-unverified", help="As in pprl link.")
    ] = False,
    allow_older: Annotated[
        bool,
        typer.Option(
            "--allow-older",
            help="Also take an older file than the last, if both agreed to go back.",
        ),
    ] = False,
) -> None:
    """Take match files in: check, blind and log them; delete them if the agreement says so."""
    import pprl
    from pprl.exchange.closing import refuse_certified
    from pprl.hub.custody import CustodyKey
    from pprl.progress import tracked

    agreed = pprl.Agreement.load(agreement)
    refuse_certified(agreement, agreed)
    own = identity_of(identity) if identity else None
    secret = CustodyKey.load(key, "linkage store", passphrase_of(key))
    with _opened(store, secret) as opened:
        for file in tracked(files, "taking in", True):
            received = opened.add(
                file,
                agreed,
                identity=own,
                allow_unverified=allow_unverified,
                allow_older=allow_older,
            )
            told = "was here already" if received.again else "taken in"
            gone = "; match file deleted, as agreed" if received.dropped else ""
            typer.echo(
                f"{received.institution}: submission {received.sequence}, {received.records:,} "
                f"records, {told}{gone}"
            )
        typer.echo(f"head of the ledger, to be noted elsewhere: {opened.ledger.head}")


def show(
    store: Annotated[Path, _STORE],
    full: Annotated[bool, typer.Option("--full", help="Digests in full length.")] = False,
) -> None:
    """Tell what came in, from whom, under which digest, and what went out."""
    with _opened(store) as opened:
        for link in opened.ledger.links():
            body = dict(link.body)
            event = body.pop("event")
            details = ", ".join(f"{name}={value}" for name, value in body.items())
            if not full:
                details = _DIGEST.sub(r"\1...", details)
            typer.echo(f"{link.number}. {link.written}  {event}  {details}")
        typer.echo(f"encodings lie {'open' if opened.is_open else 'sealed, or not here'}")
        typer.echo(f"head of the ledger: {opened.ledger.head}")


def seal(
    store: Annotated[Path, _STORE],
    recipient: Annotated[
        str,
        typer.Option(
            "--recipient", metavar="AGE1...", help="A public key whose private key is elsewhere."
        ),
    ],
) -> None:
    """Seal all encodings to a key that is kept elsewhere, before outcomes are opened."""
    with _opened(store) as opened:
        for path in opened.seal(recipient):
            typer.echo(str(path))


def unseal(
    store: Annotated[Path, _STORE],
    identity: Annotated[
        Path, typer.Option("--identity", metavar="FILE", help="The key that they are sealed to.")
    ],
) -> None:
    """Open sealed encodings again, to link the next submissions."""
    with _opened(store) as opened:
        for path in opened.unseal(identity_of(identity)):
            typer.echo(str(path))


def purge(
    store: Annotated[Path, _STORE],
    yes: Annotated[bool, typer.Option("--yes", help="Destroy them.")] = False,
) -> None:
    """Destroy all encodings; the ledger stays."""
    with _opened(store) as opened:
        if not yes:
            for path in opened.encodings():
                typer.echo(str(path))
            typer.echo("Nothing was destroyed. To destroy these files, run again with --yes.")
            return
        for item in opened.purge():
            typer.echo(f"{item.name}  {item.sha256}")


def verify(
    store: Annotated[Path, _STORE],
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="DIGEST", help="A head noted earlier, which must be in it."),
    ] = None,
) -> None:
    """Check that nothing in the ledger was altered or taken out; tell where it was."""
    with _opened(store) as opened:
        typer.echo(f"{opened.ledger.verify(head)} links, unbroken.")
        typer.echo(f"head of the ledger: {opened.ledger.head}")


@contextlib.contextmanager
def _opened(store: Path, key: CustodyKey | None = None) -> Iterator[LinkageStore]:
    """The store, closed again at the end."""
    from pprl.hub.custody import LinkageStore

    with contextlib.closing(LinkageStore.open(store, key)) as opened:
        yield opened
