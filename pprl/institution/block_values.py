"""Who holds which block of a pass: the values of its blocking key, known by their tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.institution.prf import Prf

Integers = NDArray[np.int64]
Digests = NDArray[np.uint64]


@dataclass(frozen=True, eq=False, repr=False)
class PartialKeys:
    """Values of blocking keys that lack a part: no blocks, but they change as blocks do.

    Attributes:
        student: `int64[k]`.
        columns: for each part of the key, `uint64[k]` digests, 0 where the part is missing.
    """

    student: Integers
    columns: tuple[Digests, ...]

    def __repr__(self) -> str:
        """Counts only."""
        return f"<PartialKeys: {len(self.student)} of {len(self.columns)} parts>"


@dataclass(frozen=True, eq=False, repr=False)
class BlockValues:
    """Which student holds which block of one pass; each pair of them once, in order of the token.

    Attributes:
        student: `int64[m]`.
        tokens: `uint64[m]`, rising.
        holders: `int64[m]`, how many students hold the row's block.
        columns: for each part of the key, `uint64[m]` digests of its values.
        lacking: what there is of the keys of students who lack a part.
    """

    student: Integers
    tokens: Digests
    holders: Integers
    columns: tuple[Digests, ...]
    lacking: PartialKeys

    def __repr__(self) -> str:
        """Counts only."""
        return f"<BlockValues: {len(self.student)} of {len(self.columns)} parts>"

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> BlockValues:
        """Rows `intp[k]`, or those that `bool[n]` says; `holders` still counts all."""
        return BlockValues(
            self.student[rows],
            self.tokens[rows],
            self.holders[rows],
            tuple(column[rows] for column in self.columns),
            self.lacking,
        )

    def salts(self, key: bytes) -> Digests:
        """The salt of each row's block: `uint64[m, 2]`."""
        return Prf(key).mac(self.columns)

    def among_first(self, quota: int, salt_key: bytes) -> NDArray[np.bool_]:
        """Which rows are among the `quota` of their student with the lowest salts: `bool[m]`.

        Salts are keyed hashes, so every institution makes the same choice. Tokens would do as well
        for that, but the hub sees them: the lowest of three stands lower than a decoy's.
        """
        held = np.bincount(self.student)
        kept = np.ones(len(self.student), bool)
        surplus = np.flatnonzero(held[self.student] > quota)
        student, salts = self.student[surplus], self.take(surplus).salts(salt_key)[:, 0]
        order = np.lexsort((salts, student))
        rank = np.arange(len(order)) - np.searchsorted(student[order], student[order])
        kept[surplus[order[rank >= quota]]] = False
        return kept


def run_lengths(tokens: Digests) -> Integers:
    """How often each token stands in the list: `int64[m]`; `tokens` rises."""
    change = np.flatnonzero(tokens[1:] != tokens[:-1]) + 1
    bounds = np.concatenate(([0], change, [len(tokens)])) if len(tokens) else np.zeros(1, np.int64)
    lengths = np.diff(bounds)
    return np.repeat(lengths, lengths).astype(np.int64)
