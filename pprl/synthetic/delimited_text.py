"""Delimited text as student systems write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from pprl.synthetic.dirt import Style


def delimited(
    header: Sequence[str] | None,
    columns: Sequence[Sequence[str]],
    style: Style,
    delimiter: str = ",",
) -> bytes:
    """A delimited file in a style."""
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=style.line_end,
        quoting=csv.QUOTE_NONE if delimiter == "^" else csv.QUOTE_MINIMAL,
    )
    head = [] if header is None else [*header, *[""] * style.empty_columns]
    if head:
        writer.writerow(head)
    rows = [[*row, *[""] * style.empty_columns] for row in zip(*columns, strict=True)]
    middle = len(rows) // 2
    for number, row in enumerate(rows):
        if number == middle and head and style.header_again:
            writer.writerow(head)
        writer.writerow(row)
    if style.totals and delimiter != "^":
        writer.writerow(["Total", str(len(rows))])
    return style.encoded(out.getvalue())
