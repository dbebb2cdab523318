"""Earlier files: students whom an institution sent before and sends no longer.

Whoever left a district last year and is at a college now is in no two of this year's files. The
district's earlier match file still holds the record: its entries are added to this year's file, as
records after this year's own. That compares nobody who could not be compared before, because no
block of an institution ever passes to another student: the cap of one holds over all its files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pprl.exchange import Entries, Submission
from pprl.hub.candidates import shared_tokens
from pprl.hub.registry.recognition import least_shared


def with_departed(submission: Submission, earlier: Sequence[Submission]) -> Submission:
    """A submission, and the records of earlier ones that it does not repeat.

    Args:
        submission: this year's.
        earlier: those that the institution sent before, in any order; of a record that several
            hold, the one with the highest sequence number counts.
    """
    for older in sorted(earlier, key=lambda item: -item.manifest.sequence):
        submission = _joined(submission, older)
    return submission


def _joined(newer: Submission, older: Submission) -> Submission:
    """Two submissions of one institution as one."""
    shared = np.zeros(older.records, np.int64)
    for name, entries in older.passes.items():
        _, repeated = shared_tokens(newer.passes[name].tokens, entries.tokens)
        shared += np.bincount(entries.records[repeated], minlength=older.records)
    departed = shared < least_shared(sum(map(len, older.passes.values())), older.records)
    number = newer.records - 1 + np.cumsum(departed)
    records = newer.records + int(departed.sum())
    passes: Mapping[str, Entries] = {
        name: _merged(entries, older.passes[name], departed, number)
        for name, entries in newer.passes.items()
    }
    manifest = dataclasses.replace(newer.manifest, records=records)
    return dataclasses.replace(newer, manifest=manifest, passes=passes)


def _merged(
    newer: Entries, older: Entries, departed: NDArray[np.bool_], number: NDArray[np.int64]
) -> Entries:
    """The entries of one pass; a block that both hold stays with the newer record."""
    chosen = departed[older.records]
    _, repeated = shared_tokens(newer.tokens, older.tokens)
    chosen[repeated] = False
    tokens = np.concatenate((newer.tokens, older.tokens[chosen]))
    order = np.argsort(tokens, kind="stable")
    records = np.concatenate((newer.records, number[older.records[chosen]].astype(np.uint32)))
    filters = np.concatenate((newer.filters, older.filters[chosen]))
    return Entries(tokens[order], records[order], filters[order])
