"""Whether an Arrow file is compressed, told from its metadata: it could unpack to any size."""

from __future__ import annotations

import contextlib

import pyarrow as pa

_ARROW_HEAD = 8
_MESSAGE_HEADER = 2
_BATCH_COMPRESSION = 3


def is_compressed(part: memoryview) -> bool:
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
