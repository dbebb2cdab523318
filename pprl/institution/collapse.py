"""From rows to students: rows of one local ID, and local IDs that are plainly one person.

Two rows of one student would withhold each other's entries, since a block may hold one student
only; so they become one before anything is encoded.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pprl.errors import StudentsError
from pprl.institution.columns import Texts
from pprl.institution.duplicates import Indices, is_full, probable_duplicates
from pprl.institution.names import canonical_first_name
from pprl.institution.normalise import NormalisedStudents
from pprl.institution.table import counted

_FIELDS = ("first", "middle", "last", "suffix", "birth", "sex", "zip", "state_id")


@dataclass(frozen=True, eq=False, repr=False)
class Students:
    """Students of one institution, sorted by their smallest local ID as text.

    Attributes:
        records: the n students; `records.local_id` is each one's smallest local ID.
        student: `int64[rows]`, the student of each row that was collapsed.
        local_ids: `object[k]`, every distinct local ID, sorted.
        local_id_student: `int64[k]`, the student that each of `local_ids` names.
        notes: what was collapsed and what was left apart, in counts.
    """

    records: NormalisedStudents
    student: npt.NDArray[np.int64]
    local_ids: Texts
    local_id_student: npt.NDArray[np.int64]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Count the students."""
        return len(self.records)

    def __repr__(self) -> str:
        """Tell the counts, never who they are."""
        return f"<Students: {len(self)} students in {len(self.student)} rows>"


def collapse(normalised: NormalisedStudents, *, file: str = "students") -> Students:
    """Collapse rows to students.

    Of the rows of one local ID the latest stands, each field it leaves empty filled from the
    latest earlier row that has it. Then local IDs with the same first name, last name and birth
    date become one student if they share a further field (ZIP, state ID or a full middle name)
    and none of them contradict each other in state ID, sex or middle name. Of such a group the
    smallest local ID stands, filled from the others in order, and a full middle name stands
    before an initial.

    Args:
        normalised: the rows, in the order of their file.
        file: what to call the file in an error.

    Raises:
        StudentsError: a local ID is blank, or stands for two people (rows that have neither
            first name nor any part of the last name in common, nor the birth date).
    """
    if blank := normalised.row[normalised.local_id == ""].tolist():
        raise StudentsError(
            f"{file} row {blank[0]}: local_id is blank; {counted(len(blank), 'row')} like it. Give "
            "every student a local ID."
        )
    by_id, id_of_row, repeated = latest_rows(normalised, file)
    leader, duplicates = probable_duplicates(by_id)
    leaders, student_of_id = np.unique(leader, return_inverse=True)
    student_of_id = student_of_id.astype(np.int64)
    records = _first_filled(by_id, student_of_id, np.arange(len(by_id)), len(leaders))
    return Students(
        records=_with_full_middles(records, by_id.middle, student_of_id),
        student=student_of_id[id_of_row],
        local_ids=by_id.local_id,
        local_id_student=student_of_id,
        notes=(*repeated, *duplicates),
    )


def latest_rows(
    rows: NormalisedStudents, file: str = "students"
) -> tuple[NormalisedStudents, Indices, tuple[str, ...]]:
    """One record per local ID, sorted; the record of each row, `int64[rows]`; notes.

    Raises:
        StudentsError: a local ID stands for two people.
    """
    ids, id_of_row = np.unique(rows.local_id, return_inverse=True)
    id_of_row = id_of_row.astype(np.int64)
    latest_first = np.arange(len(rows))[::-1]
    by_id = _first_filled(rows, id_of_row, latest_first, len(ids))
    _refuse_shared_ids(rows, by_id, id_of_row, file)
    repeated = int((np.bincount(id_of_row, minlength=len(ids)) > 1).sum())
    notes = (f"{counted(repeated, 'local id')} stood on several rows; the latest row was taken.",)
    return by_id, id_of_row, notes if repeated else ()


def _first_filled(
    records: NormalisedStudents, group: Indices, order: Indices, groups: int
) -> NormalisedStudents:
    """For each group 0..groups - 1, the first record in `order`, gaps filled from the next ones."""
    first = _first_of_each(group, order, groups)
    chosen = records.take(first)
    filled = {}
    for name in _FIELDS:
        values = getattr(records, name)
        has_value = values[:, 0] != 0 if name == "birth" else values != ""
        donor = _first_of_each(group, order[has_value[order]], groups)
        filled[name] = values[np.where(donor < 0, first, donor)]
    return dataclasses.replace(chosen, **filled)


def _first_of_each(group: Indices, order: Indices, groups: int) -> Indices:
    """`int64[groups]`: the first index in `order` that belongs to each group, -1 for none."""
    first = np.full(groups, -1, dtype=np.int64)
    backwards = order[::-1]
    first[group[backwards]] = backwards
    return first


def _refuse_shared_ids(
    rows: NormalisedStudents, by_id: NormalisedStudents, id_of_row: Indices, file: str
) -> None:
    """Raise if a row and the record of its local ID agree in neither name nor birth date."""
    given, taken = rows.birth, by_id.birth[id_of_row]
    suspect = (given != taken).any(axis=1) & (given[:, 0] != 0)
    for values, kept in (
        (canonical_first_name(rows.first), canonical_first_name(by_id.first)),
        (rows.last, by_id.last),
    ):
        suspect &= (values != "") & (values != kept[id_of_row])
    shared = [
        int(row)
        for row in np.flatnonzero(suspect)
        if set(rows.last[row].split()).isdisjoint(by_id.last[id_of_row[row]].split())
    ]
    if shared:
        other = rows.row[shared[0]], by_id.row[id_of_row[shared[0]]]
        like_it = counted(len(set(id_of_row[shared].tolist())), "local id")
        raise StudentsError(
            f"{file} rows {min(other)} and {max(other)}: one local_id, but neither the names nor "
            f"the birth dates agree; {like_it} like it. Give each student a local_id of "
            "their own."
        )


def _with_full_middles(
    records: NormalisedStudents, middles: Texts, group: Indices
) -> NormalisedStudents:
    """The records with the full middle name of any member of their group before its initial."""
    donor = _first_of_each(group, np.flatnonzero(is_full(middles)), len(records))
    return dataclasses.replace(records, middle=np.where(donor < 0, records.middle, middles[donor]))
