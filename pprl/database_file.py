"""A database file: SQLite, readable by its owner alone, written in transactions, one at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE = 60.0
"""Seconds that a process waits for another to finish."""


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone can read, unless there is one of that name.

    Raises:
        OSError: it cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def connect(path: Path, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open a database file, with transactions as `transaction` makes them and no others.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    return sqlite3.connect(path, timeout=patience, isolation_level=None)


@contextlib.contextmanager
def transaction(
    connection: sqlite3.Connection, told: Callable[[sqlite3.Error, bool], Exception]
) -> Iterator[None]:
    """Keep other processes out from the first read to the last write; undo if it raises.

    Within another transaction it is part of that one.

    Args:
        connection: made by `connect`.
        told: what to raise for an error of SQLite's, and whether it kept the transaction from
            beginning (if not, it came later and undid it).
    """
    if connection.in_transaction:
        yield
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise told(error, True) from None
    try:
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise told(error, False) from None
        raise


def is_busy(error: Exception) -> bool:
    """Whether an error says that another process holds the file."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
