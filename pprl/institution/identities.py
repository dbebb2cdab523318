"""Identities: which student each local id named in any submission so far.

A student's entries hang on an identity: the ledger holds blocks for it, decoys and record numbers
derive from it. It must outlive the local ids that come and go: a student of several local ids keeps
it when the smallest of them is dropped, or new decoys beside entries that repeat would show which
are which. And it must not pass to another student with a local id that is given again, or the hub
could compare the two.

So a table remembers, for every local id ever encoded, an identity and keyed traits of the student
it named. All of it is derived from the institution's own secret and lies beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.institution.names import canonical_first_name
from pprl.institution.normalise import NormalisedStudents
from pprl.institution.sorted_digests import places_in

MOST_DIFFERENCES = 1
"""Traits in which a local id's student may differ from the one it named before."""
TRAITS = 4
UNKNOWN = np.uint32(0)

Digests = NDArray[np.uint64]
Traits = NDArray[np.uint32]
Mint = Callable[[Digests, NDArray[np.uint32]], Digests]
_DIGEST_BYTES = 4


@dataclass(frozen=True, eq=False, repr=False)
class Identities:
    """Every local id ever encoded under one key and linkage section.

    Attributes:
        local_ids: `uint64[k]`, digests of local ids, rising.
        identity: `uint64[k]`, the student that each named last.
        minted: `uint32[k]`, how many identities were named after each.
        traits: `uint32[k, TRAITS]`, keyed digests of what was last known of that student.
    """

    local_ids: Digests
    identity: Digests
    minted: NDArray[np.uint32]
    traits: Traits

    @classmethod
    def none(cls) -> Identities:
        """Before the first submission."""
        return cls(
            np.zeros(0, np.uint64),
            np.zeros(0, np.uint64),
            np.zeros(0, np.uint32),
            np.zeros((0, TRAITS), np.uint32),
        )

    def __len__(self) -> int:
        """How many local ids."""
        return len(self.local_ids)


@dataclass(frozen=True, eq=False, repr=False)
class Identified:
    """The students of one submission with their identities.

    Attributes:
        identity: `uint64[n]`, one for each student, all different.
        table: the table with this submission in it.
        joined: `uint64[j, 2]`, identities that turned out to be one student's: each given up one
            and the one that stands for it from now on.
        given_again: how many local ids now name another student than before.
    """

    identity: Digests
    table: Identities
    joined: Digests
    given_again: int


def identify(
    known: Identities, local_ids: Digests, student: NDArray[np.int64], traits: Traits, mint: Mint
) -> Identified:
    """Find each student's identity by its local ids, or name it after one of them.

    A local id names the student it named before unless two or more traits that are known of both
    differ. A student whose local ids carry several identities keeps the best supported one. Where
    two students have a claim to one identity, because a group of local ids came apart, the better
    supported one keeps it. Ties go by digests. A student without an identity is named after the
    first of its local ids.

    Args:
        known: the table so far.
        local_ids: `uint64[k]`, the digests of this submission's local ids, all different, in an
            order that does not depend on that of its rows.
        student: `int64[k]`, the student of each, 0 to n - 1, each of which occurs.
        traits: `uint32[n, TRAITS]`, from `traits_of`.
        mint: (digests, how many were minted of each before) -> new identities. The first that is
            minted of a local id is its digest.

    Returns:
        the students' identities and the new table.
    """
    count = int(student.max(initial=-1)) + 1
    row, found = places_in(known.local_ids, local_ids)
    before = np.zeros((len(local_ids), TRAITS), np.uint32)
    before[found] = known.traits[row[found]]
    now = traits[student]
    differences = ((before != now) & (before != UNKNOWN) & (now != UNKNOWN)).sum(axis=1)
    same = found & (differences <= MOST_DIFFERENCES)

    claimed = np.zeros(len(local_ids), np.uint64)
    claimed[same] = known.identity[row[same]]
    claims = np.flatnonzero(same)
    claims = claims[np.lexsort((local_ids[claims], differences[claims]))]
    # Each identity goes to the student with the best claim to it.
    claims = claims[_first_of_each(claimed[claims])]
    claims = claims[np.lexsort((local_ids[claims], differences[claims]))]
    kept = claims[_first_of_each(student[claims])]

    identity = np.zeros(count, np.uint64)
    settled = np.zeros(count, bool)
    identity[student[kept]] = claimed[kept]
    settled[student[kept]] = True

    minted = np.zeros(len(local_ids), np.uint32)
    minted[found] = known.minted[row[found]]
    anchors = np.flatnonzero(~settled[student])
    anchors = anchors[_first_of_each(student[anchors])]
    identity[student[anchors]] = mint(local_ids[anchors], minted[anchors])
    minted[anchors] += np.uint32(1)

    others = np.setdiff1d(claims, kept, assume_unique=True)
    joined = np.column_stack((claimed[others], identity[student[others]]))
    remembered = np.where((now == UNKNOWN) & same[:, None], before, now)
    table = _merged(
        _renamed(known, joined),
        Identities(local_ids, identity[student], minted, remembered),
        row[found],
    )
    return Identified(identity, table, joined, int((found & ~same).sum()))


