"""The identity: the private age key of whom files are sealed to (X25519, age-encryption.org/v1)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pyrage

from pprl.errors import KeyFileError, UsageError
from pprl.exchange.container import LINKAGE_KEY_MAGIC
from pprl.exchange.key_file import load_key_file, save_key_file

MAGIC = b"# pprl identity 1"
_LINE = re.compile(rb"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}")
_WHAT = "a pprl identity. Make one: pprl key new --kind identity"


class Identity:
    """A private age key. It stays with its owner, and shows in no repr.

    An unlocked key file is an identity file of the `age` command too.
    """

    __slots__ = ("_key",)

    def __init__(self, text: str) -> None:
        """Use a key as text, `AGE-SECRET-KEY-1...`.

        Raises:
            KeyFileError: it is no age key.
        """
        try:
            self._key = pyrage.x25519.Identity.from_str(text)
        except (pyrage.IdentityError, ValueError):
            raise KeyFileError("This is no age key (AGE-SECRET-KEY-1...).") from None

    @classmethod
    def generate(cls) -> Identity:
        """A new key from the operating system's random numbers."""
        return cls(str(pyrage.x25519.Identity.generate()))

    @property
    def recipient(self) -> str:
        """The public key to which others seal, `age1...`."""
        return str(self._key.to_public())

    @property
    def age_key(self) -> pyrage.x25519.Identity:
        """The key as pyrage takes it."""
        return self._key

    def save(self, path: str | os.PathLike[str], passphrase: str | None = None) -> None:
        """Write the key file, readable by its owner alone, locked if a passphrase is given.

        Raises:
            KeyFileError: there is a file of that name, or it cannot be written.
        """
        lines = f"# public key: {self.recipient}\n{self._key}\n".encode("ascii")
        save_key_file(path, MAGIC, lines, passphrase)

    @classmethod
    def load(cls, path: str | os.PathLike[str], passphrase: str | None = None) -> Identity:
        """Read a key file.

        Raises:
            KeyFileError: missing, not an identity, locked, damaged, or open to other users; a
                linkage key is told, since the hub may have been sent it by mistake.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                handed = file.read(len(LINKAGE_KEY_MAGIC)) == LINKAGE_KEY_MAGIC
        except OSError as error:
            raise KeyFileError(f"{path}: cannot be read ({error.strerror}).") from None
        if handed:
            raise KeyFileError(
                f"{path}: is a linkage key. The hub must never hold it: delete it, tell the "
                "institution that sent it, and have the institutions make a new key."
            )
        lines = load_key_file(path, MAGIC, _WHAT, passphrase).split(b"\n")
        keys = [line for line in lines if line and not line.startswith(b"#")]
        if len(keys) != 1 or not _LINE.fullmatch(keys[0]):
            raise KeyFileError(f"{path}: is damaged. Restore it from a backup.")
        return cls(keys[0].decode("ascii"))

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "<Identity>"

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse to be pickled: a key must not slip into a file or another process unseen."""
        raise KeyFileError("An identity is not pickled; save it with Identity.save.")


def age_recipient(text: str) -> pyrage.x25519.Recipient:
    """A public age key as pyrage takes it.

    Raises:
        UsageError: the text is none.
    """
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except (pyrage.RecipientError, ValueError):
        raise UsageError(
            "The recipient is no age key; it is the line that pprl key show prints (age1...)."
        ) from None
