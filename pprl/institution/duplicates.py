"""Local IDs that are plainly one person: same name, birth date and a further field, no conflict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.institution.columns import Texts
from pprl.institution.normalise import NormalisedStudents
from pprl.institution.table import counted

LARGEST_GROUP = 100
"""Local IDs with one name and birth date beyond which they are no person but a filler."""

Indices = npt.NDArray[np.int64]


def probable_duplicates(by_id: NormalisedStudents) -> tuple[Indices, tuple[str, ...]]:
    """The record that leads each record's student, `int64[n]` (itself if alone), and notes."""
    leader = np.arange(len(by_id))
    pairs, groups = _candidates(by_id)
    one_person = _are_one(by_id, pairs[:, 0], pairs[:, 1])
    leader[pairs[one_person, 1]] = pairs[one_person, 0]
    merged, apart = int(one_person.sum()), 0
    for members in groups:
        if len(members) > LARGEST_GROUP:
            apart += 1
            continue
        agree, contradict = _relations(by_id, members)
        for component in _components(agree & ~contradict):
            if len(component) < 2:
                continue
            if contradict[np.ix_(component, component)].any():
                apart += 1
            else:
                merged += 1
                leader[members[component]] = members[component[0]]
    notes = []
    if merged:
        notes.append(
            f"{counted(merged, 'student')} stood under several local ids (same name, birth date "
            "and a further field) and became one record each."
        )
    if apart:
        notes.append(
            f"{counted(apart, 'group')} of local ids with the same name and birth date contradict "
            "each other, or are too many for one person; they were left apart."
        )
    return leader, tuple(notes)


def _candidates(by_id: NormalisedStudents) -> tuple[Indices, list[Indices]]:
    """Pairs, `int64[p, 2]`, and larger groups of records with one full name and birth date.

    Members ascend. Most groups are pairs, which are judged all at once. Records that share no
    further field with another of their group are not among them: nothing could join them.
    """
    born = by_id.born
    known = np.flatnonzero((by_id.first != "") & (by_id.last != "") & (born != 0))
    key = born[known]
    for names in (by_id.first, by_id.last):
        key = _paired(key, names[known])
    shares = np.zeros(len(known), dtype=bool)
    for values in (by_id.zip, by_id.state_id, np.where(is_full(by_id.middle), by_id.middle, "")):
        further = values[known]
        repeated = pd.Series(_paired(key, further)).duplicated(keep=False).to_numpy()
        shares |= repeated & (further != "")
    known, key = known[shares], key[shares]
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    two = starts[sizes == 2]
    pairs = known[order[np.column_stack((two, two + 1))]]
    larger = zip(starts[sizes > 2].tolist(), sizes[sizes > 2].tolist(), strict=True)
    return pairs, [known[order[start : start + size]] for start, size in larger]


def _paired(key: Indices, values: Texts) -> Indices:
    """`int64[n]`: one number for each distinct pair of a key and a value."""
    codes, uniques = pd.factorize(values)
    return pd.factorize(key)[0].astype(np.int64) * max(len(uniques), 1) + codes


def is_full(middles: Texts) -> npt.NDArray[np.bool_]:
    """`bool[n]`: the middle name is there and no initial."""
    return np.array([len(middle) > 1 for middle in middles], dtype=bool)


def _are_one(by_id: NormalisedStudents, left: Indices, right: Indices) -> npt.NDArray[np.bool_]:
    """`bool[p]`: pairs that share a further field and do not contradict each other."""
    agree, contradict = _compared(by_id, left, right)
    return agree & ~contradict


def _relations(
    by_id: NormalisedStudents, members: Indices
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which members share a further field, and which contradict each other; `bool[g, g]` each."""
    g = len(members)
    agree, contradict = _compared(by_id, np.repeat(members, g), np.tile(members, g))
    return agree.reshape(g, g), contradict.reshape(g, g)


def _compared(
    by_id: NormalisedStudents, left: Indices, right: Indices
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which pairs share a further field, and which contradict each other; `bool[p]` each."""
    agree = np.zeros(len(left), dtype=bool)
    contradict = np.zeros(len(left), dtype=bool)
    for name in ("zip", "state_id", "sex", "middle"):
        one, other = getattr(by_id, name)[left], getattr(by_id, name)[right]
        both = (one != "") & (other != "")
        same = both & (one == other)
        if name == "middle":
            full = is_full(one)
            begin_alike = np.array([a[:1] == b[:1] for a, b in zip(one, other, strict=True)], bool)
            contradict |= both & ~same & ~(begin_alike & ~(full & is_full(other)))
            agree |= same & full
        else:
            if name != "sex":
                agree |= same
            if name != "zip":
                contradict |= both & ~same
    return agree, contradict


def _components(joined: npt.NDArray[np.bool_]) -> list[Indices]:
    """Connected components of a symmetric relation `bool[g, g]`, members ascending."""
    unseen = set(range(len(joined)))
    components = []
    while unseen:
        reached, frontier = set(), {min(unseen)}
        while frontier:
            reached |= frontier
            frontier = {int(j) for i in frontier for j in np.flatnonzero(joined[i])} - reached
        unseen -= reached
        components.append(np.array(sorted(reached), dtype=np.int64))
    return components
