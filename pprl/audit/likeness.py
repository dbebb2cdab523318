"""How alike records look: matrices of similarities, which graph matching lives on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import LinkageSection
from pprl.audit.distinguisher import bits_of
from pprl.exchange import Submission

Matrix = NDArray[np.float32]
_TILE = 1024


def dice_matrix(filters: NDArray[np.uint64]) -> Matrix:
    """The Dice similarities of classical filters: `float32[n, n]`.

    Args:
        filters: `uint64[n, words]`, one a record.
    """
    bits = bits_of(filters).astype(np.float32)
    ones = bits.sum(axis=1)
    out = np.empty((len(bits), len(bits)), np.float32)
    for start in range(0, len(bits), _TILE):
        tile = slice(start, start + _TILE)
        out[tile] = 2 * (bits[tile] @ bits.T) / np.maximum(1, ones[tile, None] + ones)
    return out


def record_likeness(
    submission: Submission, section: LinkageSection, records: NDArray[np.int64]
) -> Matrix:
    """How alike records of one submission look: the mean share of bits that their entries share.

    Args:
        submission: the submission.
        section: its linkage section.
        records: `int64[k]`, the records to compare.

    Returns:
        `float32[k, k]`.
    """
    out = np.zeros((len(records), len(records)), np.float32)
    for linkage_pass in section.passes:
        entries = submission.passes[linkage_pass.name]
        order = np.argsort(entries.records, kind="stable")
        first = order[np.searchsorted(entries.records[order], records)]
        bits = bits_of(entries.filters[first]).astype(np.float32)
        out += bits @ bits.T / np.float32(max(1.0, float(bits.sum(axis=1).mean())))
    return (out / np.float32(max(1, len(section.passes)))).astype(np.float32)
