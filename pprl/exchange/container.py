r"""The bytes of a match file or payload file: a manifest, its signature, and parts.

    pprl match file 1\\n
    u32 length | manifest (JSON, ASCII) | SHA-256 of all bytes before
    u32 length | Ed25519 signature (64 bytes; empty: unsigned)
    parts, each starting at a multiple of 64 bytes, gaps filled with zeros

Numbers are little-endian. Every byte is either compared with a fixed value or covered by a digest,
so that no altered file is read. The parts' lengths and digests stand in the manifest. Parts are
Arrow IPC files, which can be mapped into memory; alignment lets their arrays be used in place.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pprl.errors import SubmissionError
from pprl.exchange.mapping import PIECE, let_go

MAGIC = b"pprl match file 1\n"
MAGIC_ANY = b"pprl match file "
PAYLOAD_MAGIC = b"pprl payload file 1\n"
LINKAGE_KEY_MAGIC = b"pprl linkage key"
MOST_MANIFEST = 16 << 20
MOST_SIGNATURE = 1 << 10
_SECRETS = (b"SQLite format 3", b"record,local_id")
_LENGTH = struct.Struct("<I")
_DIGEST = hashlib.sha256().digest_size
_ALIGNMENT = 64


@dataclass(frozen=True)
class Head:
    """What stands before the parts.

    Attributes:
        manifest: the manifest's bytes, digest checked.
        signature: the signature's bytes, not checked here; b"" if unsigned.
        size: bytes up to the end of the signature.
    """

    manifest: bytes
    signature: bytes
    size: int


def container(
    manifest: bytes,
    parts: Iterable[bytes | memoryview],
    signature: bytes = b"",
    magic: bytes = MAGIC,
) -> Iterator[bytes | memoryview]:
    """A file piece by piece; `parts` may be produced one at a time."""
    head = magic + _LENGTH.pack(len(manifest)) + manifest
    head += hashlib.sha256(head).digest() + _LENGTH.pack(len(signature)) + signature
    yield head
    position = len(head)
    for part in parts:
        gap = -position % _ALIGNMENT
        yield bytes(gap)
        yield part
        position += gap + len(part)


def read_head(view: memoryview, name: str, magic: bytes = MAGIC) -> Head:
    """Read and check everything before the parts.

    Args:
        view: the whole file.
        name: what messages call it.
        magic: the first line of the kind of file that is wanted.

    Raises:
        SubmissionError: the file is no match file, of a newer version, truncated or altered.
    """
    if bytes(view[: len(magic)]) != magic:
        raise SubmissionError(f"{name}: {_foreign(bytes(view[:64]), magic)}")
    manifest_length, manifest_start = _length(view, len(magic), name)
    if manifest_length > MOST_MANIFEST:
        raise SubmissionError(f"{name}: is damaged (manifest too long). Ask for it again.")
    manifest_end = manifest_start + manifest_length
    digest = bytes(view[manifest_end : manifest_end + _DIGEST])
    if len(digest) < _DIGEST or hashlib.sha256(view[:manifest_end]).digest() != digest:
        raise SubmissionError(f"{name}: is truncated or altered (manifest). Ask for it again.")
    signature_length, signature_start = _length(view, manifest_end + _DIGEST, name)
    size = signature_start + signature_length
    if size > len(view):
        raise SubmissionError(f"{name}: is truncated (signature). Ask for it again.")
    if signature_length > MOST_SIGNATURE:
        raise SubmissionError(f"{name}: is damaged (signature too long). Ask for it again.")
    return Head(bytes(view[manifest_start:manifest_end]), bytes(view[signature_start:size]), size)


def read_parts(
    view: memoryview, head: Head, lengths: Sequence[int], digests: Sequence[str], name: str
) -> list[memoryview]:
    """Cut the parts out of a file and check each against its digest.

    Raises:
        SubmissionError: the file is longer or shorter than its manifest says, or a part differs.
    """
    position = head.size
    parts = []
    for length, digest in zip(lengths, digests, strict=True):
        start = position + (-position % _ALIGNMENT)
        part = view[start : start + length]
        gap_clear = not any(view[position:start])
        if len(part) != length or not gap_clear or _digest(part) != digest:
            raise SubmissionError(f"{name}: is truncated or altered (a part). Ask for it again.")
        parts.append(part)
        position = start + length
    if position != len(view):
        raise SubmissionError(f"{name}: has bytes behind its last part. Ask for it again.")
    return parts


def _digest(part: memoryview) -> str:
    """SHA-256 of a part, however large it is: hexadecimal digits."""
    digest = hashlib.sha256()
    for start in range(0, len(part), PIECE):
        digest.update(part[start : start + PIECE])
        let_go(part)
    return digest.hexdigest()


class replacing:  # noqa: N801 - reads as a verb: `with replacing(path) as file`
    """A binary file that takes its final name only once it is complete.

    It is written beside its destination, readable by its owner alone, flushed to the disk, and
    then renamed over it; when the block raises, it is deleted and the destination is untouched.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Prepare to replace `path`."""
        self._path = Path(path)
        self._partial = self._path.with_name(f".{self._path.name}.{secrets.token_hex(6)}.partial")

    def __enter__(self) -> BinaryIO:
        """Open the partial file."""
        descriptor = os.open(
            self._partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600
        )
        self._file = os.fdopen(descriptor, "wb")
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Rename it into place, or delete it if the block raised."""
        try:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
            self._file.close()
            if kind is None:
                self._partial.replace(self._path)
        finally:
            self._file.close()
            self._partial.unlink(missing_ok=True)


def _foreign(start: bytes, magic: bytes) -> str:
    """What a file is that begins otherwise than was wanted, and what to do with it."""
    wanted = magic.split(b" 1", 1)[0].decode("ascii").removeprefix("pprl ")
    if start.startswith(LINKAGE_KEY_MAGIC):
        return (
            f"is a linkage key, not a {wanted}. The hub must never hold it: delete it, "
            "tell the institution that sent it, and have the institutions make a new key."
        )
    if start.startswith(magic.split(b"1", 1)[0]):
        return "has another format version; upgrade pprl to read it."
    if start.startswith(_SECRETS):
        return (
            f"looks like an institution's state or id map, not a {wanted}. The hub "
            "must never hold it: delete it and tell the institution that sent it."
        )
    for other in (MAGIC, PAYLOAD_MAGIC):
        if start.startswith(other):
            kind = other.split(b" 1", 1)[0].decode("ascii")
            return f"is a {kind}, not a {wanted}."
    return f"is not a pprl {wanted}."


def _length(view: memoryview, start: int, name: str) -> tuple[int, int]:
    """A length field and where what it counts begins."""
    field = view[start : start + _LENGTH.size]
    if len(field) < _LENGTH.size:
        raise SubmissionError(f"{name}: is truncated. Ask for it again.")
    (length,) = _LENGTH.unpack(field)
    return int(length), start + _LENGTH.size
