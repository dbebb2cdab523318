"""`pprl encode`: an institution's work, from its students to the one file that it sends."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.messages import as_options
from pprl.cli.outputs import ID_MAP, check_output
from pprl.errors import PPRLError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from pprl import Agreement, Encoded, SigningKey, State
    from pprl.institution.disclosures import DisclosureLog

_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl encode students.csv --agreement compact.toml --key compact.key "
    "--institution orchard-usd --out orchard-usd.pprl --id-map orchard-usd-id-map.csv"
)


class OnError(StrEnum):
    """What becomes of rows with faults."""

    STOP = "stop"
    SKIP = "skip"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("encode", epilog=_EXAMPLE)(encode)


def encode(
    students: Annotated[
        Path, typer.Argument(metavar="STUDENTS", help="CSV or TSV export with a header row.")
    ],
    agreement: Annotated[
        Path, typer.Option("--agreement", metavar="FILE", help="The agreement, a TOML file.")
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The institutions' linkage key.")
    ],
    institution: Annotated[
        str, typer.Option("--institution", metavar="ID", help="Your id in the agreement.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE.pprl", help="The match file to write.")
    ],
    id_map: Annotated[
        Path,
        typer.Option("--id-map", metavar="FILE.csv", help="The map to your local ids to write."),
    ],
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="FILE",
            help="Your own secret and ledger, the same file each time; made if there is none. "
            "Without it: ID.state.sqlite beside the key, which does not travel either.",
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--disclosures",
            metavar="FILE",
            help="Your disclosure log, the same file each time; made if there is none. "
            "Without it: ID.disclosures.sqlite beside the state.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="OUR=THEIRS",
            help="A header of your own, such as zip=Postal; may be repeated.",
        ),
    ] = None,
    on_error: Annotated[
        OnError, typer.Option("--on-error", help="Stop at rows with faults, or leave them out.")
    ] = OnError.STOP,
    layout: Annotated[
        str, typer.Option("--layout", metavar="NAME", help="The customary headers to expect.")
    ] = "generic",
    signing_key: Annotated[
        Path | None,
        typer.Option(
            "--signing-key",
            metavar="FILE",
            help="Your own signing key; may be left out in trials only. The match file is sealed "
            "to the hub's key in the agreement.",
        ),
    ] = None,
) -> None:
    """Encode students for the hub.

    The last line names the one file to send; those that must stay stand above it.
    """
    import pprl
    from pprl.cli.passphrases import passphrase_of
    from pprl.exchange.closing import refuse_certified
    from pprl.exchange.container import MAGIC_ANY
    from pprl.exchange.sealing import AGE_MAGIC

    columns = _columns(column or [])
    agreed = pprl.Agreement.load(agreement)
    refuse_certified(agreement, agreed)
    check_permitted(agreed, institution, signing_key)
    linkage_key = pprl.LinkageKey.load(key, passphrase_of(key))
    signer = pprl.SigningKey.load(signing_key, passphrase_of(signing_key)) if signing_key else None
    state = state or key.with_name(f"{institution}.state.sqlite")
    log = log or state.with_name(f"{institution}.disclosures.sqlite")
    taken = {"students' export": students, "agreement": agreement, "linkage key": key}
    if signing_key:
        taken["signing key"] = signing_key
    for kind, path, begins in (
        ("state", state, b""),
        ("disclosure log", log, b""),
        ("id map", id_map, ID_MAP),
        ("match file", out, (MAGIC_ANY, AGE_MAGIC)),
    ):
        check_output(path, kind, begins, taken)
        taken[kind] = path

    with _logging(log) as disclosures:
        disclosures.refuse_closed(agreed)
        roster, notes = _read(students, layout, columns, on_error)
        with _opened(state) as own, own.transaction():
            encoded = pprl.encode(roster, agreed, linkage_key, institution, state=own)
            _check_id_map(encoded, id_map)
        head = _write(encoded, agreed, out, id_map, disclosures, signer)
    for line in (*_summary(encoded), *(f"note: {note}" for note in (*notes, *encoded.notes))):
        typer.echo(line)
    typer.echo(f"head of the disclosure log, to be noted elsewhere: {head}")
    typer.echo("Keep here; the hub must never hold any of these:")
    for path in (key, state, log, id_map):
        typer.echo(str(path))
    typer.echo("Send to the hub:")
    typer.echo(str(out))


def _columns(pairs: Sequence[str]) -> dict[str, str]:
    """The options `OUR=THEIRS` as a mapping."""
    columns: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not (ours.strip() and equals and theirs.strip()):
            raise typer.BadParameter(
                f"{pair!r} is not OUR=THEIRS, such as zip=Postal", param_hint="--column"
            )
        if ours.strip() in columns:
            raise typer.BadParameter(f"{ours.strip()} is given twice", param_hint="--column")
        columns[ours.strip()] = theirs
    return columns


def _read(
    path: Path, layout: str, columns: Mapping[str, str], on_error: OnError
) -> tuple[pd.DataFrame, list[str]]:
    """The students, and what the reader warned of."""
    import pprl
    from pprl.institution.students import StudentsWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        roster = pprl.read_students(
            path,
            layout,
            columns=columns,
            on_error="skip" if on_error is OnError.SKIP else "stop",
        )
    told = [item.message for item in caught if issubclass(item.category, StudentsWarning)]
    return roster, [as_options(str(message)) for message in told]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[State]:
    """The institution's state; one made for an encoding that failed is taken away again."""
    import pprl

    new = not path.exists()
    with contextlib.closing(pprl.State.open(path)) as state:
        try:
            yield state
        except BaseException:
            state.close()
            if new:
                path.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _logging(path: Path) -> Iterator[DisclosureLog]:
    """The disclosure log; one made for a disclosure that failed is taken away again."""
    from pprl.institution.disclosures import DisclosureLog

    new = not path.exists()
    with contextlib.closing(DisclosureLog.open(path)) as log:
        try:
            yield log
        except BaseException:
            if new and not log.disclosures():
                log.close()
                path.unlink(missing_ok=True)
            raise


