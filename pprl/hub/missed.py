"""Matches that no pass found, estimated from those that were.

A pass finds a match if the two records agree on the fields of its blocking key, and no other
student of either institution holds the block. So matches are laid out in *cells*, by which of the
key fields (first name, last name, birth date, ZIP) the two records agree on. Two things are learned
from the matches found:

- how likely a match of a cell is found by a pass that needs no more than the cell's fields: the
  share it finds of the matches that agree on those fields *and* were found by a pass that needs
  another one. Common names, whose blocks are withheld, are among these in their due number.
- how many matches each cell holds: a log-linear model with all interactions of two fields and none
  of three (Bishop, Fienberg and Holland, Discrete Multivariate Analysis, 1975, chapter 6: multiple
  systems and incomplete tables), fitted to the cells in which something can be seen. It says what
  the others hold, such as those who agree on nothing but the ZIP.

A field that is missing agrees with nothing, so that records without birth date lie in the cells of
those who disagree on it; the completeness rates of the manifests say how many there must be at
least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Pass
from pprl.exchange.budget import completeness_noise
from pprl.exchange.manifest import Manifest
from pprl.hub.agreeing import usable

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SEEN = 0.02
"""A cell of which the passes find a smaller share than this tells nothing of its size."""
RIDGE_OF_ONE = 0.01
RIDGE_OF_TWO = 0.05
"""How firmly the logarithms of cell sizes are drawn towards no effect, as inverse variances."""
RIDGE_OF_PART = 4.0
"""How firmly those of a part of the matches are drawn towards those of all."""
ONE_MORE = 20.0
"""How many matches the whole's share of found is worth in a part's."""
SURELY = 7.0
"""Laplace noise exceeds seven times its scale in one of two thousand counts."""
ITERATIONS = 60
MOST_STEP = 2.0


@dataclass(frozen=True, eq=False, repr=False)
class Incidence:
    """How candidates were found: distinct rows, and each candidate's row.

    Two candidates of one cell are alike if, for each cell, both or neither were found by a pass
    that needs no more than its fields, and likewise by another pass.

    Attributes:
        cell: `int64[rows]`, which key fields agree, a bit for each.
        by_those: `bool[rows, cells]`, whether a pass that needs no more than the cell's fields
            found them.
        by_others: `bool[rows, cells]`, whether another pass did.
        row: `int64[n]`, of each candidate.
        open: `bool[cells]`, whether there is a pass that needs no more.
    """

    cell: Integers
    by_those: NDArray[np.bool_]
    by_others: NDArray[np.bool_]
    row: Integers
    open: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        agrees: NDArray[np.bool_],
        found: NDArray[np.uint64],
        passes: Sequence[Pass],
        fields: Sequence[str],
    ) -> Incidence:
        """The rows of candidates.

        Args:
            agrees: `bool[n, fields]`, on which key fields each agrees.
            found: `uint64[n]`, a bit for each pass that found it.
            passes: the passes.
            fields: the key fields, at most five.
        """
        cells = range(1 << len(fields))
        enough = np.array([_passes_for(cell, passes, fields) for cell in cells], np.uint64)
        histories, history = _distinct(found)
        those = (histories[:, None] & enough[None, :]) != 0
        others = (histories[:, None] & ~enough[None, :]) != 0
        signatures, signature = np.unique(
            np.concatenate((those, others), axis=1), axis=0, return_inverse=True
        )
        cell = agrees.astype(np.int64) @ (1 << np.arange(len(fields), dtype=np.int64))
        number = cell * max(1, len(signatures)) + signature.ravel()[history]
        rows = np.flatnonzero(np.bincount(number))
        place = np.zeros(int(number.max(initial=0)) + 1, np.int64)
        place[rows] = np.arange(len(rows))
        own, which = np.divmod(rows, max(1, len(signatures)))
        half = len(enough)
        return cls(
            own,
            signatures[which, :half],
            signatures[which, half:],
            place[number],
            enough != 0,
        )


def _distinct(found: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Integers]:
    """Distinct histories and the place of each candidate's among them."""
    ordered = np.sort(found)
    histories = ordered[np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))]
    return histories, np.searchsorted(histories, found)


