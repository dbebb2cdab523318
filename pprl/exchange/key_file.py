"""Key files: for their owner alone, never overwritten, locked with a passphrase if one is given.

A key file begins with a line that says which kind of key it is and whether it is locked. A locked
one goes on with an armored age file (scrypt) that holds the content of an unlocked one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path

import pyrage

from pprl.errors import KeyFileError

LOCKED = b", locked\n"
MOST_BYTES = 1 << 16
SECRET_BYTES = 32


def save_key_file(
    path: str | os.PathLike[str], magic: bytes, content: bytes, passphrase: str | None
) -> None:
    """Write a key file, readable by its owner alone.

    Args:
        path: the file.
        magic: its first line without the line feed, such as b"pprl signing key 1".
        content: the lines behind it.
        passphrase: locks it, if given.

    Raises:
        KeyFileError: a file of that name exists (it is never overwritten: it may be the only copy
            of a key), or it cannot be written, or the passphrase is empty.
    """
    if passphrase == "":
        raise KeyFileError("The passphrase is empty. Give one, or leave it out.")
    whole = magic + b"\n" + content
    if passphrase is not None:
        whole = magic + LOCKED + bytes(pyrage.passphrase.encrypt(whole, passphrase, armored=True))
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise KeyFileError(
            f"{path}: exists already and is not overwritten. Choose another name."
        ) from None
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written ({error.strerror}).") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        Path(path).unlink(missing_ok=True)
        raise KeyFileError(f"{path}: cannot be written ({error.strerror}).") from None


def load_key_file(path: Path, magic: bytes, what: str, passphrase: str | None) -> bytes:
    """What stands behind the first line of a key file.

    Args:
        path: the file.
        magic: its first line without the line feed.
        what: what it should be and where it comes from, for the message that refuses another file.
        passphrase: unlocks it, if it is locked.

    Raises:
        KeyFileError: missing, another kind of file, locked, damaged, or (on POSIX) open to others.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES).replace(b"\r\n", b"\n")
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror}).") from None
    if not content.startswith((magic + b"\n", magic + LOCKED)):
        raise KeyFileError(f"{path}: is not {what}")
    refuse_open_to_others(path)
    if content.startswith(magic + LOCKED):
        content = _unlocked(path, content[len(magic + LOCKED) :], passphrase)
    if not content.startswith(magic + b"\n"):
        raise KeyFileError(f"{path}: is damaged. Restore it from a backup.")
    return content[len(magic) + 1 :]


def is_locked(path: Path) -> bool:
    """Whether a file is a locked key file; False too if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.readline(MOST_BYTES).endswith(LOCKED)
    except OSError:
        return False


def refuse_open_to_others(path: Path) -> None:
    """Check that only its owner can read a secret file (on POSIX systems).

    Raises:
        KeyFileError: others can.
    """
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{path}: is open to other users. Run: chmod 600 {path}")


def save_secret(
    path: str | os.PathLike[str], magic: bytes, secret: bytes, passphrase: str | None
) -> None:
    """Write a secret of random bytes as a key file: base64, and a checksum.

    Raises:
        KeyFileError: as `save_key_file`.
    """
    lines = base64.b64encode(secret) + b"\n" + _checksum(magic, secret) + b"\n"
    save_key_file(path, magic, lines, passphrase)


def load_secret(path: Path, magic: bytes, what: str, passphrase: str | None) -> bytes:
    """Read what `save_secret` wrote: 32 bytes.

    Raises:
        KeyFileError: as `load_key_file`; or a letter was changed or lost.
    """
    content = load_key_file(path, magic, what, passphrase)
    try:
        text, check = content.split()
        secret = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        secret, check = b"", b""
    if len(secret) != SECRET_BYTES or _checksum(magic, secret) != check:
        raise KeyFileError(f"{path}: is damaged. Restore it, or ask who sent it for a copy.")
    return secret


def _checksum(magic: bytes, secret: bytes) -> bytes:
    """Eight digits that tell a mistyped or damaged key file; they reveal nothing usable."""
    kind = magic.rsplit(b" ", 1)[0]
    return hashlib.sha256(kind + b" checksum" + secret).hexdigest()[:8].encode("ascii")


def _unlocked(path: Path, content: bytes, passphrase: str | None) -> bytes:
    """The content of a locked key file."""
    if passphrase is None:
        raise KeyFileError(f"{path}: is locked. Give its passphrase.")
    try:
        return bytes(pyrage.passphrase.decrypt(content, passphrase))
    except (pyrage.DecryptError, ValueError, OSError) as error:
        if "Excessive work" in str(error):
            raise KeyFileError(
                f"{path}: was locked on a much faster machine; unlocking it here would take too "
                "long. Lock it anew, or try when this machine is less busy."
            ) from None
        raise KeyFileError(f"{path}: the passphrase is wrong, or the file is damaged.") from None
