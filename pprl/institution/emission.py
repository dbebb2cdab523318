"""Which students emit in which blocks: the cap of one, the ledger and the quota."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.linkage import Pass
from pprl.errors import StudentsError
from pprl.institution.blocks import BlockValues
from pprl.institution.state import Ledger

FEWEST_KNOWN = 50


@dataclass(frozen=True, eq=False, repr=False)
class Emission:
    """The real entries of one pass; decoys fill every record's quota up.

    Attributes:
        student: `int64[m]`.
        tokens: `uint64[m]`, all different.
        salts: `uint64[m, 2]`.
    """

    student: NDArray[np.int64]
    tokens: NDArray[np.uint64]
    salts: NDArray[np.uint64]

    def free_slots(self, students: int, quota: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places that decoys take: students and slots, each `int64[k]`."""
        used = np.bincount(self.student, minlength=students)
        student, slot = np.nonzero(np.arange(quota)[None, :] >= used[:, None])
        return student.astype(np.int64), slot.astype(np.int64)


def emit(
    linkage_pass: Pass,
    values: BlockValues,
    block_key: bytes,
    ledger: Ledger,
    owner: NDArray[np.int64],
    digests: NDArray[np.uint64],
) -> Emission:
    """Choose what a pass emits.

    A block that two of the institution's students hold is withheld from both, whether or not the
    quota would have kept it; so is a block once sent for another student. Of what remains, each
    student's values with the lowest salts fill the quota: salts are keyed hashes, so every
    institution makes the same choice. Tokens would do as well for that, but the hub sees them: the
    lowest of three stands lower than a decoy's.

    Raises:
        StudentsError: most blocks sent earlier are now held under other local ids.

    Args:
        linkage_pass: the pass.
        values: all block values of all students.
        block_key: the pass's key.
        ledger: the pass's blocks sent so far.
        owner: `int64[k]`, the student that each local id belongs to.
        digests: `uint64[k]`, the digest of each local id.
    """
    sole = values.take(values.holders[values.value] == 1)
    tokens, salts = sole.keys(block_key)
    known, holder = ledger.holder_of(tokens)
    free = ~known
    if known.any():
        free[known] = _among(sole.student[known], holder[known], owner, digests)
        _refuse_renumbering(int((~free).sum()), int(known.sum()))
    student, tokens, salts = sole.student[free], tokens[free], salts[free]
    order = np.lexsort((salts[:, 0], student))
    student, tokens, salts = student[order], tokens[order], salts[order]
    first = np.searchsorted(student, student)
    chosen = np.arange(len(student)) - first < linkage_pass.quota
    return Emission(student[chosen], tokens[chosen], salts[chosen])


def _refuse_renumbering(lost: int, known: int) -> None:
    """Stop if most blocks that were ever sent now belong to other local ids.

    Raises:
        StudentsError: local ids were renumbered, or lost or gained zeros.
    """
    if known >= FEWEST_KNOWN and lost > known / 2:
        raise StudentsError(
            f"{lost} of {known} blocks sent earlier are now held under other local ids, and would "
            "be withheld. Were local ids renumbered, or their leading zeros lost? Encode with the "
            "ids of the last submission."
        )


def _among(
    student: NDArray[np.int64],
    holder: NDArray[np.uint64],
    owner: NDArray[np.int64],
    digests: NDArray[np.uint64],
) -> NDArray[np.bool_]:
    """Whether each holder is one of the local ids of the student beside it: `bool[n]`."""
    theirs = set(zip(owner.tolist(), digests.tolist(), strict=True))
    pairs = zip(student.tolist(), holder.tolist(), strict=True)
    return np.fromiter((pair in theirs for pair in pairs), bool, count=len(student))
