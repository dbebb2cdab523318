"""`pprl inspect`: what an encoding would do with an export, before anything is encoded."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from pprl.cli.data_map import check_map, tell_map, write_map
from pprl.cli.options import AgreementFile
from pprl.cli.outputs import PAGE, check_output, write_bytes
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
from pprl.errors import UsageError

_EXAMPLE = (
    "Example:\n\n\b\n"
    "pprl inspect senr.txt --layout calpads_senr --agreement compact.toml --html inspection.html"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("inspect", epilog=_EXAMPLE)(inspect)


def inspect(
    *,
    students: Export = None,
    agreement: AgreementFile,
    layout: LayoutName = "generic",
    column: Columns = None,
    on_error: Faults = OnError.STOP,
    group: Annotated[
        str,
        typer.Option(
            "--group",
            metavar="HEADER",
            help="A column of the export by which to tell who can be found. It is not encoded.",
        ),
    ] = "",
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the same as a page, too.")
    ] = None,
    sql: Query = "",
    url: DatabaseUrl = "",
    use_other_names: OtherNames = False,
    data_map: Annotated[
        Path | None,
        typer.Option(
            "--data-map",
            metavar="FILE.json",
            help="Also write which elements the export has, how complete and for which years, for "
            "partners to see; with --institution. No name and no value is in it.",
        ),
    ] = None,
    institution: Annotated[
        str, typer.Option("--institution", metavar="ID", help="Your id, for the data map.")
    ] = "",
    year: Annotated[
        str | None,
        typer.Option("--year", metavar="COLUMN", help="For the data map: each row's year."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what an encoding would do with students. Changes nothing and sends nothing."""
    import pprl
    from pprl.institution.export import Export
    from pprl.institution.layout import GROUP

    check_source(students, sql, url)
    columns = columns_of(column or [])
    if group:
        columns[GROUP] = group
    agreed = pprl.Agreement.load(agreement)
    if page is not None:
        taken = {"agreement": agreement} | ({"students' export": students} if students else {})
        check_output(page, "page", PAGE, taken)
    export: Export | None = None
    if data_map is not None:
        if students is None or not institution:
            raise UsageError("--data-map is made of an export, and goes with --institution.")
        check_map(data_map, students)
        export = Export.open(students, layout, columns)
        write_map(export, institution, data_map, year)
    roster, notes = read_roster(
        export or students, layout, columns, on_error, sql, url, use_other_names
    )
    found = pprl.inspect(roster, agreed, group=GROUP if group else "", notes=notes, progress=True)
    if page is not None:
        write_bytes(found.html().encode("utf-8"), page)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=True))
        return
    for line in found.lines():
        typer.echo(line)
    if page is not None:
        typer.echo("The page, which stays here:")
        typer.echo(str(page))
    if data_map is not None and export is not None:
        tell_map(data_map, export)