def traits_of(students: NormalisedStudents, key: bytes) -> Traits:
    """What tells students apart who are given one local id: `uint32[n, TRAITS]`.

    Keyed digests of birth date, canonical first name, last name and state ID; `UNKNOWN` where the
    field is missing. Married names, nicknames and a corrected birth date change one of them.

    Args:
        students: the n students.
        key: 32 bytes of the institution's own.
    """
    columns: tuple[NDArray[np.object_] | NDArray[np.int64], ...] = (
        students.born,
        canonical_first_name(students.first),
        students.last,
        students.state_id,
    )
    return np.column_stack([_trait(column, key, bytes([n])) for n, column in enumerate(columns)])


def _trait(values: NDArray[np.object_] | NDArray[np.int64], key: bytes, purpose: bytes) -> Traits:
    """`uint32[n]`: a keyed digest of each value, never `UNKNOWN` but for "" and 0."""
    codes, distinct = pd.factorize(values)
    digests = b"".join(
        hashlib.blake2b(
            str(value).encode("utf-8"), digest_size=_DIGEST_BYTES, key=key, person=purpose
        ).digest()
        for value in distinct
    )
    table = np.maximum(np.frombuffer(digests, "<u4"), np.uint32(1))
    table = np.where(np.array([not value for value in distinct], bool), UNKNOWN, table)
    return table[codes].astype(np.uint32)


def _first_of_each(values: NDArray[np.uint64] | NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each distinct value occurs first."""
    return np.unique(values, return_index=True)[1]


def _renamed(table: Identities, joined: Digests) -> Identities:
    """The table with identities given up replaced, also for local ids that are not in this file."""
    identity = renamed(table.identity, joined)
    return Identities(table.local_ids, identity, table.minted, table.traits)


def renamed(identities: Digests, joined: Digests) -> Digests:
    """Replace identities that were given up.

    Args:
        identities: `uint64[m]`.
        joined: as in `Identified`.
    """
    if not len(joined):
        return identities
    old, new = joined[np.argsort(joined[:, 0])].T
    place, given_up = places_in(old, identities)
    return np.where(given_up, new[place], identities)


def _merged(old: Identities, new: Identities, replaced: NDArray[np.intp]) -> Identities:
    """Both tables as one; `replaced` are the rows of `old` that `new` holds anew."""
    stays = np.ones(len(old), bool)
    stays[replaced] = False
    local_ids = np.concatenate((old.local_ids[stays], new.local_ids))
    order = np.argsort(local_ids, kind="stable")
    return Identities(
        local_ids[order],
        np.concatenate((old.identity[stays], new.identity))[order],
        np.concatenate((old.minted[stays], new.minted))[order],
        np.concatenate((old.traits[stays], new.traits))[order],
    )
