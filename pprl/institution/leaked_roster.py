"""What an attacker would work out from this institution's roster, had it leaked.

The institution prepares it for its own audit. Nothing of it is ever sent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement import Agreement, LinkageSection
from pprl.errors import UsageError
from pprl.institution.blocks import Blocking
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import NormalisedStudents
from pprl.institution.roster import declared
from pprl.institution.tokens import token_table

MOST_COMPARED = 2_000
_KEY = bytes(32)
"""Any key does: an attacker without the partners' takes one of its own."""
_SEGMENTS = ("first_name", "last_name", "middle_name", "birth_date", "sex", "zip")


def leaked_roster(
    students: pd.DataFrame, agreement: Agreement, id_map: pd.DataFrame, most: int = MOST_COMPARED
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Arrays for an audit, in the order of records.

    Args:
        students: as from `read_students`, those of the submission.
        agreement: the agreement under which they were encoded.
        id_map: `record, local_id`, as written with the submission; it orders the arrays.
        most: records whose likeness is worked out.

    Returns:
        how many real entries each record emits in each pass (by the cap and the quota; the ledger
        of earlier submissions is not asked), `int64[n, passes]`; how alike the plaintexts of some
        records are, `float32[k, k]`; and which records those are, `int64[k]`.

    Raises:
        UsageError: a record's students are not in the roster.
    """
    section = agreement.linkage
    collapsed = declared(students, section)
    owner = pd.Series(collapsed.local_id_student, index=collapsed.local_ids)
    first = id_map.drop_duplicates("record").sort_values("record")
    student = owner.reindex(first["local_id"].to_numpy()).to_numpy()
    missing = int(np.isnan(student.astype(float)).sum())
    if missing:
        raise UsageError(
            f"{missing} records of the id map are not among these students. "
            "Give the export that was encoded."
        )
    order = student.astype(np.int64)
    words = NameWords.of(collapsed.records)
    emitted = entries_emitted(collapsed.records, words, section)
    chosen = np.unique(np.linspace(0, len(order) - 1, min(most, len(order))).astype(np.int64))
    return emitted[order], _likeness(collapsed.records, words, order[chosen]), chosen


def entries_emitted(
    students: NormalisedStudents, words: NameWords, section: LinkageSection
) -> NDArray[np.int64]:
    """How many real entries each student has in each pass: `int64[n, passes]`."""
    blocking = Blocking(students, words, _KEY, _KEY)
    columns = []
    for linkage_pass in section.passes:
        values = blocking.values(linkage_pass, _KEY)
        sole = np.bincount(values.student[values.holders == 1], minlength=len(students))
        columns.append(np.minimum(sole, linkage_pass.quota))
    return np.stack(columns, axis=1).astype(np.int64)


def _likeness(
    students: NormalisedStudents, words: NameWords, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Dice similarities of the sets of all tokens of some students."""
    places, digests = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for number, name in enumerate(_SEGMENTS):
        table = token_table(name, students, words, bytes([number]) * 32)
        for place, row in enumerate(rows.tolist()):
            begin, count = int(table.begin[row]), int(table.count[row])
            places.append(np.full(count, place))
            digests.append(table.digests[begin : begin + count])
    distinct, column = np.unique(np.concatenate(digests), return_inverse=True)
    held = np.zeros((len(rows), max(1, len(distinct))), np.float32)
    held[np.concatenate(places), column.reshape(-1)] = 1
    size = held.sum(axis=1)
    alike: NDArray[np.float32] = 2 * (held @ held.T) / np.maximum(1, size[:, None] + size[None, :])
    return alike.astype(np.float32)
