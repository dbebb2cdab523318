"""The words of students' names, each distinct word once.

Blocking keys and segments are made from words of names. A region has some tens of thousands of
distinct words however many students it has, so whatever is derived from a word is derived once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.institution.names import canonical_word, name_parts, soundex
from pprl.institution.normalise import NormalisedStudents

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Words:
    """Words of every student, in the order of students.

    Attributes:
        student: `int64[m]`, rising.
        code: `int64[m]`, places in a vocabulary.
    """

    student: Integers
    code: Integers

    def joined(self, other: Words) -> Words:
        """Each student's words and, behind them, those of `other`, the same students'."""
        student = np.concatenate((self.student, other.student))
        order = np.argsort(student, kind="stable")
        return Words(student[order], np.concatenate((self.code, other.code))[order])

    def recoded(self, code: Integers) -> Words:
        """Every word replaced by what `code[word]` says."""
        return Words(self.student, code[self.code])

    def distinct(self) -> Words:
        """Each word of a student once, where it stands first."""
        first = first_of_equals(self.student, self.code)
        return Words(self.student[first], self.code[first])

    def among(self, chosen: NDArray[np.bool_]) -> Words:
        """Those of the words whose place in the vocabulary is chosen."""
        kept = chosen[self.code]
        return Words(self.student[kept], self.code[kept])

    def leading(self, students: int) -> Integers:
        """The first word of each student, -1 for none: `int64[students]`."""
        first = np.full(students, -1, np.int64)
        first[self.student[::-1]] = self.code[::-1]
        return first


@dataclass(frozen=True, eq=False, repr=False)
class NameWords:
    """The words of all students' names.

    Attributes:
        vocabulary: `object[v]`, the distinct words and their canonical forms.
        canonical: `int64[v]`, the canonical form of each word.
        first: words of the first name.
        last: words of the last name.
        given: words of the first name and, initials apart, of the middle name: people go by their
            middle names, and files put second first names there.
    """

    vocabulary: NDArray[np.object_]
    canonical: Integers
    first: Words
    last: Words
    given: Words

    @classmethod
    def of(cls, students: NormalisedStudents) -> NameWords:
        """Take the names apart."""
        parts = [name_parts(n) for n in (students.first, students.last, students.middle)]
        codes, words = pd.factorize(np.concatenate([part for _, part in parts]))
        known = np.asarray(words, object)
        forms = np.array([canonical_word(word) for word in known], object)
        vocabulary, place = _with_forms(known, forms)
        ends = np.cumsum([0, *(len(part) for _, part in parts)])
        first, last, middle = (
            Words(np.repeat(np.arange(len(start) - 1), np.diff(start)), codes[low:high])
            for (start, _), low, high in zip(parts, ends[:-1], ends[1:], strict=True)
        )
        full = np.array([len(word) > 1 for word in vocabulary], bool)
        return cls(vocabulary, place, first, last, first.joined(middle.among(full)).distinct())

    def digests(self, transform: str, digest: Callable[[str], int]) -> NDArray[np.uint64]:
        """A digest of what `transform` makes of each word, 0 for nothing: `uint64[v]`."""
        return per_text(transformed(self.vocabulary, transform), digest)


def transformed(words: NDArray[np.object_], transform: str) -> NDArray[np.object_]:
    """Words, their first letters or their phonetic codes: `object[n]`."""
    if transform == "soundex":
        return soundex(words)
    if transform:
        return np.array([word[: int(transform)] for word in words], object)
    return words


def first_of_equals(student: Integers, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether no earlier row of the same student has the same value: `bool[m]`; students rise."""
    first = np.ones(len(student), bool)
    for apart in range(1, int(np.bincount(student).max(initial=0))):
        again = (student[apart:] == student[:-apart]) & (values[apart:] == values[:-apart])
        first[apart:] &= ~again
    return first


def per_text(texts: NDArray[np.object_], digest: Callable[[str], int]) -> NDArray[np.uint64]:
    """The digest of each text, taken once for each distinct one, 0 for "": `uint64[n]`."""
    codes, distinct = pd.factorize(texts)
    digests = [digest(text) if text else 0 for text in distinct]
    return np.array(digests, np.uint64)[codes]


def _with_forms(
    words: NDArray[np.object_], forms: NDArray[np.object_]
) -> tuple[NDArray[np.object_], Integers]:
    """The words with the forms that are no words yet behind them, and each one's form's place."""
    codes, vocabulary = pd.factorize(np.concatenate((words, forms)))
    place = np.arange(len(vocabulary))
    place[: len(words)] = codes[len(words) :]
    return np.asarray(vocabulary, object), place.astype(np.int64)
