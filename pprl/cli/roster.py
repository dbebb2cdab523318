"""The students that a command is given: an export or a query, with the options that read it."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pprl.cli.messages import as_options

if TYPE_CHECKING:
    import pandas as pd

    from pprl.institution.export import Export as OpenExport


class OnError(StrEnum):
    """What becomes of rows with faults."""

    STOP = "stop"
    SKIP = "skip"


def known_layouts(incomplete: str) -> list[str]:
    """Names for the shell to complete."""
    from pprl.institution.layout_file import layout_names

    return [name for name in layout_names() if name.startswith(incomplete)]


Export = Annotated[
    Path | None,
    typer.Argument(
        metavar="STUDENTS",
        help="The export: a file, or the folder or zip archive of one. None with --sql.",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="OUR=THEIRS",
        help="A header of your own, such as zip=Postal; may be repeated.",
    ),
]
Faults = Annotated[
    OnError, typer.Option("--on-error", help="Stop at rows with faults, or leave them out.")
]
LayoutName = Annotated[
    str,
    typer.Option(
        "--layout",
        metavar="NAME",
        help="The layout of the export: a name from pprl layouts, or a TOML file of your own.",
        autocompletion=known_layouts,
    ),
]
Query = Annotated[
    str,
    typer.Option("--sql", metavar="QUERY", help="Read a database instead, by one SELECT."),
]
DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        help="The database, with the password as ${NAME} of an environment variable. "
        "Without it: PPRL_DATABASE_URL.",
    ),
]
OtherNames = Annotated[
    bool,
    typer.Option(
        "--use-other-names",
        help="Take in aliases and preferred names as further words of names, where the agreement "
        "allows it.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Tell in JSON, for machines.")]


def columns_of(pairs: Sequence[str]) -> dict[str, str]:
    """The options `OUR=THEIRS` as a mapping."""
    columns: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not (ours.strip() and equals and theirs.strip()):
            raise typer.BadParameter(
                f"{pair!r} is not OUR=THEIRS, such as zip=Postal", param_hint="--column"
            )
        if ours.strip() in columns:
            raise typer.BadParameter(f"{ours.strip()} is given twice", param_hint="--column")
        columns[ours.strip()] = theirs
    return columns


def check_source(students: Path | None, query: str, url: str) -> None:
    """Check that there is one source of students.

    Raises:
        typer.BadParameter: there is none, or there are two.
    """
    if students is None and not query:
        raise typer.BadParameter("give the export, or a query with --sql", param_hint="STUDENTS")
    if students is not None and query:
        raise typer.BadParameter("give the export or --sql, not both", param_hint="--sql")
    if url and not query:
        raise typer.BadParameter("is of no use without --sql", param_hint="--url")


def read_roster(
    students: Path | OpenExport | None,
    layout: str,
    columns: Mapping[str, str],
    on_error: OnError,
    query: str = "",
    url: str = "",
    use_other_names: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """The students, and what the reader warned of.

    Args:
        students: the export, or its path; None for a query.
        layout: of the path or the query.
        columns: as for `read_students`.
        on_error: as for `read_students`.
        query: the query.
        url: the database.
        use_other_names: whether aliases become further words of names.
    """
    import pprl
    from pprl.institution.other_names import with_other_names
    from pprl.institution.students import OTHER_NAMES_LEFT, StudentsWarning, students_of

    how: Literal["stop", "skip"] = "skip" if on_error is OnError.SKIP else "stop"
    with _shown("reading"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if students is None:
            from pprl.institution.database import read_students_sql

            roster = read_students_sql(query, url, layout, columns=columns, on_error=how)
        elif isinstance(students, Path):
            roster = pprl.read_students(students, layout, columns=columns, on_error=how)
        else:
            roster = students_of(students, columns, how)
    told = [str(i.message) for i in caught if issubclass(i.category, StudentsWarning)]
    if use_other_names:
        told = [note.replace(OTHER_NAMES_LEFT, "was taken in") for note in told]
        roster = with_other_names(roster)
    taken = ", ".join(f"{ours} <- {theirs}" for ours, theirs in roster.attrs["columns"].items())
    return roster, [f"columns: {taken}", *map(as_options, told)]


@contextlib.contextmanager
def _shown(step: str) -> Iterator[None]:
    """Show on a terminal that a step is under way that cannot tell how far it is."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(step):
        yield
