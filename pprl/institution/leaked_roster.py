"""What an attacker would work out from this institution's roster, had it leaked.

The institution prepares it for its own audit. Nothing of it is ever sent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement import Agreement
from pprl.errors import UsageError
from pprl.institution.blocks import block_values
from pprl.institution.collapse import collapse
from pprl.institution.encode import LISTED
from pprl.institution.normalise import NormalisedStudents, normalise
from pprl.institution.tokens import segment_values, value_tokens

MOST_COMPARED = 2_000
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
    declared = [c for c in students.columns if c in LISTED or c in section.fields]
    collapsed = collapse(normalise(students[declared], country=section.country))
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
    emitted = np.zeros((len(collapsed), len(section.passes)), np.int64)
    for column, linkage_pass in enumerate(section.passes):
        values = block_values(linkage_pass, collapsed.records)
        sole = values.student[values.holders[values.value] == 1]
        counts = np.bincount(sole, minlength=len(collapsed))
        emitted[:, column] = np.minimum(counts, linkage_pass.quota)
    chosen = np.unique(np.linspace(0, len(order) - 1, min(most, len(order))).astype(np.int64))
    return emitted[order], _likeness(collapsed.records, order[chosen]), chosen


def _likeness(students: NormalisedStudents, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Dice similarities of the sets of all tokens of some students."""
    numbers: dict[str, int] = {}
    places: list[tuple[int, int]] = []
    for name in _SEGMENTS:
        values = segment_values(name, students)
        for place, row in enumerate(rows.tolist()):
            value = values[row]
            for token in value_tokens(name, value) if value else ():
                number = numbers.setdefault(f"{name} {token}", len(numbers))
                places.append((place, number))
    held = np.zeros((len(rows), max(1, len(numbers))), np.float32)
    if places:
        held[tuple(np.array(places).T)] = 1
    size = held.sum(axis=1)
    alike: NDArray[np.float32] = 2 * (held @ held.T) / np.maximum(1, size[:, None] + size[None, :])
    return alike.astype(np.float32)
