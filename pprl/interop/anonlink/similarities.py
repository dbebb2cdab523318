"""Similar pairs between two datasets of CLKs, as `anonlink.similarities` returns them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from bitarray import bitarray
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.interop.anonlink.candidates import Similarities, floats, numbers, ranks
from pprl.interop.bitarrays import from_bitarrays
from pprl.interop.clks import Clks
from pprl.similarity import SimilarPairs, similar_pairs

Words = NDArray[np.uint64]
Dataset = Sequence[bitarray] | Sequence[bytes] | Words | Clks


def dice_coefficient(
    datasets: Sequence[Dataset], threshold: float, k: int | None = None
) -> Similarities:
    """Pairs whose Dice coefficient, as a float, is at least `threshold`.

    Args:
        datasets: two sequences of bitarrays (or of bytes), of one length; or `Clks`, or filters
            `uint64[n, words]`, which are not converted.
        threshold: a float; 0 or less takes every pair.
        k: of each record of the first dataset, keep only the best so many pairs.

    Returns:
        `(similarities, (records of the first, records of the second))`, the most similar first,
        then in the records' order. Two empty filters have similarity 0.

    Raises:
        UsageError: there are not two datasets, or filters differ in length.
    """
    a, b, _ = _filters(datasets)
    if not len(a) or not len(b) or threshold > 1 or k == 0:
        return _empty()
    if threshold <= 0:
        return _every_pair(a, b, k)
    pairs = similar_pairs(a, b, _floor(threshold), top=k, max_pairs=len(a) * len(b))
    return floats(pairs.similarity), (numbers(pairs.i), numbers(pairs.j))


dice_coefficient_accelerated = dice_coefficient_python = dice_coefficient


def simple_matching_coefficient(
    datasets: Sequence[Dataset], threshold: float, k: int | None = None
) -> Similarities:
    """Pairs that agree in at least a share `threshold` of all bits, set or not.

    With `k`, those that are among the best `k` of both of their records. Otherwise as
    `dice_coefficient`, and sorted with `k` too.
    """
    a, b, bits = _filters(datasets)
    shares = (bits - np.arange(bits + 1)) / max(1, bits)
    near = np.flatnonzero(shares >= threshold)
    if not len(a) or not len(b) or not len(near):
        return _empty()
    found: SimilarPairs = similar_pairs(
        a, b, int(near[-1]), measure="hamming", max_pairs=len(a) * len(b)
    )
    i, j, share = found.i, found.j, shares[found.similarity.astype(np.intp)]
    if k is not None:
        is_best = (ranks(i) < k) & (ranks(j) < k)
        i, j, share = i[is_best], j[is_best], share[is_best]
    return floats(share), (numbers(i), numbers(j))


def _floor(threshold: float) -> Fraction:
    """The least number that rounds to a float of at least `threshold`.

    anonlink rounds each coefficient to a float and then compares. No quotient of two counts of bits
    lies halfway between two floats, so this decides every pair as it does.
    """
    return (Fraction(threshold) + Fraction(math.nextafter(threshold, 0))) / 2


def _every_pair(a: Words, b: Words, k: int | None) -> Similarities:
    """All pairs, or the best `k` of each row of `a`, sorted."""
    ones_a, ones_b = (np.bitwise_count(side).sum(axis=1, dtype=np.int64) for side in (a, b))
    rows, columns, scores = [], [], []
    for row in range(len(a)):
        common = np.bitwise_count(a[row] & b).sum(axis=1, dtype=np.int64)
        score = 2 * common / np.maximum(1, ones_a[row] + ones_b)
        best = np.argsort(-score, kind="stable")[:k]
        rows.append(np.full(len(best), row))
        columns.append(best)
        scores.append(score[best])
    i, j, score = np.concatenate(rows), np.concatenate(columns), np.concatenate(scores)
    order = np.lexsort((j, i, -score))
    return floats(score[order]), (numbers(i[order]), numbers(j[order]))


def _empty() -> Similarities:
    """No pairs."""
    none = np.zeros(0)
    return floats(none), (numbers(none.astype(np.intp)), numbers(none.astype(np.intp)))


def _filters(datasets: Sequence[Dataset]) -> tuple[Words, Words, int]:
    """Both datasets as filters, and their length in bits."""
    if len(datasets) != 2:
        raise UsageError(f"similarities are of two datasets; there are {len(datasets)}.")
    (a, bits_a), (b, bits_b) = map(_converted, datasets)
    if len(a) and len(b) and bits_a != bits_b:
        raise UsageError(f"the datasets' filters differ in length: {bits_a} and {bits_b} bits.")
    return a, b, max(bits_a, bits_b)


def _converted(dataset: Any) -> tuple[Words, int]:
    """One dataset as filters, and their length in bits."""
    if isinstance(dataset, Clks):
        return dataset.filters, dataset.bits
    if isinstance(dataset, np.ndarray):
        return dataset, 64 * dataset.shape[1]
    rows = [row if isinstance(row, bitarray) else _from_bytes(row) for row in dataset]
    return from_bitarrays(rows), len(rows[0]) if rows else 0


def _from_bytes(octets: Any) -> bitarray:
    """A bitarray of some bytes, the highest bit of each first."""
    try:
        content = bytes(octets)
    except TypeError:
        raise UsageError("a filter must be a bitarray, or bytes.") from None
    bits = bitarray(endian="big")
    bits.frombytes(content)
    return bits
