"""Tokens: what a student's fields are cut into before they are hashed into a filter."""

from __future__ import annotations

import hmac
import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.institution.names import (
    canonical_first_name,
    canonical_word,
    given_names,
    joined_names,
)
from pprl.institution.normalise import NormalisedStudents

PAD = "_"


@dataclass(frozen=True)
class TokenTable:
    """The token digests of one segment for every student.

    Students with the same value share a row. The digests of a row rise, which is the keyed order in
    which tokens take turns: it depends on the field key and tells nothing of the word's spelling.

    Attributes:
        row: `int64[n]`, each student's row.
        start: `int64[rows + 1]`; row `r` holds `digests[start[r]:start[r + 1]]`, none if missing.
        digests: `uint64[m]`.
    """

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    digests: NDArray[np.uint64]

    def __len__(self) -> int:
        """How many students."""
        return len(self.row)

    def counts(self, students: NDArray[np.intp]) -> NDArray[np.int64]:
        """How many tokens each of the students has: `int64[len(students)]`."""
        rows = self.row[students]
        counts: NDArray[np.int64] = self.start[rows + 1] - self.start[rows]
        return counts

    def matrix(self, students: NDArray[np.intp], count: int) -> NDArray[np.uint64]:
        """The digests of students who all have `count` tokens: `uint64[count, len(students)]`."""
        first = self.start[self.row[students]]
        digests: NDArray[np.uint64] = self.digests[np.arange(count)[:, None] + first]
        return digests


def bigrams(parts: Iterable[str]) -> list[str]:
    """Padded bigrams of words, the repeats numbered: "anna" gives _a0 an0 nn0 na0 a_0.

    Numbering keeps "ana" and "anana" apart; every token is used once, so that a token's positions
    are never drawn twice.
    """
    seen: Counter[str] = Counter()
    tokens = []
    for part in parts:
        padded = f"{PAD}{part}{PAD}"
        for left, right in itertools.pairwise(padded):
            tokens.append(f"{left}{right}{seen[left + right]}")
            seen[left + right] += 1
    return tokens


def segment_values(name: str, students: NormalisedStudents) -> NDArray[np.object_]:
    """The value of a segment for every student, as one text: `object[n]`, "" if missing."""
    if name == "canonical_first_name":
        return canonical_first_name(students.first)
    if name == "names":
        return joined_names(students.first, students.last)
    if name == "given_names":
        return given_names(students.first, students.middle)
    if name == "birth_date":
        return np.array(
            [f"{y:04}-{m:02}-{d:02}" if y else "" for y, m, d in students.birth.tolist()], object
        )
    values: NDArray[np.object_] = {
        "first_name": students.first,
        "last_name": students.last,
        "middle_name": students.middle,
        "sex": students.sex,
        "zip": students.zip,
        "state_id": students.state_id,
    }[name]
    return values


def value_tokens(name: str, value: str) -> list[str]:
    """The tokens of one non-empty value of a segment, all different."""
    if name in ("first_name", "last_name"):
        return bigrams(value.split())
    if name in ("names", "given_names"):
        return sorted({canonical_word(word) for word in value.split()})
    if name == "middle_name":
        return [f"i{value[0]}"] + ([f"f{value}"] if len(value) > 1 else [])
    if name == "birth_date":
        year, month, day = value.split("-")
        return [f"y{year}", f"m{month}", f"d{day}", "s" + "".join(sorted((month, day)))]
    if name == "zip":
        return [f"z{value}", f"p{value[:3]}"]
    return [value]


def token_table(name: str, students: NormalisedStudents, key: bytes) -> TokenTable:
    """Digest the tokens of one segment, each distinct value and each distinct token once.

    Args:
        name: the segment.
        students: whose values.
        key: the segment's key; a token's digest is the first 8 bytes of its HMAC-SHA-256,
            little-endian.
    """
    row, values = pd.factorize(segment_values(name, students))
    digests: dict[str, int] = {}
    rows: list[list[int]] = []
    for value in values:
        tokens = value_tokens(name, value) if value else []
        for token in tokens:
            if token not in digests:
                digest = hmac.digest(key, token.encode("utf-8"), "sha256")
                digests[token] = int.from_bytes(digest[:8], "little")
        rows.append(sorted(digests[token] for token in tokens))
    start = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    flat = np.fromiter((d for item in rows for d in item), np.uint64, count=int(start[-1]))
    return TokenTable(row.astype(np.int64), start, flat)
