"""`pprl payload`: outcomes and report groups by study ID, for the hub."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.options import AgreementFile, OwnId
from pprl.cli.outputs import check_output
from pprl.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from pprl import Agreement, Payload, SigningKey

_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl payload outcomes.csv --agreement compact.toml --institution county-college "
    "--signing-key county-college.signing --out county-college-outcomes.pprl"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("payload", epilog=_EXAMPLE)(payload)


def payload(
    rows: Annotated[
        Path,
        typer.Argument(
            metavar="ROWS", help="CSV: study_id, and columns that the agreement declares."
        ),
    ],
    agreement: AgreementFile,
    institution: OwnId,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE.pprl", help="The payload file to write.")
    ],
    signing_key: Annotated[
        Path | None,
        typer.Option(
            "--signing-key",
            metavar="FILE",
            help="Your own signing key; may be left out in trials only.",
        ),
    ] = None,
    sequence: Annotated[
        int,
        typer.Option("--sequence", min=1, help="One more than that of the last payload you sent."),
    ] = 1,
    log: Annotated[
        Path | None,
        typer.Option("--disclosures", metavar="FILE", help="Your disclosure log, to log it in."),
    ] = None,
    id_map: Annotated[
        Path | None,
        typer.Option("--id-map", metavar="FILE.csv", help="For the log: whose records they are."),
    ] = None,
    crosswalk: Annotated[
        Path | None,
        typer.Option("--crosswalk", metavar="FILE.csv", help="For the log: what the hub gave."),
    ] = None,
) -> None:
    """Write outcomes and report groups by study ID, signed and sealed to the hub.

    Columns that the agreement does not declare, or that look like identifiers, are refused.
    """
    import pprl
    from pprl.cli.submission import permitted_signer
    from pprl.exchange.closing import refuse_certified
    from pprl.exchange.container import PAYLOAD_MAGIC
    from pprl.exchange.sealing import AGE_MAGIC

    agreed = pprl.Agreement.load(agreement)
    refuse_certified(agreement, agreed)
    signer = permitted_signer(agreed, institution, signing_key)
    check_output(
        out, "payload file", (PAYLOAD_MAGIC, AGE_MAGIC), {"rows": rows, "agreement": agreement}
    )
    made = pprl.Payload.of(_read(rows, agreed), agreed, institution, sequence=sequence)
    _release(made, agreed, out, signer, log, id_map, crosswalk)
    typer.echo(f"{made.table.num_rows:,} rows of: {', '.join(made.table.column_names)}")
    typer.echo("Send to the hub:")
    typer.echo(str(out))


def _release(
    made: Payload,
    agreed: Agreement,
    out: Path,
    signing_key: SigningKey | None,
    *logged: Path | None,
) -> None:
    """Write the file, and log it where that was asked for.

    Raises:
        UsageError: the log, the id map or the crosswalk is named without the others.
    """
    from pprl.institution.disclosures import DisclosureLog
    from pprl.institution.id_map import local_ids_of

    def write(path: Path) -> None:
        made.write(path, signing_key=signing_key)

    log, id_map, crosswalk = logged
    if log is None or id_map is None or crosswalk is None:
        if any(logged):
            raise UsageError("Pass --disclosures, --id-map and --crosswalk together.")
        write(out)
        typer.echo(
            "note: this disclosure was not logged. Pass --disclosures, --id-map and --crosswalk."
        )
        return
    local_ids = local_ids_of(made.table["study_id"].to_pylist(), id_map, crosswalk)
    with contextlib.closing(DisclosureLog.open(log, make=False)) as opened:
        opened.release_payload(made, local_ids, agreed, out, write)
        typer.echo(f"head of the disclosure log, to be noted elsewhere: {opened.head}")


def _read(path: Path, agreement: Agreement) -> pd.DataFrame:
    """The rows, declared columns as values of their kinds.

    Raises:
        UsageError: the file cannot be read, or a value is not of its column's kind.
    """
    import pandas as pd

    from pprl.exchange.payload_columns import typed
    from pprl.institution.text_csv import read_text_csv

    texts = read_text_csv(path)
    kinds = dict(agreement.payload.columns)
    columns = {}
    for name in texts.columns:
        try:
            values = typed(texts[name].tolist(), kinds.get(name, "text"))
        except UsageError as error:
            raise UsageError(f"{path} {name} {error}") from None
        columns[name] = pd.Series(values, dtype=object)
    return pd.DataFrame(columns)
