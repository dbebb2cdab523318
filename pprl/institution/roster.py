"""A roster: an institution's students, numbered and cut into tokens, ready to be encoded."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement import Agreement, LinkageSection
from pprl.errors import StudentsError
from pprl.institution.blocks import Blocking
from pprl.institution.collapse import Students, collapse
from pprl.institution.emission import Owners
from pprl.institution.filling import KernelName, chosen_kernel, side_by_side
from pprl.institution.identities import identify, traits_of
from pprl.institution.keys import Keys
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import normalise
from pprl.institution.table import counted
from pprl.institution.tokens import TokenTable, token_table

if TYPE_CHECKING:
    from pprl.institution.compiled_filling import StudentTokens

LISTED = ("local_id", "first_name", "last_name")
"""Roster columns that are read whatever the agreement's fields are; without the others' values."""


@dataclass(frozen=True, eq=False, repr=False)
class Roster:
    """Students ready to be encoded.

    Attributes:
        students: the collapsed students.
        owners: the student that each identity belongs to.
        identity: `uint64[n]`, what the ledger and the decoys know each student by.
        record: `uint32[n]`, each student's record number.
        blocking: their blocks.
        tables: the token digests of each segment.
        side_by_side: the same for the numba kernel, if that is to fill.
        given_again: how many local ids named another student before.
    """

    students: Students
    owners: Owners
    identity: NDArray[np.uint64]
    record: NDArray[np.uint32]
    blocking: Blocking
    tables: Mapping[str, TokenTable]
    side_by_side: StudentTokens | None
    given_again: int

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Roster of {len(self):,} students>"

    def __len__(self) -> int:
        """How many students."""
        return len(self.students)

    def id_map(self) -> pd.DataFrame:
        """`record, local_id`, in the order of records."""
        record = self.record[self.students.local_id_student]
        order = np.lexsort((np.arange(len(record)), record))
        return pd.DataFrame({"record": record[order], "local_id": self.students.local_ids[order]})


def declared(students: pd.DataFrame, section: LinkageSection) -> Students:
    """Normalise and collapse students, by the fields that the agreement declares and no others."""
    columns = [c for c in students.columns if c in LISTED or c in section.fields]
    return collapse(normalise(students[columns], country=section.country))


def roster_of(
    students: pd.DataFrame, agreement: Agreement, keys: Keys, kernel: KernelName | None
) -> Roster:
    """Normalise, collapse, number and tokenise; within a transaction of the state.

    Args:
        students: as for `encode`.
        agreement: the agreement.
        keys: those of the submission.
        kernel: which is to fill the filters.

    Raises:
        StudentsError: there are too few, or one local id names two people.
        UsageError: a column cannot be used, or there is no such kernel.
    """
    section = agreement.linkage
    collapsed = declared(students, section)
    refuse_few(len(collapsed), agreement)
    state, context = keys.state, keys.context
    identified = identify(
        state.identities(context),
        state.student_digest(context, collapsed.local_ids.tolist()),
        collapsed.local_id_student,
        traits_of(collapsed.records, keys.own("traits")),
        functools.partial(state.mint, context),
    )
    state.keep_identities(context, identified)
    identity = identified.identity
    record = record_numbers(identity)
    words = NameWords.of(collapsed.records)
    blocking = Blocking(
        collapsed.records,
        words,
        keys.shared("block-values"),
        keys.shared("block-pairs"),
    )
    tables = {
        segment.name: token_table(
            segment.name,
            collapsed.records,
            words,
            keys.shared(f"segment/{segment.name}"),
        )
        for segment in section.segments
    }
    owners = Owners.of(identity, np.arange(len(collapsed)))
    return Roster(
        collapsed,
        owners,
        identity,
        record,
        blocking,
        tables,
        side_by_side(tables, chosen_kernel(kernel, len(collapsed))),
        identified.given_again,
    )


def refuse_few(students: int, agreement: Agreement) -> None:
    """Check that there are as many students as the agreement asks for.

    Raises:
        StudentsError: there are fewer.
    """
    if students < agreement.records.minimum:
        raise StudentsError(
            f"There {'is' if students == 1 else 'are'} {counted(students, 'student')}; "
            f"the agreement asks for at least {agreement.records.minimum}, "
            "because a handful hides nobody."
        )


def record_numbers(identity: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Students numbered in the order of their identities, which is keyed: `uint32[n]`."""
    record = np.empty(len(identity), np.uint32)
    record[np.argsort(identity)] = np.arange(len(identity), dtype=np.uint32)
    return record
