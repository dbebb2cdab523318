"""Filters and tokens as Arrow columns, for DuckDB, Polars, Spark and Parquet files."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.exchange import Submission


def filters_to_arrow(filters: NDArray[np.uint64]) -> pa.Array:
    """Filters as `fixed_size_binary` of their little-endian words, without copying.

    The memory is shared where `filters` is contiguous and the machine little-endian.

    Args:
        filters: `uint64[n, words]`, at least one word.
    """
    words = np.ascontiguousarray(filters, "<u8")
    width = pa.binary(8 * words.shape[1])
    return pa.FixedSizeBinaryArray.from_buffers(width, len(words), [None, pa.py_buffer(words)])


def filters_from_arrow(column: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    """The filters of a column that `filters_to_arrow` made: `uint64[n, words]`.

    They share its memory if it is one chunk.

    Raises:
        UsageError: the column is of another type, has missing values, or no whole words.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    width = column.type.byte_width if pa.types.is_fixed_size_binary(column.type) else 0
    if not width or width % 8 or column.null_count:
        raise UsageError(
            "filters are a column of fixed_size_binary of 8, 16, 24... bytes, none missing."
        )
    data = column.buffers()[1]
    octets = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    start = column.offset * width
    words = octets[start : start + len(column) * width].view("<u8")
    return words.reshape(len(column), width // 8).astype(np.uint64, copy=False)


def entries_to_arrow(submission: Submission) -> pa.Table:
    """All entries of a submission: `pass`, `token`, `record`, `filter`, a row each.

    Filters of different passes differ in length, so they are `binary` here.
    """
    tables = []
    for name, entries in submission.passes.items():
        filters = filters_to_arrow(entries.filters).cast(pa.binary())
        columns = {
            "pass": pa.array([name] * len(entries), pa.string()),
            "token": pa.array(entries.tokens),
            "record": pa.array(entries.records),
            "filter": filters,
        }
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)
