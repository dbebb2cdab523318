"""`pprl results release`: indicators and flows, from payload files to what may be published."""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.options import AgreementFile, AllowUnverified, HubIdentity
from pprl.cli.passphrases import identity_of, passphrase_of
from pprl.errors import CustodyError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from pprl import LinkageStore, Payload
    from pprl.results.release.compilation import Compilation

EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl results release orchard-usd-outcomes.pprl county-college-outcomes.pprl "
    "--agreement compact.toml --linkage linkage --identity hub.identity --through 2027-12-31 "
    "--out release-2028"
)


def release(
    agreement: AgreementFile,
    linkage: Annotated[
        Path,
        typer.Option("--linkage", metavar="FOLDER", help="The folder that pprl link wrote."),
    ],
    through: Annotated[
        datetime.datetime,
        typer.Option(
            "--through",
            metavar="DATE",
            formats=["%Y-%m-%d"],
            help="The last day that all payloads cover: a year is counted once its time has "
            "passed for everybody.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to make.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PAYLOADS...", help="One payload file an institution."),
    ] = None,
    since: Annotated[
        int, typer.Option("--since", metavar="YEAR", help="The first year that is counted.")
    ] = 0,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            "--earlier",
            metavar="FOLDER",
            help="A release before this one; name all of them, oldest first.",
        ),
    ] = None,
    definitions: Annotated[
        Path | None,
        typer.Option(
            "--definitions",
            metavar="FILE",
            help="Further indicators, in a TOML file, beside the agreement's.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="FOLDER",
            help="The linkage store: no encodings may lie open in it, and its ledger logs what "
            "leaves.",
        ),
    ] = None,
    outcomes: Annotated[
        Path | None,
        typer.Option(
            "--outcomes",
            metavar="FOLDER",
            help="The analysis store, made if there is none: payloads named here are kept in it, "
            "and those of other institutions are taken from it. Needs --store.",
        ),
    ] = None,
    outcomes_key: Annotated[
        Path | None,
        typer.Option(
            "--outcomes-key", metavar="FILE", help="The analysis store's key, made with it."
        ),
    ] = None,
    identity: HubIdentity = None,
    allow_unverified: AllowUnverified = False,
) -> None:
    """Count indicators and flows, hide what is small, and write what may leave.

    The attacker of pprl results audit tries the release first, together with all earlier ones, and
    nothing is written if it works anything out.
    """
    import pprl
    from pprl.agreement.indicators import with_file
    from pprl.exchange.closing import refuse_certified
    from pprl.hub.custody import LinkageStore
    from pprl.results.disclosure import read_release
    from pprl.results.folder import check_vacant
    from pprl.results.release.compilation import compile_release
    from pprl.results.release.figures import senders_told
    from pprl.results.release.folder import PAGE, can_draw
    from pprl.results.release.links import read_quality

    check_vacant(out)
    agreed = pprl.Agreement.load(agreement)
    refuse_certified(agreement, agreed)
    known = with_file(definitions, agreed.definitions) if definitions else agreed.definitions
    quality = read_quality(linkage)
    own = identity_of(identity) if identity else None
    with contextlib.ExitStack() as closing:
        opened = (
            closing.enter_context(contextlib.closing(LinkageStore.open(store))) if store else None
        )
        if opened is not None and opened.is_open:
            raise CustodyError(
                f"{store}: holds encodings unsealed. Seal or purge them before outcomes are "
                "opened: pprl store seal, pprl store purge"
            )
        payloads = [
            pprl.Payload.open(path, signers=agreed, identity=own, allow_unverified=allow_unverified)
            for path in files or ()
        ]
        rows = _rows(payloads, linkage, opened, outcomes, outcomes_key)
        compiled = compile_release(
            rows,
            agreed,
            quality,
            through.date(),
            since=since,
            definitions=known,
            earlier=[read_release(folder) for folder in earlier or ()],
            progress=True,
        )
        _write(compiled, out, opened)
    told = compiled.report
    typer.echo(f"{told.told:,} counts are told, {told.hidden:,} hidden; none can be worked out.")
    for sentence in senders_told(told):
        typer.echo(sentence)
    for title, reason in told.left_out:
        typer.echo(f"not counted: {title}: {reason}")
    if not can_draw():
        typer.echo('note: the page has no charts. To have them: pip install "pprl-edu[report]"')
    typer.echo("May leave the hub:")
    typer.echo(str(out / PAGE))


def _rows(
    payloads: Sequence[Payload],
    linkage: Path,
    store: LinkageStore | None,
    outcomes: Path | None,
    key: Path | None,
) -> pd.DataFrame:
    """The rows of all institutions, kept in the analysis store if there is to be one.

    Raises:
        UsageError: an option lacks those that go with it, or there are no payloads.
    """
    from pprl.hub.custody import AnalysisStore, CustodyKey
    from pprl.results.indicators.rows import rows_of_payloads, rows_of_store
    from pprl.results.release.links import read_study_ids

    if outcomes is None:
        if key is not None:
            raise UsageError("--outcomes-key is of use with --outcomes only.")
        if not payloads:
            raise UsageError("Name the payload files, or the --outcomes that hold them.")
        return rows_of_payloads(payloads, read_study_ids(linkage))
    if store is None or key is None:
        raise UsageError("--outcomes needs --store and --outcomes-key.")
    if outcomes.resolve() in key.resolve().parents:
        raise UsageError(f"{key}: lies among the outcomes. Keep their key elsewhere.")
    if not key.exists() and not outcomes.exists():
        CustodyKey.generate("analysis store").save(key)
    secret = CustodyKey.load(key, "analysis store", passphrase_of(key))
    analysis = AnalysisStore.open(outcomes, secret, store)
    study_ids = read_study_ids(linkage)
    for payload in payloads:
        ids = study_ids[study_ids["source"] == payload.institution]
        analysis.keep(payload, dict(zip(ids["recipient_id"], ids["study_id"], strict=True)))
    return rows_of_store(analysis)


def _write(compiled: Compilation, out: Path, store: LinkageStore | None) -> None:
    """Write the release; it is logged before the folder takes its name."""
    from pprl.exchange.destruction import digest_of
    from pprl.hub.custody.ledger import SENT
    from pprl.results.folder import check_vacant
    from pprl.results.release.folder import write_compilation

    waiting = out.with_name(f".{out.name}.{secrets.token_hex(6)}.partial")
    write_compilation(compiled, waiting)
    if store is not None:
        with store.ledger.writing():
            for path in sorted(waiting.iterdir()):
                told = {"folder": out.name, "file": path.name, "sha256": digest_of(path)}
                store.ledger.log(SENT, what="release", to="public", **told)
    check_vacant(out)
    if out.exists():
        out.rmdir()
    waiting.rename(out)
