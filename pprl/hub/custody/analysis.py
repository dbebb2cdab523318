"""The analysis store: outcomes under names of its own, opened only where no encodings lie open.

Who holds both encodings and outcomes holds more than either role needs; so payload files are opened
only once the linkage store is sealed or purged, and persons bear other names here than there. Each
payload is kept as an Arrow table, encrypted with AES-256-GCM under the store's own key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pprl.errors import CustodyError
from pprl.exchange import Payload
from pprl.exchange.container import replacing
from pprl.hub.custody.keys import CustodyKey
from pprl.hub.custody.store import LinkageStore

SUFFIX = ".outcomes"
STUDY_ID = "study_id"
PERSON = "person"
_NONCE_BYTES = 12
_NAME_BYTES = 10
_FOR_THE_OWNER = 0o700


class AnalysisStore:
    """A hub's outcomes, in a folder of their own."""

    def __init__(self, folder: Path, key: CustodyKey) -> None:
        """Use a folder; made by `open`."""
        self._folder = folder
        self._key = key

    @classmethod
    def open(
        cls, folder: str | os.PathLike[str], key: CustodyKey, linkage_store: LinkageStore
    ) -> AnalysisStore:
        """Open the store, making its folder (for its owner alone) if there is none.

        Args:
            folder: its folder, outside the linkage store's.
            key: the analysis store's key.
            linkage_store: where the encodings lie.

        Raises:
            CustodyError: encodings lie open, the key is for something else, or the folder is the
                linkage store's or cannot be made.
        """
        folder = Path(folder)
        if key.kind != "analysis store":
            raise CustodyError("This is the key of another store. Make one: pprl store new")
        if linkage_store.is_open:
            raise CustodyError(
                f"{linkage_store.folder}: holds encodings unsealed. Seal or purge them before "
                "outcomes are opened: pprl store seal, pprl store purge"
            )
        if linkage_store.folder.resolve() in (folder.resolve(), *folder.resolve().parents):
            raise CustodyError(f"{folder}: lies in the linkage store. Keep the two apart.")
        try:
            folder.mkdir(_FOR_THE_OWNER, exist_ok=True)
        except OSError as error:
            raise CustodyError(f"{folder}: cannot be made ({error.strerror}).") from None
        return cls(folder, key)

    def __repr__(self) -> str:
        """Its name alone."""
        return f"<AnalysisStore {self._folder.name}>"

    def keep(self, payload: Payload, study_ids: Mapping[str, str]) -> None:
        """Keep an institution's outcomes, in the place of those that it sent before.

        Args:
            payload: as it came, by the study IDs that the institution was given.
            study_ids: what each of them is called at the hub, for all institutions alike.

        Raises:
            CustodyError: a study ID is not among them, or the table cannot be written.
        """
        table = payload.table
        given = table[STUDY_ID].to_pylist()
        if missing := sum(name not in study_ids for name in given):
            raise CustodyError(
                f"{payload.institution}: {missing} of {len(given)} study IDs are not in its "
                "crosswalk. Ask for the payload made with the last crosswalk."
            )
        names = {name: self._person(study_ids[name]) for name in set(given)}
        place = table.schema.get_field_index(STUDY_ID)
        table = table.set_column(place, PERSON, pa.array([names[name] for name in given]))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        label = payload.institution.encode()
        covered = self._cipher().encrypt(nonce, bytes(sink.getvalue()), label)
        try:
            with replacing(self._path(payload.institution)) as file:
                file.write(nonce + covered)
        except OSError as error:
            raise CustodyError(
                f"{self._path(payload.institution)}: cannot be written ({error.strerror})."
            ) from None

    def institutions(self) -> list[str]:
        """Whose outcomes are here."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self.files())

    def files(self) -> list[Path]:
        """The files that hold outcomes."""
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def table(self, institution: str) -> pa.Table:
        """An institution's outcomes: `person` and the columns of its payload.

        Raises:
            CustodyError: there are none, they were altered, or are under another key.
        """
        path = self._path(institution)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CustodyError(f"{path}: cannot be read ({error.strerror}).") from None
        try:
            plain = self._cipher().decrypt(
                content[:_NONCE_BYTES], content[_NONCE_BYTES:], institution.encode()
            )
        except (InvalidTag, ValueError):
            raise CustodyError(
                f"{path}: was altered, or is under another key. Restore it from a backup."
            ) from None
        return pa.ipc.open_file(pa.BufferReader(plain)).read_all()

    def _path(self, institution: str) -> Path:
        """Where an institution's outcomes lie."""
        return self._folder / f"{institution}{SUFFIX}"

    def _cipher(self) -> AESGCM:
        """AES-256-GCM under the store's key."""
        return AESGCM(self._key.derive("", "outcomes"))

    def _person(self, study_id: str) -> str:
        """What a person is called here: a keyed digest of a random study ID."""
        key = self._key.derive("", "persons")
        return hmac.digest(key, study_id.encode(), hashlib.sha256)[:_NAME_BYTES].hex()
