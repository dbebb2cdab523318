"""Similar pairs, slow and obvious: two loops, whole numbers and fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from pprl.filters import Words
from pprl.similarity import SimilarPairs

Listing = list[tuple[int, int, float]]


def scan(
    a: Words, b: Words | None, threshold: str, measure: str = "dice", top: int | None = None
) -> Listing:
    """What `similar_pairs` must give."""
    ours = [int.from_bytes(row.tobytes(), "little") for row in a]
    theirs = ours if b is None else [int.from_bytes(row.tobytes(), "little") for row in b]
    pairs = [
        (i, j, value)
        for i, one in enumerate(ours)
        for j, other in enumerate(theirs)
        if b is not None or i < j
        for value in [compared(one, other, measure)]
        if (value <= Fraction(threshold) if measure == "hamming" else value >= Fraction(threshold))
    ]
    pairs.sort(key=lambda pair: (pair[2] if measure == "hamming" else -pair[2], pair[0], pair[1]))
    if top is not None:
        pairs = best_of_each(pairs, top, is_self_join=b is None)
    return [(i, j, float(value)) for i, j, value in pairs]


def compared(one: int, other: int, measure: str) -> Fraction:
    """Similarity, or distance, of two filters."""
    common, total = (one & other).bit_count(), one.bit_count() + other.bit_count()
    if measure == "hamming":
        return Fraction(total - 2 * common)
    if not one or not other:
        return Fraction(0)
    return Fraction(2 * common, total) if measure == "dice" else Fraction(common, total - common)


def best_of_each(
    pairs: list[tuple[int, int, Fraction]], top: int, *, is_self_join: bool
) -> list[tuple[int, int, Fraction]]:
    """The pairs among the first `top` of a row, one row after the other."""
    scores = dict.fromkeys(score for _, _, score in pairs)
    rank = {score: place for place, score in enumerate(scores)}
    of_row: dict[int, list[tuple[int, int, Fraction]]] = {}
    for pair in pairs:
        for row in pair[: 2 if is_self_join else 1]:
            of_row.setdefault(row, []).append(pair)
    kept = set()
    for row, own in of_row.items():
        own.sort(key=lambda pair: (rank[pair[2]], sum(pair[:2]) - row))
        kept.update(own[:top])
    return [pair for pair in pairs if pair in kept]


def listed(pairs: SimilarPairs) -> Listing:
    """The pairs as a list."""
    return list(zip(*(column.tolist() for column in pairs), strict=True))


def made(rows: int, words: int, rng: np.random.Generator, *, density: float | None = None) -> Words:
    """Random filters, each with a density of its own unless one is given; one of them empty."""
    wanted = rng.random((rows, 1)) if density is None else density
    bits = rng.random((rows, 64 * words)) < wanted
    bits[rows // 2 : rows // 2 + 1] = False
    return np.packbits(bits, axis=1).view(np.uint64).reshape(rows, words)


def spoilt(filters: Words, rng: np.random.Generator, *, share: float = 0.1) -> Words:
    """The filters with a share of their bits turned over."""
    return filters ^ made(len(filters), filters.shape[1], rng, density=share)
