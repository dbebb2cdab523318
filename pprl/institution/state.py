"""What an institution keeps between submissions: its own secret, and the ledger of blocks it sent.

The ledger says which student holds which block. An entry whose block another student held last year
is withheld, or the hub could compare the two.

What others must be able to match repeats under any state, since it hangs on the linkage key alone;
decoys and the positions of missing fields do not. So whoever lays submissions made under two states
side by side sees which entries are decoys and which fields are missing, and the ledger of one does
not guard the other. A lost state is restored from a backup, or the partners agree on a new linkage
key; so too if a party's id changes. A local id is never given to another student: the ledger would
take the two for one.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pprl.errors import KeyFileError, StateError
from pprl.institution.linkage_key import derive, refuse_open_to_others

SECRET_BYTES = 32
_VERSION = 1
_IN_USE = "The state is in use by another process; run again later."
_SCHEMA = """
CREATE TABLE secret (id INTEGER PRIMARY KEY CHECK (id = 1), bytes BLOB NOT NULL);
CREATE TABLE ledger (
    context TEXT NOT NULL, pass TEXT NOT NULL, tokens BLOB NOT NULL, holders BLOB NOT NULL,
    PRIMARY KEY (context, pass)
);
CREATE TABLE sent (
    context TEXT NOT NULL, sequence INTEGER NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (context, sequence)
);
"""


@dataclass(frozen=True)
class Ledger:
    """The blocks of one pass that were ever sent under one key and linkage section.

    Attributes:
        tokens: `uint64[n]`, rising.
        holders: `uint64[n]`, the student digest of each block's one holder.
    """

    tokens: NDArray[np.uint64]
    holders: NDArray[np.uint64]

    def holder_of(self, tokens: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
        """Which tokens were ever sent (`bool[m]`), and for whom (`uint64[m]`, 0 where not)."""
        place = np.searchsorted(self.tokens, tokens)
        place[place == len(self.tokens)] = 0
        if not len(self.tokens):
            return np.zeros(len(tokens), bool), np.zeros(len(tokens), np.uint64)
        known = self.tokens[place] == tokens
        return known, np.where(known, self.holders[place], np.uint64(0))

    def with_entries(self, tokens: NDArray[np.uint64], holders: NDArray[np.uint64]) -> Ledger:
        """This ledger and further blocks; a block already in it keeps its holder."""
        known, _ = self.holder_of(tokens)
        merged = np.concatenate((self.tokens, tokens[~known]))
        order = np.argsort(merged)
        return Ledger(merged[order], np.concatenate((self.holders, holders[~known]))[order])


class State:
    """An institution's secret, ledger and count of submissions, in one SQLite file.

    Not safe to share between institutions: the secret is one institution's own.
    """

    def __init__(self, connection: sqlite3.Connection, secret: bytes) -> None:
        """Use an open database; made by `open` and `in_memory`."""
        self._connection = connection
        self._secret = secret

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> State:
        """Open the state file, making it (readable by its owner alone) if there is none.

        Raises:
            StateError: it cannot be opened, is no state file, is from a newer version, or is open
                to other users (on POSIX systems).
        """
        path = Path(path)
        try:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        except OSError as error:
            raise StateError(f"{path}: cannot be opened ({error.strerror}).") from None
        except sqlite3.Error:
            raise StateError(f"{path}: cannot be opened as a state file.") from None
        try:
            state = cls(connection, _prepare(connection, secrets.token_bytes(SECRET_BYTES)))
            refuse_open_to_others(path)
            return state
        except KeyFileError as error:
            connection.close()
            raise StateError(str(error)) from None
        except (sqlite3.Error, LookupError) as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise StateError(_IN_USE) from None
            raise StateError(
                f"{path}: is no pprl state file, or is damaged or of a newer version. "
                "Restore it from a backup, or upgrade pprl."
            ) from None

    @classmethod
    def in_memory(cls, secret: bytes | None = None) -> State:
        """A state that is gone with the process.

        Args:
            secret: 32 bytes, to make the same bits again; fresh random ones if not given.

        Raises:
            StateError: `secret` has another length.
        """
        if secret is not None and len(secret) != SECRET_BYTES:
            raise StateError(f"The secret of a state has {SECRET_BYTES} bytes, not {len(secret)}.")
        connection = sqlite3.connect(":memory:", isolation_level=None)
        return cls(connection, _prepare(connection, secret or secrets.token_bytes(SECRET_BYTES)))

    def __repr__(self) -> str:
        """Nothing of the secret."""
        return "<State>"

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def derive(self, context: str, purpose: str) -> bytes:
        """A 32-byte key of the institution's own for one purpose.

        Args:
            context: a digest of linkage section, linkage key and party, 64 hexadecimal digits.
            purpose: such as "decoys/birth-date".
        """
        return derive(self._secret, bytes.fromhex(context), purpose)

    def student_digest(self, context: str, local_ids: list[str]) -> NDArray[np.uint64]:
        """What stands for local ids in the ledger and in the order of records: `uint64[n]`."""
        key = self.derive(context, "local-id")
        digests = [hmac.digest(key, i.encode("utf-8"), "sha256")[:8] for i in local_ids]
        return np.frombuffer(b"".join(digests), "<u8").copy()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep other processes out from the first read to the last write; undo if it raises."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            raise StateError(_IN_USE if busy else "The state cannot be written.") from None
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise StateError("The state cannot be written; is the disk full?") from None
            raise

    def ledger(self, context: str, pass_name: str) -> Ledger:
        """The ledger of one pass under one key and linkage section."""
        found = self._connection.execute(
            "SELECT tokens, holders FROM ledger WHERE context = ? AND pass = ?",
            (context, pass_name),
        ).fetchone()
        tokens, holders = found or (b"", b"")
        return Ledger(np.frombuffer(tokens, "<u8"), np.frombuffer(holders, "<u8"))

    def keep_ledger(self, context: str, pass_name: str, ledger: Ledger) -> None:
        """Store the ledger of one pass; within `transaction`."""
        self._connection.execute(
            "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?)",
            (context, pass_name, ledger.tokens.tobytes(), ledger.holders.tobytes()),
        )

    def sequence_of(self, context: str, content: str) -> int:
        """The number of a submission, from 1; content sent last keeps its number.

        Args:
            context: what the submission was made under.
            content: a digest of the submission.
        """
        last = self._connection.execute(
            "SELECT sequence, content FROM sent WHERE context = ? ORDER BY sequence DESC LIMIT 1",
            (context,),
        ).fetchone()
        if last and last[1] == content:
            return int(last[0])
        sequence = int(last[0]) + 1 if last else 1
        self._connection.execute("INSERT INTO sent VALUES (?, ?, ?)", (context, sequence, content))
        return sequence


def _prepare(connection: sqlite3.Connection, secret: bytes) -> bytes:
    """Lay out an empty database with this secret, or return the secret that an older one holds."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == 0 and tables == 0:
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        connection.execute("INSERT INTO secret VALUES (1, ?)", (secret,))
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    elif version != _VERSION:
        raise LookupError(version)
    (kept,) = connection.execute("SELECT bytes FROM secret").fetchone()
    connection.execute("COMMIT")
    return bytes(kept)
