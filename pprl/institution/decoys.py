"""Decoys: what fills a record's quota up where it has no block of its own.

Two submissions of one institution show which entries stay. If decoys stayed or went otherwise than
students' entries, that would tell them apart. So every decoy stands for a value of the student's
blocking key, and stays as long as the value does: first for the values that are withheld; for want
of these, for values drawn anew in each slot from all that the student has. A missing part counts as
a value that nobody else has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.institution.emission import Emission
from pprl.institution.prf import Prf

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

_SLOT_SHIFT = np.uint64(8)
_DRAW, _TOKEN, _SALT = (np.uint64(place) for place in (253, 254, 255))


@dataclass(frozen=True, eq=False, repr=False)
class Decoys:
    """The decoys of one pass.

    Attributes:
        student: `int64[n]`.
        tokens: `uint64[n]`.
        salts: `uint64[n, 2]`.
    """

    student: Integers
    tokens: Words
    salts: Words

    def __repr__(self) -> str:
        """Counts only."""
        return f"<{len(self.student)} decoys>"


def decoys(
    emission: Emission, identity: Words, quota: int, name_key: bytes, block_key: bytes
) -> Decoys:
    """Fill every student's quota up.

    A decoy's block is private, drawn for a name of the student's value and the slot, which is 0 for
    a value's own decoy.

    Args:
        emission: what the pass emits.
        identity: `uint64[students]`.
        quota: entries of each record in the pass.
        name_key: 32 bytes of the institution's own, for names of students' values in the pass.
        block_key: 32 bytes of the institution's own, for private blocks of the pass.
    """
    real, idle = emission.values, emission.idle
    lacking = idle.lacking
    room = quota - np.bincount(real.student, minlength=len(identity))
    student = np.concatenate((real.student, idle.student, lacking.student))
    wanting = np.flatnonzero(room[student] > 0)
    student = student[wanting]
    columns = [
        np.concatenate(column)[wanting]
        for column in zip(real.columns, idle.columns, lacking.columns, strict=True)
    ]
    name = Prf(name_key).mac([identity[student], *columns])[:, 0]
    order = np.lexsort((name, student))
    student, name = student[order], name[order]

    standing = np.flatnonzero(wanting[order] >= len(real.student))
    rank = np.arange(len(standing)) - np.searchsorted(student[standing], student[standing])
    standing = standing[rank < room[student[standing]]]
    left = room - np.bincount(student[standing], minlength=len(identity))
    prf = Prf(block_key)
    vacant = np.repeat(np.arange(len(identity)), left)
    slot = np.arange(len(vacant)) - np.repeat(np.cumsum(left) - left, left) + 1
    drawn = _drawn(student, name, vacant, slot, prf)

    names = np.concatenate((name[standing], name[drawn]))
    slots = np.concatenate((np.zeros(len(standing), np.int64), slot))
    tokens, salts = private_blocks(names, slots, prf)
    return Decoys(np.concatenate((student[standing], vacant)), tokens, salts)


def private_blocks(names: Words, slots: Integers, prf: Prf) -> tuple[Words, Words]:
    """The blocks of decoys, which nobody else can derive; they are filled as any block is.

    Args:
        names: `uint64[n]`, what stands for the student and a value of the pass's blocking key.
        slots: `int64[n]`, from 0 to 255.
        prf: of the institution's own for the pass.

    Returns:
        tokens `uint64[n]` and salts `uint64[n, 2]`.
    """
    tokens = np.ascontiguousarray(_blocks(prf, names, slots, _TOKEN)[:, 0])
    return tokens, _blocks(prf, names, slots, _SALT)


def _drawn(student: Integers, name: Words, vacant: Integers, slot: Integers, prf: Prf) -> Integers:
    """A value of each vacant slot's student, drawn by keyed hash: `int64[k]`.

    A value that is added or dropped changes a slot's draw as seldom as it is one of many.

    Args:
        student: `int64[m]`, rising, each value's student; the slots' students have one at least.
        name: `uint64[m]`, the values' names.
        vacant: `int64[k]`, rising, the student of each slot.
        slot: `int64[k]`.
        prf: under the key for private blocks.
    """
    first = np.searchsorted(student, vacant)
    number = np.searchsorted(student, vacant, side="right") - first
    start = np.cumsum(number) - number
    place = np.repeat(first - start, number) + np.arange(int(number.sum()))
    lot = _blocks(prf, name[place], np.repeat(slot, number), _DRAW)[:, 0]
    order = np.lexsort((lot, np.repeat(np.arange(len(vacant)), number)))
    drawn: Integers = place[order[start]]
    return drawn


def _blocks(prf: Prf, names: Words, slots: Integers, place: np.uint64) -> Words:
    """AES-256 of names and slots: `uint64[n, 2]`."""
    inputs = np.column_stack((names, slots.astype(np.uint64) << _SLOT_SHIFT | place))
    return prf.blocks(inputs).copy()
