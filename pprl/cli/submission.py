"""`pprl encode`: an institution's work, from its students to the one file that it sends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.audit import own_view, tell_audit, write_audit
from pprl.cli.options import AgreementFile, OwnId
from pprl.cli.outputs import ID_MAP, PAGE, check_output
from pprl.cli.passphrases import passphrase_of, signing_key_of
from pprl.cli.roster import (
    AsJson,
    Columns,
    DatabaseUrl,
    Export,
    Faults,
    LayoutName,
    OnError,
    OtherNames,
    Query,
    check_source,
    columns_of,
    read_roster,
)
from pprl.cli.told_of_encoding import learnt, summary, tell_in_json, tell_only
from pprl.errors import AgreementError, PPRLError, UsageError

if TYPE_CHECKING:
    from pprl import Agreement, Encoded, SigningKey, State
    from pprl.institution.disclosures import DisclosureLog

_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl encode students.csv --agreement compact.toml --key compact.key "
    "--institution orchard-usd --signing-key orchard-usd.signing --out orchard-usd.pprl "
    "--id-map orchard-usd-id-map.csv"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("encode", epilog=_EXAMPLE)(encode)


def encode(
    *,
    students: Export = None,
    agreement: AgreementFile,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The institutions' linkage key.")
    ],
    institution: OwnId,
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
    column: Columns = None,
    on_error: Faults = OnError.STOP,
    layout: LayoutName = "generic",
    sql: Query = "",
    url: DatabaseUrl = "",
    use_other_names: OtherNames = False,
    signing_key: Annotated[
        Path | None,
        typer.Option(
            "--signing-key",
            metavar="FILE",
            help="Your own signing key; may be left out in trials only. The match file is sealed "
            "to the hub's key in the agreement.",
        ),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(
            "--audit",
            metavar="FILE.html",
            help="Before anything is written, attack the file as the hub might, with your students "
            "at hand, and write a page of what comes of it.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            help="Passes in work at once; without it as many as there are processors. The file is "
            "the same.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Tell what would be encoded, and write nothing."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Encode students for the hub.

    The last line names the one file to send; those that must stay stand above it.
    """
    import pprl
    from pprl.exchange.closing import refuse_certified
    from pprl.exchange.container import MAGIC_ANY
    from pprl.exchange.sealing import AGE_MAGIC
    from pprl.institution.published import told_of_empty
    from pprl.institution.roster import refuse_few

    check_source(students, sql, url)
    columns = columns_of(column or [])
    agreed = pprl.Agreement.load(agreement)
    refuse_certified(agreement, agreed)
    signer = permitted_signer(agreed, institution, signing_key)
    linkage_key = pprl.LinkageKey.load(key, passphrase_of(key))
    state = state or key.with_name(f"{institution}.state.sqlite")
    log = log or state.with_name(f"{institution}.disclosures.sqlite")
    taken = {"agreement": agreement, "linkage key": key}
    if students:
        taken["students' export"] = students
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
    if audit is not None:
        check_output(audit, "audit's page", PAGE, taken)
        check_output(audit.with_suffix(".json"), "audit's figures", b"{", taken)

    if dry_run:
        roster, notes = read_roster(students, layout, columns, on_error, sql, url, use_other_names)
        seen = pprl.inspect(roster, agreed, notes=notes, progress=True)
        tell_only(seen, as_json)
        refuse_few(seen.students, agreed)
        told_of_empty(seen.completeness, agreed)
        return
    with _logging(log) as disclosures:
        disclosures.refuse_closed(agreed)
        roster, notes = read_roster(students, layout, columns, on_error, sql, url, use_other_names)
        with _opened(state) as own, own.transaction():
            encoded = pprl.encode(
                roster, agreed, linkage_key, institution, state=own, workers=workers
            )
            _check_id_map(encoded, id_map)
            if audit is not None:
                view = own_view(roster, agreed, encoded.id_map, encoded.submission)
                found = write_audit([encoded.submission], agreed, view, audit)
                if not as_json:
                    tell_audit(found, audit)
        head = _write(encoded, agreed, out, id_map, disclosures, signer)
    notes += encoded.notes
    if as_json:
        tell_in_json(encoded, notes, (key, state, log, id_map), out, head)
        return
    for line in (*summary(encoded), *(f"note: {note}" for note in notes), *learnt()):
        typer.echo(line)
    typer.echo(f"head of the disclosure log, to be noted elsewhere: {head}")
    typer.echo("Keep here; the hub must never hold any of these:")
    for path in (key, state, log, id_map):
        typer.echo(str(path))
    typer.echo("Send to the hub:")
    typer.echo(str(out))


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
    from pprl.institution.id_map import check_vacant

    try:
        check_vacant(path, encoded.id_map)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None


def permitted_signer(
    agreement: Agreement, institution: str, signing_key: Path | None
) -> SigningKey | None:
    """The key that signs what goes to the hub, if the agreement allows this, before any work.

    Raises:
        AgreementError: it does not allow it, or the hub would not know the institution by the key.
        UsageError: the file will go to the agreement's hub and there is no key to sign it.
        KeyFileError: the key cannot be read or unlocked, or is something else.
    """
    from pprl.agreement.enforcement import enforce
    from pprl.agreement.signatures import check_key

    enforce(agreement, (institution,))
    if agreement.hub_key and signing_key is None:
        raise UsageError(
            "What goes to the hub is signed: pass --signing-key (pprl key new --kind signing)."
        )
    if signing_key is None:
        return None
    signer = signing_key_of(signing_key)
    if agreement.trial and not agreement.signers[institution]:
        raise AgreementError(
            f"party {institution}: has no public_key in the agreement, so the hub would refuse "
            "what it signs. In a trial leave --signing-key out, or put this there: "
            f"{signer.public_key}"
        )
    check_key(institution, signer, agreement.signers)
    return signer


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
