"""Which records of a source are students that it sent before.

An institution's ledger never lets a block pass to another student, and what did not change repeats
bit for bit, decoys included. So an entry whose token an earlier record of the same source had is
that same student's, and no filter needs to be kept to tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.hub.candidates import shared_tokens

LEAST_SHARED = 1 / 8
"""Share of its tokens in which a record must be like a student sent before to be that student. One
token would do; this is for the case that a state was lost, and with it the ledger."""


def least_shared(entries: int, records: int) -> int:
    """How many tokens a record must share, where so many records have so many entries."""
    return max(1, int(LEAST_SHARED * entries / max(1, records)))


@dataclass(frozen=True, eq=False, repr=False)
class Blocks:
    """The blocks of one source in one pass.

    Attributes:
        tokens: `uint64[n]`, rising, blinded.
        holders: `int64[n]`, records or members.
    """

    tokens: NDArray[np.uint64]
    holders: NDArray[np.int64]

    @classmethod
    def of(cls, tokens: NDArray[np.uint64], holders: NDArray[np.int64]) -> Blocks:
        """Put blocks `[n]` in order; of a token that stands twice the first holder counts."""
        distinct, first = np.unique(tokens, return_index=True)
        return cls(distinct, holders[first])


@dataclass(frozen=True, eq=False, repr=False)
class Recognition:
    """Which students of a source are met again.

    Attributes:
        record: `int64[m]`, records, one row for each member that is met again.
        member: `int64[m]`, the member, each once. The first row of a record is the member that it
            is; further rows are members that were found to be the same student by the source.
        torn: members that records other than their own share tokens with.
    """

    record: NDArray[np.int64]
    member: NDArray[np.int64]
    torn: int


def recognise(passes: Iterable[tuple[Blocks, Blocks]], least: int) -> Recognition:
    """Find the members whose blocks a source's records hold again.

    Each member goes to the record that shares most tokens with it; of equals, to the one with the
    lowest shared token.

    Args:
        passes: for each pass, the blocks of the source's records and those of its members.
        least: how many tokens they must share.
    """
    record = member = shared = np.empty(0, np.int64)
    token = np.empty(0, np.uint64)
    for blocks, known in passes:
        i, j = shared_tokens(blocks.tokens, known.tokens)
        record = np.concatenate((record, blocks.holders[i]))
        member = np.concatenate((member, known.holders[j]))
        token = np.concatenate((token, blocks.tokens[i]))
        shared = np.concatenate((shared, np.ones(len(i), np.int64)))
        if not len(record):
            continue
        # Summed up after each pass, so that no more than one pass is held at a time.
        order = np.lexsort((member, record))
        record, member = record[order], member[order]
        start = np.flatnonzero(
            (np.diff(record, prepend=-1) != 0) | (np.diff(member, prepend=-1) != 0)
        )
        record, member = record[start], member[start]
        token = np.minimum.reduceat(token[order], start)
        shared = np.add.reduceat(shared[order], start)
    enough = shared >= least
    record, member, token, shared = record[enough], member[enough], token[enough], shared[enough]
    best = np.lexsort((token, -shared, member))
    first = best[np.diff(member[best], prepend=-1) != 0]
    torn = len(member) - len(first)
    order = first[np.lexsort((token[first], -shared[first], record[first]))]
    return Recognition(record[order], member[order], torn)
