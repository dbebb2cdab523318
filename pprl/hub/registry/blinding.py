"""The registry key: under it block tokens are blinded before a registry keeps them.

Whoever holds a linkage key can test guesses against block tokens. A registry keeps none: only what
AES-256 makes of them under keys derived from the registry key, which lies in a file of its own.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from pprl.errors import KeyFileError
from pprl.exchange.key_file import refuse_open_to_others, save_key_file

KEY_BYTES = 32
TILE = 1 << 16
_MAGIC = b"pprl registry key 1"


class RegistryKey:
    """256 random bits of the hub's own. Shows in no repr."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """Wrap 32 bytes."""
        self._secret = bytes(secret)

    @classmethod
    def create(cls, path: Path) -> RegistryKey:
        """Make a key and write its file, readable by its owner alone.

        Raises:
            KeyFileError: a file of that name exists, or it cannot be written.
        """
        secret = secrets.token_bytes(KEY_BYTES)
        save_key_file(path, _MAGIC, base64.b64encode(secret) + b"\n", None)
        return cls(secret)

    @classmethod
    def load(cls, path: Path) -> RegistryKey:
        """Read a key file.

        Raises:
            KeyFileError: missing, not a registry key, damaged, or (on POSIX) open to other users.
        """
        try:
            content = path.read_bytes().replace(b"\r\n", b"\n")
            refuse_open_to_others(path)
        except OSError as error:
            raise KeyFileError(
                f"{path}: cannot be read ({error.strerror}). Without its key a registry finds "
                "nobody again: restore the key from a backup."
            ) from None
        header = _MAGIC + b"\n"
        try:
            secret = base64.b64decode(content.removeprefix(header).strip(), validate=True)
        except binascii.Error:
            secret = b""
        if not content.startswith(header) or len(secret) != KEY_BYTES:
            raise KeyFileError(f"{path}: is not a registry key. Restore it from a backup.")
        return cls(secret)

    def check_value(self) -> str:
        """What a registry keeps to know its key by: 32 hexadecimal digits."""
        return self._derive(b"check", b"")[:16].hex()

    def blinded(
        self, tokens: NDArray[np.uint64], context: str, pass_name: str
    ) -> NDArray[np.uint64]:
        """What is kept of block tokens: `uint64[n]`, equal for equal tokens of one pass and source.

        Args:
            tokens: `uint64[n]`.
            context: the source.
            pass_name: the pass.
        """
        key = self._derive(b"block", f"{context}/{pass_name}".encode())
        encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        out = np.empty(len(tokens), np.uint64)
        for start in range(0, len(tokens), TILE):
            tile = slice(start, start + TILE)
            blocks = np.zeros((len(tokens[tile]), 2), "<u8")
            blocks[:, 0] = tokens[tile]
            encrypted = encryptor.update(blocks.tobytes())
            out[tile] = np.frombuffer(encrypted, "<u8").reshape(-1, 2)[:, 0]
        return out

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "<RegistryKey>"

    def _derive(self, purpose: bytes, context: bytes) -> bytes:
        """HKDF-SHA-256 (RFC 5869)."""
        return HKDF(SHA256(), KEY_BYTES, context, b"pprl/registry/1/" + purpose).derive(
            self._secret
        )
