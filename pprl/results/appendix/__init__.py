"""The technical appendix: a methods section with the figures filled in, and its references."""

from __future__ import annotations

import os
from pathlib import Path

from pprl.errors import UsageError
from pprl.exchange.container import replacing
from pprl.page import as_markdown
from pprl.results.appendix.methods import methods, title
from pprl.results.appendix.references import REFERENCES
from pprl.results.report.citation import bibtex
from pprl.results.report.figures import Figures

__all__ = ["write_appendix"]


def write_appendix(figures: Figures, path: str | os.PathLike[str]) -> Path:
    """Write the appendix as Markdown, and its references as BibTeX beside it.

    Args:
        figures: of a linkage.
        path: the file, whose name ends in .md; the references' ends in .bib.

    Returns:
        the path of the references.

    Raises:
        UsageError: another suffix, or one of them cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".md":
        raise UsageError(f"{path}: an appendix's name ends in .md.")
    references = target.with_suffix(".bib")
    entries = [bibtex(figures), *(reference.bibtex() for reference in REFERENCES)]
    texts = {
        target: as_markdown(title(figures), methods(figures)),
        references: "\n".join(entries),
    }
    for place, text in texts.items():
        try:
            with replacing(place) as file:
                file.write(text.encode("utf-8"))
        except OSError as error:
            raise UsageError(f"{place}: cannot be written ({error.strerror}).") from None
    return references
