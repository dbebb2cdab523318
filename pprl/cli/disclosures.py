"""`pprl disclosures`: which files left, and whose records they held."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pprl.institution.disclosure import Disclosure

_EXAMPLE = "Example:\n\n\b\npprl disclosures --log orchard-usd.disclosures.sqlite --student 10017"
_CHECK = "Example:\n\n\b\npprl disclosures verify --log orchard-usd.disclosures.sqlite"
_LOG = typer.Option("--log", metavar="FILE", help="The institution's disclosure log.")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    commands = typer.Typer(rich_markup_mode=None)
    commands.callback(invoke_without_command=True, epilog=_EXAMPLE)(disclosures)
    commands.command("verify", epilog=_CHECK)(verify)
    app.add_typer(commands, name="disclosures")


def disclosures(
    context: typer.Context,
    log: Annotated[Path | None, _LOG] = None,
    student: Annotated[
        str | None,
        typer.Option("--student", metavar="LOCAL_ID", help="Only what held this record."),
    ] = None,
) -> None:
    """Tell which files left, to whom and what for; of one student or of all.

    For the log that California Education Code 49064 and 34 CFR 99.32 ask for in each record.
    """
    if context.invoked_subcommand is not None:
        return
    if log is None:
        raise typer.BadParameter("name the disclosure log", param_hint="--log")
    from pprl.institution.disclosures import DisclosureLog

    with contextlib.closing(DisclosureLog.open(log, make=False)) as opened:
        found = opened.disclosures() if student is None else opened.of_student(student)
        for disclosure in found:
            for line in _told(disclosure):
                typer.echo(line)
        if not found:
            typer.echo("Nothing was disclosed." if student is None else "No file held this record.")
        typer.echo(f"head of the log: {opened.head}")


def verify(
    log: Annotated[Path, _LOG],
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="DIGEST", help="A head noted earlier, which must be in it."),
    ] = None,
) -> None:
    """Check that nothing in the log was altered or taken out; tell where it was.

    Only a head that was noted elsewhere tells whether the log's end was cut off.
    """
    from pprl.institution.disclosures import DisclosureLog

    with contextlib.closing(DisclosureLog.open(log, make=False)) as opened:
        links = opened.verify(head)
        typer.echo(f"{links} links, unbroken.")
        typer.echo(f"head of the log: {opened.head}")


def _told(disclosure: Disclosure) -> Iterator[str]:
    """A disclosure for a person to read, line by line."""
    file = f"{disclosure.what} {disclosure.file}"
    yield f"{disclosure.number}. {disclosure.written}  {file}  {disclosure.outcome}"
    yield f"   from       {disclosure.institution}, {disclosure.records:,} students"
    yield f"   to         {disclosure.recipient}"
    yield f"   under      {disclosure.agreement} ({disclosure.agreement_digest[:16]})"
    yield f"   for        {disclosure.interest}"
    yield f"   held       {', '.join(disclosure.fields)}"
    yield f"   sha256     {disclosure.sha256}"
