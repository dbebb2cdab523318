"""`pprl audit`: what an attacker could learn from match files, as a page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.options import AgreementFile, AllowUnverified
from pprl.cli.outputs import PAGE, check_output, write_bytes
from pprl.cli.passphrases import identity_of
from pprl.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from pprl import Agreement, Submission
    from pprl.audit import Audit, RosterView

SEED = 1
_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl audit orchard-usd.pprl county-college.pprl --agreement compact.toml "
    "--identity hub.identity --out audit.html"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("audit", epilog=_EXAMPLE)(audit)


def audit(
    submissions: Annotated[
        list[Path], typer.Argument(metavar="SUBMISSION...", help="One match file or several.")
    ],
    agreement: AgreementFile,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE.html", help="The page to write; figures go to FILE.json."
        ),
    ],
    plaintext: Annotated[
        Path | None,
        typer.Option(
            "--plaintext",
            metavar="LOCAL.csv",
            help="At an institution: the students of the first submission, as if the hub had them.",
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--truth",
            metavar="ID-MAP.csv",
            help="With --plaintext: the id map of that submission, to judge the guesses by.",
        ),
    ] = None,
    layout: Annotated[
        str, typer.Option("--layout", metavar="NAME", help="The customary headers to expect.")
    ] = "generic",
    identity: Annotated[
        Path | None,
        typer.Option(
            "--identity",
            metavar="FILE",
            help="At the hub: its private key, to which files are sealed; not needed in trials.",
        ),
    ] = None,
    allow_unverified: AllowUnverified = False,
) -> None:
    """Attack match files, and tell what an attacker could learn.

    At the hub, give it all submissions. At an institution, add your own students and id map: what
    would the hub know if it had your roster? They are read here and go nowhere. What you sealed to
    the hub you cannot open again: pprl encode --audit looks at it before.
    """
    import pprl

    figures = out.with_suffix(".json")
    taken = {f"match file {file.name}": file for file in submissions}
    taken |= {"agreement": agreement}
    taken |= {"plaintext": plaintext} if plaintext else {}
    taken |= {"id map": truth} if truth else {}
    check_output(out, "audit's page", PAGE, taken)
    check_output(figures, "audit's figures", b"{", {**taken, "audit's page": out})
    if (plaintext is None) != (truth is None):
        raise UsageError("--plaintext and --truth go together: the students and their id map.")
    agreed = pprl.Agreement.load(agreement)
    own = identity_of(identity) if identity else None
    opened = [
        pprl.Submission.open(file, identity=own, signers=agreed, allow_unverified=allow_unverified)
        for file in submissions
    ]
    roster = None
    if plaintext is not None and truth is not None:
        roster = _view(plaintext, truth, layout, agreed, opened)
    tell_audit(write_audit(opened, agreed, roster, out), out)


def write_audit(
    opened: Sequence[Submission], agreed: Agreement, roster: RosterView | None, out: Path
) -> Audit:
    """Attack submissions, and write the page and the figures beside it.

    Raises:
        UsageError: one of them cannot be written.
    """
    import numpy as np

    from pprl.audit import audit as attacked
    from pprl.audit.page import page

    found = attacked(opened, agreed, roster=roster, rng=np.random.default_rng(SEED))
    figures = json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_bytes(page(found).encode("utf-8"), out)
    write_bytes(figures.encode("utf-8"), out.with_suffix(".json"))
    return found


def tell_audit(found: Audit, out: Path) -> None:
    """Tell the findings, and where they are."""
    typer.echo(f"{found.light.upper()}: {found.headline}")
    for finding in found.findings:
        typer.echo(f"  {finding.light:<6} {finding.name} {finding.figure}")
    for note in dict.fromkeys(found.notes):
        typer.echo(f"note: {note}")
    for path in (out, out.with_suffix(".json")):
        typer.echo(str(path))


def _view(
    plaintext: Path, truth: Path, layout: str, agreed: Agreement, opened: list[Submission]
) -> RosterView:
    """The institution's own plaintext as arrays.

    Raises:
        UsageError: the id map is not that of the first submission, or cannot be read.
    """
    import warnings

    import pprl
    from pprl.institution.id_map import read_id_map
    from pprl.institution.students import StudentsWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StudentsWarning)
        students = pprl.read_students(plaintext, layout, on_error="skip")
    id_map = read_id_map(truth)
    records = int(id_map["record"].max()) + 1
    own = opened[0]
    if own.records != records:
        raise UsageError(
            f"{truth}: has {records:,} records, and {own.institution}'s submission has "
            f"{own.records:,}. Name your own submission first, and give the id map written with it."
        )
    return own_view(students, agreed, id_map, own)


def own_view(
    students: pd.DataFrame, agreed: Agreement, id_map: pd.DataFrame, own: Submission
) -> RosterView:
    """What an attacker would work out from an institution's roster, had it leaked."""
    from pprl.audit import RosterView
    from pprl.institution.leaked_roster import leaked_roster

    emitted, likeness, chosen = leaked_roster(students, agreed, id_map)
    return RosterView(own.institution, emitted, likeness, chosen)