@dataclass(frozen=True, eq=False, repr=False)
class Cells:
    """Matches by cell, found and expected.

    Attributes:
        missed: `float64[cells]`, expected matches that no pass found.
        effects: `float64[effects]`, the log-linear model.
        share: `float64[cells]`, the share found by passes that need no more than the cell's fields.
    """

    missed: Floats
    effects: Floats
    share: Floats


class MissedMatches:
    """The estimator for one set of candidates, or any part of it."""

    def __init__(self, incidence: Incidence, completeness: Sequence[float]) -> None:
        """Prepare the sums that every estimate is made of.

        Args:
            incidence: the candidates by cell and passes.
            completeness: for each key field, the share of pairs of records that both have it.
        """
        self._fields = len(completeness)
        cells = np.arange(1 << self._fields)
        within = (incidence.cell[None, :] & cells[:, None]) == cells[:, None]
        here = incidence.cell[None, :] == cells[:, None]
        by_those, by_others = incidence.by_those.T, incidence.by_others.T
        self._here = here.astype(np.float64)
        self._seen = (here & by_those).astype(np.float64)
        self._others = (within & by_others).astype(np.float64)
        self._both = (within & by_others & by_those).astype(np.float64)
        self._open = incidence.open
        self._completeness = np.clip(np.asarray(completeness, np.float64), 0.01, 1 - 1e-9)
        self._design = _effects(cells, self._fields)

    def estimate(self, weight: Floats, whole: Cells | None = None) -> Cells:
        """Expected matches that no pass found.

        Args:
            weight: `float64[rows]`, expected matches in each row of the incidence.
            whole: what holds of all matches, if these are a part of them: the part is drawn to it.
        """
        cells = self._estimates(weight[None, :], whole)
        return Cells(cells.missed[0], cells.effects[0], cells.share[0])

    def drawn(self, weights: Floats) -> Floats:
        """The sums of missed matches for many draws of weights at once.

        Args:
            weights: `float64[draws, rows]`.

        Returns:
            `float64[draws]`.
        """
        total: Floats = self._estimates(weights, None).missed.sum(axis=1)
        return total

    def _estimates(self, weight: Floats, whole: Cells | None) -> Cells:
        """Estimates for several weights at once, a row each."""
        others, both = weight @ self._others.T, weight @ self._both.T
        trust = 1e-3 if whole is None else ONE_MORE
        before = np.where(self._open, 1.0, 0.0) if whole is None else whole.share
        share = np.where(self._open, (both + trust * before) / (others + trust), 0.0)
        seen, here = weight @ self._seen.T, weight @ self._here.T
        effects = self._fitted(seen, share, None if whole is None else whole.effects)
        size = np.exp(np.clip(effects @ self._design.T, -30.0, 30.0))
        missed = np.maximum(size * (1 - share) - (here - seen), 0.0)
        return Cells(missed + self._too_few_without(here + missed), effects, share)

    def _too_few_without(self, held: Floats) -> Floats:
        """What cells lack of the matches that must be without a field: `float64[draws, cells]`.

        At least the share of pairs of records that lack a field disagree on it. What is wanting by
        the field that wants most is laid where those without it were found.
        """
        lacking, most = np.zeros_like(held), np.zeros(len(held))
        for field in range(self._fields):
            with_it = (np.arange(held.shape[1]) >> field & 1).astype(bool)
            complete = self._completeness[field]
            there = held[:, ~with_it].sum(axis=1)
            wanting = held[:, with_it].sum(axis=1) * (1 - complete) / complete - there
            worse = wanting > most
            shares = np.where(with_it, 0.0, held + 1e-9)
            shares /= shares.sum(axis=1, keepdims=True)
            lacking[worse] = (wanting[:, None] * shares)[worse]
            most = np.maximum(most, wanting)
        return lacking

    def _fitted(self, seen: Floats, share: Floats, whole: Floats | None) -> Floats:
        """Effects by Poisson regression of what was seen, Newton's method with ridges.

        Args:
            seen: `float64[draws, cells]`.
            share: `float64[draws, cells]`; a cell of which next to nothing is seen is left out.
            whole: effects that these are drawn to.

        Returns:
            `float64[draws, effects]`.
        """
        told = share > SEEN
        seen, share = np.where(told, seen, 0.0), np.where(told, share, 0.0)
        ridge = np.full(self._design.shape[1], RIDGE_OF_TWO)
        ridge[1 : 1 + self._fields] = RIDGE_OF_ONE
        ridge[0] = 1e-9
        centre = np.zeros(len(ridge))
        if whole is not None:
            ridge[1:], centre = np.maximum(ridge[1:], RIDGE_OF_PART), whole.copy()
        for field in self._never_without(np.asarray(told.any(axis=0), bool)):
            involved = [1 + field, *self._pairs_with(field)]
            centre[involved] = 0.0
            odds = self._completeness[field] / (1 - self._completeness[field])
            centre[1 + field] = np.log(odds)
            ridge[involved] = 1e9
        effects = np.tile(centre, (len(seen), 1))
        effects[:, 0] = np.log(np.maximum(seen.sum(axis=1), 1e-3))
        effects[:, 0] -= centre[1 : 1 + self._fields].sum()
        for _ in range(ITERATIONS):
            expected = share * np.exp(np.clip(effects @ self._design.T, -30.0, 30.0))
            slope = (seen - expected) @ self._design - ridge * (effects - centre)
            curve = np.einsum("ce,dc,cf->def", self._design, expected, self._design)
            step = np.linalg.solve(curve + np.diag(ridge), slope[:, :, None])[:, :, 0]
            longest = np.abs(step).max(axis=1, keepdims=True)
            effects = effects + step * np.minimum(1.0, MOST_STEP / np.maximum(longest, 1e-12))
            if float(longest.max(initial=0.0)) < 1e-6:
                break
        return effects

    def _never_without(self, told: NDArray[np.bool_]) -> list[int]:
        """The key fields without which nothing is ever seen."""
        cells = np.flatnonzero(told)
        return [field for field in range(self._fields) if (cells >> field & 1).all()]

    def _pairs_with(self, field: int) -> list[int]:
        """The columns of the effects of two fields, one of which is this."""
        pairs = list(combinations(range(self._fields), 2))
        return [1 + self._fields + place for place, pair in enumerate(pairs) if field in pair]


