"""Tokens: what a student's fields are cut into before they are hashed into a filter."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.institution.name_words import NameWords, Words
from pprl.institution.names import canonical_first_name
from pprl.institution.normalise import NormalisedStudents
from pprl.institution.prf import text_digest

Integers = NDArray[np.int64]
Digests = NDArray[np.uint64]

PAD = "_"
_CODE_POINT_BITS = 21


@dataclass(frozen=True)
class TokenTable:
    """The token digests of one segment for every student.

    Students with the same value may share theirs. The digests of a student rise, which is the keyed
    order in which tokens take turns: it depends on the field key and tells nothing of the word's
    spelling.

    Attributes:
        begin: `int64[n]`, where each student's digests begin.
        count: `int64[n]`, how many there are; none if the field is missing.
        digests: `uint64[m]`.
    """

    begin: Integers
    count: Integers
    digests: Digests

    def __len__(self) -> int:
        """How many students."""
        return len(self.begin)

    def matrix(self, students: NDArray[np.intp], count: int) -> Digests:
        """The digests of students who all have `count` tokens: `uint64[count, len(students)]`."""
        digests: Digests = self.digests[np.arange(count)[:, None] + self.begin[students]]
        return digests


def token_table(
    name: str, students: NormalisedStudents, words: NameWords, key: bytes
) -> TokenTable:
    """Digest the tokens of one segment, each distinct token once.

    Args:
        name: the segment.
        students: whose values.
        words: the words of their names.
        key: the segment's key; a token's digest is the first 8 bytes of its HMAC-SHA-256,
            little-endian.
    """
    digest = functools.partial(text_digest, key)
    if name == "names":
        return _of_words(words.first.joined(words.last), words, len(students), digest)
    if name == "given_names":
        return _of_words(words.given, words, len(students), digest)
    if name == "birth_date":
        return _of_dates(students.born, digest)
    if name in ("first_name", "last_name"):
        codes, values = pd.factorize(students.first if name == "first_name" else students.last)
        return _shared(_bigrams(np.asarray(values, object), digest), codes)
    codes, values = pd.factorize(_single(name, students))
    tokens = [_value_tokens(name, value) if value else [] for value in values]
    return _shared(_digested(tokens, digest), codes)


def _single(name: str, students: NormalisedStudents) -> NDArray[np.object_]:
    """The value of a segment for every student, as one text: `object[n]`, "" if missing."""
    if name == "canonical_first_name":
        return canonical_first_name(students.first)
    values: Mapping[str, NDArray[np.object_]] = {
        "middle_name": students.middle,
        "sex": students.sex,
        "zip": students.zip,
        "state_id": students.state_id,
    }
    return values[name]


def _value_tokens(name: str, value: str) -> list[str]:
    """The tokens of one value, all different."""
    if name == "middle_name":
        return [f"i{value[0]}"] + ([f"f{value}"] if len(value) > 1 else [])
    if name == "zip":
        return [f"z{value}", f"p{value[:3]}"]
    return [value]


def _of_dates(born: Integers, digest: Callable[[str], int]) -> TokenTable:
    """Year, month, day, and month and day in either order."""
    codes, dates = pd.factorize(born)
    tokens = []
    for date in dates.tolist():
        y, m, d = f"{date // 10000:04}", f"{date // 100 % 100:02}", f"{date % 100:02}"
        tokens.append([f"y{y}", f"m{m}", f"d{d}", "s" + "".join(sorted((m, d)))] if date else [])
    return _shared(_digested(tokens, digest), codes)


def _digested(tokens: Sequence[Sequence[str]], digest: Callable[[str], int]) -> TokenTable:
    """The table of values whose tokens are spelled out, each distinct token digested once."""
    known: dict[str, int] = {}
    for row in tokens:
        for token in row:
            if token not in known:
                known[token] = digest(token)
    number = np.array([len(row) for row in tokens], np.int64)
    flat = np.fromiter((known[t] for row in tokens for t in row), np.uint64, int(number.sum()))
    return _ordered(np.repeat(np.arange(len(tokens)), number), flat, len(tokens))


def _of_words(
    found: Words, words: NameWords, students: int, digest: Callable[[str], int]
) -> TokenTable:
    """The canonical forms of words of names, in no order."""
    forms = found.recoded(words.canonical).distinct()
    digests = np.zeros(len(words.vocabulary), np.uint64)
    used = np.unique(forms.code)
    digests[used] = [digest(word) for word in words.vocabulary[used]]
    return _ordered(forms.student, digests[forms.code], students)


def _bigrams(values: NDArray[np.object_], digest: Callable[[str], int]) -> TokenTable:
    """Padded bigrams of the words of each value, the repeats numbered.

    "anna" gives _a0 an0 nn0 na0 a_0; "ana ana" gives _a0 an0 na0 a_0 _a1 an1 na1 a_1. Numbering
    keeps "ana" and "anana" apart; every token is used once, so that a token's positions are never
    drawn twice.
    """
    padded = [f"{PAD}{value.replace(' ', PAD + PAD)}{PAD}" if value else "" for value in values]
    length = np.array([len(text) for text in padded], np.int64)
    points = np.frombuffer("".join(padded).encode("utf-32-le"), "<u4").astype(np.int64)
    value = np.repeat(np.arange(len(padded)), length)
    bigram = points[:-1] << _CODE_POINT_BITS | points[1:]
    is_pair = value[:-1] == value[1:]
    is_pair &= bigram != (ord(PAD) << _CODE_POINT_BITS | ord(PAD))
    value, bigram = value[:-1][is_pair], bigram[is_pair]
    code, bigrams = pd.factorize(bigram)
    order = np.lexsort((code, value))
    value, code = value[order], code[order]
    new = np.ones(len(order), bool)
    new[1:] = (value[1:] != value[:-1]) | (code[1:] != code[:-1])
    start = np.flatnonzero(new)
    repeat = np.arange(len(order)) - np.repeat(start, np.diff(start, append=len(order)))
    token, tokens = pd.factorize(repeat * max(len(bigrams), 1) + code)
    texts = [_bigram_text(int(bigrams[t % len(bigrams)]), t // len(bigrams)) for t in tokens]
    digests = np.array([digest(text) for text in texts], np.uint64)
    return _ordered(value, digests[token], len(values))


def _bigram_text(bigram: int, repeat: int) -> str:
    """A bigram and how often it stood before."""
    low = (1 << _CODE_POINT_BITS) - 1
    return f"{chr(bigram >> _CODE_POINT_BITS)}{chr(bigram & low)}{repeat}"


def _ordered(row: Integers, digests: Digests, rows: int) -> TokenTable:
    """A table of rows, the digests of each rising; `row` rises."""
    count = np.bincount(row, minlength=rows)
    order = np.lexsort((digests, row))
    return TokenTable(np.cumsum(count) - count, count, digests[order])


def _shared(table: TokenTable, codes: NDArray[np.intp]) -> TokenTable:
    """The table of students, each of whom has a row of another table."""
    return TokenTable(table.begin[codes], table.count[codes], table.digests)
