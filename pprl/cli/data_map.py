"""`pprl data-map`: what an institution has, for partners to see before anything is exchanged."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLE = (
    "Example:\n\n\b\npprl data-map students.csv --institution orchard-usd --year year "
    "--out orchard-usd-data-map.json"
)
_JSON = b'{\n "elements"'


class Form(StrEnum):
    """How a data map is written."""

    JSON = "json"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("data-map", epilog=_EXAMPLE)(data_map)


def data_map(
    export: Annotated[
        Path, typer.Argument(metavar="EXPORT", help="CSV or TSV export with a header row.")
    ],
    institution: Annotated[str, typer.Option("--institution", metavar="ID", help="Your id.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The map to write.")],
    year: Annotated[
        str | None,
        typer.Option("--year", metavar="COLUMN", help="The column that holds each row's year."),
    ] = None,
    form: Annotated[Form, typer.Option("--form", help="What to write.")] = Form.JSON,
) -> None:
    """Write which elements you have, how complete and for which years: no name and no value.

    The headers of the export stand in the map; read it before you send it.
    """
    check_map(out, export)
    write_map(export, institution, out, year, form)
    tell_map(out)


def check_map(out: Path, export: Path) -> None:
    """Check that a map may be written there.

    Raises:
        UsageError: something else is there.
    """
    from pprl.cli.outputs import check_output

    check_output(out, "data map", (_JSON, b"# Data map of "), {"export": export})


def write_map(
    export: Path, institution: str, out: Path, year: str | None, form: Form = Form.JSON
) -> None:
    """Write the data map of an export."""
    from pprl.cli.outputs import write_bytes
    from pprl.institution.data_map import data_map as made

    mapped = made(_read(export), institution, year=year)
    text = mapped.to_markdown() if form is Form.MARKDOWN else mapped.to_json()
    write_bytes(text.encode("utf-8"), out)


def tell_map(out: Path) -> None:
    """Tell what to do with a map."""
    typer.echo("Read it, then send it to your partners:")
    typer.echo(str(out))


def _read(path: Path) -> pd.DataFrame:
    """Every column of an export, as text.

    Raises:
        UsageError: it cannot be read as delimited text.
    """
    import pandas as pd

    from pprl.errors import UsageError

    try:
        with path.open("rb") as file:
            first = file.readline().decode("utf-8-sig", "replace")
        delimiter = max(",\t;|", key=first.count)
        for encoding in ("utf-8-sig", "cp1252"):
            try:
                return pd.read_csv(
                    path, sep=delimiter, dtype=str, keep_default_na=False, encoding=encoding
                )
            except UnicodeDecodeError:
                continue
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
    except ValueError:
        pass
    raise UsageError(f"{path}: is no CSV or TSV file with a header row. Export it again.")
