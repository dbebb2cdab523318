"""Sealing: a file as an age file to one recipient, and back, as a stream.

age's file format (age-encryption.org/v1) releases what it decrypts before it has seen the last
tag, so a file is unsealed into a private file that has no name, and believed only once it is whole.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import pyrage

from pprl.errors import SubmissionError
from pprl.exchange.container import replacing
from pprl.exchange.identity import Identity, age_recipient

AGE_MAGIC = b"age-encryption.org/v1\n"
AGE_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
MOST_HEADER = 1 << 16
_BUFFER = 1 << 20
_END_OF_HEADER = b"\n---"


class _Pieces:
    """Pieces of bytes as the file that pyrage reads from."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Read the pieces in order, each taken only when the one before is used up."""
        self._pieces = iter(pieces)
        self._view = memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; none at the end."""
        while not self._view:
            try:
                self._view = memoryview(next(self._pieces)).cast("B")
            except StopIteration:
                return b""
            except BaseException as error:
                # pyrage would wrap it in an error of its own.
                self.error = error
                raise
        size = len(self._view) if size < 0 else size
        piece, self._view = self._view[:size], self._view[size:]
        return bytes(piece)


class _Sink:
    """A file as pyrage writes to it, in larger pieces; keeps the error that pyrage would wrap."""

    def __init__(self, file: BinaryIO) -> None:
        """Write to an open file."""
        self._file = file
        self._waiting = bytearray()
        self.error: OSError | None = None

    def write(self, piece: bytes) -> int:
        """Write a piece, now or with the next."""
        self._waiting += piece
        if len(self._waiting) >= _BUFFER:
            self.flush()
        return len(piece)

    def flush(self) -> None:
        """Write what waits."""
        try:
            self._file.write(self._waiting)
        except OSError as error:
            self.error = error
            raise
        self._waiting.clear()


def seal(file: BinaryIO, pieces: Iterable[bytes | memoryview], recipient: str) -> None:
    """Write pieces of bytes, one after the other, as an age file to a recipient.

    Raises:
        UsageError: the recipient is no age key.
        OSError: the file cannot be written.
    """
    source, sink = _Pieces(pieces), _Sink(file)
    try:
        pyrage.encrypt_io(source, sink, [age_recipient(recipient)])
        sink.flush()
    except pyrage.EncryptError:
        raise (sink.error or source.error or OSError("age failed")) from None


def write_pieces(
    path: str | os.PathLike[str], pieces: Iterable[bytes | memoryview], recipient: str
) -> None:
    """Write a file in pieces, sealed if there is a recipient, whole or not at all.

    Raises:
        UsageError: the recipient is no age key.
        SubmissionError: it cannot be written.
    """
    try:
        with replacing(path) as file:
            if recipient:
                seal(file, pieces, recipient)
            else:
                file.writelines(pieces)
    except OSError as error:
        raise SubmissionError(f"{path}: cannot be written ({error.strerror}).") from None


def mapped(path: Path, identity: Identity | None) -> tuple[memoryview, bool]:
    """Map a file into memory, unsealed if it is sealed.

    Returns:
        the bytes of the file, or of what was sealed in it, and whether it was sealed.

    Raises:
        SubmissionError: it cannot be read, is no plain file, is empty, or is sealed and cannot be
            unsealed with this identity.
    """
    try:
        with _opened(path) as file:
            start = file.read(len(AGE_ARMOR))
            file.seek(0)
            if start.startswith(AGE_ARMOR):
                raise SubmissionError(
                    f"{path.name}: is armored text; send the binary file as pprl wrote it."
                )
            if not start.startswith(AGE_MAGIC):
                return _map(file, path), False
            with _private_file(path.parent) as plain:
                _unseal(file, plain, path.name, identity)
                return _map(plain, path), True
    except OSError as error:
        raise SubmissionError(f"{path}: cannot be read ({error.strerror}).") from None


def _unseal(file: BinaryIO, plain: BinaryIO, name: str, identity: Identity | None) -> None:
    """Decrypt an age file into another file, whole or not at all."""
    if identity is None:
        raise SubmissionError(f"{name}: is sealed. Open it with the identity it is sealed to.")
    header = file.read(MOST_HEADER)
    file.seek(0)
    if _END_OF_HEADER not in header:
        raise SubmissionError(f"{name}: is damaged (age header). Ask for it again.")
    sink = _Sink(plain)
    try:
        pyrage.decrypt_io(file, sink, [identity.age_key])
        sink.flush()
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise SubmissionError(
                f"{name}: is sealed to another key. Ask for it sealed to {identity.recipient}."
            ) from None
        raise SubmissionError(f"{name}: is damaged (age header). Ask for it again.") from None
    except (OSError, ValueError) as error:
        if sink.error is not None:
            raise SubmissionError(
                f"{name}: cannot be unsealed beside it ({sink.error.strerror})."
            ) from None
        if isinstance(error, OSError) and error.strerror:
            raise
        raise SubmissionError(f"{name}: is truncated or altered (sealed). Ask again.") from None
    plain.flush()


@contextlib.contextmanager
def _private_file(folder: Path) -> Iterator[BinaryIO]:
    """A file that only this process can reach, and that is gone with it, however it ends.

    It lies beside the sealed file, on a disk that was chosen for such files, or else where
    temporary files lie.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(tempfile.TemporaryFile(dir=folder))
        except OSError:
            file = stack.enter_context(tempfile.TemporaryFile())
        yield file


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A plain file, open for reading; a device or a pipe is refused rather than waited for."""
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    )
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise SubmissionError(f"{path.name}: is no plain file.")
        yield file


def _map(file: BinaryIO, path: Path) -> memoryview:
    """A file's bytes, which stay on the disk until they are used."""
    try:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except ValueError:
        raise SubmissionError(f"{path.name}: is empty.") from None
