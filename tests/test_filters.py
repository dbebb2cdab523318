"""Claims about bit filters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from pprl import filters
from pprl.agreement import Segment
from pprl.filters import Draws, Words, Workspace, common_bits, distinct_positions, segment_ones
from tests.oracle import filled

SHAPES = [(64, 16), (64, 32), (128, 32), (256, 1), (1024, 512)]
shapes = st.sampled_from(SHAPES)


def streams(count: int, seed: int = 1) -> Draws:
    """So many pseudo-random streams a row, fixed by row, stream and counter alone."""

    def draw(first: int, rows: NDArray[np.intp]) -> Words:
        out = np.empty((2, count, len(rows)), np.uint64)
        for column, row in enumerate(rows.tolist()):
            for word in range(2):
                rng = np.random.default_rng([seed, first + word, row])
                out[word, :, column] = rng.integers(0, 1 << 64, count, np.uint64)
        return out

    return draw


def ones(filled_rows: Words) -> list[int]:
    """Bits set in each row."""
    return np.bitwise_count(filled_rows).sum(axis=1).tolist()


@settings(max_examples=40)
@given(shape=shapes, count=st.integers(1, 40), seed=st.integers(0, 99))
def test_a_filter_has_exactly_as_many_bits_as_agreed(
    shape: tuple[int, int], count: int, seed: int
) -> None:
    """However many tokens a value has, even more than there are bits to set."""
    bits, insertions = shape
    assert ones(distinct_positions(streams(count, seed), 3, bits, insertions)) == [insertions] * 3


def test_streams_that_say_one_thing_for_long_still_fill_the_filter() -> None:
    """A token whose words repeat is asked for further ones until enough positions differ."""

    def draw(first: int, rows: NDArray[np.intp]) -> Words:
        return np.full((1, 2, len(rows)), first // 3, np.uint64)

    assert ones(distinct_positions(draw, 2, 64, 16)) == [16, 16]


@given(shape=st.sampled_from(SHAPES[:3]), count=st.integers(1, 12), seed=st.integers(0, 99))
def test_filters_are_filled_as_in_plain_python(
    shape: tuple[int, int], count: int, seed: int
) -> None:
    """The array version sets the bits that a loop over tokens, positions and bits sets."""
    bits, insertions = shape
    draw = streams(count, seed)
    rows = np.arange(4)
    one_by_one = [
        filled(
            [lambda c, r=row, s=s: int(draw(c, rows[r : r + 1])[0, s, 0]) for s in range(count)],
            Segment("zip", bits, insertions, (1,)),
        )
        for row in rows
    ]
    assert [
        row.astype("<u8").tobytes() for row in distinct_positions(draw, 4, bits, insertions)
    ] == one_by_one


def test_a_row_is_filled_the_same_in_whatever_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles bound the memory, never the result."""
    whole = distinct_positions(streams(5), 10, 128, 32)
    monkeypatch.setattr(filters, "_TILE", 3)
    assert (distinct_positions(streams(5), 10, 128, 32) == whole).all()


def test_no_rows_make_no_filters() -> None:
    """An empty pass has an empty table of the right width."""
    assert distinct_positions(streams(1), 0, 128, 32).shape == (0, 2)


@pytest.mark.parametrize("tokens", [1, 2, 7, 20])
def test_positions_are_uniform_whatever_the_number_of_tokens(tokens: int) -> None:
    """Chi-square of the bits set at each position, which must not tell short names from long."""
    rng = np.random.default_rng(tokens)

    def draw(first: int, rows: NDArray[np.intp]) -> Words:
        return rng.integers(0, 1 << 64, (2, tokens, len(rows)), np.uint64)

    rows, bits, insertions = 4000, 64, 16
    made = distinct_positions(draw, rows, bits, insertions)
    counts = np.unpackbits(made.view(np.uint8), axis=1).sum(axis=0)
    share = insertions / bits
    chi_square = ((counts - rows * share) ** 2).sum() / (rows * share * (1 - share))
    assert stats.chi2.sf(chi_square * (bits - 1) / bits, bits - 1) > 1e-4


def test_two_filters_of_the_same_tokens_agree_in_full_and_strangers_by_chance() -> None:
    """Common bits of strangers are hypergeometric: 32 of 128 share 8 on average."""
    one, other = (distinct_positions(streams(6, seed), 2000, 128, 32) for seed in (1, 2))
    assert (common_bits(one, one, [2]) == 32).all()
    shared = common_bits(one, other, [2])[:, 0]
    deviation = stats.hypergeom(128, 32, 32).std() / np.sqrt(2000)
    assert abs(shared.mean() - 8) < 4 * deviation


@given(seed=st.integers(0, 999), widths=st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_common_bits_are_counted_segment_by_segment(seed: int, widths: list[int]) -> None:
    """As a loop over rows and segments counts them."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, 1 << 64, (2, 3, sum(widths)), np.uint64)
    ends = np.cumsum(widths)
    expected = [
        [
            sum(
                (int(a) & int(b)).bit_count()
                for a, b in zip(x[e - w : e], y[e - w : e], strict=True)
            )
            for w, e in zip(widths, ends, strict=True)
        ]
        for x, y in zip(left, right, strict=True)
    ]
    assert common_bits(left, right, widths).tolist() == expected


def test_counts_take_two_bytes_and_columns_in_one_piece() -> None:
    """Hundreds of millions of pairs are counted; each column is read by itself."""
    counts = segment_ones(np.full((3, 2), 2**64 - 1, np.uint64), [2])
    assert counts.dtype == np.uint16
    assert counts.tolist() == [[128]] * 3
    assert counts[:, 0].flags.c_contiguous


def test_an_array_of_a_workspace_lies_where_the_last_of_its_name_lay() -> None:
    """Unless it needs more room; arrays of other names lie elsewhere."""
    workspace = Workspace()
    first = workspace.array("inputs", 3, 4)
    assert np.shares_memory(first, workspace.array("inputs", 12))
    assert workspace.array("inputs", 12).ctypes.data == first.ctypes.data
    assert not np.shares_memory(first, workspace.array("drawn", 3, 4))
    assert workspace.array("inputs", 13).shape == (13,)
