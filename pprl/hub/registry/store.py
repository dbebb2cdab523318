"""Where a registry is kept: an SQLite file, or a PostgreSQL database.

Statements are written for both, with `?` for their parameters. A transaction keeps other processes
out from its first read to its last write; they wait, for a minute at most, and are told.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from pprl.database_file import PATIENCE, connect, is_busy, make_private, transaction
from pprl.errors import KeyFileError, RegistryError, UsageError
from pprl.exchange.key_file import refuse_open_to_others

VERSION = 1
IN_USE = "The registry is in use by another process; run again later."
_FOREIGN = "is no registry, is damaged or is of another version. Restore it from a backup."
_VERSION_OF = "SELECT content FROM about WHERE name = 'version'"
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE runs (
    run INTEGER PRIMARY KEY, moment TEXT NOT NULL, agreement TEXT NOT NULL, common INTEGER NOT NULL,
    software TEXT NOT NULL, records INTEGER NOT NULL, undone TEXT
);
CREATE TABLE persons (
    person INTEGER PRIMARY KEY, study_id TEXT NOT NULL UNIQUE, since INTEGER NOT NULL,
    until INTEGER, successor INTEGER
);
CREATE TABLE members (
    member INTEGER NOT NULL, source TEXT NOT NULL, person INTEGER NOT NULL,
    recipient_id TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER,
    PRIMARY KEY (member, since)
);
CREATE TABLE blocks (
    source TEXT NOT NULL, pass TEXT NOT NULL, since INTEGER NOT NULL,
    tokens BINARY NOT NULL, members BINARY NOT NULL, PRIMARY KEY (source, pass, since)
);
CREATE TABLE rosters (
    run INTEGER NOT NULL, source TEXT NOT NULL, members BINARY NOT NULL, PRIMARY KEY (run, source)
);
CREATE TABLE events (
    place INTEGER PRIMARY KEY, run INTEGER NOT NULL, kind TEXT NOT NULL, study_id TEXT NOT NULL,
    other TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE withdrawn (study_id TEXT NOT NULL, source TEXT NOT NULL, run INTEGER NOT NULL);
"""

Row = tuple[Any, ...]


class Store(Protocol):
    """What a registry needs of a database."""

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows, if it has any."""

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows to a table."""

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Everything within it happens, or nothing; nobody else writes meanwhile."""

    def close(self) -> None:
        """Let go of the database."""


def open_store(place: str | os.PathLike[str]) -> Store:
    """The store at a path, or at a `postgresql://` address; laid out if it is empty.

    Raises:
        RegistryError: it cannot be opened, or holds something else.
        UsageError: PostgreSQL is asked for and psycopg is not installed.
    """
    if is_address(place):
        return PostgresStore(str(place))
    return SqliteStore(Path(place))


def is_address(place: str | os.PathLike[str]) -> bool:
    """Whether it is the address of a database server, not a path."""
    return str(place).startswith(("postgresql://", "postgres://"))


class SqliteStore:
    """A registry in an SQLite file, which only its owner can read."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        try:
            make_private(path)
            refuse_open_to_others(path)
        except OSError as error:
            raise RegistryError(f"{path}: cannot be opened ({error.strerror}).") from None
        except KeyFileError as error:
            raise RegistryError(str(error)) from None
        self._path = path
        self._connection = connect(path, PATIENCE)
        try:
            with self.transaction():
                found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
                if not found:
                    for statement in _statements("BLOB"):
                        self.rows(statement)
                elif ("about",) not in found or self.rows(_VERSION_OF) != [(str(VERSION),)]:
                    raise RegistryError(f"{path}: {_FOREIGN}")
        except RegistryError:
            self.close()
            raise

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows, if it has any."""
        return self._connection.execute(statement, tuple(parameters)).fetchall()

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows to a table."""
        waiting = iter(rows)
        for first in waiting:
            marks = ", ".join("?" * len(first))
            statement = f"INSERT INTO {table} VALUES ({marks})"
            self._connection.executemany(statement, chain([first], waiting))

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Everything within it happens, or nothing; nobody else writes meanwhile."""
        return transaction(self._connection, self._failed)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _failed(self, error: sqlite3.Error, at_start: bool) -> RegistryError:
        """What to raise when a transaction fails."""
        if at_start and not isinstance(error, sqlite3.OperationalError):
            return RegistryError(f"{self._path}: {_FOREIGN}")
        busy = at_start and is_busy(error)
        return RegistryError(IN_USE if busy else _unwritten(error))


class PostgresStore:
    """A registry in the schema that a PostgreSQL address leads to."""

    def __init__(self, address: str) -> None:
        """Connect, and lay the tables out if there are none."""
        try:
            self._psycopg = importlib.import_module("psycopg")
        except ImportError:
            raise UsageError(
                'A registry in PostgreSQL needs psycopg: pip install "pprl-edu[postgresql]".'
            ) from None
        try:
            self._connection = self._psycopg.connect(
                address, autocommit=True, client_encoding="utf8"
            )
        except self._psycopg.Error as error:
            # The text of the error may hold the address, and the address a password.
            raise RegistryError(
                f"The registry's database cannot be used ({type(error).__name__}). "
                "Check its address, and that the server runs."
            ) from None
        try:
            with self.transaction():
                (there,) = self.rows("SELECT to_regclass('about') IS NOT NULL")[0]
                if not there:
                    for statement in _statements("BYTEA"):
                        self.rows(statement)
                elif self.rows(_VERSION_OF) != [(str(VERSION),)]:
                    raise RegistryError(f"The database's registry {_FOREIGN}")
        except RegistryError:
            self.close()
            raise

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows, if it has any."""
        cursor = self._connection.execute(statement.replace("?", "%s"), tuple(parameters))
        return cursor.fetchall() if cursor.description else []

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows to a table."""
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table} FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything within it happens, or nothing; nobody else writes meanwhile."""
        try:
            with self._connection.transaction():
                self._connection.execute(f"SET LOCAL lock_timeout = {int(1000 * PATIENCE)}")
                self._connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtext('pprl registry ' || current_schema()))"
                )
                yield
        except self._psycopg.errors.LockNotAvailable:
            raise RegistryError(IN_USE) from None
        except self._psycopg.Error as error:
            raise RegistryError(_unwritten(error)) from None

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _statements(binary: str) -> Iterator[str]:
    """The statements that lay an empty database out."""
    for statement in _SCHEMA.split(";"):
        if statement.strip():
            yield statement.replace("BINARY", binary)
    yield f"INSERT INTO about VALUES ('version', '{VERSION}')"


def _unwritten(error: Exception) -> str:
    """What to say when a database fails; its own words may hold an address or an ID."""
    return (
        f"The registry cannot be written ({type(error).__name__}); is the disk full? "
        "Nothing was changed."
    )
