"""Blocks: the values of a pass's blocking key, and who holds them."""

from __future__ import annotations

import hmac
import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement.blocking import BlockingPart
from pprl.agreement.linkage import Pass
from pprl.institution.names import canonical_first_name, given_names, name_parts, soundex
from pprl.institution.normalise import NormalisedStudents
from pprl.siphash import siphash24

BLOCK_KEY_BYTES = 48
PAIR = "\x1f"
"""What joins the two names of a pair; no name holds it."""

_NAME_SOURCES = ("last_part", "name_part", "first_last_pair", "name_pair")


@dataclass(frozen=True, eq=False, repr=False)
class PartValues:
    """The values of one part of a blocking key for every student.

    Attributes:
        start: `int64[n + 1]`; student `i` has the values `codes[start[i]:start[i + 1]]`.
        codes: `int64[m]`, indices into `vocabulary`.
        vocabulary: the distinct values.
    """

    start: NDArray[np.int64]
    codes: NDArray[np.int64]
    vocabulary: list[str]

    def __repr__(self) -> str:
        """Counts only."""
        return f"<PartValues: {len(self.vocabulary)} values>"


@dataclass(frozen=True, eq=False, repr=False)
class BlockValues:
    """Which student holds which block value in one pass; each pair of them once.

    Attributes:
        student: `int64[m]`.
        value: `int64[m]`, the number of the block value, from 0 without gaps.
        holders: `int64[values]`, how many students hold each value.
        parts: for each part of the key, `int64[m]` codes into its vocabulary.
        tables: for each part of the key, its values for every student, whole key or not.
    """

    student: NDArray[np.int64]
    value: NDArray[np.int64]
    holders: NDArray[np.int64]
    parts: tuple[NDArray[np.int64], ...]
    tables: tuple[PartValues, ...]

    def __repr__(self) -> str:
        """Counts only."""
        return f"<BlockValues: {len(self.holders)} values of {len(self.parts)} parts>"

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> BlockValues:
        """Some of the rows; `holders` still counts all."""
        return BlockValues(
            self.student[rows],
            self.value[rows],
            self.holders,
            tuple(part[rows] for part in self.parts),
            self.tables,
        )

    def keys(self, key: bytes) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Derive each row's token and salt.

        A value's digest is the first 8 bytes of HMAC-SHA-256 over the part's place and the value,
        once for each distinct value. Token and salt are SipHash-2-4 over the digests of the parts
        and one byte: 0 for the token, 1 and 2 for the two words of the salt. Words are
        little-endian.

        Args:
            key: the pass's block key, 48 bytes: 32 for HMAC, 16 for SipHash.

        Returns:
            tokens `uint64[m]` and salts `uint64[m, 2]`.
        """
        columns = [
            _digests(table.vocabulary, place, key[:32])[codes]
            for place, (table, codes) in enumerate(zip(self.tables, self.parts, strict=True))
        ]
        sip_key = np.broadcast_to(np.frombuffer(key[32:], "<u8"), (len(self.student), 2))
        length = 8 * len(columns) + 1
        token, *salt = (
            siphash24(sip_key, [*columns, np.array(purpose, np.uint64)], length)
            for purpose in range(3)
        )
        return token, np.column_stack(salt)

    def contents(self) -> list[str]:
        """All values of all parts of each student's blocking key as one text, whole key or not.

        It changes exactly when one of the student's values does; a decoy changes with it, as a real
        entry would.
        """
        columns = []
        for table in self.tables:
            codes = table.codes.tolist()
            columns.append(
                [
                    "\x1e".join(sorted({table.vocabulary[code] for code in codes[start:end]}))
                    for start, end in itertools.pairwise(table.start.tolist())
                ]
            )
        return ["\x1d".join(parts) for parts in zip(*columns, strict=True)]


def block_values(linkage_pass: Pass, students: NormalisedStudents) -> BlockValues:
    """All values of a pass's blocking key of all students.

    A student with a missing part has none; one with several values of a part has one for each
    combination.
    """
    count = len(students.first)
    rows = np.arange(count, dtype=np.int64)
    columns: list[NDArray[np.int64]] = []
    tables = tuple(part_values(part, students) for part in linkage_pass.block)
    for table in tables:
        number = table.start[rows + 1] - table.start[rows]
        ends = np.cumsum(number)
        within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - number, number)
        place = np.repeat(table.start[rows], number) + within
        columns = [np.repeat(column, number) for column in columns]
        columns.append(table.codes[place])
        rows = np.repeat(rows, number)
    value = _combined(columns, [len(table.vocabulary) for table in tables])
    order = np.lexsort((rows, value))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(value[order]) != 0) | (np.diff(rows[order]) != 0)
    kept = order[first]
    return BlockValues(
        student=rows[kept],
        value=value[kept],
        holders=np.bincount(value[kept]).astype(np.int64),
        parts=tuple(column[kept] for column in columns),
        tables=tables,
    )


def part_values(part: BlockingPart, students: NormalisedStudents) -> PartValues:
    """The values of one part for every student."""
    if part.source in _NAME_SOURCES:
        return _of_names(part, students)
    codes, vocabulary = pd.factorize(_single(part, students))
    present = np.array([value != "" for value in vocabulary], bool)[codes]
    return _part_values(np.flatnonzero(present), codes[present], list(vocabulary), len(codes))


def _single(part: BlockingPart, students: NormalisedStudents) -> NDArray[np.object_]:
    """A part with at most one value a student: `object[n]`, "" if missing."""
    if part.fields == ("birth_date",):
        dates, codes = np.unique(students.birth, axis=0, return_inverse=True)
        parts = [_date_part(part.source, *date) for date in dates.tolist()]
        return np.array(parts, object)[codes.reshape(-1)]
    if part.source == "first_name":
        return _transformed(canonical_first_name(students.first), part.transform)
    if part.source == "middle_initial":
        return np.array([middle[:1] for middle in students.middle], object)
    values: NDArray[np.object_] = getattr(students, part.source)
    return values


def _date_part(source: str, year: int, month: int, day: int) -> str:
    """A birth date, or what a slip of the pen would leave of it; "" if missing."""
    if not year:
        return ""
    low, high = sorted((month, day))
    return {
        "birth_date": f"{year:04}{month:02}{day:02}",
        "birth_month_day_sorted": f"{low:02}{high:02}",
        "birth_year_month": f"{year:04}{month:02}",
        "birth_year_day": f"{year:04}d{day:02}",
    }[source]


def _of_names(part: BlockingPart, students: NormalisedStudents) -> PartValues:
    """A part made of name parts, of which a student may have several."""
    count = len(students)
    every = part.source in ("name_part", "name_pair")
    given = given_names(students.first, students.middle) if every else students.first
    firsts, lasts = _words(given), _words(students.last)
    words, codes = np.unique(np.concatenate((firsts[1], lasts[1])), return_inverse=True)
    canonical = words if part.source == "last_part" else canonical_first_name(words)
    forms, form = np.unique(_transformed(canonical, part.transform), return_inverse=True)
    code = form.reshape(-1)[codes.reshape(-1)] if len(words) else codes
    first, last = (firsts[0], code[: len(firsts[1])]), (lasts[0], code[len(firsts[1]) :])
    if part.source == "last_part":
        rows, *columns = last
    elif part.source == "first_last_pair":
        lead = np.append(True, np.diff(first[0]) != 0)[: len(first[0])]
        leading = np.full(count, -1)
        leading[first[0][lead]] = first[1][lead]
        kept = leading[last[0]] >= 0
        rows, columns = last[0][kept], [leading[last[0]][kept], last[1][kept]]
    else:
        rows = np.concatenate((first[0], last[0]))
        order = np.argsort(rows, kind="stable")
        rows, columns = rows[order], [np.concatenate((first[1], last[1]))[order]]
        if part.source == "name_pair":
            rows, columns = _two_of_each(rows, columns[0])
    present = np.all([forms[column] != "" for column in columns], axis=0)
    ordered = np.sort(np.column_stack([column[present] for column in columns]), axis=1)
    pairs, pair = np.unique(ordered, axis=0, return_inverse=True)
    vocabulary = [PAIR.join(forms[list(codes)]) for codes in pairs.tolist()]
    return _part_values(rows[present], pair.reshape(-1), vocabulary, count)


def _words(names: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """The parts of all names, in order, and the student of each: `int64[m]`, `object[m]`."""
    start, parts = name_parts(names)
    return np.repeat(np.arange(len(names)), np.diff(start)), parts


def _two_of_each(
    rows: NDArray[np.int64], codes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """All pairs of two words of one student; `rows` rises."""
    most = int(np.bincount(rows).max(initial=0))
    pairs = [np.flatnonzero(rows[apart:] == rows[:-apart]) for apart in range(1, most)]
    left = np.concatenate([np.empty(0, np.int64), *pairs])
    right = np.concatenate(
        [np.empty(0, np.int64), *(pair + apart for apart, pair in enumerate(pairs, 1))]
    )
    order = np.argsort(rows[left], kind="stable")
    return rows[left[order]], [codes[left[order]], codes[right[order]]]


def _part_values(
    rows: NDArray[np.int64], codes: NDArray[np.int64], vocabulary: list[str], count: int
) -> PartValues:
    """Gather values by student; `rows` rises."""
    start = np.searchsorted(rows, np.arange(count + 1))
    return PartValues(start.astype(np.int64), codes.astype(np.int64), vocabulary)


def _transformed(names: NDArray[np.object_], transform: str) -> NDArray[np.object_]:
    """Names, their first letters, or their phonetic codes."""
    if transform == "soundex":
        return soundex(names)
    if transform:
        return np.array([name[: int(transform)] for name in names], object)
    return names


def _combined(columns: list[NDArray[np.int64]], sizes: list[int]) -> NDArray[np.int64]:
    """Number the distinct combinations of columns of codes, from 0 without gaps."""
    value = columns[0]
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        _, value = np.unique(value, return_inverse=True)
        value = value * size + column
    _, value = np.unique(value, return_inverse=True)
    return value.astype(np.int64)


def _digests(vocabulary: list[str], place: int, key: bytes) -> NDArray[np.uint64]:
    """The digest of each value of a part: `uint64[values]`."""
    tag = bytes([place])
    digests = [hmac.digest(key, tag + v.encode("utf-8"), "sha256")[:8] for v in vocabulary]
    return np.frombuffer(b"".join(digests), "<u8")
