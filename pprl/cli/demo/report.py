"""What the demonstration shows: matches by pair of institutions, and the error, told and true."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from pprl import Evaluation, Linkage

WIDTH = 100


def show(linkage: Linkage, truth: Evaluation) -> None:
    """Print both tables to standard output.

    Args:
        linkage: what the hub found.
        truth: what is true of it.
    """
    console = Console(file=sys.stdout, width=WIDTH, highlight=False, markup=False)
    console.print(_matches(linkage))
    console.print(_quality(linkage, truth))


def _matches(linkage: Linkage) -> Table:
    """Records of each institution, and its matches with those numbered before it."""
    names = [party.id for party in linkage.agreement.parties]
    matrix = linkage.matrix().loc[names, names].to_numpy()
    table = _table("Records, and matches with the institution of each number")
    table.add_column("institution")
    table.add_column("records", justify="right")
    for number in range(1, len(names)):
        table.add_column(str(number), justify="right")
    for place, name in enumerate(names):
        counts = [f"{count:,}" for count in matrix[place, :place].tolist()]
        table.add_row(str(place + 1), name, f"{matrix[place, place]:,}", *counts)
    return table


def _quality(linkage: Linkage, truth: Evaluation) -> Table:
    """Precision and recall: what the hub expects without truth, and what is so."""
    told = linkage.quality
    table = _table("Precision and recall of the links")
    table.add_column("precision", justify="right")
    table.add_column("recall", justify="right")
    table.add_column("F1", justify="right")
    for label, figures in (
        (
            "expected by the hub, without truth",
            (told.expected_precision, told.expected_recall, told.expected_f1),
        ),
        ("true, which only a demonstration knows", (truth.precision, truth.recall, truth.f1)),
    ):
        table.add_row(label, *(f"{figure:.4f}" for figure in figures))
    return table


def _table(title: str) -> Table:
    """An empty table whose first column has no header."""
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("")
    return table
