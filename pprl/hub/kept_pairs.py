"""The pairs of passes between the two sweeps of a linking: compared, not yet combined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from pprl.hub.comparison import PassPairs
from pprl.hub.ranges import Cut

Place = tuple[int, int]
"""The number of a pass and of one of its ranges of tokens."""


class KeptPairs(Protocol):
    """Where pairs are kept.

    Attributes:
        cut: how the linking is cut.
    """

    cut: Cut

    def holds(self, place: Place) -> bool:
        """Whether the pairs of a range of tokens are there."""

    def keep(self, place: Place, pairs: PassPairs) -> None:
        """Keep the pairs of a range of tokens; called in several threads."""

    def pieces(self, number: int, record_range: int) -> Iterator[PassPairs]:
        """The pairs of a pass in one range of records, a piece for each range of tokens."""


class PairsInMemory:
    """Pairs in memory, uncut."""

    def __init__(self, cut: Cut) -> None:
        """Hold none."""
        self.cut = cut
        self._held: dict[Place, PassPairs] = {}

    def holds(self, place: Place) -> bool:
        """Whether they are there."""
        return place in self._held

    def keep(self, place: Place, pairs: PassPairs) -> None:
        """Hold them."""
        self._held[place] = pairs

    def pieces(self, number: int, record_range: int) -> Iterator[PassPairs]:
        """All pairs of a pass: there is one range of records."""
        for part in range(len(self.cut.starts[number])):
            yield self._held[number, part]


def joined(pieces: Sequence[PassPairs]) -> PassPairs:
    """Pieces as one, at least one of them."""
    if len(pieces) == 1:
        return pieces[0]
    columns = zip(*(vars(piece).values() for piece in pieces), strict=True)
    return PassPairs(*map(np.concatenate, columns))
