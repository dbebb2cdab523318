"""What each source is told: study IDs of its own, which only its own records can change."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.hub.registry.succession import Members
from pprl.hub.study_ids import new_study_ids

Integers = NDArray[np.int64]
Texts = NDArray[np.object_]


def recipient_ids(members: Members, *, together: bool) -> Texts:
    """What each member is called to its source, as far as possible what it was called before.

    Members of one source and person that had no ID take that of the oldest which had one, or a new
    one together. Two that had different IDs keep them, though they turned out to be one person:
    the source would learn of the merge. Two that shared an ID and are two persons now do not share
    it any longer: the person with more of its members keeps it, of equals the one of the oldest.

    Args:
        members: all members, with the persons that they belong to from now on, and the IDs that
            they had, "" for none.
        together: whether the source may learn of merges: then a person has one ID.

    Returns:
        `object[k]`.
    """
    given = members.recipient_id.copy()
    source, _ = pd.factorize(members.source)
    stride = int(members.person.max(initial=-1)) + 1
    cell = source.astype(np.int64) * stride + members.person
    _part(given, cell)
    # The oldest member that has an ID speaks for its source and person.
    cells, place = np.unique(cell, return_inverse=True)
    has = np.flatnonzero(given != "")
    oldest = np.full(len(cells), -1, np.int64)
    oldest[place[has[::-1]]] = has[::-1]
    spoken = np.full(len(cells), "", object)
    spoken[oldest >= 0] = given[oldest[oldest >= 0]]
    unnamed = np.flatnonzero(oldest < 0)
    spoken[unnamed] = new_study_ids(len(unnamed))
    lacks = (given == "") | together
    given[lacks] = spoken[place[lacks]]
    return given


def _part(given: Texts, cell: Integers) -> None:
    """Take an ID from those who share it with a person that has a better claim."""
    named = np.flatnonzero(given != "")
    number, _ = pd.factorize(given[named])
    pairs = pd.DataFrame({"number": number, "cell": cell[named]}).drop_duplicates()
    shared = pairs["number"].value_counts()
    for which in sorted(shared.index[shared > 1].tolist()):
        rows = named[number == which]
        claims, first, times = np.unique(cell[rows], return_index=True, return_counts=True)
        keeper = claims[np.lexsort((first, -times))[0]]
        given[rows[cell[rows] != keeper]] = ""
