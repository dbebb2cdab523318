"""The signing key: by which an institution or the hub is known (Ed25519, RFC 8032)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pprl.agreement.signatures import message
from pprl.errors import KeyFileError
from pprl.exchange.key_file import SECRET_BYTES, load_secret, save_secret

MAGIC = b"pprl signing key 1"
_WHAT = "a pprl signing key. Make one: pprl key new --kind signing"


class SigningKey:
    """A private Ed25519 key. It stays with its owner, and shows in no repr."""

    __slots__ = ("_key", "_seed")

    def __init__(self, seed: bytes) -> None:
        """Use a seed of 32 bytes.

        Raises:
            KeyFileError: not 32 bytes.
        """
        if len(seed) != SECRET_BYTES:
            raise KeyFileError(f"A signing key has {SECRET_BYTES} bytes, not {len(seed)}.")
        self._seed = bytes(seed)
        self._key = Ed25519PrivateKey.from_private_bytes(self._seed)

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the operating system's random numbers."""
        return cls(secrets.token_bytes(SECRET_BYTES))

    @property
    def public_key(self) -> str:
        """The public key as the agreement states it: `ed25519:` and 64 hexadecimal digits."""
        return f"ed25519:{self._key.public_key().public_bytes_raw().hex()}"

    def sign(self, purpose: str, content: bytes) -> bytes:
        """The signature of a content for a purpose (`pprl.agreement.signatures.message`)."""
        return self._key.sign(message(purpose, content))

    def save(self, path: str | os.PathLike[str], passphrase: str | None = None) -> None:
        """Write the key file, readable by its owner alone, locked if a passphrase is given.

        Raises:
            KeyFileError: there is a file of that name, or it cannot be written.
        """
        save_secret(path, MAGIC, self._seed, passphrase)

    @classmethod
    def load(cls, path: str | os.PathLike[str], passphrase: str | None = None) -> SigningKey:
        """Read a key file.

        Raises:
            KeyFileError: missing, not a signing key, locked, damaged, or open to other users.
        """
        return cls(load_secret(Path(path), MAGIC, _WHAT, passphrase))

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "<SigningKey>"

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse to be pickled: a key must not slip into a file or another process unseen."""
        raise KeyFileError("A signing key is not pickled; save it with SigningKey.save.")
