"""Which records of a source are students that it sent before.

An institution's ledger never lets a block pass to another student, and what did not change repeats
bit for bit, decoys included. So an entry whose token an earlier record of the same source had is
that same student's, and no filter needs to be kept to tell.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        """Put blocks in order; of a token that stands twice the first holder counts."""
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


def recognise(
    entries: Mapping[str, Blocks], known: Mapping[str, Blocks], least: int
) -> Recognition:
    """Find the members whose blocks a source's records hold again.

    Each member goes to the record that shares most tokens with it; of equals, to the one with the
    lowest shared token.

    Args:
        entries: pass -> the blocks of the source's records.
        known: pass -> the blocks of its members.
        least: how many tokens they must share.
    """
    records, members, tokens = [], [], []
    for name, blocks in entries.items():
        if name in known:
            i, j = shared_tokens(blocks.tokens, known[name].tokens)
            records.append(blocks.holders[i])
            members.append(known[name].holders[j])
            tokens.append(blocks.tokens[i])
    if not sum(map(len, records)):
        none = np.empty(0, np.int64)
        return Recognition(none, none, 0)
    record, member = np.concatenate(records), np.concatenate(members)
    token = np.concatenate(tokens)
    order = np.lexsort((token, member, record))
    record, member, token = record[order], member[order], token[order]
    start = np.flatnonzero((np.diff(record, prepend=-1) != 0) | (np.diff(member, prepend=-1) != 0))
    shared = np.diff(np.append(start, len(record)))
    record, member, token = record[start], member[start], token[start]
    enough = shared >= least
    record, member, token, shared = record[enough], member[enough], token[enough], shared[enough]
    best = np.lexsort((token, -shared, member))
    first = best[np.diff(member[best], prepend=-1) != 0]
    torn = len(member) - len(first)
    order = first[np.lexsort((token[first], -shared[first], record[first]))]
    return Recognition(record[order], member[order], torn)
