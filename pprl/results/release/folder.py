"""A release as a folder: the tables of `pprl.results.disclosure`, and the report of them.

release.json, NAME.csv   what was released, for programs and for the audit
indicators.html          the report, with charts if the extra `report` is installed
indicators.md            the same without charts
indicators.json          its figures
"""

from __future__ import annotations

import os
from pathlib import Path

from pprl.errors import UsageError
from pprl.exchange.container import replacing
from pprl.page import as_html, as_markdown
from pprl.results.charts import altair
from pprl.results.disclosure import write_release
from pprl.results.release.compilation import Compilation
from pprl.results.release.contents import contents
from pprl.results.release.figures import IndicatorReport, as_json

PAGE = "indicators.html"


def write_compilation(compilation: Compilation, folder: str | os.PathLike[str]) -> None:
    """Write a release and its report.

    Raises:
        UsageError: the folder is there and not empty, or cannot be written.
    """
    forms = forms_of(compilation.report)
    write_release(compilation.release, folder)
    try:
        for name, text in forms.items():
            with replacing(Path(folder) / name) as file:
                file.write(text.encode())
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror}).") from None


def forms_of(report: IndicatorReport) -> dict[str, str]:
    """File name -> the report in that form; all tell the same figures."""
    title = f"Indicators: {report.title}"
    return {
        PAGE: as_html(title, contents(report, drawn=can_draw())),
        "indicators.md": as_markdown(title, contents(report, drawn=False)),
        "indicators.json": as_json(report),
    }


def can_draw() -> bool:
    """Whether charts can be drawn: the extra `report` is installed."""
    try:
        altair()
    except UsageError:
        return False
    return True
