"""The hub's own keys: one blinds what it links, another covers what it analyses."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pprl.errors import KeyFileError
from pprl.exchange.key_file import SECRET_BYTES, load_secret, save_secret

Kind = Literal["linkage store", "analysis store"]


class CustodyKey:
    """256 random bits of the hub's own, for one store. It lies apart from the store."""

    __slots__ = ("_secret", "kind")

    def __init__(self, secret: bytes, kind: Kind) -> None:
        """Use 32 bytes.

        Raises:
            KeyFileError: not 32 bytes.
        """
        if len(secret) != SECRET_BYTES:
            raise KeyFileError(f"A store's key has {SECRET_BYTES} bytes, not {len(secret)}.")
        self._secret = bytes(secret)
        self.kind = kind

    @classmethod
    def generate(cls, kind: Kind) -> CustodyKey:
        """A new key from the operating system's random numbers."""
        return cls(secrets.token_bytes(SECRET_BYTES), kind)

    def derive(self, salt: str, purpose: str, length: int = SECRET_BYTES) -> bytes:
        """HKDF-SHA-256 (RFC 5869): one key for each purpose.

        Args:
            salt: hexadecimal, such as the digest of a linkage section.
            purpose: such as "blinding/birth-date".
            length: bytes.
        """
        name = f"pprl/1/hub/{self.kind}/{purpose}".encode()
        return HKDF(SHA256(), length, bytes.fromhex(salt), name).derive(self._secret)

    @property
    def check_value(self) -> str:
        """Tells whether two files were kept under one key; 32 hexadecimal digits."""
        return self.derive("", "check", 16).hex()

    def save(self, path: str | os.PathLike[str], passphrase: str | None = None) -> None:
        """Write the key file, readable by its owner alone, locked if a passphrase is given.

        Raises:
            KeyFileError: there is a file of that name, or it cannot be written.
        """
        save_secret(path, _magic(self.kind), self._secret, passphrase)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], kind: Kind, passphrase: str | None = None
    ) -> CustodyKey:
        """Read a key file.

        Raises:
            KeyFileError: missing, not such a key, locked, damaged, or open to other users.
        """
        what = f"the key of a pprl {kind}. Make one: pprl store new"
        return cls(load_secret(Path(path), _magic(kind), what, passphrase), kind)

    def __repr__(self) -> str:
        """Nothing of the key."""
        return f"<CustodyKey of a {self.kind}>"

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse to be pickled: a key must not slip into a file or another process unseen."""
        raise KeyFileError("A store's key is not pickled; save it with CustodyKey.save.")


def _magic(kind: Kind) -> bytes:
    """The first line of a key file."""
    return f"pprl key of the {kind} 1".encode()
