"""Candidate pairs in anonlink's form, which its functions hand to each other."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError

Similarities = tuple["array[float]", tuple["array[int]", "array[int]"]]
"""Of two datasets: similarity, then the record in each, one element a pair."""
CandidatePairs = tuple[
    "array[float]", tuple["array[int]", "array[int]"], tuple["array[int]", "array[int]"]
]
"""Of any number of datasets: similarity, then the dataset of each record, then the records."""


def floats(values: NDArray[np.float64]) -> array[float]:
    """Values `float64[n]` as an array of C doubles."""
    made = array("d")
    made.frombytes(np.ascontiguousarray(values, np.float64).tobytes())
    return made


def numbers(values: NDArray[np.integer[Any]]) -> array[int]:
    """Values `int[n]` as an array of C unsigned ints."""
    made = array("I")
    made.frombytes(np.ascontiguousarray(values, np.uintc).tobytes())
    return made


def ranks(groups: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """How many of its own group come before each element, `intp[n]`."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    is_first = np.ones(len(groups), np.bool_)
    is_first[1:] = sorted_groups[1:] != sorted_groups[:-1]
    place = np.arange(len(groups))
    made = np.empty(len(groups), np.intp)
    made[order] = place - np.maximum.accumulate(np.where(is_first, place, 0))
    return made


def checked(candidates: CandidatePairs) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Similarities `[n]`, datasets `[2, n]` and records `[2, n]` of candidate pairs.

    Raises:
        UsageError: they do not have this shape.
    """
    similarities, datasets, records = candidates
    lengths = {len(similarities), *map(len, datasets), *map(len, records)}
    if len(datasets) != 2 or len(records) != 2 or len(lengths) != 1:
        raise UsageError(
            "candidates must be similarities, two sequences of datasets and two of records, all of "
            "one length, as find_candidate_pairs returns them."
        )
    return np.asarray(similarities), _both(datasets), _both(records)


def _both(sequences: Iterable[Any]) -> NDArray[Any]:
    """Two sequences of whole numbers as one array."""
    return np.array([np.asarray(sequence, np.int64) for sequence in sequences])
