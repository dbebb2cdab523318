"""Which students emit in which blocks: the cap of one, the ledger and the quota.

A value of a blocking key is a student's own or withheld, and stays so from one submission to the
next: nobody learns from two of them which it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.linkage import Pass
from pprl.errors import StudentsError
from pprl.institution.block_values import BlockValues
from pprl.institution.ledger import NOBODY, Ledger
from pprl.institution.sorted_digests import places_in

FEWEST_KNOWN = 50


@dataclass(frozen=True, eq=False, repr=False)
class Owners:
    """Which student each identity belongs to.

    Attributes:
        digests: `uint64[k]`, rising.
        student: `int64[k]`.
    """

    digests: NDArray[np.uint64]
    student: NDArray[np.int64]

    @classmethod
    def of(cls, digests: NDArray[np.uint64], student: NDArray[np.int64]) -> Owners:
        """Order local ids by their digests, `uint64[k]`, each with its student, `int64[k]`."""
        order = np.argsort(digests)
        return cls(digests[order], student[order])

    def own(self, student: NDArray[np.int64], holder: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each holder is one of the local ids of the student beside it: `bool[n]`."""
        place, known = places_in(self.digests, holder)
        own: NDArray[np.bool_] = known & (self.student[place] == student)
        return own


@dataclass(frozen=True, eq=False, repr=False)
class Emission:
    """The real entries of one pass; decoys fill every record's quota up.

    Attributes:
        values: the blocks that are emitted, all different, each with its one student.
        idle: all other values.
        shared: `uint64[k]`, tokens that become nobody's, rising.
    """

    values: BlockValues
    idle: BlockValues
    shared: NDArray[np.uint64]


def emit(
    linkage_pass: Pass, values: BlockValues, salt_key: bytes, ledger: Ledger, owners: Owners
) -> Emission:
    """Choose what a pass emits.

    A block that two of the institution's students hold is withheld from both, whether or not the
    quota would have kept it, unless it was sent for one of them before: then it stays theirs. A
    block once sent for another student, or once shared, is withheld. Of what remains, each
    student's values with the lowest salts fill the quota.

    Raises:
        StudentsError: most blocks sent earlier are now held under other local ids.

    Args:
        linkage_pass: the pass.
        values: all block values of all students.
        salt_key: the pass's key for block salts.
        ledger: the pass's blocks sent or shared so far.
        owners: the student that each local id belongs to.
    """
    sole = values.holders == 1
    known, holder = ledger.holder_of(values.tokens)
    own = np.zeros(len(known), bool)
    own[known] = owners.own(values.student[known], holder[known])
    sent = sole & known & (holder != NOBODY)
    refuse_renumbering(int((sent & ~own).sum()), int(sent.sum()))
    emitted = own | (sole & ~known)
    emitted[emitted] = values.take(emitted).among_first(linkage_pass.quota, salt_key)
    shared = np.unique(values.tokens[~sole & ~known])
    return Emission(values.take(emitted), values.take(~emitted), shared)


def refuse_renumbering(lost: int, known: int) -> None:
    """Stop if most blocks that were ever sent now belong to other local ids.

    Args:
        lost: how many of a pass's sole blocks were sent for another student.
        known: how many were ever sent.

    Raises:
        StudentsError: local ids were renumbered, or lost or gained zeros.
    """
    if known >= FEWEST_KNOWN and lost > known / 2:
        raise StudentsError(
            f"{lost} of {known} blocks sent earlier are now held under other local ids, and would "
            "be withheld. Were local ids renumbered, or their leading zeros lost? Encode with the "
            "ids of the last submission."
        )
