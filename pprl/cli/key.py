"""`pprl key`: the linkage key that the institutions share, and each side's own keys."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pprl.cli.options import AgreementFile, OwnId, OwnSigningKey
from pprl.cli.passphrases import identity_of, new_passphrase, passphrase_of, signing_key_of

_NEW = "Example:\n\n\b\npprl key new compact.key"
_SHOW = "Example:\n\n\b\npprl key show compact.key --agreement compact.toml"
_SEND = (
    "Example:\n\n\b\npprl key send compact.key --agreement compact.toml --from orchard-usd "
    "--to county-college --signing-key orchard-usd.signing --out for-county-college.age"
)
_RECEIVE = (
    "Example:\n\n\b\npprl key receive for-county-college.age --agreement compact.toml "
    "--institution county-college --identity county-college.identity --out compact.key"
)


class Kind(StrEnum):
    """What a key is for."""

    LINKAGE = "linkage"
    SIGNING = "signing"
    IDENTITY = "identity"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    commands = typer.Typer(
        rich_markup_mode=None,
        help="The linkage key that the institutions share, and each side's own keys.",
        epilog=_NEW,
    )
    commands.command("new", epilog=_NEW)(new)
    commands.command("show", epilog=_SHOW)(show)
    commands.command("send", epilog=_SEND)(send)
    commands.command("receive", epilog=_RECEIVE)(receive)
    app.add_typer(commands, name="key")


def new(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The key file to make.")],
    kind: Annotated[
        Kind,
        typer.Option(
            "--kind",
            help="linkage: shared by the institutions, made once by one of them. signing: each "
            "side's own, to sign agreement and files. identity: the private key of whom files are "
            "sealed to: the hub's, and each institution's to be sent the linkage key.",
        ),
    ] = Kind.LINKAGE,
    locked: Annotated[
        bool,
        typer.Option(
            "--locked", help="Lock it with a passphrase (asked for, or from PPRL_PASSPHRASE)."
        ),
    ] = False,
) -> None:
    """Make a key, readable by you alone."""
    import pprl

    passphrase = new_passphrase() if locked else None
    if kind is Kind.LINKAGE:
        pprl.LinkageKey.generate().save(path, passphrase)
        typer.echo(
            "A linkage key was made. Pass it to every institution of the agreement (pprl key"
        )
        typer.echo("send), never to the hub, and keep a backup:")
    elif kind is Kind.SIGNING:
        signing_key = pprl.SigningKey.generate()
        signing_key.save(path, passphrase)
        _tell_public("public_key", signing_key.public_key)
    else:
        identity = pprl.Identity.generate()
        identity.save(path, passphrase)
        _tell_public("recipient (an institution) or hub_key (the hub)", identity.recipient)
    typer.echo(str(path))


def show(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A key file.")],
    agreement: Annotated[
        Path | None,
        typer.Option(
            "--agreement", metavar="FILE", help="For a linkage key: the agreement it is used under."
        ),
    ] = None,
) -> None:
    """Show what may be told of a key: its public part, or a linkage key's check value."""
    import pprl
    from pprl.errors import UsageError
    from pprl.exchange import identity, signing_key
    from pprl.exchange.container import LINKAGE_KEY_MAGIC

    passphrase = passphrase_of(path)
    start = _start_of(path)
    if start.startswith(signing_key.MAGIC):
        _tell_public("public_key", pprl.SigningKey.load(path, passphrase).public_key)
    elif start.startswith(identity.MAGIC):
        recipient = pprl.Identity.load(path, passphrase).recipient
        _tell_public("recipient (an institution) or hub_key (the hub)", recipient)
    elif start.startswith(LINKAGE_KEY_MAGIC):
        if agreement is None:
            raise UsageError(
                "A linkage key has no public part. Pass --agreement to see its check value, which "
                "is the same at all institutions that hold it."
            )
        digest = pprl.Agreement.load(agreement).linkage_digest
        typer.echo("A linkage key. Under this agreement its check value, to be compared with the")
        typer.echo("other institutions', is:")
        typer.echo(pprl.LinkageKey.load(path, passphrase).check_value(digest))
    else:
        raise UsageError(f"{path}: is no key file of pprl.")


def send(
    key: Annotated[Path, typer.Argument(metavar="KEY", help="The linkage key.")],
    agreement: AgreementFile,
    sender: Annotated[str, typer.Option("--from", metavar="ID", help="Your id in the agreement.")],
    receiver: Annotated[str, typer.Option("--to", metavar="ID", help="The institution's id.")],
    signing_key: OwnSigningKey,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")],
) -> None:
    """Seal the linkage key to another institution, signed by you. The hub cannot be named."""
    import pprl
    from pprl.cli.outputs import check_output, write_bytes
    from pprl.exchange.sealing import AGE_MAGIC
    from pprl.institution.sent_key import send_key

    check_output(out, "sealed key", AGE_MAGIC, {"linkage key": key, "signing key": signing_key})
    sealed = send_key(
        pprl.LinkageKey.load(key, passphrase_of(key)),
        pprl.Agreement.load(agreement),
        sender,
        receiver,
        signing_key_of(signing_key),
    )
    write_bytes(sealed, out)
    typer.echo(f"Send to {receiver} and no other:")
    typer.echo(str(out))


def receive(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What pprl key send wrote.")],
    agreement: AgreementFile,
    institution: OwnId,
    identity: Annotated[
        Path, typer.Option("--identity", metavar="FILE", help="Your own identity.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The key file to make.")],
) -> None:
    """Open a linkage key that another institution sent, and keep it."""
    import pprl
    from pprl.errors import UsageError
    from pprl.institution.sent_key import receive_key

    try:
        sealed = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}).") from None
    agreed = pprl.Agreement.load(agreement)
    own = identity_of(identity)
    key, sender = receive_key(sealed, agreed, institution, own)
    key.save(out)
    typer.echo(
        f"The linkage key, sent and signed by {sender}. Its check value under this agreement:"
    )
    typer.echo(key.check_value(agreed.linkage_digest))
    typer.echo("Keep here; the hub must never hold it:")
    typer.echo(str(out))


def _tell_public(line: str, public: str) -> None:
    """A public key as it is written into the agreement, and its fingerprint."""
    from pprl.agreement.signatures import fingerprint

    typer.echo(f"For the agreement, as {line}:")
    typer.echo(public)
    typer.echo("Its fingerprint, to be compared by telephone:")
    typer.echo(fingerprint(public))


def _start_of(path: Path) -> bytes:
    """The first bytes of a file."""
    from pprl.errors import UsageError

    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
