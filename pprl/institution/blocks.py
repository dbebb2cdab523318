"""Blocks: the values of a pass's blocking key, as keyed digests, and who holds them.

A part's value (a birth date, a sound, a pair of names) is a digest of 64 bits under a key of the
partnership. The block token is a CBC-MAC of the digests of the key's parts under a key of the pass;
the block salt, another under another key. From there on a block is its token: equal tokens are
equal values, up to the chance that two of `n` digests collide (`n * n / 2**65`: for a million
values, 3e-8), in which case two students withhold each other's entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement.blocking import BlockingPart
from pprl.agreement.linkage import Pass
from pprl.institution.block_values import BlockValues, PartialKeys, run_lengths
from pprl.institution.name_words import (
    NameWords,
    Words,
    first_of_equals,
    per_text,
)
from pprl.institution.normalise import NormalisedStudents
from pprl.institution.prf import Prf, text_digest

Integers = NDArray[np.int64]
Digests = NDArray[np.uint64]

NOTHING = np.uint64(0)
"""What stands for a missing part."""
_NAME_SOURCES = ("last_part", "name_part", "first_last_pair", "name_pair")


@dataclass(frozen=True, eq=False, repr=False)
class PartValues:
    """The values of one part of a blocking key for every student.

    Attributes:
        start: `int64[n + 1]`; student `i` has the values `digests[start[i]:start[i + 1]]`, all
            different.
        digests: `uint64[m]`.
    """

    start: Integers
    digests: Digests

    def __repr__(self) -> str:
        """Counts only."""
        return f"<PartValues: {len(self.digests)} of {len(self.start) - 1} students>"


class Blocking:
    """The blocks of one institution's students, under the keys of the partnership.

    Values of a part that several passes use are made once.
    """

    def __init__(
        self, students: NormalisedStudents, words: NameWords, value_key: bytes, pair_key: bytes
    ) -> None:
        """Prepare to derive blocks.

        Args:
            students: the collapsed students.
            words: the words of their names.
            value_key: 32 bytes; a value's digest is the first 8 bytes of its HMAC-SHA-256,
                little-endian.
            pair_key: 32 bytes; the digest of two names in either order is the first word of AES-256
                of their digests, the lower one first.
        """
        self._students = students
        self._words = words
        self._value_key = value_key
        self._pairs = Prf(pair_key)
        self._parts: dict[BlockingPart, PartValues] = {}
        self._word_digests: dict[str, Digests] = {}

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Blocking of {len(self._students)} students>"

    def part(self, part: BlockingPart) -> PartValues:
        """The values of one part for every student."""
        if part not in self._parts:
            of = self._of_names if part.source in _NAME_SOURCES else self._single
            self._parts[part] = of(part)
        return self._parts[part]

    def prepare(self, passes: Iterable[Pass]) -> None:
        """Make the values of all parts of these passes, so that threads only read them."""
        for linkage_pass in passes:
            for part in linkage_pass.block:
                self.part(part)

    def values(self, linkage_pass: Pass, token_key: bytes) -> BlockValues:
        """All values of a pass's blocking key of all students.

        A student with a missing part has none, but a partial key; one with several values of a part
        has one for each combination.

        Args:
            linkage_pass: the pass.
            token_key: 32 bytes; a token is the first word of the CBC-MAC of the parts' digests.
        """
        return block_values([self.part(part) for part in linkage_pass.block], token_key)

    def _digest(self, text: str) -> int:
        """The digest of one value of a part."""
        return text_digest(self._value_key, text)

    def _single(self, part: BlockingPart) -> PartValues:
        """A part with at most one value a student."""
        if part.fields == ("birth_date",):
            digests, present = self._of_birth_dates(part.source)
        elif part.source == "first_name":
            leading = self._words.first.leading(len(self._students))
            named = np.flatnonzero(leading >= 0)
            digests = np.zeros(len(leading), np.uint64)
            digests[named] = self._of_words(part.transform)[self._words.canonical[leading[named]]]
            present = digests != 0
        else:
            texts = _texts(part, self._students)
            digests, present = per_text(texts, self._digest), np.asarray(texts != "", bool)
        return _part_values(np.flatnonzero(present), digests[present], len(self._students))

    def _of_birth_dates(self, source: str) -> tuple[Digests, NDArray[np.bool_]]:
        """The digest of each student's birth date, or of a part of it, and who has one."""
        born = self._students.born
        codes, dates = pd.factorize(born)
        texts = [
            _date_part(source, date // 10000, date // 100 % 100, date % 100)
            for date in dates.tolist()
        ]
        return per_text(np.array(texts, object), self._digest)[codes], born != 0

    def _of_words(self, transform: str) -> Digests:
        """The digest of what a transform makes of each word of the names: `uint64[v]`."""
        if transform not in self._word_digests:
            self._word_digests[transform] = self._words.digests(transform, self._digest)
        return self._word_digests[transform]

    def _of_names(self, part: BlockingPart) -> PartValues:
        """A part made of words of names, of which a student may have several."""
        names = self._words
        digests = self._of_words(part.transform)
        first, last, given = names.first, names.last, names.given
        if part.source != "last_part":
            digests = digests[names.canonical]
        if part.source == "last_part":
            words = last
        elif part.source == "name_part":
            words = given.joined(last)
        elif part.source == "first_last_pair":
            lead = first.leading(len(self._students))[last.student]
            kept = lead >= 0
            return self._of_pairs(last.student[kept], lead[kept], last.code[kept], digests)
        else:
            return self._of_pairs(*_two_of_each(given.joined(last)), digests)
        return _part_values(*_distinct(words.student, digests[words.code]), len(self._students))

    def _of_pairs(
        self, student: Integers, one: Integers, other: Integers, digests: Digests
    ) -> PartValues:
        """Pairs of words in either order; none where a word's form is nothing."""
        pair = np.sort(np.column_stack((digests[one], digests[other])), axis=1)
        present = pair[:, 0] != 0
        mixed = self._pairs.blocks(pair[present])[:, 0]
        return _part_values(*_distinct(student[present], mixed), len(self._students))


def block_values(parts: Sequence[PartValues], token_key: bytes) -> BlockValues:
    """The blocks that the parts of a blocking key make: see `Blocking.values`.

    Args:
        parts: the values of each part, at least one.
        token_key: 32 bytes.
    """
    student = np.arange(len(parts[0].start) - 1)
    columns: list[Digests] = []
    for values in parts:
        start, end = values.start[student], values.start[student + 1]
        if (end - start == 1).all():
            columns.append(values.digests[start])
            continue
        number = np.maximum(end - start, 1)
        ends = np.cumsum(number)
        within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - number, number)
        columns = [np.repeat(column, number) for column in columns]
        # A missing part reads the word behind all digests, which is 0.
        start = np.where(end > start, start, len(values.digests))
        columns.append(np.append(values.digests, NOTHING)[np.repeat(start, number) + within])
        student = np.repeat(student, number)
    whole = np.all([column != NOTHING for column in columns], axis=0)
    lacking = PartialKeys(student[~whole], tuple(column[~whole] for column in columns))
    student, columns = student[whole], [column[whole] for column in columns]
    tokens = np.ascontiguousarray(Prf(token_key).mac(columns)[:, 0])
    order = np.argsort(tokens)
    tokens = tokens[order]
    return BlockValues(
        student=student[order],
        tokens=tokens,
        holders=run_lengths(tokens),
        columns=tuple(column[order] for column in columns),
        lacking=lacking,
    )


