"""Candidate pairs: entries of two submissions that share a block token."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def shared_tokens(
    left: NDArray[np.uint64], right: NDArray[np.uint64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where two lists of tokens hold the same token.

    Tokens are unique within each list, so there are at most `min(n, m)` pairs and no block can
    explode.

    Args:
        left: `uint64[n]`, strictly rising.
        right: `uint64[m]`, strictly rising.

    Returns:
        `intp[k]` into each list, in rising order of the token.
    """
    if len(left) > len(right):
        j, i = shared_tokens(right, left)
        return i, j
    if not len(left):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    place = np.searchsorted(right, left)
    place[place == len(right)] = 0
    i = np.flatnonzero(right[place] == left)
    return i, place[i]
