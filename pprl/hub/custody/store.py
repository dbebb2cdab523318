"""The linkage store: blinded submissions, one file each, and the ledger of what came and went.

    ledger.sqlite                                      stays when everything else is destroyed
    <institution>.<number>.<section and key>.blinded   open: can be linked
    <institution>.<number>.<section and key>.sealed    sealed to a key that is kept elsewhere

The key lies apart from the store.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pprl.agreement import Agreement
from pprl.errors import CustodyError, MismatchError
from pprl.exchange import Identity, Manifest, Submission
from pprl.exchange.closing import refuse_closed
from pprl.exchange.destruction import Destroyed, destroy, digest_of
from pprl.exchange.origin import check_newer
from pprl.exchange.sealing import mapped, write_pieces
from pprl.hub.admission import admit_alone
from pprl.hub.custody import ledger as events
from pprl.hub.custody.blinded_file import name_of, read_kept, write_blinded
from pprl.hub.custody.blinding import blind_submission
from pprl.hub.custody.keys import CustodyKey
from pprl.hub.custody.ledger import CustodyLedger, Received

LEDGER = "ledger.sqlite"
OPEN = ".blinded"
SEALED = ".sealed"
_FOR_THE_OWNER = 0o700


class LinkageStore:
    """A hub's blinded submissions, in a folder of their own."""

    def __init__(self, folder: Path, key: CustodyKey | None, ledger: CustodyLedger) -> None:
        """Use an open ledger; made by `open`."""
        self._folder = folder
        self._key = key
        self.ledger = ledger

    @classmethod
    def open(
        cls, folder: str | os.PathLike[str], key: CustodyKey | None = None, *, make: bool = False
    ) -> LinkageStore:
        """Open a store.

        Args:
            folder: its folder.
            key: the store's key; needed to take files in, not to link what is there.
            make: whether a folder that is not there is made.

        Raises:
            CustodyError: there is no store, or the key is another store's.
            ChainError: its ledger cannot be used.
        """
        folder = Path(folder)
        try:
            if make:
                folder.mkdir(_FOR_THE_OWNER, exist_ok=True)
        except OSError as error:
            raise CustodyError(f"{folder}: cannot be made ({error.strerror}).") from None
        if not make and not (folder / LEDGER).is_file():
            raise CustodyError(f"{folder}: is no linkage store. Make one: pprl store new")
        store = cls(folder, key, CustodyLedger.open(folder / LEDGER, make=make))
        try:
            store._refuse_other_key()
        except BaseException:
            store.close()
            raise
        return store

    def __repr__(self) -> str:
        """Its name alone."""
        return f"<LinkageStore {self._folder.name}>"

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    @property
    def is_open(self) -> bool:
        """Whether any encodings lie here unsealed."""
        return any(self._folder.glob(f"*{OPEN}"))

    def add(
        self,
        path: str | os.PathLike[str],
        agreement: Agreement,
        *,
        identity: Identity | None = None,
        allow_unverified: bool = False,
        allow_older: bool = False,
    ) -> Received:
        """Take a match file in: check it, blind it, log it, and delete it if that was agreed.

        A file that was taken in before changes nothing; it is deleted if that was not done yet, and
        one that was taken in and deleted may be named again. So what a process that died left
        undone is done when it runs again.

        Args:
            path: the match file.
            agreement: what it was encoded under.
            identity: the hub's private key.
            allow_unverified: as in `Submission.open`.
            allow_older: also take a file that is older than the last one, when the hub and the
                institution agreed to go back; it is logged.

        Raises:
            AgreementError: the agreement does not allow it, or was closed.
            MismatchError: an older file was sent again, or two of one number; or another agreement.
            SubmissionError: the file is not sound or cannot be written.
            CustodyError: the store is sealed, or its key is missing.
        """
        path = Path(path)
        if self._key is None:
            raise CustodyError(f"{self._folder}: taking files in needs the store's key.")
        refuse_closed(self.ledger.chain, agreement)
        if not path.exists() and (before := self.ledger.received_as(path.name, agreement)):
            return self._dropped(path, before, again=True)
        submission = Submission.open(
            path, identity=identity, signers=agreement, allow_unverified=allow_unverified
        )
        admit_alone(submission, agreement)
        manifest = submission.manifest
        content = hashlib.sha256(manifest.to_bytes()).hexdigest()
        sha256 = digest_of(path)
        with self.ledger.writing():
            last = self.ledger.last_of(manifest)
            target = self._folder / f"{name_of(manifest)}{OPEN}"
            again = last == (manifest.sequence, content) and target.exists()
            if self._is_sealed():
                raise CustodyError(f"{self._folder}: is sealed. Unseal it to take files in.")
            if not again:
                if not allow_older:
                    self._refuse_older(manifest, content, last)
                blinded = blind_submission(submission, agreement.linkage, self._key)
                kept = write_blinded(blinded, target)
                self.ledger.log_received(
                    manifest,
                    manifest=content,
                    sha256=sha256,
                    name=path.name,
                    file=target.name,
                    kept=kept,
                    blinding=self._key.check_value,
                    older=manifest.sequence < last[0],
                )
            received = self.ledger.last_received(manifest)
        if agreement.destruction.match_files_on_ingest:
            del submission
            return self._dropped(path, received, again=again)
        return Received(manifest.institution, manifest.sequence, manifest.records, again, False)

    def _dropped(self, path: Path, known: Mapping[str, Any], *, again: bool) -> Received:
        """Delete a match file that was taken in, and log it once."""
        destroy([path])
        with self.ledger.writing():
            whose = {key: known[key] for key in ("institution", "sha256")}
            if not self.ledger.dropped(whose["sha256"]):
                self.ledger.log(events.DROPPED, **whose)
        return Received(known["institution"], known["sequence"], known["records"], again, True)

    def submissions(
        self, agreement: Agreement, institutions: Sequence[str] | None = None
    ) -> list[Submission]:
        """The last submission of each institution, blinded, for `pprl.link`.

        Args:
            agreement: under whose linkage section.
            institutions: whose; everybody's if not given.

        Raises:
            AgreementError: the agreement was closed.
            CustodyError: they are sealed or destroyed, or an institution sent none.
            SubmissionError: a file in the store is damaged.
        """
        histories = self.ledger.histories(agreement, institutions)
        return [read_kept(self._folder, history[-1]) for history in histories]

    def earlier(
        self, agreement: Agreement, institutions: Sequence[str] | None = None
    ) -> list[Submission]:
        """What each institution sent before its last, under the same linkage key.

        Args and errors as of `submissions`.
        """
        before = {}
        for *older, last in self.ledger.histories(agreement, institutions):
            for body in older:
                if body["key_check"] == last["key_check"] and body["file"] != last["file"]:
                    before[body["file"]] = body
        return [read_kept(self._folder, body) for body in before.values()]

    def seal(self, recipient: str) -> list[Path]:
        """Seal all encodings to a key that is kept elsewhere, and delete them unsealed.

        Args:
            recipient: a public age key, `age1...`; its private key must not lie at the hub's
                analysts.

        Returns:
            the sealed files.

        Raises:
            UsageError: the recipient is no age key.
            SubmissionError: a file cannot be written.
        """
        sealed = []
        with self.ledger.writing():
            for path in sorted(self._folder.glob(f"*{OPEN}")):
                view, _ = mapped(path, None)
                target = path.with_suffix(SEALED)
                write_pieces(target, [view], recipient)
                del view
                sealed.append(target)
            if sealed:
                self.ledger.log(
                    events.SEALED, files=[path.name for path in sealed], recipient=recipient
                )
        destroy([path.with_suffix(OPEN) for path in sealed])
        return sealed

    def unseal(self, identity: Identity) -> list[Path]:
        """Open sealed encodings again.

        Raises:
            SubmissionError: they are sealed to another key, or damaged.
        """
        opened = []
        with self.ledger.writing():
            for path in sorted(self._folder.glob(f"*{SEALED}")):
                view, _ = mapped(path, identity)
                target = path.with_suffix(OPEN)
                write_pieces(target, [view], "")
                opened.append(target)
            if opened:
                self.ledger.log(events.UNSEALED, files=[path.name for path in opened])
        for path in opened:
            path.with_suffix(SEALED).unlink(missing_ok=True)
        return opened

    def purge(self) -> list[Destroyed]:
        """Destroy all encodings, sealed or not; the ledger stays.

        Raises:
            CustodyError: a file cannot be destroyed.
        """
        gone = destroy(self.encodings())
        self.ledger.log(
            events.PURGED, files=[{"file": item.name, "sha256": item.sha256} for item in gone]
        )
        return gone

    def encodings(self) -> list[Path]:
        """The files that hold encodings."""
        return [p for s in (OPEN, SEALED) for p in sorted(self._folder.glob(f"*{s}"))]

    def _is_sealed(self) -> bool:
        """Whether encodings lie here sealed."""
        return any(self._folder.glob(f"*{SEALED}"))

    def _refuse_older(self, manifest: Manifest, content: str, last: tuple[int, str]) -> None:
        """Refuse a replay, and say how to go back if that is meant."""
        try:
            check_newer(manifest.institution, manifest.sequence, content, last)
        except MismatchError as error:
            raise MismatchError(
                f"{error} If both agreed to go back to it, pass allow_older=True."
            ) from None

    def _refuse_other_key(self) -> None:
        """Refuse a key under which nothing that is here was blinded."""
        if self._key is None:
            return
        own = self._key.check_value
        for link in self.ledger.links():
            body = link.body
            if body["event"] == events.RECEIVED and body["blinding"] != own:
                raise CustodyError(
                    f"{self._folder}: was filled under another key, and what is blinded under two "
                    "keys cannot be linked. Find that key, or make a new store."
                )
