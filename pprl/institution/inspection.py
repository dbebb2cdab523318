"""What an institution's students look like to an agreement, before anything is encoded.

Nothing is changed, kept or sent. Everything that is told is a count; rows are named by their line.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.agreement import Agreement
from pprl.agreement.linkage import Pass
from pprl.errors import StudentsError, UsageError
from pprl.institution.blocks import Blocking
from pprl.institution.collapse import Students
from pprl.institution.columns import text_column
from pprl.institution.findings import LINES_SHOWN, Finding, findings
from pprl.institution.name_words import NameWords
from pprl.institution.names import canonical_first_name
from pprl.institution.normalise import NormalisedStudents, normalise
from pprl.institution.published import present, told_of_empty
from pprl.institution.roster import declared, refuse_few
from pprl.progress import Progress, tracked

FEW_PASSES = 3
"""Passes below which a record hangs on luck: one slip in a field, and it is not found."""

MOST_GROUPS = 50
_NO_KEY = bytes(32)  # counts of blocks are the same under any key

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PassCoverage:
    """What one pass will do, in students.

    Attributes:
        name: the pass.
        block: its blocking key.
        emits: those with a real entry.
        missing: those who lack a part of the key.
        duplicates: those whose every block is also held under another local ID of the same name
            and birth date.
        twins: those whose every block is held by someone of the same last name and birth date.
        others: those whose every block is held by someone else.
    """

    name: str
    block: str
    emits: int
    missing: int
    duplicates: int
    twins: int
    others: int


@dataclass(frozen=True)
class GroupCoverage:
    """What the passes will do for one group of students.

    Attributes:
        group: its value in the group column.
        students: how many.
        few: those with a real entry in fewer than three passes.
        none: those with none: they cannot be found.
        passes: the mean number of passes with a real entry.
    """

    group: str
    students: int
    few: int
    none: int
    passes: float


@dataclass(frozen=True)
class Inspection:
    """What was found. All of it stays at the institution.

    Attributes:
        rows: rows read.
        local_ids: distinct local IDs.
        students: students after duplicates were collapsed.
        notes: what the reader told, what was collapsed and left apart, and why an encoding would be
            refused.
        completeness: field of the agreement -> students who have it.
        findings: what to look at.
        passes: what each pass will do.
        passes_per_student: `passes_per_student[k]` students have a real entry in k passes.
        few: lines of the first rows of students with a real entry in fewer than three passes.
        groups: the same by group, if a group column was named; empty otherwise.
    """

    rows: int
    local_ids: int
    students: int
    notes: tuple[str, ...]
    completeness: Mapping[str, int]
    findings: tuple[Finding, ...]
    passes: tuple[PassCoverage, ...]
    passes_per_student: tuple[int, ...]
    few: tuple[int, ...]
    groups: tuple[GroupCoverage, ...]

    @property
    def in_few_passes(self) -> int:
        """Students with a real entry in fewer than three passes."""
        return sum(self.passes_per_student[:FEW_PASSES])

    def html(self) -> str:
        """A page that needs nothing beside itself."""
        from pprl.institution.inspection_page import page

        return page(self)

    def lines(self) -> list[str]:
        """The same as text, a line each."""
        from pprl.institution.inspection_text import lines

        return lines(self)


def inspect(
    students: pd.DataFrame,
    agreement: Agreement,
    *,
    group: str = "",
    notes: Sequence[str] = (),
    today: datetime.date | None = None,
    progress: Progress = False,
) -> Inspection:
    """Look at students as an agreement would use them.

    Args:
        students: as from `read_students`.
        agreement: the agreement, whose passes are tried.
        group: a column of `students` by which coverage is told, such as a group whose recall is
            to be watched. It is used here only.
        notes: what the reader told, to stand in the report.
        today: the day against which ages are checked; the system's if not given.
        progress: True draws a bar on a terminal, False is silent, a function is told.

    Raises:
        StudentsError: one local ID names two people, or is blank.
        UsageError: a column is missing or holds something other than text.
    """
    if group and group not in students.columns:
        raise UsageError(f"the students have no column {group} to tell coverage by.")
    if group and students[group].nunique() > MOST_GROUPS:
        raise UsageError(
            f"the group column holds more than {MOST_GROUPS} values, so it tells no groups. Name "
            "another one."
        )
    section = agreement.linkage
    collapsed = declared(students, section)
    # Faults are looked for in all columns, those that the agreement leaves out too.
    normalised = normalise(students, country=section.country)
    found = findings(students, normalised, today or datetime.date.today(), section.country)
    completeness = {name: int(present(collapsed.records, name).sum()) for name in section.fields}
    emits, passes = _coverage(section.passes, collapsed, progress)
    count = emits.sum(axis=0)
    few = np.flatnonzero(count < FEW_PASSES)
    return Inspection(
        rows=len(students),
        local_ids=len(collapsed.local_ids),
        students=len(collapsed),
        notes=(*notes, *collapsed.notes, *_refusals(len(collapsed), completeness, agreement)),
        completeness=completeness,
        findings=tuple(found),
        passes=tuple(passes),
        passes_per_student=tuple(np.bincount(count, minlength=len(section.passes) + 1).tolist()),
        few=tuple(np.sort(collapsed.records.row[few])[:LINES_SHOWN].tolist()),
        groups=tuple(_by_group(students, group, collapsed, count)) if group else (),
    )


def _refusals(
    students: int, completeness: Mapping[str, int], agreement: Agreement
) -> Iterator[str]:
    """Why an encoding of these students would be refused."""
    for refuse in (
        functools.partial(refuse_few, students, agreement),
        functools.partial(told_of_empty, completeness, agreement),
    ):
        try:
            refuse()
        except StudentsError as error:
            yield f"an encoding would be refused: {error}"


def _coverage(
    passes: Sequence[Pass], students: Students, progress: Progress
) -> tuple[Flags, list[PassCoverage]]:
    """Which students have a real entry in each pass, `bool[passes, n]`, and why others have not."""
    n = len(students)
    records = students.records
    blocking = Blocking(records, NameWords.of(records), _NO_KEY, _NO_KEY)
    duplicate, twin = _alike(records)
    emits = np.zeros((len(passes), n), dtype=bool)
    coverage = []
    for place, linkage_pass in enumerate(tracked(passes, "inspecting", progress)):
        values = blocking.values(linkage_pass, _NO_KEY)
        held = np.zeros(n, dtype=bool)
        held[values.student] = True
        emits[place, values.student[values.holders == 1]] = True
        shared = held & ~emits[place]
        coverage.append(
            PassCoverage(
                name=linkage_pass.name,
                block=", ".join(map(str, linkage_pass.block)),
                emits=int(emits[place].sum()),
                missing=int((~held).sum()),
                duplicates=int((shared & duplicate).sum()),
                twins=int((shared & ~duplicate & twin).sum()),
                others=int((shared & ~duplicate & ~twin).sum()),
            )
        )
    return emits, coverage


def _alike(records: NormalisedStudents) -> tuple[Flags, Flags]:
    """Who has a double (first and last name, birth date) and who a twin (last name, birth date)."""
    born = records.born
    last = pd.DataFrame({"born": born, "last": records.last})
    known = (born > 0) & (records.last != "")
    twin = last.duplicated(keep=False).to_numpy() & known
    first = canonical_first_name(records.first)
    double = last.assign(first=first).duplicated(keep=False).to_numpy() & known & (first != "")
    return double, twin


def _by_group(
    students: pd.DataFrame, group: str, collapsed: Students, count: npt.NDArray[np.int64]
) -> list[GroupCoverage]:
    """Coverage by the value that a student's first row has in the group column."""
    of_row = text_column(students, group)
    of_student = np.full(len(collapsed), "", dtype=object)
    of_student[collapsed.student[::-1]] = of_row[::-1]
    told = []
    for value in sorted(set(of_student)):
        own = count[of_student == value]
        told.append(
            GroupCoverage(
                group=value or "(blank)",
                students=len(own),
                few=int((own < FEW_PASSES).sum()),
                none=int((own == 0).sum()),
                passes=float(own.mean()),
            )
        )
    return told
