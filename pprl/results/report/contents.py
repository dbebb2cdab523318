"""The contents of a linkage report, in order: what its HTML and its Markdown say."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pprl.page import Block
from pprl.results.report import appended, found, received
from pprl.results.report.figures import Figures


def title(figures: Figures) -> str:
    """The report's title."""
    return f"Linkage report: {figures.agreement.title}"


def contents(figures: Figures, *, charts: bool) -> Iterator[Block]:
    """The report, block by block.

    Args:
        figures: what it tells; nothing is told that is not in them.
        charts: whether to draw, which needs the extra `report`.

    Raises:
        UsageError: the extra is wanted and not installed.
    """

    def draw(picture: Callable[[Figures, str], str], name: str) -> str:
        return picture(figures, name) if charts else ""

    yield from received.in_brief(figures)
    yield from received.agreement(figures)
    yield from received.files(figures)
    yield from received.completeness(figures)
    yield from found.passes(figures, draw)
    yield from found.probabilities(figures, draw)
    yield from found.quality(figures, draw)
    yield from found.thresholds(figures, draw)
    yield from found.persons(figures, draw)
    yield from appended.parameters(figures)
    yield from appended.attacks(figures)
    yield from appended.software(figures)
    yield from appended.how_to_cite(figures)