def _passes_for(cell: int, passes: Sequence[Pass], fields: Sequence[str]) -> int:
    """A bit for each pass that needs no more than a cell's fields."""
    agreeing = frozenset(field for place, field in enumerate(fields) if cell >> place & 1)
    able = [number for number, item in enumerate(passes) if usable(item, agreeing, fields)]
    return sum(1 << number for number in able)


def _effects(cells: Integers, fields: int) -> Floats:
    """The design: a constant, each field and each two fields: `float64[cells, effects]`."""
    agree = [(cells >> field & 1).astype(np.float64) for field in range(fields)]
    both = [agree[a] * agree[b] for a, b in combinations(range(fields), 2)]
    return np.column_stack([np.ones(len(cells)), *agree, *both])


def both_have(manifests: Sequence[Manifest], fields: Sequence[str]) -> list[float]:
    """For each field, at most this share of pairs of records that are one person both have it.

    From the completeness rates of the manifests, with all that their noise may have taken.
    """
    shares = []
    for field in fields:
        records = have = 0.0
        for manifest in manifests:
            slack = SURELY * completeness_noise(len(manifest.completeness), manifest.epsilon)
            told = manifest.completeness.get(field, 1.0) * manifest.records
            have += min(float(manifest.records), told + slack)
            records += manifest.records
        shares.append((have / records) ** 2)
    return shares
