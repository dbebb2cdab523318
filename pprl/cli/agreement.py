"""`pprl agreement`: what the partners signed, from the template to the signatures."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.options import OwnSigningKey
from pprl.cli.passphrases import signing_key_of

if TYPE_CHECKING:
    from pprl import Agreement

_BYTES_BESIDE_FILTER = 8 + 4
"""A token and a record number."""

_CHECK = "Example:\n\n\b\npprl agreement check compact.toml"
_NEW = (
    "Example:\n\n\b\npprl agreement new compact.toml --exception studies "
    "--party orchard-usd --party county-college"
)
_SHOW = "Example:\n\n\b\npprl agreement show compact.toml --form html --out compact.html"
_SIGN = (
    "Example:\n\n\b\npprl agreement sign compact.toml --party orchard-usd "
    "--signing-key orchard-usd.signing"
)
_COMPARE = "Example:\n\n\b\npprl agreement compare compact-2026.toml compact-2029.toml"
_File = Annotated[Path, typer.Argument(metavar="FILE", help="The agreement, a TOML file.")]


class Form(StrEnum):
    """How an agreement is shown."""

    MARKDOWN = "markdown"
    HTML = "html"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    commands = typer.Typer(rich_markup_mode=None, help="What the partners signed.", epilog=_CHECK)
    commands.command("new", epilog=_NEW)(new)
    commands.command("show", epilog=_SHOW)(show)
    commands.command("sign", epilog=_SIGN)(sign)
    commands.command("check", epilog=_CHECK)(check)
    commands.command("compare", epilog=_COMPARE)(compare)
    app.add_typer(commands, name="agreement")


def new(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The agreement to make.")],
    exception: Annotated[
        str,
        typer.Option(
            "--exception",
            metavar="NAME",
            help="What it rests on: school-official, studies, audit-or-evaluation, consent, other.",
        ),
    ] = "studies",
    party: Annotated[
        list[str] | None,
        typer.Option("--party", metavar="ID", help="An institution's id; repeated, at least two."),
    ] = None,
) -> None:
    """Write a commented template that asks what a written agreement needs. No legal advice."""
    from pprl.agreement.template import template
    from pprl.errors import UsageError

    text = template(exception, party or ["first-district", "first-college"])
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path}: exists already and is not overwritten.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None
    typer.echo(f"Fill it in with counsel, then: pprl agreement check {path}")


def show(
    file: _File,
    form: Annotated[Form, typer.Option("--form", help="What to write.")] = Form.MARKDOWN,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The file to write, not standard output."),
    ] = None,
) -> None:
    """Render an agreement for counsel: what leaves, what the hub can learn, what comes back."""
    import pprl
    from pprl.agreement.page import page
    from pprl.cli.outputs import PAGE, check_output, write_bytes
    from pprl.page import as_html, as_markdown

    agreed = pprl.Agreement.load(file)
    written = as_html if form is Form.HTML else as_markdown
    text = written(agreed.title, page(agreed))
    if out is None:
        typer.echo(text, nl=False)
        return
    check_output(out, "page", (b"# ", *PAGE), {"agreement": file})
    write_bytes(text.encode("utf-8"), out)
    typer.echo(str(out))


def sign(
    file: _File,
    party: Annotated[
        str, typer.Option("--party", metavar="ID", help='Your id in it, or "hub" for the convener.')
    ],
    signing_key: OwnSigningKey,
) -> None:
    """Sign an agreement as it stands. The signature is added to FILE.sig, for all to have."""
    import pprl
    from pprl.agreement.signatures import lines, path_of
    from pprl.cli.outputs import write_bytes

    agreement = pprl.Agreement.load(file)
    key = signing_key_of(signing_key)
    signature = agreement.sign(party, key)
    write_bytes(lines([*agreement.signatures, signature]), path_of(file))
    typer.echo(f"{party} signed the agreement with the digest")
    typer.echo(agreement.digest)
    typer.echo("Give all parties the signatures; lines of several such files are put into one:")
    typer.echo(str(path_of(file)))


def check(file: _File) -> None:
    """Check an agreement: its form, what it lacks, who signed, and what changed since.

    Its faults of form are all listed. The exit code is 1 if it does not allow work yet.
    """
    import pprl
    from pprl.agreement.enforcement import missing_lines, out_of_date, signature_fault

    agreement = pprl.Agreement.load(file)
    for line in _described(agreement):
        typer.echo(line)
    if agreement.trial:
        typer.echo("A trial, for invented students: nothing of it is enforced but its parties.")
        typer.echo("No faults.")
        return
    lacks = [*missing_lines(agreement), *out_of_date(agreement, datetime.date.today())]
    for signer in agreement.signers:
        if fault := signature_fault(agreement, signer):
            lacks.append(fault)
        else:
            typer.echo(f"signed       {signer}")
    for fault in lacks:
        typer.echo(f"not yet      {fault}")
    typer.echo(f"Not in effect: {len(lacks)} to do." if lacks else "No faults. In effect.")
    if lacks:
        raise typer.Exit(1)


def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="An agreement, a TOML file.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Another.")],
) -> None:
    """Tell what changed between two agreements, by section, and whether study IDs stay."""
    import pprl
    from pprl.agreement.changes import changes

    old, new = pprl.Agreement.load(before), pprl.Agreement.load(after)
    for line in changes(old, new) or ["Nothing changed."]:
        typer.echo(line)
    kept = old.linkage_digest == new.linkage_digest
    typer.echo(
        "The linkage section is the same: encodings and study IDs stay."
        if kept
        else "The linkage section differs: encodings made under one do not link with the other's."
    )


def _described(agreement: Agreement) -> Iterator[str]:
    """The agreement for a person to read, line by line."""
    section = agreement.linkage
    yield agreement.title
    yield from _told("convener", agreement.convener)
    yield from _told("exception", agreement.exception)
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


def _warned(agreement: Agreement) -> Iterator[str]:
    """What the passes would show, as far as the agreement alone tells."""
    from pprl.audit.findings import loose_finding
    from pprl.audit.verdict import GREEN

    found = loose_finding(agreement.linkage)
    yield from _told("strangers", found.figure)
    if found.light != GREEN:
        yield f"warning ({found.light}): {found.meaning} {found.threshold}."
        yield "The profile students-1 has this by design; students-2 has less (docs/security.md)."


def _told(label: str, value: object) -> Iterator[str]:
    """One line, or none where the agreement is silent."""
    if value:
        yield f"{label:<12} {value}"
