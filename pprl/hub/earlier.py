"""Earlier files: students whom an institution sent before and sends no longer.

Whoever left a district last year and is at a college now is in no two of this year's files. The
district's earlier match file still holds the record: its entries are added to this year's file, as
records after this year's own. That compares nobody who could not be compared before, because no
block of an institution ever passes to another student: the cap of one holds over all its files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pprl.exchange import Entries, Submission
from pprl.exchange.spool import Spool
from pprl.hub.candidates import shared_tokens
from pprl.hub.registry.recognition import least_shared

TILE = 1 << 16


def with_departed(
    submission: Submission, earlier: Sequence[Submission], spool: Spool | None = None
) -> Submission:
    """A submission, and the records of earlier ones that it does not repeat.

    Args:
        submission: this year's.
        earlier: those that the institution sent before, in any order; of a record that several
            hold, the one with the highest sequence number counts.
        spool: where the entries of both together are kept; in memory if not given.

    Raises:
        SubmissionError: the spool's disk is full.
    """
    for older in sorted(earlier, key=lambda item: -item.manifest.sequence):
        submission = _joined(submission, older, spool)
    return submission


def _joined(newer: Submission, older: Submission, spool: Spool | None) -> Submission:
    """Two submissions of one institution as one."""
    shared = np.zeros(older.records, np.int64)
    for name, entries in older.passes.items():
        _, repeated = shared_tokens(newer.passes[name].tokens, entries.tokens)
        shared += np.bincount(entries.records[repeated], minlength=older.records)
    departed = shared < least_shared(sum(map(len, older.passes.values())), older.records)
    number = newer.records - 1 + np.cumsum(departed)
    records = newer.records + int(departed.sum())
    passes = {}
    for name, entries in newer.passes.items():
        passes[name] = _merged(entries, older.passes[name], departed, number, spool)
        newer.let_go()
        older.let_go()
    manifest = dataclasses.replace(newer.manifest, records=records)
    files = newer.files if spool is None else spool.views
    return dataclasses.replace(newer, manifest=manifest, passes=passes, files=files)


def _merged(
    newer: Entries,
    older: Entries,
    departed: NDArray[np.bool_],
    number: NDArray[np.int64],
    spool: Spool | None,
) -> Entries:
    """The entries of one pass; a block that both hold stays with the newer record."""
    chosen = departed[older.records]
    _, repeated = shared_tokens(newer.tokens, older.tokens)
    chosen[repeated] = False
    added = np.flatnonzero(chosen)
    tokens = np.concatenate((newer.tokens, older.tokens[added]))
    order = np.argsort(tokens, kind="stable")
    records = np.concatenate((newer.records, number[older.records[added]].astype(np.uint32)))
    words = newer.filters.shape[1]

    def filters() -> Iterator[NDArray[np.uint64]]:
        for start in range(0, len(order), TILE):
            place = order[start : start + TILE]
            is_newer = place < len(newer)
            tile = np.empty((len(place), words), np.uint64)
            tile[is_newer] = newer.filters[place[is_newer]]
            tile[~is_newer] = older.filters[added[place[~is_newer] - len(newer)]]
            yield tile

    if spool is not None:
        return spool.keep_pieces(tokens[order], records[order], filters(), words)
    whole = np.concatenate([np.empty((0, words), np.uint64), *filters()])
    return Entries(tokens[order], records[order], whole)
