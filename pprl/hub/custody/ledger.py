"""The custody ledger: what came in, from whom, under which digest, and what went out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pprl.agreement import Agreement
from pprl.chain import Link
from pprl.errors import CustodyError
from pprl.exchange.closing import refuse_closed
from pprl.exchange.manifest import Manifest
from pprl.logbook import Logbook

KIND = "custody ledger"
RECEIVED = "received"
DROPPED = "match file deleted"
SEALED = "encodings sealed"
UNSEALED = "encodings unsealed"
PURGED = "encodings destroyed"
LINKED = "linked"
SENT = "sent"


@dataclass(frozen=True)
class Received:
    """What became of a match file that was handed to the store.

    Attributes:
        institution: whose.
        sequence: its number.
        records: how many records.
        again: it had been taken in before.
        dropped: the match file was deleted, as the agreement asks.
    """

    institution: str
    sequence: int
    records: int
    again: bool
    dropped: bool


class CustodyLedger(Logbook):
    """A hub's append-only, hash-chained log, in one SQLite file."""

    kind = KIND

    def links(self) -> Iterator[Link]:
        """All entries, in order."""
        return self.chain.links()

    def writing(self) -> AbstractContextManager[None]:
        """Keep other processes out meanwhile: entries written within are written together."""
        return self.chain.writing()

    def log(self, event: str, **details: Any) -> Link:
        """Write an entry.

        Args:
            event: what happened.
            details: what JSON can hold; nothing of a student.

        Raises:
            ChainError: it cannot be written.
        """
        return self.chain.append({"event": event, **details})

    def log_received(self, of: Manifest, /, **details: Any) -> None:
        """Write that a match file was taken in.

        Args:
            of: its manifest.
            details: what else is known of it.
        """
        told = ("institution", "sequence", "records", "agreement", "linkage", "key_check")
        self.log(RECEIVED, **{key: getattr(of, key) for key in told}, **details)

    def histories(
        self, agreement: Agreement, institutions: Sequence[str] | None
    ) -> list[list[Mapping[str, Any]]]:
        """What was taken in of each institution, in order; of everybody if none is named.

        Raises:
            AgreementError: the agreement was closed.
            CustodyError: an institution sent nothing under it.
        """
        refuse_closed(self.chain, agreement)
        found: dict[str, list[Mapping[str, Any]]] = {}
        for body in self.received(agreement.linkage_digest):
            found.setdefault(body["institution"], []).append(body)
        names = sorted(found) if institutions is None else institutions
        if unknown := [name for name in names if name not in found]:
            raise CustodyError(f"The store holds nothing of {unknown[0]!r} under this agreement.")
        return [found[name] for name in names]

    def received(self, linkage: str) -> list[Mapping[str, Any]]:
        """What was taken in under a linkage section, in order."""
        bodies = (link.body for link in self.links())
        return [b for b in bodies if b["event"] == RECEIVED and b["linkage"] == linkage]

    def received_as(self, name: str, agreement: Agreement) -> Mapping[str, Any] | None:
        """The last file of a name that was taken in under an agreement that has it deleted."""
        if not agreement.destruction.match_files_on_ingest:
            return None
        found = [b for b in self.received(agreement.linkage_digest) if b["name"] == name]
        return found[-1] if found else None

    def dropped(self, sha256: str) -> bool:
        """Whether a match file was deleted, by its digest."""
        bodies = (link.body for link in self.links())
        return any(b["event"] == DROPPED and b["sha256"] == sha256 for b in bodies)

    def last_of(self, manifest: Manifest) -> tuple[int, str]:
        """The highest number taken in from an institution under its linkage section and key.

        Returns:
            the number and the digest of the manifest that bore it; (0, "") if none.
        """
        numbers = [(int(b["sequence"]), str(b["manifest"])) for b in self._like(manifest)]
        return max(numbers, default=(0, ""))

    def last_received(self, manifest: Manifest) -> Mapping[str, Any]:
        """What was logged of the last file of its institution, section and key."""
        return self._like(manifest)[-1]

    def _like(self, manifest: Manifest) -> list[Mapping[str, Any]]:
        """What was taken in from its institution under its linkage section and key."""
        return [
            body
            for body in self.received(manifest.linkage)
            if body["institution"] == manifest.institution
            and body["key_check"] == manifest.key_check
        ]
