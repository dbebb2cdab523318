"""Destruction: files overwritten and deleted, and what can be said of it afterwards.

A file is renamed, overwritten once with random bytes, cut to nothing and deleted: "Clear" in the
terms of NIST SP 800-88 Rev. 1, on storage where a file's blocks are written in place. See
`NOT_GUARANTEED` for where that is not so. What a process that died left half done under the other
name is finished when the file is destroyed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pprl.errors import CustodyError

NOT_GUARANTEED = (
    "copies elsewhere: backups, snapshots, synchronised folders, mail, and what others were sent",
    "flash storage (SSDs), which writes to other cells than it reads from (wear levelling)",
    "file systems that write copies (copy-on-write, journals, network shares), and swap space",
    "what a running process still holds in memory",
)
"""What no program can promise about a file it deletes."""
_PIECE = 1 << 20


@dataclass(frozen=True)
class Destroyed:
    """A file that is gone.

    Attributes:
        name: what it was called.
        bytes: its length.
        sha256: its digest, so that it can be told from another.
    """

    name: str
    bytes: int
    sha256: str


def destroy(paths: Iterable[Path]) -> list[Destroyed]:
    """Destroy files; one that is not there any more is passed over.

    Args:
        paths: plain files.

    Returns:
        those that were destroyed.

    Raises:
        CustodyError: one is no plain file, or cannot be overwritten or deleted; those before it are
            gone.
    """
    gone = []
    for path in paths:
        try:
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise CustodyError(f"{path}: is no plain file, and is not destroyed. Look at it.")
            if path.exists():
                gone.append(described(path))
                path.replace(doomed(path))
            _finish(doomed(path))
        except OSError as error:
            raise CustodyError(f"{path}: cannot be destroyed ({error.strerror}).") from None
    return gone


def described(path: Path) -> Destroyed:
    """What a certificate says of a file, before it is destroyed.

    Raises:
        CustodyError: it cannot be read.
    """
    try:
        return Destroyed(path.name, path.stat().st_size, digest_of(path))
    except OSError as error:
        raise CustodyError(f"{path}: cannot be read ({error.strerror}).") from None


def doomed(path: Path) -> Path:
    """What a file is called while it is destroyed."""
    return path.with_name(f".{path.name}.destroyed")


def _finish(path: Path) -> None:
    """Overwrite, cut and delete a file, if it is there."""
    if not path.is_file():
        return
    length = path.stat().st_size
    with path.open("r+b") as file:
        for start in range(0, length, _PIECE):
            file.write(secrets.token_bytes(min(_PIECE, length - start)))
        file.flush()
        os.fsync(file.fileno())
        file.truncate(0)
        os.fsync(file.fileno())
    path.unlink()
    sync(path.parent)


def seen_from(folder: Path, path: Path) -> str:
    """Where a file lies, as a log in a folder tells it: relative to that, unless on another drive.

    So a log says nothing of the machine, and folders may be moved together.
    """
    try:
        return os.path.relpath(path.resolve(), folder.resolve())
    except ValueError:
        return str(path.resolve())


def digest_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(folder: Path) -> None:
    """Have the folder's entries reach the disk, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