def _texts(part: BlockingPart, students: NormalisedStudents) -> NDArray[np.object_]:
    """A part that is no name and no date: `object[n]`, "" if missing."""
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


def _two_of_each(words: Words) -> tuple[Integers, Integers, Integers]:
    """All pairs of two words of one student: students, words and words, each `int64[k]`."""
    most = int(np.bincount(words.student).max(initial=0))
    pairs = [
        np.flatnonzero(words.student[apart:] == words.student[:-apart]) for apart in range(1, most)
    ]
    left = np.concatenate([np.empty(0, np.int64), *pairs])
    right = np.concatenate(
        [np.empty(0, np.int64), *(pair + apart for apart, pair in enumerate(pairs, 1))]
    )
    order = np.argsort(words.student[left], kind="stable")
    left, right = left[order], right[order]
    return words.student[left], words.code[left], words.code[right]


def _distinct(student: Integers, digests: Digests) -> tuple[Integers, Digests]:
    """Each student's digests once, without those that are 0; `student` rises."""
    kept = (digests != 0) & first_of_equals(student, digests)
    return student[kept], digests[kept]


def _part_values(student: Integers, digests: Digests, students: int) -> PartValues:
    """Gather values by student; `student` rises."""
    start = np.zeros(students + 1, np.int64)
    np.cumsum(np.bincount(student, minlength=students), out=start[1:])
    return PartValues(start, digests)
