"""`pprl report` and `pprl appendix`: what a linkage came to, for those who are to see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.options import AgreementFile
from pprl.cli.outputs import PAGE, check_output
from pprl.errors import UsageError

if TYPE_CHECKING:
    from pprl.results.report import Figures

_REPORT = (*PAGE, b"# Linkage report", b'{\n "digest"')
_EXAMPLE = "Example:\n\n\b\npprl report linkage --agreement compact.toml --out linkage-report.html"
_APPENDIX_EXAMPLE = (
    "Example:\n\n\b\npprl appendix linkage --agreement compact.toml --out appendix.md"
)
_Linkage = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The folder that pprl link wrote.")
]
_Audit = Annotated[
    Path | None,
    typer.Option(
        "--audit",
        metavar="FILE.json",
        help="What pprl audit wrote of the same files, to tell what an attacker could learn.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("report", epilog=_EXAMPLE)(report)
    app.command("appendix", epilog=_APPENDIX_EXAMPLE)(appendix)


def report(
    folder: _Linkage,
    agreement: AgreementFile,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", help="The report: .html a page, .md Markdown, .json figures."
        ),
    ],
    audit: _Audit = None,
) -> None:
    """Write the linkage report, which holds counts only and may leave the hub."""
    from pprl.results.report import check_suffix, write_report

    check_suffix(out)
    check_output(out, "linkage report", _REPORT, _taken(agreement, audit))
    write_report(_figures(folder, agreement, audit), out)
    typer.echo(str(out))


def appendix(
    folder: _Linkage,
    agreement: AgreementFile,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE.md", help="The appendix; its references go to FILE.bib."
        ),
    ],
    audit: _Audit = None,
) -> None:
    """Write a methods section for a publication, the linkage's figures filled in."""
    from pprl.results.appendix import write_appendix

    references = out.with_suffix(".bib")
    taken = _taken(agreement, audit)
    check_output(out, "appendix", b"# Methods of linkage", taken)
    check_output(references, "references", b"@techreport{linkage_report", taken | {"appendix": out})
    write_appendix(_figures(folder, agreement, audit), out)
    typer.echo(str(out))
    typer.echo(str(references))


def _taken(agreement: Path, audit: Path | None) -> dict[str, Path]:
    """The command's other files."""
    return {"agreement": agreement} | ({"audit": audit} if audit else {})


def _figures(folder: Path, agreement: Path, audit: Path | None) -> Figures:
    """The figures of a linkage's folder, with the signatures that the agreement has by now.

    Raises:
        UsageError: no linkage folder, or it was linked under another agreement.
    """
    import dataclasses

    import pprl
    from pprl.results.folder import FIGURES
    from pprl.results.report import read_figures, with_audit
    from pprl.results.report.account import agreed

    figures = read_figures(folder / FIGURES)
    loaded = pprl.Agreement.load(agreement)
    if loaded.digest != figures.agreement.digest:
        raise UsageError(
            f"{agreement}: is not the agreement under which {folder} was linked. Give that one: "
            f"{figures.agreement.title}, digest {figures.agreement.digest}."
        )
    figures = dataclasses.replace(figures, agreement=agreed(loaded))
    return figures if audit is None else with_audit(figures, audit)
