"""The sources of a linkage: whose records they are, and how records are numbered through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Agreement
from pprl.exchange import Submission
from pprl.hub.comparison import source_pairs
from pprl.hub.scoring import Candidates

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Sources:
    """The sources, in the order of their ids.

    Attributes:
        names: their ids.
        sizes: `int64[sources]`, the records of each, those of earlier files included.
        current: `int64[sources]`, how many of these, the first ones, are this year's.
        sole: `bool[sources]`, whether a source holds each person once.
    """

    names: Sequence[str]
    sizes: Integers
    current: Integers
    sole: NDArray[np.bool_]

    @classmethod
    def of(
        cls, submissions: Sequence[Submission], current: Sequence[int], agreement: Agreement
    ) -> Sources:
        """The sources of admitted submissions."""
        names = [submission.institution for submission in submissions]
        return cls(
            names,
            np.array([submission.records for submission in submissions], np.int64),
            np.array(current, np.int64),
            np.array([agreement.party(name).one_record_per_person for name in names], bool),
        )

    @property
    def pairs(self) -> Integers:
        """`int64[groups, 2]`, the two sources of each pair of sources."""
        return np.array(source_pairs(len(self.names)), np.int64).reshape(-1, 2)

    @property
    def sole_sides(self) -> NDArray[np.bool_]:
        """`bool[groups, 2]`, whether either source of each pair holds each person once."""
        sides: NDArray[np.bool_] = self.sole[self.pairs]
        return sides

    @property
    def of_record(self) -> Integers:
        """`int64[records]`, the source of each record of all."""
        return np.repeat(np.arange(len(self.names)), self.sizes)

    @property
    def is_current(self) -> NDArray[np.bool_]:
        """`bool[records]`, which records are this year's."""
        both = zip(self.sizes.tolist(), self.current.tolist(), strict=True)
        return np.concatenate([np.arange(size) < current for size, current in both])

    def ends(self, candidates: Candidates) -> tuple[Integers, Integers]:
        """The two records of each candidate, numbered through all sources: `int64[n]` each."""
        offset = np.cumsum(self.sizes) - self.sizes
        first, second = self.pairs.T
        return (
            offset[first[candidates.group]] + candidates.left.astype(np.int64),
            offset[second[candidates.group]] + candidates.right.astype(np.int64),
        )

    def named(self, candidates: Candidates) -> dict[str, NDArray[Any]]:
        """Candidates as they are named outside: `source_a, record_a, source_b, record_b`."""
        first, second = self.pairs.T
        labels = np.array(self.names, object)
        return {
            "source_a": labels[first[candidates.group]],
            "record_a": candidates.left,
            "source_b": labels[second[candidates.group]],
            "record_b": candidates.right,
        }
