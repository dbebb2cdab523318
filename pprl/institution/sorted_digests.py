"""Digests in rising order, and where others stand among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Digests = NDArray[np.uint64]


def places_in(rising: Digests, wanted: Digests) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each of some digests stands (`intp[m]`, 0 if nowhere), and whether it does.

    Args:
        rising: `uint64[n]`, all different.
        wanted: `uint64[m]`.
    """
    if not len(rising):
        return np.zeros(len(wanted), np.intp), np.zeros(len(wanted), bool)
    place = np.searchsorted(rising, wanted)
    place[place == len(rising)] = 0
    return place, rising[place] == wanted
