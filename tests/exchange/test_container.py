"""Claims about the container: every byte counts, and a file is there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import SubmissionError
from pprl.exchange.container import (
    MAGIC,
    MOST_MANIFEST,
    Head,
    container,
    read_head,
    read_parts,
    replacing,
)


def written(manifest: bytes, parts: list[bytes], signature: bytes = b"") -> bytes:
    """The bytes of a container."""
    return b"".join(container(manifest, parts, signature))


def framed(manifest: bytes, signature: bytes) -> bytes:
    """Everything before the parts, put together by hand."""
    head = b"pprl match file 1\n" + len(manifest).to_bytes(4, "little") + manifest
    digest = hashlib.sha256(head).digest()
    return head + digest + len(signature).to_bytes(4, "little") + signature


BARE, SIGNED = framed(b"{}", b""), framed(b"{} ", b"signature")
LAYOUTS = [
    (b"{}", b"", [], BARE),
    (b"{}", b"", [b""], BARE.ljust(64, b"\0")),
    (b"{}", b"", [b"part"], BARE.ljust(64, b"\0") + b"part"),
    (
        b"{} ",
        b"signature",
        [b"a", b"b" * 64],
        SIGNED.ljust(128, b"\0") + b"a".ljust(64, b"\0") + b"b" * 64,
    ),
]
"""What a container holds and its bytes; the same list drives writer and reader."""


@pytest.mark.parametrize(("manifest", "signature", "parts", "content"), LAYOUTS)
def test_a_container_is_laid_out_as_documented(
    manifest: bytes, signature: bytes, parts: list[bytes], content: bytes
) -> None:
    """Magic line, manifest, digest, signature, then parts at multiples of 64 bytes."""
    assert written(manifest, parts, signature) == content


@pytest.mark.parametrize(("manifest", "signature", "parts", "content"), LAYOUTS)
def test_a_container_is_read_as_it_was_written(
    manifest: bytes, signature: bytes, parts: list[bytes], content: bytes
) -> None:
    """Reading gives back the manifest, the signature and each part."""
    head = read_head(memoryview(content), "x.pprl")
    assert (head.manifest, head.signature) == (manifest, signature)
    assert cut(content, parts) == parts


def cut(content: bytes, parts: list[bytes]) -> list[bytes]:
    """The parts of a container whose lengths and digests are those of `parts`."""
    view = memoryview(content)
    digests = [hashlib.sha256(part).hexdigest() for part in parts]
    head = read_head(view, "x.pprl")
    return [bytes(p) for p in read_parts(view, head, [len(p) for p in parts], digests, "x.pprl")]


@given(st.binary(max_size=80), st.lists(st.binary(max_size=150), max_size=4), st.binary(max_size=9))
def test_any_container_survives_the_journey(
    manifest: bytes, parts: list[bytes], signature: bytes
) -> None:
    """Whatever is put in comes out."""
    content = written(manifest, parts, signature)
    head = read_head(memoryview(content), "x.pprl")
    assert (head.manifest, head.signature) == (manifest, signature)
    assert cut(content, parts) == parts


def test_every_part_begins_at_a_multiple_of_64_bytes() -> None:
    """So that its arrays can be used in place."""
    content = written(b"{}", [b"first part", b"second part"])
    assert content.index(b"first part") % 64 == 0
    assert content.index(b"second part") % 64 == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not a pprl match file"),
        (b"p", "is not a pprl match file"),
        (b"pprl match file", "is not a pprl match file"),
        (b"pprl match file 2\n", "has another format version; upgrade pprl"),
        (b"pprl match file 10\n", "has another format version; upgrade pprl"),
        (b"pprl linkage key", "is a linkage key, not a match file"),
        (b"pprl linkage key 1\nAAAA\n", "is a linkage key, not a match file"),
        (MAGIC, "is truncated"),
        (MAGIC + b"\1\0\0", "is truncated"),
        (MAGIC + (MOST_MANIFEST + 1).to_bytes(4, "little"), r"is damaged \(manifest too long\)"),
        (MAGIC + b"\xff\xff\xff\xff", r"is damaged \(manifest too long\)"),
        (MAGIC + b"\2\0\0\0{}", r"is truncated or altered \(manifest\)"),
        (BARE[:-4], "is truncated"),
        (BARE[:-4] + b"\1\0\0\0", r"is truncated \(signature\)"),
        (BARE[:-4] + b"\xff\xff\xff\xff", r"is truncated \(signature\)"),
        (BARE[:-4] + b"\1\4\0\0" + bytes(1025), r"is damaged \(signature too long\)"),
    ],
)
def test_a_damaged_head_is_told(content: bytes, told: str) -> None:
    """Each way in which the head may be wrong has its message."""
    with pytest.raises(SubmissionError, match=rf"^x\.pprl: {told}"):
        read_head(memoryview(content), "x.pprl")


@pytest.mark.parametrize("length", [0, 3, 5, 1 << 31, 1 << 70])
def test_a_part_of_another_length_is_refused(length: int) -> None:
    """Too short leaves bytes behind or misses the digest; too long runs out of the file."""
    content = written(b"{}", [b"part"])
    digest = hashlib.sha256(b"part"[:length]).hexdigest()
    view = memoryview(content)
    with pytest.raises(SubmissionError):
        read_parts(view, read_head(view, "x.pprl"), [length], [digest], "x.pprl")


def test_bytes_behind_the_last_part_are_refused() -> None:
    """Nothing travels that no digest covers."""
    view = memoryview(written(b"{}", [b"part"]) + b"\0")
    with pytest.raises(SubmissionError, match="bytes behind its last part"):
        cut(bytes(view), [b"part"])


def test_bytes_between_parts_are_refused() -> None:
    """Gaps hold zeros and nothing else."""
    content = bytearray(written(b"{}", [b"one", b"two"]))
    content[content.index(b"one") + 3] = 1
    with pytest.raises(SubmissionError, match=r"truncated or altered \(a part\)"):
        cut(bytes(content), [b"one", b"two"])


def test_a_head_shows_its_size() -> None:
    """Parts are looked for behind the signature."""
    assert read_head(memoryview(SIGNED), "x.pprl") == Head(b"{} ", b"signature", len(SIGNED))


def test_a_file_appears_once_it_is_complete(tmp_path: Path) -> None:
    """Until the block ends there is only a partial file beside the destination."""
    path = tmp_path / "a.pprl"
    with replacing(path) as file:
        file.write(b"new")
        (partial,) = tmp_path.iterdir()
        assert partial.name.startswith(".a.pprl.") and partial.suffix == ".partial"
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Encodings are not for other users of the machine."""
    with replacing(tmp_path / "a.pprl") as file:
        file.write(b"new")
        (partial,) = tmp_path.iterdir()
        assert stat.S_IMODE(partial.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a.pprl").stat().st_mode) == 0o600


def test_an_older_file_stays_when_the_block_raises(tmp_path: Path) -> None:
    """An interrupted write leaves what was there, and nothing beside it."""
    path = tmp_path / "a.pprl"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_older_file_stays_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The destination is touched only once the disk has taken everything."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "a.pprl"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    """Each has a partial file of its own; the last to finish is the one that stays."""
    path = tmp_path / "a.pprl"
    with replacing(path) as one, replacing(path) as other:
        one.write(b"one")
        other.write(b"other")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
