"""The ledger: which student holds which block, over all submissions of an institution.

Who was the first to be sent with a block keeps it; a block that two students held before either was
sent with it is nobody's for good. So whether a block is a student's never changes from one
submission to the next, and never shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.institution.sorted_digests import places_in

NOBODY = np.uint64(0)
"""The holder of a block that several students held at once."""


@dataclass(frozen=True)
class Ledger:
    """The blocks of one pass that were ever sent or shared under one key and linkage section.

    Attributes:
        tokens: `uint64[n]`, rising.
        holders: `uint64[n]`, the identity of each block's one holder, or `NOBODY`.
    """

    tokens: NDArray[np.uint64]
    holders: NDArray[np.uint64]

    def holder_of(self, tokens: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
        """Which tokens are in the ledger (`bool[m]`), and for whom (`uint64[m]`, 0 where not)."""
        place, known = places_in(self.tokens, tokens)
        holders = np.zeros(len(tokens), np.uint64)
        holders[known] = self.holders[place[known]]
        return known, holders

    def with_entries(self, tokens: NDArray[np.uint64], holders: NDArray[np.uint64]) -> Ledger:
        """This ledger and blocks `uint64[m]`, each with its holder; a known one keeps its own."""
        known, _ = self.holder_of(tokens)
        merged = np.concatenate((self.tokens, tokens[~known]))
        order = np.argsort(merged, kind="stable")
        return Ledger(merged[order], np.concatenate((self.holders, holders[~known]))[order])
