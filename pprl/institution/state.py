"""What an institution keeps between submissions: its own secret, and the ledger of blocks it sent.

The ledger says which student holds which block, and which are nobody's because two held them. An
entry whose block another student held last year is withheld, or the hub could compare the two.

What others must be able to match repeats under any state, since it hangs on the linkage key alone;
decoys and the positions of missing fields do not. So whoever lays submissions made under two states
side by side sees which entries are decoys and which fields are missing, and the ledger of one does
not guard the other. A lost state is restored from a backup, or the partners agree on a new linkage
key; so too if a party's id changes, which is why a state knows its party and refuses another's id.
Which student a local id names is remembered in `pprl.institution.identities`.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pprl.database_file import connect, is_busy, make_private, transaction
from pprl.errors import KeyFileError, StateError
from pprl.exchange.key_file import refuse_open_to_others
from pprl.institution.identities import TRAITS, Identified, Identities, renamed
from pprl.institution.ledger import Ledger
from pprl.institution.linkage_key import derive

SECRET_BYTES = 32
_VERSION = 2
_IN_USE = "The state is in use by another process; run again later."
_SCHEMA = """
CREATE TABLE secret (id INTEGER PRIMARY KEY CHECK (id = 1), bytes BLOB NOT NULL);
CREATE TABLE party (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL);
CREATE TABLE identities (
    context TEXT PRIMARY KEY, local_ids BLOB NOT NULL, identity BLOB NOT NULL,
    minted BLOB NOT NULL, traits BLOB NOT NULL
);
CREATE TABLE ledger (
    context TEXT NOT NULL, pass TEXT NOT NULL, tokens BLOB NOT NULL, holders BLOB NOT NULL,
    PRIMARY KEY (context, pass)
);
CREATE TABLE sent (
    context TEXT NOT NULL, sequence INTEGER NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (context, sequence)
);
"""


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
            make_private(path)
            connection = connect(path)
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
            if is_busy(error):
                raise StateError(_IN_USE) from None
            raise StateError(
                f"{path}: is no pprl state file, or is damaged or of another version. "
                "Restore it from a backup, or use the pprl that wrote it."
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
        return local_id_digests(self.derive(context, "local-id"), local_ids)

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Keep other processes out from the first read to the last write; undo if it raises.

        Within another transaction it is part of that one.
        """
        return transaction(self._connection, _unwritten)

    def serve(self, party: str) -> None:
        """Take a party for the one whose state this is; within `transaction`.

        Raises:
            StateError: it is another party's. Its entries would repeat under the new id while its
                decoys would not, which tells the hub which are which.
        """
        found = self._connection.execute("SELECT name FROM party").fetchone()
        if found is None:
            self._connection.execute("INSERT INTO party VALUES (1, ?)", (party,))
        elif found[0] != party:
            raise StateError(
                f"The state belongs to {found[0]!r}, and cannot serve {party!r}: each party keeps "
                "a state of its own. If the party was renamed, agree on a new linkage key and "
                "begin a new state with it."
            )

    def identities(self, context: str) -> Identities:
        """Every local id encoded so far under one key and linkage section."""
        found = self._connection.execute(
            "SELECT local_ids, identity, minted, traits FROM identities WHERE context = ?",
            (context,),
        ).fetchone()
        if found is None:
            return Identities.none()
        local_ids, identity, minted, traits = found
        return Identities(
            np.frombuffer(local_ids, "<u8"),
            np.frombuffer(identity, "<u8"),
            np.frombuffer(minted, "<u4"),
            np.frombuffer(traits, "<u4").reshape(-1, TRAITS),
        )

    def keep_identities(self, context: str, identified: Identified) -> None:
        """Store the table, and give joined students' blocks to the one; within `transaction`."""
        table = identified.table
        columns = (table.local_ids, table.identity, table.minted, table.traits)
        self._connection.execute(
            "INSERT OR REPLACE INTO identities VALUES (?, ?, ?, ?, ?)",
            (context, *(column.tobytes() for column in columns)),
        )
        if not len(identified.joined):
            return
        passes = self._connection.execute(
            "SELECT pass FROM ledger WHERE context = ?", (context,)
        ).fetchall()
        for (name,) in passes:
            ledger = self.ledger(context, name)
            holders = renamed(ledger.holders, identified.joined)
            self.keep_ledger(context, name, Ledger(ledger.tokens, holders))

    def mint(
        self, context: str, local_ids: NDArray[np.uint64], minted: NDArray[np.uint32]
    ) -> NDArray[np.uint64]:
        """New identities: a local id's digest the first time, another one each time after.

        Args:
            context: what the submission is made under.
            local_ids: `uint64[n]`, digests.
            minted: `uint32[n]`, how many were minted of each before.
        """
        key = self.derive(context, "identity")
        identity = local_ids.copy()
        for place in np.flatnonzero(minted).tolist():
            name = local_ids[place].tobytes() + minted[place].tobytes()
            identity[place] = np.frombuffer(hmac.digest(key, name, "sha256")[:8], "<u8")[0]
        return identity

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


def local_id_digests(key: bytes, local_ids: Iterable[str]) -> NDArray[np.uint64]:
    """The first 8 bytes of each local id's HMAC-SHA-256, little-endian: `uint64[n]`."""
    digests = [hmac.digest(key, i.encode("utf-8"), "sha256")[:8] for i in local_ids]
    return np.frombuffer(b"".join(digests), "<u8").copy()


def _unwritten(error: sqlite3.Error, at_start: bool) -> StateError:
    """What to say when a transaction fails."""
    if not at_start:
        return StateError("The state cannot be written; is the disk full?")
    return StateError(_IN_USE if is_busy(error) else "The state cannot be written.")


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
