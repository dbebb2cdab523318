"""`pprl agreement`: what the partners signed, as the software reads it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pprl import Agreement

_BYTES_BESIDE_FILTER = 8 + 4
"""A token and a record number."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    example = "Example:\n\n\b\npprl agreement check compact.toml"
    commands = typer.Typer(rich_markup_mode=None, help="What the partners signed.", epilog=example)
    commands.command("check", epilog=example)(check)
    app.add_typer(commands, name="agreement")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The agreement, a TOML file.")],
) -> None:
    """Check an agreement, and tell what it asks of a record. All its faults are listed."""
    import pprl

    for line in _described(pprl.Agreement.load(file)):
        typer.echo(line)


def _described(agreement: Agreement) -> Iterator[str]:
    """The agreement for a person to read, line by line."""
    section = agreement.linkage
    yield agreement.title
    yield from _told("convener", agreement.convener)
    yield from _told("legal basis", agreement.legal_basis)
    yield from _told("effective", agreement.effective)
    over = agreement.expires is not None and agreement.expires < datetime.date.today()
    yield from _told("expires", f"{agreement.expires} (expired)" if over else agreement.expires)
    yield from _told("parties", len(agreement.parties))
    for party in agreement.parties:
        name = party.name if party.name != party.id else ""
        yield f"  {party.id:<24} {party.role:<9} {name}".rstrip()
    yield from _told("fields", ", ".join(section.fields))
    yield from _told("passes", len(section.passes))
    for linkage_pass in section.passes:
        block = ", ".join(map(str, linkage_pass.block))
        yield f"  {linkage_pass.name:<32} {linkage_pass.quota} x {block}"
    size = sum(
        linkage_pass.quota * (_BYTES_BESIDE_FILTER + 8 * section.words_of(linkage_pass))
        for linkage_pass in section.passes
    )
    yield from _told("entries", f"{section.entries_per_record} a record")
    yield from _told("bytes", f"{size:,} a record")
    yield from _told("agreement", agreement.digest)
    yield from _told("linkage", agreement.linkage_digest)
    yield from _warned(agreement)
    yield "No faults."


def _warned(agreement: Agreement) -> Iterator[str]:
    """What the passes would show, as far as the agreement alone tells."""
    from pprl.audit.findings import loose_finding
    from pprl.audit.verdict import GREEN

    found = loose_finding(agreement.linkage)
    yield from _told("strangers", found.figure)
    if found.light != GREEN:
        yield f"warning ({found.light}): {found.meaning} {found.threshold}."


def _told(label: str, value: object) -> Iterator[str]:
    """One line, or none where the agreement is silent."""
    if value:
        yield f"{label:<12} {value}"
