"""A submission: one institution's encodings, in memory and as a match file."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pprl.errors import SubmissionError
from pprl.exchange.container import read_head, read_parts, replacing, write_container
from pprl.exchange.manifest import Manifest, Part

_ARROW_HEAD = 8
_MESSAGE_HEADER = 2
_BATCH_COMPRESSION = 3


@dataclass(frozen=True, eq=False)
class Entries:
    """What a submission holds for one pass, in the order of its tokens.

    Attributes:
        tokens: `uint64[n]`, strictly rising.
        records: `uint32[n]`, the record that each entry belongs to.
        filters: `uint64[n, words]`.
    """

    tokens: NDArray[np.uint64]
    records: NDArray[np.uint32]
    filters: NDArray[np.uint64]

    def __len__(self) -> int:
        """How many entries."""
        return len(self.tokens)

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Entries: {len(self):,} of {self.filters.shape[1]} words>"


@dataclass(frozen=True, eq=False)
class Submission:
    """One institution's encodings under one agreement.

    Attributes:
        manifest: what it is and whose.
        passes: the entries of each pass.
    """

    manifest: Manifest
    passes: Mapping[str, Entries]

    def __repr__(self) -> str:
        """Counts only."""
        entries = sum(len(item) for item in self.passes.values())
        return (
            f"<Submission of {self.institution}: {self.records:,} records, "
            f"{entries:,} entries in {len(self.passes)} passes>"
        )

    @property
    def institution(self) -> str:
        """The party's id."""
        return self.manifest.institution

    @property
    def records(self) -> int:
        """How many records."""
        return self.manifest.records

    def write(self, path: str | os.PathLike[str]) -> Manifest:
        """Write the match file, replacing one of that name only once it is complete.

        The same submission gives the same bytes.

        Returns:
            the manifest as written, with its parts.

        Raises:
            SubmissionError: the file cannot be written.
        """
        parts = [_described(name, entries) for name, entries in self.passes.items()]
        manifest = dataclasses.replace(self.manifest, parts=tuple(parts))
        tables = (to_arrow(entries) for entries in self.passes.values())
        try:
            with replacing(path) as file:
                write_container(file, manifest.to_bytes(), tables)
        except OSError as error:
            raise SubmissionError(f"{path}: cannot be written ({error.strerror}).") from None
        return manifest

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Submission:
        """Read a match file; its arrays stay on the disk until they are used.

        Raises:
            SubmissionError: the file cannot be read, is no match file, is truncated or altered, or
                its entries break the form (tokens that do not rise, records out of range).
        """
        name = Path(path).name
        try:
            with Path(path).open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise SubmissionError(f"{path}: cannot be read ({error.strerror}).") from None
        except ValueError:
            raise SubmissionError(f"{name}: is empty.") from None
        view = memoryview(mapped)
        head = read_head(view, name)
        if head.signature:
            raise SubmissionError(f"{name}: is signed, which this version cannot check; upgrade.")
        manifest = Manifest.from_bytes(head.manifest, name)
        lengths = [part.bytes for part in manifest.parts]
        digests = [part.sha256 for part in manifest.parts]
        passes = {}
        for part, table in zip(
            manifest.parts, read_parts(view, head, lengths, digests, name), strict=True
        ):
            if part.pass_name in passes:
                raise SubmissionError(f"{name}: holds the pass {part.pass_name!r} twice.")
            entries = from_arrow(table, part, name)
            check_entries(entries, manifest.records, f"{name} pass {part.pass_name!r}")
            passes[part.pass_name] = entries
        return cls(manifest, passes)


def check_entries(entries: Entries, records: int, place: str) -> None:
    """Check that tokens rise strictly and that records are in range.

    Raises:
        SubmissionError: they do not; a token that stands twice would let the hub compare two
            students of one institution.
    """
    if not (entries.tokens[1:] > entries.tokens[:-1]).all():
        raise SubmissionError(
            f"{place}: tokens repeat or are out of order. Ask for a file made by pprl encode."
        )
    if len(entries) and int(entries.records.max()) >= records:
        raise SubmissionError(f"{place}: names a record beyond the {records:,} that it announces.")


