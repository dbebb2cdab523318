"""Counting: what repeats in encodings that were not made against it.

Frequent block tokens are aligned with frequent values (Vidanage et al., "A privacy attack on
multiple dynamic match-key based privacy-preserving record linkage", IJPDS 2020); bits that are set
together betray frequent tokens of names (Christen, Vidanage, Ranbaduge and Schnell, "Pattern-mining
based cryptanalysis of Bloom filters for privacy-preserving record linkage", PAKDD 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from pprl.audit.distinguisher import bits_of

TOGETHER = 0.9
FEWEST_BITS = 3


def aligned_by_frequency(
    tokens: NDArray[np.uint64], values: NDArray[np.integer]
) -> tuple[NDArray[np.uint64], NDArray[np.integer]]:
    """Guess the value behind each token that repeats: the n-th commonest token is the n-th value.

    Tokens and values that occur once are left out: their order says nothing. Where several have one
    count the order among them is arbitrary, and is that of their numbers.

    Args:
        tokens: `uint64[n]`, one for each entry of a pass.
        values: `int[m]`, the block value of each plaintext student.

    Returns:
        tokens `uint64[k]` and the values `int[k]` guessed for them.
    """
    ranked = []
    for items in (tokens, values):
        distinct, counts = np.unique(items, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        ranked.append(distinct[order][counts[order] > 1])
    most = min(map(len, ranked))
    return ranked[0][:most], ranked[1][:most]


def comparable_within(
    tokens: Sequence[NDArray[np.uint64]], records: Sequence[NDArray[np.integer]], count: int
) -> NDArray[np.int64]:
    """How many other records of one submission each record shares a block with: `int64[count]`.

    Args:
        tokens: for each pass, `uint64[n]`.
        records: for each pass, the record of each entry.
        count: the records of the submission.
    """
    found = []
    for token, record in zip(tokens, records, strict=True):
        order = np.argsort(token, kind="stable")
        token, record = token[order], np.asarray(record, np.int64)[order]
        apart = 1
        while True:
            same = np.flatnonzero(token[apart:] == token[:-apart])
            if not len(same):
                break
            found.append(pair_numbers(record[same], record[same + apart], count))
            apart += 1
    return neighbours(np.concatenate([np.empty(0, np.int64), *found]), count)


def pair_numbers(a: NDArray[np.int64], b: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """A number for each pair of records, whichever comes first: `int64[n]`.

    Args:
        a: `int64[n]`, a record of each pair.
        b: `int64[n]`, the other one.
        count: the records that there are.
    """
    return np.minimum(a, b) * count + np.maximum(a, b)


def neighbours(pairs: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How many other records each record is in a pair with: `int64[count]`.

    Args:
        pairs: as `pair_numbers` numbers them, each any number of times.
        count: the records that there are.
    """
    a, b = np.divmod(np.unique(pairs), max(1, count))
    both = np.concatenate((a[a != b], b[a != b]))
    return np.bincount(both, minlength=count).astype(np.int64)


def bit_patterns(filters: NDArray[np.uint64], fewest: int = FEWEST_BITS) -> list[NDArray[np.int64]]:
    """Sets of bit positions that are nearly always set together, the commonest first.

    In a classical filter they are the positions of one frequent token that no other frequent token
    shares. In random bits there are none.

    Args:
        filters: `uint64[n, words]`, one a record.
        fewest: positions that make a pattern.
    """
    bits = bits_of(filters).astype(np.float32)
    ones = bits.sum(axis=0)
    both = bits.T @ bits
    either = ones[:, None] + ones[None, :] - both
    # A bit that is always set, or hardly ever, goes together with anything.
    usual = (ones >= 5) & (ones <= 0.95 * len(bits))
    together = (both >= TOGETHER * np.maximum(either, 1)) & usual[:, None] & usual[None, :]
    _, label = connected_components(csr_array(together), directed=False)
    sizes = np.bincount(label)
    patterns = [np.flatnonzero(label == group) for group in np.flatnonzero(sizes >= fewest)]
    return sorted(patterns, key=lambda p: (-float(ones[p].mean()), int(p[0])))
