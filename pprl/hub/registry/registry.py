"""The registry: the hub's memory of who was called what."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import numpy as np
import pandas as pd

from pprl.agreement import Agreement
from pprl.errors import MismatchError, RegistryError, UsageError
from pprl.hub.registry.blinding import RegistryKey
from pprl.hub.registry.contents import contents, is_common, last_run
from pprl.hub.registry.run import Linked, Named, carry_on
from pprl.hub.registry.store import Store, is_address, open_store


class Registry:
    """Study IDs that stay: persons, the students that each source sent, and what each is called.

    Every run is kept: what merged or parted, when and why, and what held before it.
    """

    def __init__(self, store: Store, key: RegistryKey) -> None:
        """Use an open store; made by `open`."""
        self._store = store
        self._key = key

    @classmethod
    def open(
        cls, place: str | os.PathLike[str], key: str | os.PathLike[str] | None = None
    ) -> Registry:
        """Open a registry, or make one where there is none.

        Args:
            place: the path of an SQLite file, or a `postgresql://` address.
            key: the registry key's file, which is made with the registry. Beside an SQLite file:
                its name and `.key`, unless another is given. Keep a copy of it elsewhere.

        Raises:
            KeyFileError: the key is missing, damaged or open to other users.
            RegistryError: no registry, of another version, in use, or of another key.
            UsageError: an address without a key, or psycopg is not installed.
        """
        if key is None:
            if is_address(place):
                raise UsageError("A registry in PostgreSQL needs a key file: give key=...")
            key = f"{os.fspath(place)}.key"
        store = open_store(place)
        try:
            return cls(store, _key_of(store, Path(key)))
        except BaseException:
            store.close()
            raise

    def __repr__(self) -> str:
        """Counts only."""
        (members, sources), (persons,) = (
            self._store.rows(
                "SELECT count(*), count(DISTINCT source) FROM members WHERE until IS NULL"
            )[0],
            self._store.rows("SELECT count(*) FROM persons WHERE until IS NULL")[0],
        )
        return f"<Registry of {persons:,} persons: {members:,} students of {sources} sources>"

    def __enter__(self) -> Registry:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def carry_on(self, linked: Linked, agreement: Agreement) -> Named:
        """Name the records of a linkage as before where they are known, and remember the rest.

        Everything is written, or nothing. Another process that does the same waits.

        Raises:
            MismatchError: made under another linkage section or linkage key, or from another store
                (or from match files), or a source's entries contradict those that it sent before.
            RegistryError: in use for too long, or it cannot be written.
        """
        keys = {s.manifest.key_check for s in linked.submissions}
        stores = {s.blinding for s in linked.submissions}
        with self._store.transaction():
            for name, value in (
                ("linkage section", agreement.linkage_digest),
                ("linkage key", *keys),
                # Tokens of match files and those of a store's blinded entries never meet.
                ("store, or from match files", *stores),
            ):
                self._agree(name, value)
            return carry_on(self._store, self._key, linked, agreement, _now())

    def runs(self) -> pd.DataFrame:
        """Every run: `run, moment, agreement, records, merges, splits, undone`."""
        rows = self._store.rows(
            "SELECT r.run, r.moment, r.agreement, r.records, "
            "(SELECT count(*) FROM events e WHERE e.run = r.run AND e.kind = 'merge'), "
            "(SELECT count(*) FROM events e WHERE e.run = r.run AND e.kind = 'split'), "
            "coalesce(r.undone, '') FROM runs r ORDER BY r.run"
        )
        columns = ["run", "moment", "agreement", "records", "merges", "splits", "undone"]
        return pd.DataFrame(rows, columns=columns)

    def log(self) -> pd.DataFrame:
        """Every merge and split, for the hub alone: `run, moment, kind, study_id, other, reason`.

        A merged `study_id` is retired, and `other` is its successor; of a split one, some records
        went to `other`.
        """
        rows = self._store.rows(
            "SELECT e.run, r.moment, e.kind, e.study_id, e.other, e.reason "
            "FROM events e JOIN runs r ON r.run = e.run ORDER BY e.place"
        )
        return pd.DataFrame(rows, columns=["run", "moment", "kind", "study_id", "other", "reason"])

    def crosswalk(self, source: str) -> pd.DataFrame:
        """What a source is told of the records that it last sent: `record, study_id`.

        Raises:
            UsageError: no such source; the message lists those that are.
        """
        found = self._store.rows(
            "SELECT members FROM rosters WHERE source = ? ORDER BY run DESC LIMIT 1", (source,)
        )
        if not found:
            known = self._store.rows("SELECT DISTINCT source FROM rosters ORDER BY source")
            raise UsageError(
                f"{source!r} is not in the registry. Sources: "
                f"{', '.join(name for (name,) in known) or 'none'}."
            )
        held = np.frombuffer(found[0][0], "<u4").astype(np.int64)
        holding = contents(self._store)
        names = holding.members.recipient_id[held]
        if is_common(self._store):
            names = holding.study_ids[holding.members.person[held]]
        return pd.DataFrame({"record": np.arange(len(held), dtype=np.uint32), "study_id": names})

    def changes(self, source: str) -> pd.DataFrame:
        """Study IDs of a source that changed: `moment, retired, study_id`, the latest last.

        A source may be told these. Merges and splits of its records' persons that its own IDs do
        not show are not among them.
        """
        told = "study_id" if is_common(self._store) else "recipient_id"
        rows = self._store.rows(
            f"SELECT DISTINCT r.moment, b.{told}, a.{told} FROM "
            "(SELECT m.member, m.until, m.recipient_id, p.study_id FROM members m "
            "JOIN persons p ON p.person = m.person WHERE m.source = ?) b JOIN "
            "(SELECT m.member, m.since, m.recipient_id, p.study_id FROM members m "
            "JOIN persons p ON p.person = m.person WHERE m.source = ?) a "
            "ON a.member = b.member AND a.since = b.until JOIN runs r ON r.run = a.since "
            f"WHERE a.{told} <> b.{told} ORDER BY r.moment, b.{told}, a.{told}",
            (source, source),
        )
        return pd.DataFrame(rows, columns=["moment", "retired", "study_id"])

    def translation(self, source: str) -> pd.DataFrame:
        """What a source's IDs stand for at the hub: `recipient_id, study_id`, each ID once.

        For all students that the source ever sent, and for IDs that were replaced since. It stays
        at the hub.
        """
        rows = self._store.rows(
            "SELECT m.recipient_id, p.study_id FROM members m "
            "JOIN members n ON n.member = m.member AND n.until IS NULL "
            "JOIN persons p ON p.person = n.person WHERE m.source = ? "
            "ORDER BY m.until IS NOT NULL, m.until DESC, m.member",
            (source,),
        )
        table = pd.DataFrame(rows, columns=["recipient_id", "study_id"])
        return table.drop_duplicates("recipient_id", ignore_index=True)

    def successor(self, study_id: str) -> str:
        """The hub's study ID that stands for a person now: itself, unless it was retired.

        Raises:
            UsageError: the registry never gave it, or it was withdrawn by a rollback.
        """
        for _ in range(1 + last_run(self._store)):
            found = self._store.rows(
                "SELECT s.study_id FROM persons p LEFT JOIN persons s ON s.person = p.successor "
                "WHERE p.study_id = ?",
                (study_id,),
            )
            if not found:
                break
            if found[0][0] is None:
                return study_id
            study_id = str(found[0][0])
        withdrawn = self._store.rows("SELECT 1 FROM withdrawn WHERE study_id = ?", (study_id,))
        fate = "was withdrawn by a rollback" if withdrawn else "is none of the hub's study IDs"
        raise UsageError(f"{study_id} {fate}.")

    def rollback(self, run: int) -> None:
        """Make everything hold again that held after a run (0: before the first).

        Later runs stay in the log, marked undone. Study IDs that they gave first are withdrawn, and
        never given again.

        Raises:
            RegistryError: in use for too long.
            UsageError: there is no such run, or it is undone itself.
        """
        with self._store.transaction():
            standing = [0, *(n for (n,) in self._rows_of_runs())]
            if run not in standing:
                listed = ", ".join(map(str, standing))
                raise UsageError(f"There is no run {run} to go back to. Runs: {listed}.")
            for name, column, source in (
                ("persons", "study_id", "''"),
                ("members", "recipient_id", "source"),
            ):
                chosen = f"SELECT {column} AS name, {source} AS source FROM {name} WHERE since"
                self._store.rows(
                    "INSERT INTO withdrawn SELECT name, source, ? FROM "
                    f"({chosen} > ? EXCEPT {chosen} <= ?) AS gone",
                    (run, run, run),
                )
            for name in ("persons", "members", "blocks"):
                self._store.rows(f"DELETE FROM {name} WHERE since > ?", (run,))
            self._store.rows("DELETE FROM rosters WHERE run > ?", (run,))
            self._store.rows("UPDATE members SET until = NULL WHERE until > ?", (run,))
            self._store.rows(
                "UPDATE persons SET until = NULL, successor = NULL WHERE until > ?", (run,)
            )
            self._store.rows(
                "UPDATE runs SET undone = ? WHERE run > ? AND undone IS NULL", (_now(), run)
            )

    def _rows_of_runs(self) -> list[tuple[int]]:
        """The runs that stand."""
        return self._store.rows("SELECT run FROM runs WHERE undone IS NULL ORDER BY run")

    def _agree(self, name: str, value: str) -> None:
        """Check what the registry was made under, or note it at the first run."""
        found = self._store.rows("SELECT content FROM about WHERE name = ?", (name,))
        if not found:
            self._store.insert("about", [(name, value)])
        elif found[0][0] != value:
            raise MismatchError(
                f"The registry was made under another {name}: it would find nobody again. "
                "Give the registry of this agreement, or a new one; new study IDs then begin."
            )


def _key_of(store: Store, path: Path) -> RegistryKey:
    """The key of a registry; made if neither was there.

    Raises:
        RegistryError: it is another registry's.
    """
    with store.transaction():
        found = store.rows("SELECT content FROM about WHERE name = 'registry key'")
        if not found:
            key = RegistryKey.load(path) if path.exists() else RegistryKey.create(path)
            store.insert("about", [("registry key", key.check_value())])
            return key
    key = RegistryKey.load(path)
    if key.check_value() != found[0][0]:
        raise RegistryError(f"{path}: is another registry's key. Restore this one's.")
    return key


def _now() -> str:
    """The time, in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
