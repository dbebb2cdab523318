"""Who is at which institutions: the counts of persons that a report may tell.

They hang together: the persons at one institution and at another, those of an institution found
elsewhere, and those at two, three or more. So a small one that is hidden might be worked out from
the others. Before they are told, they are attacked: all numbers of persons at each set of
institutions that agree with what is told are tried (an integer program), and what lets a small
count be bounded too closely is told more coarsely, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint

from pprl.results.report.rounding import Rounding
from pprl.results.whole_programme import solution

Integers = NDArray[np.int64]
Counts = tuple[int | None, ...]

PROTECTION = 5
"""A small count may not be bounded within fewer than so many more."""
COARSER = (1, 2, 5, 10, 20, 50)
"""How many smallest cells the counts beyond those of two institutions are rounded to, in turn."""
MOST_ATTACKED = 10
"""Of more institutions there are too many sets to try: their further counts are coarse at once."""


@dataclass(frozen=True, eq=False)
class Overlap:
    """True counts of persons. They never leave the hub as they are.

    Attributes:
        sources: the institutions.
        pairs: those of two institutions, in the order of `combinations`.
        held: `int64[sources]`, persons of each.
        both: `int64[pairs]`, persons at both.
        found: `int64[sources]`, persons of each who are also at another.
        at: `int64[sources - 1]`, persons at exactly 2, 3, ... institutions.
    """

    sources: tuple[str, ...]
    held: Integers
    both: Integers
    found: Integers
    at: Integers

    @classmethod
    def of(cls, study_ids: pd.DataFrame, sources: Sequence[str]) -> Overlap:
        """Count persons by their study IDs.

        Args:
            study_ids: `source, study_id`.
            sources: the institutions.
        """
        source = pd.Categorical(study_ids["source"], categories=list(sources)).codes
        person, persons = pd.factorize(study_ids["study_id"])
        present = np.zeros((len(persons), len(sources)), bool, order="F")
        present[person, source] = True
        number = present.sum(axis=1)
        pairs = combinations(present.T, 2)
        return cls(
            tuple(sources),
            present.sum(axis=0),
            np.array([(a & b).sum() for a, b in pairs], np.int64),
            present[number > 1].sum(axis=0),
            np.bincount(number, minlength=len(sources) + 1)[2:],
        )

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The two institutions of each count in `both`."""
        return tuple(combinations(range(len(self.sources)), 2))


@dataclass(frozen=True)
class ToldOverlap:
    """What is told of an `Overlap`, in its order; None is not told.

    Attributes:
        base: what `found` and `at` are multiples of; 0 if they are not told at all.
    """

    both: Counts
    found: Counts
    at: Counts
    base: int

    @property
    def links(self) -> int:
        """Persons at both of two institutions, summed over what is told: no count of its own."""
        return sum(count or 0 for count in self.both)


def told(overlap: Overlap, smallest: int) -> ToldOverlap:
    """As much as may be told."""
    least = [min(overlap.held[a], overlap.held[b]) for a, b in overlap.pairs]
    both = _rounded(overlap.both, least, smallest)
    attacked = len(overlap.sources) <= MOST_ATTACKED and smallest > 1
    for times in COARSER if attacked or smallest == 1 else COARSER[-1:]:
        base = smallest * times
        out = ToldOverlap(
            both,
            _rounded(overlap.found, overlap.held.tolist(), base),
            _rounded(overlap.at, [None] * len(overlap.at), base),
            base,
        )
        if not attacked or closest(overlap, out, smallest) >= PROTECTION:
            return out
    return ToldOverlap(both, (None,) * len(overlap.found), (None,) * len(overlap.at), 0)


def closest(overlap: Overlap, published: ToldOverlap, smallest: int) -> int:
    """How closely the worst small count can be bounded: the highest less the lowest it may be.

    A small count is one of persons below the smallest cell, or one that all but a few of an
    institution's persons are in. `smallest` if there is none.
    """
    sets = [
        frozenset(chosen)
        for size in range(2, len(overlap.sources) + 1)
        for chosen in combinations(range(len(overlap.sources)), size)
    ]
    rows = [[{a, b} <= chosen for chosen in sets] for a, b in overlap.pairs]
    rows += [[a in chosen for chosen in sets] for a in range(len(overlap.sources))]
    rows += [[len(chosen) == k for chosen in sets] for k in range(2, len(overlap.sources) + 1)]
    counts = np.array(rows, np.float64)
    held = overlap.held
    wholes = np.array([min(held[a], held[b]) for a, b in overlap.pairs] + held.tolist())
    wholes = np.concatenate((wholes, np.full(len(overlap.at), held.sum())))
    true = np.concatenate((overlap.both, overlap.found, overlap.at))
    bases = np.repeat(
        [smallest, published.base, published.base],
        [len(overlap.both), len(overlap.found), len(overlap.at)],
    )
    low = np.array([c or 0 for c in (*published.both, *published.found, *published.at)])
    high = np.where(low + 2 * bases - 1 > wholes, wholes, low + bases - 1)
    agreeing = LinearConstraint(counts, low, high)
    small = np.flatnonzero((true < smallest) | (wholes - true < smallest))
    return min((_width(counts[place], agreeing) for place in small), default=smallest)


def _width(count: NDArray[np.float64], agreeing: LinearConstraint) -> int:
    """The highest value of a count of persons less the lowest, of those that agree."""
    # The counts themselves agree, so there is a solution.
    ends = [solution(sign * count, agreeing, Bounds(0, np.inf)) for sign in (1, -1)]
    least, most = (round(float(count @ end)) for end in ends if end is not None)
    return most - least


def _rounded(counts: Integers, wholes: Sequence[int | None], base: int) -> Counts:
    """Counts as they are told, each with what it is a part of."""
    rounding = Rounding(base)
    return tuple(rounding.count(n, w) for n, w in zip(counts.tolist(), wholes, strict=True))