def _check_id_map(encoded: Encoded, path: Path) -> None:
    """Check that the id map can be written, before the ledger is kept.

    Raises:
        UsageError: it would replace another submission's, or what is there cannot be read.
    """
    from pprl.institution.id_map import check_vacant, id_map_bytes

    try:
        check_vacant(path, id_map_bytes(encoded.id_map))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None


def check_permitted(agreement: Agreement, institution: str, signing_key: Path | None) -> None:
    """Refuse what the agreement does not allow, before anything is read.

    Raises:
        AgreementError: it does not allow it.
        UsageError: the match file will go to the agreement's hub and there is no key to sign it.
    """
    from pprl.agreement.enforcement import enforce

    enforce(agreement, (institution,))
    if agreement.hub_key and signing_key is None:
        raise UsageError(
            "What goes to the hub is signed: pass --signing-key (pprl key new --kind signing)."
        )


def _write(
    encoded: Encoded,
    agreed: Agreement,
    out: Path,
    id_map: Path,
    log: DisclosureLog,
    signing_key: SigningKey | None,
) -> str:
    """Write both files or neither, and log the disclosure; returns the head of the log.

    The id map comes first: a match file without its id map is of no use.

    Raises:
        SubmissionError: the match file cannot be written.
        ChainError: the log cannot be written.
        UsageError: the id map cannot be written.
    """

    def write(path: Path) -> None:
        encoded.submission.write(path, signing_key=signing_key)

    there = id_map.exists()
    encoded.write_id_map(id_map)
    try:
        log.release(encoded, agreed, out, write)
    except PPRLError:
        if not there and not out.exists():
            id_map.unlink(missing_ok=True)
        raise
    return log.head


def _summary(encoded: Encoded) -> Iterator[str]:
    """What was encoded, in counts."""
    submission = encoded.submission
    entries = sum(len(item) for item in submission.passes.values())
    yield (
        f"{submission.institution}: {submission.records:,} students under "
        f"{len(encoded.id_map):,} local ids, {entries:,} entries in {len(submission.passes)} passes"
    )
    if submission.manifest.sequence == 1:
        yield (
            "note: this is the first submission under this state and key. If it is not your first, "
            "find the state file of the last one and pass --state."
        )
    else:
        yield f"submission {submission.manifest.sequence} under this state and key"
