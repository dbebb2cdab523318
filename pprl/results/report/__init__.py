"""The linkage report: one set of figures, told as HTML, as Markdown and as JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pprl.errors import UsageError
from pprl.exchange.container import replacing
from pprl.page import as_html, as_markdown
from pprl.results.report.account import account
from pprl.results.report.attacked import with_audit
from pprl.results.report.contents import contents, title
from pprl.results.report.figures import Figures
from pprl.results.report.figures_file import as_json, read_figures

if TYPE_CHECKING:
    import pandas as pd

    from pprl.hub import Linkage

__all__ = [
    "SUFFIXES",
    "Figures",
    "account",
    "check_suffix",
    "read_figures",
    "report",
    "with_audit",
    "write_report",
]

SUFFIXES = (".html", ".md", ".json")


def report(
    linkage: Linkage,
    path: str | os.PathLike[str],
    *,
    groups: pd.DataFrame | None = None,
    audit: str | os.PathLike[str] | None = None,
) -> None:
    """Write the linkage report, which may leave the hub.

    Args:
        linkage: from `pprl.link`.
        path: the file; one that ends in .html is a page (which needs the extra `report`), in .md
            Markdown, in .json the same figures for programs.
        groups: `source, record, group`, to tell quality by report group.
        audit: the JSON file that `pprl audit` wrote, to tell what an attacker could learn.

    Raises:
        UsageError: another suffix, the extra is missing, a column is missing from `groups`, the
            linkage does not hold what it was estimated from, or a file cannot be read or written.
    """
    check_suffix(path)
    figures = account(linkage, groups)
    write_report(figures if audit is None else with_audit(figures, Path(audit)), path)


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Check that a report can be written in the form that a name asks for.

    Raises:
        UsageError: it cannot.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: a report's name ends in {', '.join(SUFFIXES)}.")


def write_report(figures: Figures, path: str | os.PathLike[str]) -> None:
    """Write figures in the form that the file's name asks for.

    Raises:
        UsageError: another suffix, the extra `report` is missing, or it cannot be written.
    """
    check_suffix(path)
    suffix = Path(path).suffix.lower()
    if suffix == ".json":
        text = as_json(figures)
    elif suffix == ".md":
        text = as_markdown(title(figures), contents(figures, charts=False))
    else:
        text = as_html(title(figures), contents(figures, charts=True))
    try:
        with replacing(Path(path)) as file:
            file.write(text.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None
