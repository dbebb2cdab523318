"""What an institution's students look like to an agreement, before anything is encoded.

Nothing is changed, kept or sent. Everything that is told is a count; rows are named by their line.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.agreement import Agreement
from pprl.agreement.linkage import Pass
from pprl.errors import UsageError
from pprl.institution.blocks import Blocking
from pprl.institution.collapse import Students, collapse
from pprl.institution.columns import Texts, text_column
from pprl.institution.name_words import NameWords
from pprl.institution.names import canonical_first_name
from pprl.institution.normalise import NormalisedStudents, distinct, normalise
from pprl.institution.published import present

FEW_PASSES = 3
"""Passes below which a record hangs on luck: one slip in a field, and it is not found."""

FILLER_SHARE = 8.0
"""How much more often than a usual one a birth date stands before it is suspected as a filler."""

YOUNGEST, OLDEST = 3, 100
LINES_SHOWN = 5
MOST_GROUPS = 50
_NO_KEY = bytes(32)  # counts of blocks are the same under any key

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Finding:
    """Something about the rows that a person should look at.

    Attributes:
        field: the field it is about.
        what: what was found.
        rows: how many rows.
        lines: the first of them, as lines of the file.
    """

    field: str
    what: str
    rows: int
    lines: tuple[int, ...]


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
        notes: what was collapsed and what was left apart, and what the reader told.
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
) -> Inspection:
    """Look at students as an agreement would use them.

    Args:
        students: as from `read_students`.
        agreement: the agreement, whose passes are tried.
        group: a column of `students` by which coverage is told, such as a group whose recall is
            to be watched. It is used here only.
        notes: what the reader told, to stand in the report.
        today: the day against which ages are checked; the system's if not given.

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
    normalised = normalise(students, country=section.country)
    collapsed = collapse(normalised)
    findings = _findings(students, normalised, today or datetime.date.today(), section.country)
    emits, passes = _coverage(section.passes, collapsed)
    count = emits.sum(axis=0)
    few = np.flatnonzero(count < FEW_PASSES)
    return Inspection(
        rows=len(students),
        local_ids=len(collapsed.local_ids),
        students=len(collapsed),
        notes=(*notes, *collapsed.notes),
        completeness={name: int(present(collapsed.records, name).sum()) for name in section.fields},
        findings=tuple(findings),
        passes=tuple(passes),
        passes_per_student=tuple(np.bincount(count, minlength=len(section.passes) + 1).tolist()),
        few=tuple(np.sort(collapsed.records.row[few])[:LINES_SHOWN].tolist()),
        groups=tuple(_by_group(students, group, collapsed, count)) if group else (),
    )


def _coverage(passes: Sequence[Pass], students: Students) -> tuple[Flags, list[PassCoverage]]:
    """Which students have a real entry in each pass, `bool[passes, n]`, and why others have not."""
    n = len(students)
    records = students.records
    blocking = Blocking(records, NameWords.of(records), _NO_KEY, _NO_KEY)
    duplicate, twin = _alike(records)
    emits = np.zeros((len(passes), n), dtype=bool)
    coverage = []
    for place, linkage_pass in enumerate(passes):
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
    year, month, day = records.birth.astype(np.int64).T
    born = year * 10000 + month * 100 + day
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


def _findings(
    students: pd.DataFrame, normalised: NormalisedStudents, today: datetime.date, country: str
) -> list[Finding]:
    """What to look at in the rows."""
    row = normalised.row
    found = []

    def tell(field: str, what: str, rows: Flags) -> None:
        if rows.any():
            lines = tuple(np.sort(row[rows])[:LINES_SHOWN].tolist())
            found.append(Finding(field, what, int(rows.sum()), lines))

    for field, attribute, what in (
        ("first_name", "first", "placeholders, or no letters"),
        ("middle_name", "middle", "placeholders, or no letters"),
        ("last_name", "last", "placeholders, or no letters"),
        ("sex", "sex", "codes that are not understood"),
        ("zip", "zip", "no ZIP that can be one"),
        ("state_id", "state_id", "no letters or digits"),
    ):
        written = _written(text_column(students, field))
        tell(field, f"{what}: read as missing", written & (getattr(normalised, attribute) == ""))
    year, month, day = normalised.birth.astype(np.int64).T
    born = year * 10000 + month * 100 + day
    now = today.year * 10000 + today.month * 100 + today.day
    tell("birth_date", "in the future", born > now)
    tell("birth_date", f"younger than {YOUNGEST}", (born > now - YOUNGEST * 10000) & (born <= now))
    tell("birth_date", f"older than {OLDEST}", (born > 0) & (born < now - OLDEST * 10000))
    tell("birth_date", "on so many rows that it may be a filler", _fillers(born))
    if country == "US":
        digits = text_column(students, "zip")
        short = [value.strip().isdigit() and len(value.strip()) in (3, 4) for value in digits]
        tell("zip", "lost leading zeros: they were put back", np.array(short, dtype=bool))
    tell(
        "last_name", "one name only: nothing in last_name", _only(normalised.last, normalised.first)
    )
    tell(
        "first_name",
        "one name only: nothing in first_name",
        _only(normalised.first, normalised.last),
    )
    suffixed = (text_column(students, "suffix") == "") & (normalised.suffix != "")
    tell("suffix", "found in a name: taken out of it", suffixed)
    return found


def _written(values: Texts) -> Flags:
    """`bool[n]`: cells in which anything stands."""
    codes, texts = distinct(values)
    return np.array([text.strip() != "" for text in texts], dtype=bool)[codes]


def _only(absent: Texts, there: Texts) -> Flags:
    """`bool[n]`: rows that have one of two names and not the other."""
    return np.asarray((absent == "") & (there != ""), dtype=bool)


def _fillers(born: npt.NDArray[np.int64]) -> Flags:
    """`bool[n]`: rows whose birth date is far more frequent than is usual."""
    dates, codes, counts = np.unique(born, return_inverse=True, return_counts=True)
    real = counts[dates > 0]
    if len(real) < 100:
        return np.zeros(len(born), dtype=bool)
    usual = real.mean() + FILLER_SHARE * np.sqrt(real.mean())
    often = (counts > max(usual, FILLER_SHARE)) & (dates > 0)
    flags: Flags = often[codes.reshape(-1)]
    return flags
