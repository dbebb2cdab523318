"""Columns of tables that engines such as Spark or a warehouse's read, as arrays and back.

Many know no unsigned numbers: a token or digest of 64 bits stands there as the signed number of the
same bits, so that equal stays equal, and only the order of numbers differs.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def words(column: pa.ChunkedArray) -> Words:
    """Signed numbers of 64 bits as `uint64[n]`."""
    return np.ascontiguousarray(column.to_numpy(), np.int64).view(np.uint64)


def integers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Whole numbers of any width as `int64[n]`."""
    return np.ascontiguousarray(column.to_numpy(), np.int64)


def longs(values: Words) -> pa.Array:
    """`uint64[n]` as signed numbers of 64 bits."""
    return pa.array(np.ascontiguousarray(values, np.uint64).view(np.int64))


def filters(column: pa.ChunkedArray, width: int) -> Words:
    """Filters as `uint64[n, width]`.

    Args:
        column: binary, each of `8 * width` bytes.
        width: 64-bit words in each.

    Raises:
        ValueError: one has another length.
    """
    whole = _one(column)
    offsets, content = whole.buffers()[1:]
    kind = np.int64 if pa.types.is_large_binary(whole.type) else np.int32
    ends = np.frombuffer(offsets, kind, len(whole) + 1, whole.offset * kind().itemsize)
    if not (np.diff(ends) == 8 * width).all():
        raise ValueError("a filter has another length")
    if not len(whole):
        return np.zeros((0, width), np.uint64)
    flat = np.frombuffer(content, "<u8", len(whole) * width, int(ends[0]))
    return flat.reshape(len(whole), width)


def binary(rows: Words) -> pa.Array:
    """`uint64[n, width]` as filters."""
    size = rows.shape[1] * 8
    ends = np.arange(len(rows) + 1) * size
    content = np.ascontiguousarray(rows, "<u8")
    buffers = [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(content)]
    return pa.Array.from_buffers(pa.binary(), len(rows), buffers)


def lists(start: NDArray[np.int64], values: Words) -> pa.Array:
    """Lists of signed numbers; row `i` holds `values[start[i]:start[i + 1]]`."""
    return pa.ListArray.from_arrays(pa.array(start.astype(np.int32)), longs(values))


def unlisted(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], Words]:
    """Undo `lists`: `int64[n + 1]` and `uint64[m]`."""
    whole = _one(column)
    counts = np.ascontiguousarray(whole.value_lengths().to_numpy(zero_copy_only=False), np.int64)
    start = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    return start, words(pa.chunked_array([whole.flatten()]))


def _one(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece."""
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
