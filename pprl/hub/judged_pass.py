"""A pass as it was judged: its model, and what that says of each pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Pass
from pprl.agreement.levels import LEVELS, Comparison
from pprl.hub.model import PassModel, match_weights
from pprl.hub.patterns import places_among

Column = tuple[str, ...]
"""The attributes that a model judges together: one, or two names."""


@dataclass(frozen=True, eq=False, repr=False)
class JudgedPass:
    """One pass with its model, without its pairs.

    Patterns are ranked by what they say, within each pair of sources, so that a pair's verdict is
    one small number.

    Attributes:
        linkage_pass: the pass.
        comparison: how its pairs were compared.
        columns: the attributes that the model judges, each alone or two names as one.
        model: what was learned.
        patterns: `int64[groups, p]`, the pattern of each rank.
        table: `float64[groups, p]`, its log-odds, rising.
    """

    linkage_pass: Pass
    comparison: Comparison
    columns: tuple[Column, ...]
    model: PassModel
    patterns: NDArray[np.int64]
    table: NDArray[np.float64]

    def ranks(self, group: NDArray[np.int32], pattern: NDArray[np.int64]) -> NDArray[np.int32]:
        """The ranks of pairs: `int32[n]`; their log-odds are `table[group, rank]`.

        Args:
            group: `int32[n]`, the pair of sources of each.
            pattern: `int64[n]`, patterns that were counted.
        """
        known, rank = self._rank_of
        found: NDArray[np.int32] = rank[group, places_among(known, pattern)]
        return found

    @cached_property
    def _rank_of(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The patterns `int64[p]`, rising, and the rank of each: `int32[groups, p]`."""
        order = np.argsort(self.patterns, axis=1)
        return np.take_along_axis(self.patterns, order, axis=1)[0], order.astype(np.int32)

    def levels(self, group: int, rank: int) -> dict[str, str]:
        """The levels of a pattern, by attribute."""
        pattern = self.patterns[group, rank : rank + 1]
        names = self.comparison.attributes
        row = self.comparison.levels_of(pattern)[0].tolist()
        return {name: LEVELS[name][level] for name, level in zip(names, row, strict=True)}

    def bits(self, group: int, rank: int) -> dict[Column, float]:
        """What the block and each column say of a pattern, in bits; the block is the column ()."""
        names = self.comparison.attributes
        levels = self.comparison.levels_of(self.patterns[group, rank : rank + 1])
        row = column_levels(levels, names, self.columns)[0].tolist()
        share = float(self.model.share[group])
        told: dict[Column, float] = {(): float(np.log2(share) - np.log2(1 - share))}
        for column, level, m, u in zip(self.columns, row, self.model.m, self.model.u, strict=True):
            told[column] = float(match_weights(m, u)[level] / np.log(2))
        return told


def column_levels(
    levels: NDArray[np.int8], attributes: Sequence[str], columns: Sequence[Column]
) -> NDArray[np.int8]:
    """The levels of each column: `int8[p, columns]`, those of two attributes numbered as one.

    Args:
        levels: `int8[p, attributes]`.
        attributes: the attributes of `levels`.
        columns: from `columns_of`.
    """
    out = np.zeros((len(levels), len(columns)), np.int8)
    for place, column in enumerate(columns):
        for name in column:
            out[:, place] = out[:, place] * len(LEVELS[name]) + levels[:, attributes.index(name)]
    return out
