"""Claims about candidate pairs: entries that share a block, and no others."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pprl.hub.candidates import shared_tokens

# Few small tokens, so that lists meet, and the largest there are.
tokens = st.sets(st.integers(0, 40) | st.integers((1 << 64) - 40, (1 << 64) - 1), max_size=40).map(
    lambda drawn: np.array(sorted(drawn), np.uint64)
)


@given(tokens, tokens)
def test_exactly_the_tokens_in_both_lists_are_shared(left: np.ndarray, right: np.ndarray) -> None:
    """The pairs are those of a set intersection, in rising order, each at its place."""
    i, j = shared_tokens(left, right)
    expected = sorted(set(left.tolist()) & set(right.tolist()))
    assert left[i].tolist() == expected
    assert right[j].tolist() == expected


@given(tokens, tokens)
def test_the_sides_may_be_exchanged(left: np.ndarray, right: np.ndarray) -> None:
    """Whichever list is the longer one, the pairs are the same."""
    i, j = shared_tokens(left, right)
    b, a = shared_tokens(right, left)
    assert np.array_equal(i, a) and np.array_equal(j, b)


def test_a_record_alone_in_its_block_shares_nothing() -> None:
    """Tokens on either side of all others find no partner."""
    i, j = shared_tokens(np.array([1, 9], np.uint64), np.array([2, 5, 8], np.uint64))
    assert not len(i) and not len(j)


def test_an_empty_list_shares_nothing() -> None:
    """Neither with an empty list nor with a full one."""
    none = np.empty(0, np.uint64)
    for other in (none, np.array([1, 2], np.uint64)):
        for i in (*shared_tokens(none, other), *shared_tokens(other, none)):
            assert i.dtype == np.intp and not len(i)
