"""Students straight from a database, by one query that only reads."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pprl.errors import StudentsError, UsageError
from pprl.institution.layout_file import load_layout
from pprl.institution.records import RecordFile
from pprl.institution.students import check_arguments, students_from

if TYPE_CHECKING:
    import sqlalchemy

DATABASE_URL = "PPRL_DATABASE_URL"
"""The environment variable that is read where no URL is given."""

_FROM_ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def read_students_sql(
    query: str,
    url: str = "",
    layout: str | Path = "generic",
    *,
    columns: Mapping[str, str] | None = None,
    on_error: Literal["stop", "skip"] = "stop",
) -> pd.DataFrame:
    """Read the result of a query; otherwise as `read_students`. Rows are numbered from 1.

    Args:
        query: one statement that gives rows. Nothing that it changes is kept.
        url: SQLAlchemy's URL of the database. `${NAME}` in it is taken from the environment; a
            password may stand nowhere else. "" takes the whole URL from `PPRL_DATABASE_URL`.
        layout: a layout of one table, whose headers are the query's column names.
        columns: as for `read_students`.
        on_error: as for `read_students`.

    Raises:
        StudentsError: the database or the query fails, or rows have faults.
        UsageError: SQLAlchemy is not installed, or the URL or another argument is faulty.
    """
    columns = dict(columns or {})
    found = load_layout(layout)
    check_arguments(columns, on_error)
    if len(found.tables) > 1 or not found.tables[0].header:
        raise UsageError(
            f"the layout {found.name} is one of files. For a query use generic, or a layout of "
            "your own."
        )
    source = _result(query, url)
    return students_from({found.tables[0].name: source}, found, columns, on_error, ())


def _result(query: str, url: str) -> RecordFile:
    """The rows that a query gives."""
    try:
        import sqlalchemy
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        raise UsageError(
            "Databases are read with SQLAlchemy, which is not installed. Run: "
            'pip install "pprl-edu[sql]" and the driver of your database.'
        ) from None
    try:
        engine = sqlalchemy.create_engine(_expanded(url))
    except (SQLAlchemyError, ImportError, TypeError, ValueError) as error:
        raise UsageError(
            f"the database cannot be used ({type(error).__name__}). Check the form of the URL, "
            "such as postgresql+psycopg://reader:${DB_PASSWORD}@host/sis, and install its driver."
        ) from None
    try:
        with engine.connect() as connection:  # never committed, so that nothing is changed
            result = connection.execute(sqlalchemy.text(query))
            if not result.returns_rows:
                raise UsageError("the query gives no rows. It must be one SELECT.")
            return RecordFile("query", tuple(result.keys()), map(tuple, result.fetchall()))
    except SQLAlchemyError as error:
        raise StudentsError(
            f"query: the database refused it ({type(error).__name__}). Try the same query with the "
            "same account in your database's own tool; its message may hold students, so it is not "
            "shown here."
        ) from None
    finally:
        engine.dispose()


def _expanded(url: str) -> sqlalchemy.URL:
    """The URL with what it takes from the environment.

    Raises:
        UsageError: it is missing or faulty, holds a password, or names an absent variable.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if not url and not (url := os.environ.get(DATABASE_URL, "")):
        raise UsageError(f"no database: pass a URL, or set {DATABASE_URL} in the environment.")
    given = url != os.environ.get(DATABASE_URL)
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError(
            "the URL of the database cannot be read. It has the form "
            "dialect+driver://user:${DB_PASSWORD}@host/database."
        ) from None
    if given and parts.password and not _FROM_ENVIRONMENT.fullmatch(str(parts.password)):
        raise UsageError(
            "the URL holds a password, which command lines and logs would show. Put it into an "
            "environment variable and write ${DB_PASSWORD} in its place."
        )
    filled: dict[str, Any] = {}
    for name in ("username", "password", "host", "database"):
        value = getattr(parts, name)
        if value:
            filled[name] = _FROM_ENVIRONMENT.sub(_variable, str(value))
    return parts.set(**filled)


def _variable(found: re.Match[str]) -> str:
    """The value of an environment variable.

    Raises:
        UsageError: it is not set.
    """
    if found[1] not in os.environ:
        raise UsageError(f"the environment variable {found[1]}, which the URL names, is not set.")
    return os.environ[found[1]]
