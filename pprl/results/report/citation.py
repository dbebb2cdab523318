"""How a linkage, and the software that made it, are cited."""

from __future__ import annotations

import re

from pprl.results.report.figures import Figures
from pprl.results.report.figures_file import digest_of

AUTHORS = "The pprl contributors"
TITLE = "pprl: privacy-preserving record linkage for school districts and colleges"


def citation(figures: Figures) -> str:
    """The linkage as a reference, with what tells it from any other."""
    who = figures.agreement.convener or "The partners"
    return (
        f"{who} ({figures.made_on[:4]}). {figures.agreement.title}: linkage report of "
        f"{figures.made_on}. Figures SHA-256 {digest_of(figures)}."
    )


def software_citation(figures: Figures) -> str:
    """The software as a reference."""
    return f"{AUTHORS} ({figures.made_on[:4]}). {TITLE}. Version {version_of(figures)}."


def version_of(figures: Figures) -> str:
    """The software's version alone."""
    return figures.software.removeprefix("pprl ")


def bibtex(figures: Figures) -> str:
    """Both as BibTeX entries."""
    year = figures.made_on[:4]
    who = figures.agreement.convener or "The partners"
    return (
        f"@techreport{{linkage_report,\n  author = {{{{{_plain(who)}}}}},\n"
        f"  title = {{{_plain(figures.agreement.title)}: linkage report}},\n  year = {{{year}}},\n"
        f"  institution = {{{_plain(who)}}},\n"
        f"  note = {{{figures.made_on}; figures SHA-256 {digest_of(figures)}}}\n}}\n\n"
        f"@misc{{pprl,\n  author = {{{{{AUTHORS}}}}},\n  title = {{{{{TITLE}}}}},\n"
        f"  year = {{{year}}},\n  note = {{Version {version_of(figures)}}}\n}}\n"
    )


def _plain(text: str) -> str:
    """A text that BibTeX and LaTeX take as it is."""
    escaped = re.sub(r"([&%$#_])", r"\\\1", " ".join(text.split()))
    return re.sub(r"[{}\\](?![&%$#_])", " ", escaped)
