"""The linkage key: the secret that the institutions share and the hub never sees."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pprl.errors import KeyFileError
from pprl.exchange.container import LINKAGE_KEY_MAGIC
from pprl.exchange.key_file import SECRET_BYTES, load_secret, save_secret

KEY_BYTES = SECRET_BYTES
CHECK_BYTES = 16
_MAGIC = LINKAGE_KEY_MAGIC + b" 1"
_WHAT = (
    "a pprl linkage key. Use the file that the institutions share; only the first of them makes "
    "one (pprl key new)."
)


def derive(secret: bytes, salt: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    """HKDF-SHA-256 (RFC 5869): one independent key for each purpose."""
    return HKDF(SHA256(), length, salt, b"pprl/1/" + purpose.encode("utf-8")).derive(secret)


class LinkageKey:
    """256 random bits shared by the institutions of an agreement.

    Whoever holds it and a match file can test guesses about who is in the file. It is therefore
    passed from institution to institution, never through the hub, and it shows in no repr.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """Wrap 32 bytes.

        Raises:
            KeyFileError: not 32 bytes.
        """
        if len(secret) != KEY_BYTES:
            raise KeyFileError(f"A linkage key has {KEY_BYTES} bytes; make one with pprl key new.")
        self._secret = bytes(secret)

    @classmethod
    def generate(cls) -> LinkageKey:
        """A new key from the operating system's random numbers."""
        return cls(secrets.token_bytes(KEY_BYTES))

    def save(self, path: str | os.PathLike[str], passphrase: str | None = None) -> None:
        """Write the key file, readable by its owner alone, locked if a passphrase is given.

        Raises:
            KeyFileError: a file of that name exists (it is never overwritten: with the only copy
                of a key all study IDs would be lost), or it cannot be written.
        """
        save_secret(path, _MAGIC, self._secret, passphrase)

    @classmethod
    def load(cls, path: str | os.PathLike[str], passphrase: str | None = None) -> LinkageKey:
        """Read a key file.

        Raises:
            KeyFileError: missing, not a key file, locked, damaged, or (on POSIX) open to other
                users.
        """
        return cls(load_secret(Path(path), _MAGIC, _WHAT, passphrase))

    def exported(self) -> bytes:
        """The key itself, to be sealed to another institution and to nobody else: 32 bytes."""
        return self._secret

    def derive(self, linkage_digest: str, purpose: str, length: int = KEY_BYTES) -> bytes:
        """The key for one purpose under one linkage section.

        Args:
            linkage_digest: `Agreement.linkage_digest`; the salt, so that no two partnerships and
                no two versions of a section share tokens.
            purpose: such as "block/birth-date" or "segment/zip".
            length: bytes wanted.
        """
        return derive(self._secret, bytes.fromhex(linkage_digest), purpose, length)

    def check_value(self, linkage_digest: str) -> str:
        """A value that is equal for equal keys and sections and reveals neither: 32 hex digits."""
        return self.derive(linkage_digest, "check", CHECK_BYTES).hex()

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "<LinkageKey>"

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse to be pickled: a key must not slip into a file or another process unseen."""
        raise KeyFileError("A linkage key is not pickled; save it with LinkageKey.save.")
