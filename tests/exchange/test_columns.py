"""Columns that engines read give back the arrays they were made of, however they are cut."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.exchange.columns import binary, filters, integers, lists, longs, unlisted, words

whole_words = st.integers(0, 2**64 - 1)
rows_of_words = st.lists(st.lists(whole_words, max_size=4), max_size=8)


def in_two(array: pa.Array, at: int) -> pa.ChunkedArray:
    """The same values in two pieces, each a view with an offset."""
    padded = pa.concat_arrays([array.slice(0, 1), array])
    start = len(padded) - len(array)
    middle = min(start + at, len(padded))
    pieces = [padded.slice(start, middle - start), padded.slice(middle)]
    return pa.chunked_array(pieces, array.type)


@given(values=st.lists(whole_words, max_size=8), at=st.integers(0, 8))
def test_unsigned_words_travel_as_signed_ones(values: list[int], at: int) -> None:
    """Bit for bit; equal stays equal."""
    array = np.array(values, np.uint64)
    assert longs(array).type == pa.int64()
    assert words(in_two(longs(array), at)).tolist() == values


@given(rows=rows_of_words, at=st.integers(0, 8))
def test_lists_give_back_where_rows_begin(rows: list[list[int]], at: int) -> None:
    """Empty rows included."""
    start = np.cumsum([0, *map(len, rows)])
    flat = np.array([word for row in rows for word in row], np.uint64)
    again_start, again = unlisted(in_two(lists(start, flat), at))
    assert again_start.tolist() == start.tolist()
    assert again.tolist() == flat.tolist()


@given(count=st.integers(0, 8), width=st.integers(1, 3), at=st.integers(0, 8))
def test_filters_are_their_bytes(count: int, width: int, at: int) -> None:
    """As `binary`, and as `large_binary`, which some engines give."""
    rows = np.random.default_rng(count).integers(0, 1 << 64, (count, width), np.uint64)
    column = in_two(binary(rows), at)
    assert [value.as_py() for value in column] == [row.tobytes() for row in rows]
    assert np.array_equal(filters(column, width), rows)
    assert np.array_equal(filters(column.cast(pa.large_binary()), width), rows)


def test_filters_of_another_length_are_refused() -> None:
    """Whichever of them it is, and a missing one."""
    for odd in (b"short", b"", None):
        column = pa.chunked_array([pa.array([b"8" * 8, odd, b"8" * 8], pa.binary())])
        with pytest.raises(ValueError, match="another length"):
            filters(column, 1)


def test_numbers_of_any_width_are_read() -> None:
    """Spark's ints and the places that Arrow's functions give."""
    for kind in (pa.int32(), pa.uint32(), pa.int64()):
        assert integers(pa.chunked_array([pa.array([3, 1], kind)])).tolist() == [3, 1]
