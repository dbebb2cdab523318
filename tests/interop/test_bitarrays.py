"""Filters go to bitarrays and back."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from bitarray import bitarray
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pprl.errors import UsageError
from pprl.interop import from_bitarrays, to_bitarrays

orders = st.sampled_from(["big", "little"])
filter_tables = st.tuples(st.integers(0, 4), st.integers(1, 3)).flatmap(
    lambda shape: arrays(np.uint64, shape)
)


@given(filter_tables, orders)
def test_filters_survive_the_way_there_and_back(
    filters: np.ndarray, endian: Literal["big", "little"]
) -> None:
    """In both bit orders."""
    back = from_bitarrays(to_bitarrays(filters, endian=endian))
    assert np.array_equal(back.reshape(filters.shape), filters)


@given(st.integers(0, 191), orders)
def test_bit_p_of_a_filter_is_element_p(place: int, endian: Literal["big", "little"]) -> None:
    """Whatever order the bits have in their bytes."""
    filters = np.zeros((1, 3), np.uint64)
    filters[0, place // 64] = np.uint64(1) << np.uint64(place % 64)
    (bits,) = to_bitarrays(filters, endian=endian)
    assert bits.endian == endian
    assert bits.find(1) == place
    assert bits.count() == 1


@pytest.mark.parametrize("length", [1, 63, 64, 65, 1000])
def test_lengths_are_filled_up_to_whole_words(length: int) -> None:
    """With zeros, so that no similarity changes."""
    filters = from_bitarrays([bitarray("1" * length), bitarray("0" * length)])
    assert filters.shape == (2, -(-length // 64))
    assert np.bitwise_count(filters).sum(axis=1).tolist() == [length, 0]


def test_bitarrays_of_different_lengths_are_refused() -> None:
    """They are not filters of one file."""
    with pytest.raises(UsageError, match="differ in length"):
        from_bitarrays([bitarray(64), bitarray(65)])