def to_arrow(entries: Entries) -> memoryview:
    """A table of entries as an Arrow IPC file: `token`, `record`, `filter`."""
    words = entries.filters.shape[1]
    schema = _schema(words)
    filters = pa.FixedSizeBinaryArray.from_buffers(
        schema.field("filter").type,
        len(entries),
        [None, pa.py_buffer(np.ascontiguousarray(entries.filters, "<u8"))],
    )
    columns = [pa.array(entries.tokens, pa.uint64()), pa.array(entries.records, pa.uint32())]
    batch = pa.record_batch([*columns, filters], schema=schema)
    counted = pa.MockOutputStream()
    _write_batch(counted, batch)
    content = pa.allocate_buffer(counted.size())
    _write_batch(pa.FixedSizeBufferWriter(content), batch)
    return memoryview(content)


def _write_batch(sink: pa.NativeFile, batch: pa.RecordBatch) -> None:
    """Write one batch as an Arrow file."""
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def from_arrow(part: memoryview, description: Part, name: str) -> Entries:
    """Read what `to_arrow` wrote, in place.

    Raises:
        SubmissionError: the part is no such table or is not as described.
    """
    place = f"{name} pass {description.pass_name!r}"
    try:
        reader = pa.ipc.open_file(pa.py_buffer(part))
        if reader.schema != _schema(description.words) or reader.num_record_batches != 1:
            raise SubmissionError(f"{place}: is not the table that its manifest describes.")
        if _is_compressed(part):
            raise SubmissionError(f"{place}: is compressed, which a match file never is.")
        batch = reader.get_batch(0)
        batch.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        raise SubmissionError(f"{place}: is not a readable Arrow table.") from None
    if batch.num_rows != description.entries or any(column.null_count for column in batch.columns):
        raise SubmissionError(f"{place}: is not the table that its manifest describes.")
    tokens, records, filters = batch.columns
    raw = filters.buffers()[1] if len(filters) else b""
    words = np.frombuffer(raw, "<u8", len(filters) * description.words)
    return Entries(
        tokens=tokens.to_numpy(),
        records=records.to_numpy(),
        filters=words.reshape(len(filters), description.words),
    )


def _is_compressed(part: memoryview) -> bool:
    """Whether any batch in an Arrow file is compressed: it could unpack to any size.

    Arrow does not tell before it unpacks, so this looks for `RecordBatch.compression` in the
    metadata of each message, a flatbuffer that Arrow has verified (Message.fbs, format 1.5).
    """
    stream = pa.BufferReader(pa.py_buffer(part[_ARROW_HEAD:]))
    with contextlib.suppress(EOFError):
        while True:
            message = pa.ipc.read_message(stream)
            if message.type == "record batch" and _names_codec(bytes(message.metadata)):
                return True
    return False


def _names_codec(metadata: bytes) -> bool:
    """Whether the metadata of a record batch has the field `compression`."""
    root = int.from_bytes(metadata[:4], "little")
    header = _flatbuffer_field(metadata, root, _MESSAGE_HEADER)
    batch = header + int.from_bytes(metadata[header : header + 4], "little")
    return bool(_flatbuffer_field(metadata, batch, _BATCH_COMPRESSION))


def _flatbuffer_field(buffer: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffer's table stands, 0 if it is absent."""
    vtable = table - int.from_bytes(buffer[table : table + 4], "little", signed=True)
    slot, size = 4 + 2 * number, int.from_bytes(buffer[vtable : vtable + 2], "little")
    place = int.from_bytes(buffer[vtable + slot : vtable + slot + 2], "little")
    return table + place if slot < size and place else 0


def _schema(words: int) -> pa.Schema:
    """The columns of a table of entries, none of which may be null."""
    return pa.schema(
        [
            pa.field("token", pa.uint64(), nullable=False),
            pa.field("record", pa.uint32(), nullable=False),
            pa.field("filter", pa.binary(8 * words), nullable=False),
        ]
    )


def _described(name: str, entries: Entries) -> Part:
    """The part that the entries of a pass become."""
    content = to_arrow(entries)
    return Part(
        pass_name=name,
        entries=len(entries),
        words=entries.filters.shape[1],
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
