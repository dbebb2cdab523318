"""A chain: an append-only log in which nothing can be altered, left out or moved unseen.

Each link holds the SHA-256 of the one before it, as in Haber and Stornetta (How to time-stamp a
digital document, J. Cryptology 3(2), 1991). Whoever can write the file can still write it anew from
some link on, or cut its end: that shows only against a head (the last link's digest) that somebody
noted elsewhere, so commands print it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pprl.canonical_json import canonical
from pprl.database_file import connect, is_busy, make_private, transaction
from pprl.errors import ChainError

_VERSION = 1
_APPLICATION = 0x7070726C
"""What SQLite calls the application that a file belongs to: "pprl"."""
_EMPTY = (0, 0, 0)
_SALT_BYTES = 32
_SCHEMA = (
    "CREATE TABLE chain (id INTEGER PRIMARY KEY CHECK (id = 1), kind TEXT NOT NULL, "
    "salt BLOB NOT NULL)",
    "CREATE TABLE link (number INTEGER PRIMARY KEY, written TEXT NOT NULL, body TEXT NOT NULL, "
    "attached BLOB NOT NULL, digest TEXT NOT NULL)",
    *(
        f"CREATE TRIGGER no_{action.lower()} BEFORE {action} ON link "
        "BEGIN SELECT RAISE(ABORT, 'a chain is only appended to'); END"
        for action in ("UPDATE", "DELETE")
    ),
)


@dataclass(frozen=True, repr=False)
class Link:
    """One entry of a chain.

    Attributes:
        number: from 1 without gaps.
        written: when, UTC, ISO 8601 to the second.
        text: what was logged, as JSON.
        attached: bytes that belong to it; b"" if none.
        digest: over all this and the link before, 64 hexadecimal digits.
    """

    number: int
    written: str
    text: str
    attached: bytes
    digest: str

    @property
    def body(self) -> Mapping[str, Any]:
        """What was logged.

        Raises:
            ChainError: it was altered, and is no JSON object any more.
        """
        try:
            body = json.loads(self.text)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ChainError(f"Link {self.number} was altered. {_AFTERWARDS}")
        return body


class Chain:
    """A log in one SQLite file, readable by its owner alone."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, name: str, salt: bytes, start: str
    ) -> None:
        """Use an open database; made by `open`."""
        self._connection = connection
        self._path = path
        self._name = name
        self._start = start
        self.salt = salt

    @classmethod
    def open(cls, path: str | os.PathLike[str], kind: str, *, make: bool = True) -> Chain:
        """Open a chain, making the file if there is none.

        Args:
            path: the file.
            kind: what the chain is, such as "disclosure log"; one of another kind is refused.
            make: whether a file may be made.

        Raises:
            ChainError: it cannot be opened, is not there, or is no chain of this kind.
        """
        path = Path(path)
        try:
            if make:
                make_private(path)
            elif not path.is_file():
                raise ChainError(f"{path}: is not there. Name the {kind}.")
            connection = connect(path)
        except OSError as error:
            raise ChainError(f"{path}: cannot be opened ({error.strerror}).") from None
        except sqlite3.Error:
            raise ChainError(f"{path}: cannot be opened as a {kind}.") from None
        try:
            salt = _prepare(connection, kind)
        except (sqlite3.Error, LookupError) as error:
            connection.close()
            if is_busy(error):
                raise ChainError(
                    f"{path}: is in use by another process; run again later."
                ) from None
            if getattr(error, "sqlite_errorcode", None) in _UNWRITABLE:
                raise ChainError(f"{path}: cannot be written. Is the disk full?") from None
            raise ChainError(
                f"{path}: is no pprl {kind}, or is damaged or of another version. Restore it from "
                "a backup, or use the pprl that wrote it."
            ) from None
        start = hashlib.sha256(kind.encode("utf-8") + b"\n" + salt).hexdigest()
        return cls(connection, path, f"{path.name} ({kind})", salt, start)

    def __repr__(self) -> str:
        """What it is, nothing of what it holds."""
        return f"<Chain {self._name}>"

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def head(self) -> str:
        """The digest of the last link: note it elsewhere, and the chain up to it is fixed."""
        return self._last()[1]

    def links(self) -> Iterator[Link]:
        """All links in order, unverified.

        Raises:
            ChainError: the file is damaged.
        """
        try:
            for row in self._connection.execute("SELECT * FROM link ORDER BY number"):
                number, written, text, attached, digest = row
                attached = attached if isinstance(attached, bytes) else str(attached).encode()
                yield Link(number, str(written), str(text), attached, str(digest))
        except sqlite3.Error:
            raise ChainError(f"{self._name}: is damaged. Restore it from a backup.") from None

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """Keep other processes from appending meanwhile; undo what was appended if it raises.

        Raises:
            ChainError: another process is at it, or the file cannot be written.
        """
        return transaction(self._connection, self._unwritten)

    def append(self, body: Mapping[str, Any], attached: bytes = b"") -> Link:
        """Write one link; it is on the disk when this returns, or when `writing` ends.

        Args:
            body: what JSON can hold.
            attached: bytes that belong to it.

        Raises:
            ChainError: it cannot be written.
        """
        written = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        text = canonical(body).decode("ascii")
        with self.writing():
            number, before = self._last()
            unbound = Link(number + 1, written, text, attached, "")
            link = dataclasses.replace(unbound, digest=_digest(before, unbound))
            self._connection.execute(
                "INSERT INTO link VALUES (?, ?, ?, ?, ?)", dataclasses.astuple(link)
            )
        return link

    def verify(self, head: str | None = None) -> int:
        """Check every link against the one before it.

        Args:
            head: a head noted earlier, which must still be in the chain.

        Returns:
            the number of links.

        Raises:
            ChainError: it is broken; the message says at which link, and how.
        """
        before, expected, seen = self._start, 1, {self._start}
        for link in self.links():
            place = f"{self._name}: the chain breaks at link {link.number} ({link.written})"
            if link.number != expected:
                gone = (
                    f"{expected}"
                    if link.number == expected + 1
                    else (f"{expected} to {link.number - 1}")
                )
                raise ChainError(f"{place}: link {gone} before it is gone. {_AFTERWARDS}")
            if _digest(before, link) != link.digest:
                raise ChainError(f"{place}: it, or the link before it, was altered. {_AFTERWARDS}")
            before, expected = link.digest, expected + 1
            seen.add(before)
        if head is not None and head not in seen:
            raise ChainError(
                f"{self._name}: the head {head[:16]} is not in the chain: its end was cut off, or "
                f"it was written anew, or the head is another chain's. {_AFTERWARDS}"
            )
        return expected - 1

    def _unwritten(self, error: sqlite3.Error, at_start: bool) -> ChainError:
        """What to say when a transaction fails."""
        if not at_start:
            return ChainError(f"{self._name}: cannot be written. Is the disk full?")
        busy = is_busy(error)
        reason = "is in use by another process; run again later" if busy else "cannot be written"
        return ChainError(f"{self._name}: {reason}.")

    def _last(self) -> tuple[int, str]:
        """The last link's number and digest."""
        try:
            found = self._connection.execute(
                "SELECT number, digest FROM link ORDER BY number DESC LIMIT 1"
            ).fetchone()
        except sqlite3.Error:
            raise ChainError(f"{self._name}: is damaged. Restore it from a backup.") from None
        return (int(found[0]), str(found[1])) if found else (0, self._start)


_AFTERWARDS = "Compare with a backup; what stands before it is sound."
_UNWRITABLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR_WRITE)


def _digest(before: str, link: Link) -> str:
    """What binds a link to the one before it; no two different links give the same bytes."""
    attached = hashlib.sha256(link.attached).hexdigest()
    content = [before, link.number, link.written, link.text, attached]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode("ascii")).hexdigest()


def _prepare(connection: sqlite3.Connection, kind: str) -> bytes:
    """Lay out an empty database, or check (only reading) that it is such a chain; its salt."""
    if _marks(connection) == _EMPTY:
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have been faster.
        if _marks(connection) == _EMPTY:
            for statement in _SCHEMA:
                connection.execute(statement)
            salt = secrets.token_bytes(_SALT_BYTES)
            connection.execute("INSERT INTO chain VALUES (1, ?, ?)", (kind, salt))
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    if _marks(connection)[:2] != (_APPLICATION, _VERSION):
        raise LookupError(kind)
    found = connection.execute("SELECT kind, salt FROM chain").fetchone()
    if found is None or found[0] != kind:
        raise LookupError(kind)
    return bytes(found[1])


def _marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Whose database it is, its version and its number of tables and the like."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(application), int(version), int(tables)
