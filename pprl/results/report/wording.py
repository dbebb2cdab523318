"""How the figures of a report are read: as texts for cells and sentences."""

from __future__ import annotations

from pprl.results.report.figures import Band, QualityFigures

HIDDEN = "hidden"


def count(number: int | None) -> str:
    """A count, or that it is hidden."""
    return HIDDEN if number is None else f"{number:,}"


def share(value: float | None) -> str:
    """A share or probability to four decimals, or that it is hidden."""
    return HIDDEN if value is None else f"{value:.4f}"


def bits(value: float | None) -> str:
    """A match weight, or that it is hidden."""
    return HIDDEN if value is None else f"{value:+.1f}"


def interval(low: float | None, high: float | None) -> str:
    """An interval, or that it is hidden."""
    return HIDDEN if low is None or high is None else f"{low:.4f} to {high:.4f}"


def band_name(band: Band) -> str:
    """From which probability to which."""
    return f"{band.low:g}–{band.high:g}"


def part_name(quality: QualityFigures) -> str:
    """What part of the links it is about."""
    return " – ".join(quality.of)
