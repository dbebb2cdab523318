"""The disclosure log: which file left, when, under which agreement, and whose records it held.

California Education Code 49064 asks for "a log or record" for each pupil's record which lists all
who received information from it "and the legitimate interests therefor", open to the parent; 34 CFR
99.32 asks the like of every institution under FERPA. So each file has an entry, and an entry
holds the local ids whose records were in the file, as keyed digests: it can be asked about a local
id, and gives no list of them.

An entry is written before the file takes its final name and confirmed afterwards, so that no file
is ever there without one. What a process that died left unconfirmed is settled by the next one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pprl._version import __version__
from pprl.agreement import Agreement
from pprl.chain import Link
from pprl.errors import ChainError, SubmissionError
from pprl.exchange import Payload
from pprl.exchange.closing import refuse_closed
from pprl.exchange.destruction import digest_of, seen_from, sync
from pprl.institution.disclosure import RELEASED, UNACCOUNTED, WITHDRAWN, Disclosure, disclosure_of
from pprl.institution.encoded import Encoded
from pprl.logbook import Logbook

KIND = "disclosure log"
_INTENDED = "intended"
_DIGEST_BYTES = 8


class DisclosureLog(Logbook):
    """An institution's log of what it disclosed, in one SQLite file."""

    kind = KIND

    def release(
        self,
        encoded: Encoded,
        agreement: Agreement,
        path: str | os.PathLike[str],
        write: Callable[[Path], object] | None = None,
    ) -> Disclosure:
        """Write a match file and log it; the same file, there and logged already, is left as it is.

        Args:
            encoded: what was encoded.
            agreement: what it was encoded under.
            path: the file's final name.
            write: writes the file under a name that it is given; `encoded.submission.write` unless
                given (to sign and seal, for example).

        Raises:
            AgreementError: the agreement was closed.
            SubmissionError: the file cannot be written.
            ChainError: the log cannot be written, or is in use.
        """
        manifest = encoded.submission.manifest
        told = {
            "what": "match file",
            "institution": manifest.institution,
            "fields": list(agreement.linkage.fields),
            "records": manifest.records,
            "sequence": manifest.sequence,
            "software": manifest.software,
        }
        local_ids = encoded.id_map["local_id"].tolist()
        return self._release(told, local_ids, agreement, path, write or encoded.submission.write)

    def release_payload(
        self,
        payload: Payload,
        local_ids: Sequence[str],
        agreement: Agreement,
        path: str | os.PathLike[str],
        write: Callable[[Path], object] | None = None,
    ) -> Disclosure:
        """Write a payload file and log it, as `release` does a match file.

        Args:
            payload: the outcomes, by study ID.
            local_ids: whose they are.
            agreement: what it was made under.
            path: the file's final name.
            write: as in `release`; `payload.write` unless given.

        Raises:
            AgreementError: the agreement was closed.
            SubmissionError: the file cannot be written.
            ChainError: the log cannot be written, or is in use.
        """
        told = {
            "what": "payload file",
            "institution": payload.institution,
            "fields": payload.table.column_names,
            "records": len(set(local_ids)),
            "sequence": payload.sequence,
            "software": f"pprl {__version__}",
        }
        return self._release(told, local_ids, agreement, path, write or payload.write)

    def _release(
        self,
        told: Mapping[str, Any],
        local_ids: Sequence[str],
        agreement: Agreement,
        path: str | os.PathLike[str],
        write: Callable[[Path], object],
    ) -> Disclosure:
        """Write, log, rename, confirm."""
        path = Path(path).resolve()
        self.recover()
        self.refuse_closed(agreement)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}.partial")
        try:
            write(partial)
            sha256 = digest_of(partial)
            if (found := self._already(path, sha256)) is not None:
                return found
            intent = self.chain.append(
                {
                    "event": _INTENDED,
                    **told,
                    **_under(agreement),
                    "local_ids": len(local_ids),
                    "path": self._seen(path),
                    "partial": self._seen(partial),
                    "bytes": partial.stat().st_size,
                    "sha256": sha256,
                },
                self._digests(local_ids).tobytes(),
            )
            self._rename(intent, partial, path)
        except OSError as error:
            raise SubmissionError(f"{path}: cannot be written ({error.strerror}).") from None
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        return disclosure_of(intent, RELEASED)

    def _rename(self, intent: Link, partial: Path, path: Path) -> None:
        """Give a file its final name, once it is logged that it will have it."""
        failure = None
        with self.chain.writing():
            if intent.number in self._events()[1]:
                raise ChainError(
                    f"{path}: another process took this one for dead. Nothing was written; run "
                    "again."
                )
            try:
                partial.replace(path)
            except OSError as error:
                failure = error
            self._conclude(intent, WITHDRAWN if failure else RELEASED)
        if failure:
            raise failure
        sync(path.parent)

    def recover(self) -> None:
        """Settle what a process that died left unconfirmed.

        Raises:
            ChainError: the log cannot be written, or is in use.
        """
        with self.chain.writing():
            intents, outcomes = self._events()
            for link in intents:
                if link.number not in outcomes:
                    self._settle(link)

    def disclosures(self) -> list[Disclosure]:
        """Every file, in order; what is not settled yet counts as unaccounted for."""
        intents, outcomes = self._events()
        return [disclosure_of(link, outcomes.get(link.number, UNACCOUNTED)) for link in intents]

    def of_student(self, local_id: str) -> list[Disclosure]:
        """The files that held the record of a local id, and left or may have left."""
        digest = self._digests([local_id.strip()])[0]
        intents, outcomes = self._events()
        found = []
        for link in intents:
            students = np.frombuffer(link.attached, "<u8")
            place = int(np.searchsorted(students, digest))
            outcome = outcomes.get(link.number, UNACCOUNTED)
            if place < len(students) and students[place] == digest and outcome != WITHDRAWN:
                found.append(disclosure_of(link, outcome))
        return found

    def refuse_closed(self, agreement: Agreement) -> None:
        """Check that the agreement's partnership was not closed.

        Raises:
            AgreementError: it was.
        """
        refuse_closed(self.chain, agreement)

    def _digests(self, local_ids: Sequence[str]) -> NDArray[np.uint64]:
        """What stands for local ids in the log: `uint64[n]`, rising."""
        key = self.chain.salt
        digests = b"".join(
            hashlib.blake2b(i.encode("utf-8"), digest_size=_DIGEST_BYTES, key=key).digest()
            for i in local_ids
        )
        return np.sort(np.frombuffer(digests, "<u8"))

    def _events(self) -> tuple[list[Link], dict[int, str]]:
        """The intents, and how each ended, as far as that is known."""
        intents: list[Link] = []
        outcomes: dict[int, str] = {}
        for link in self.chain.links():
            body = link.body
            if body["event"] == _INTENDED:
                intents.append(link)
            elif "of" in body:
                outcomes[int(body["of"])] = str(body["event"])
        return intents, outcomes

    def _settle(self, intent: Link) -> None:
        """Say what became of a file whose process died.

        Renaming takes the partial file away: if that is there, it was not renamed.
        """
        partial, path = (self.chain.path.parent / intent.body[k] for k in ("partial", "path"))
        if partial.exists():
            self._conclude(intent, WITHDRAWN)
            partial.unlink(missing_ok=True)
        elif path.is_file() and digest_of(path) == intent.body["sha256"]:
            self._conclude(intent, RELEASED)
        else:
            self._conclude(intent, UNACCOUNTED)

    def _seen(self, path: Path) -> str:
        """Where a file lies, seen from the log."""
        return seen_from(self.chain.path.parent, path)

    def _conclude(self, intent: Link, outcome: str) -> None:
        """Log how an intent ended."""
        self.chain.append({"event": outcome, "of": intent.number})

    def _already(self, path: Path, sha256: str) -> Disclosure | None:
        """The disclosure of this very file, if it is there and was logged."""
        intents, outcomes = self._events()
        for link in reversed(intents):
            same = link.body["path"] == self._seen(path) and link.body["sha256"] == sha256
            if same and outcomes.get(link.number) == RELEASED and path.is_file():
                return disclosure_of(link, RELEASED) if digest_of(path) == sha256 else None
        return None


def _under(agreement: Agreement) -> Mapping[str, str]:
    """To whom a file goes, what for, and under what."""
    basis = f" ({agreement.legal_basis})" if agreement.legal_basis else ""
    return {
        "recipient": agreement.convener or "the hub of the agreement",
        "agreement": agreement.title,
        "agreement_digest": agreement.digest,
        "linkage": agreement.linkage_digest,
        "interest": f"{agreement.purpose or 'as the agreement says'}{basis}",
    }
