"""The ledger: which student holds which block, over all submissions of an institution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ledger:
    """The blocks of one pass that were ever sent under one key and linkage section.

    Attributes:
        tokens: `uint64[n]`, rising.
        holders: `uint64[n]`, the identity of each block's one holder.
    """

    tokens: NDArray[np.uint64]
    holders: NDArray[np.uint64]

    def holder_of(self, tokens: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.uint64]]:
        """Which tokens were ever sent (`bool[m]`), and for whom (`uint64[m]`, 0 where not)."""
        place = np.searchsorted(self.tokens, tokens)
        place[place == len(self.tokens)] = 0
        if not len(self.tokens):
            return np.zeros(len(tokens), bool), np.zeros(len(tokens), np.uint64)
        known = self.tokens[place] == tokens
        return known, np.where(known, self.holders[place], np.uint64(0))

    def with_entries(self, tokens: NDArray[np.uint64], holders: NDArray[np.uint64]) -> Ledger:
        """This ledger and further blocks; a block already in it keeps its holder."""
        known, _ = self.holder_of(tokens)
        merged = np.concatenate((self.tokens, tokens[~known]))
        order = np.argsort(merged, kind="stable")
        return Ledger(merged[order], np.concatenate((self.holders, holders[~known]))[order])
