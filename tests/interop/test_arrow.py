"""Filters are Arrow columns without being copied."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pprl.errors import UsageError
from pprl.interop.arrow import entries_to_arrow, filters_from_arrow, filters_to_arrow

tables = st.tuples(st.integers(0, 5), st.integers(1, 3)).flatmap(
    lambda shape: arrays(np.uint64, shape)
)


@given(tables, st.integers(0, 3))
def test_filters_survive_the_way_there_and_back(filters: np.ndarray, start: int) -> None:
    """Whole, sliced, and in pieces."""
    column = filters_to_arrow(filters)
    assert np.array_equal(filters_from_arrow(column), filters)
    assert np.array_equal(filters_from_arrow(column.slice(start)), filters[start:])
    pieces = pa.chunked_array([column, column.slice(start)], column.type)
    both = np.concatenate([filters, filters[start:]])
    assert np.array_equal(filters_from_arrow(pieces), both)
    nothing = pa.chunked_array([], column.type)
    assert filters_from_arrow(nothing).shape == (0, filters.shape[1])


def test_memory_is_shared() -> None:
    """In both directions."""
    filters = np.arange(6, dtype=np.uint64).reshape(3, 2)
    column = filters_to_arrow(filters)
    assert np.shares_memory(np.frombuffer(column.buffers()[1], np.uint64), filters)
    assert np.shares_memory(filters_from_arrow(column), filters)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([b"12345678"], pa.binary()),
        pa.array([b"1234"], pa.binary(4)),
        pa.array([None], pa.binary(8)),
        pa.array([], pa.binary(0)),
    ],
)
def test_columns_that_are_no_filters_are_refused(column: pa.Array) -> None:
    """Of other types and widths, or with gaps."""
    with pytest.raises(UsageError, match="fixed_size_binary"):
        filters_from_arrow(column)


def test_the_entries_of_a_submission_are_a_table() -> None:
    """Of all passes, a row each."""

    class Entries:
        """As much of a pass as is shown."""

        def __init__(self, words: int) -> None:
            self.tokens = np.array([5, 9], np.uint64)
            self.records = np.array([1, 0], np.uint32)
            self.filters = np.full((2, words), 7, np.uint64)

        def __len__(self) -> int:
            return 2

    class Submission:
        """As much of a submission as is shown."""

        passes = {"wide": Entries(2), "narrow": Entries(1)}  # noqa: RUF012

    table = entries_to_arrow(Submission())  # type: ignore[arg-type]
    assert table.column_names == ["pass", "token", "record", "filter"]
    assert table["pass"].to_pylist() == ["wide", "wide", "narrow", "narrow"]
    assert table["token"].to_pylist() == [5, 9, 5, 9]
    assert [len(value) for value in table["filter"].to_pylist()] == [16, 16, 8, 8]
