"""Can a submission be told from random bits, or a decoy from a student? Two ways to try.

Statistics whose law under the claim is known give p-values without a second file. A gradient-
boosted classifier (scikit-learn, the extra `audit`) is trained to tell entries of two kinds, with
every bit before it, and judged on entries it has not seen: an area under the curve of 0.5 is
guessing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pprl.agreement import LinkageSection
from pprl.errors import UsageError
from pprl.exchange import Entries, Submission

Bits = NDArray[np.uint8]
Features = NDArray[np.float32]
MOST_ENTRIES = 20_000
MOST_PAIRED = 4_000
MOST_JUDGED = 8_000


@dataclass(frozen=True)
class Area:
    """An area under the receiver's operating curve.

    Attributes:
        value: 0.5 is guessing, 1 is certainty.
        error: its standard error if the claim holds.
    """

    value: float
    error: float

    @property
    def is_guessing(self) -> bool:
        """Whether 0.5 lies within three standard errors."""
        return abs(self.value - 0.5) <= 3 * self.error


def bits_of(filters: NDArray[np.uint64]) -> Bits:
    """`uint8[n, 64 * words]`, one for each bit of filters `uint64[n, words]`."""
    words = np.ascontiguousarray(filters, "<u8")
    return np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")


def p_values(
    submission: Submission, section: LinkageSection, rng: np.random.Generator
) -> Mapping[str, float]:
    """P-values of what is known of random bits; a small one tells the file from them.

    Each of them is of the whole file (Bonferroni over passes and segments).

    Args:
        submission: the submission.
        section: its linkage section.
        rng: draws the entries that are looked at, where a pass has more than `MOST_ENTRIES`.
    """
    found: dict[str, list[float]] = {}
    parts: dict[str, list[tuple[NDArray[np.uint32], Bits]]] = {}
    for linkage_pass in section.passes:
        entries = _some(submission.passes[linkage_pass.name], rng)
        found.setdefault("tokens are uniform", []).append(
            float(stats.kstest(entries.tokens / 2.0**64, "uniform").pvalue)
        )
        order = stats.spearmanr(np.arange(len(entries)), entries.records)
        found.setdefault("order says nothing of records", []).append(float(order.pvalue))
        bits, start = bits_of(entries.filters), 0
        for segment in section.segments_of(linkage_pass):
            part = bits[:, start : start + segment.bits]
            start += segment.bits
            for name, value in _of_segment(part, segment.insertions):
                found.setdefault(name, []).append(value)
            parts.setdefault(segment.name, []).append((entries.records, part))
        found.setdefault("segments of an entry are independent", []).append(_between(bits))
    found["entries of a record are independent"] = [
        _same_records(tables) for tables in parts.values() if len(tables) > 1
    ] or [1.0]
    return {name: min(1.0, len(values) * min(values)) for name, values in found.items()}


def classifier_area(
    one: Features, other: Features, rng: np.random.Generator, most: int = MOST_JUDGED
) -> Area:
    """Train a classifier to tell two kinds of rows, and judge it on rows it has not seen.

    Args:
        one: `float32[n, features]`.
        other: `float32[m, features]`.
        rng: deals the rows out, and draws as many of the larger kind as there are of the smaller.
        most: rows of each kind that are looked at, half of them to learn from.

    Raises:
        UsageError: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise UsageError(
            "The classifier needs scikit-learn: pip install 'pprl-edu[audit]'."
        ) from None
    count = min(len(one), len(other), most)
    if count < 4:
        return Area(0.5, 0.5)
    rows = np.concatenate([side[rng.permutation(len(side))[:count]] for side in (one, other)])
    kind = np.repeat([0, 1], count)
    order = rng.permutation(2 * count)
    learn, judge = order[:count], order[count:]
    model = HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=15, max_features=0.2, max_bins=31, random_state=0
    )
    # Its threads wait for each other in a loop, which is slow where cores are shared.
    with threadpool_limits(1):
        model.fit(rows[learn], kind[learn])
        score = model.predict_proba(rows[judge])[:, 1]
    return area(score[kind[judge] == 1], score[kind[judge] == 0])


def area(positive: NDArray[np.floating], negative: NDArray[np.floating]) -> Area:
    """The area under the curve of scores (Mann and Whitney), and its error under no difference.

    Args:
        positive: `float[n]`, scores of what should score higher.
        negative: `float[m]`.
    """
    n, m = len(positive), len(negative)
    if not n or not m:
        return Area(0.5, 0.5)
    value = float(stats.mannwhitneyu(positive, negative).statistic) / (n * m)
    return Area(value, float(np.sqrt((n + m + 1) / (12 * n * m))))


def features(entries: Entries, records: int) -> Features:
    """What a classifier is shown of each entry: `float32[n, features]`.

    All bits of filter and token, the bits set in each word, what it shares with the entries before
    and behind it in the file, the gaps between tokens, its place and its record's number.
    """
    bits = bits_of(entries.filters)
    count = len(entries)
    tokens = np.ascontiguousarray(entries.tokens, "<u8")
    place = np.arange(count) / max(1, count - 1)
    gaps = np.diff(tokens.astype(np.float64), prepend=0.0) * count / 2.0**64
    near = [
        np.bitwise_count(entries.filters & np.roll(entries.filters, shift, axis=0)).sum(axis=1)
        for shift in (1, -1)
    ]
    return np.column_stack(
        [
            bits,
            np.unpackbits(tokens.view(np.uint8).reshape(count, 8), axis=1),
            np.bitwise_count(entries.filters),
            np.bitwise_count(entries.filters ^ tokens[:, None]),
            *near,
            gaps,
            place,
            entries.records / max(1, records - 1),
        ]
    ).astype(np.float32)


def _of_segment(bits: Bits, insertions: int) -> Iterator[tuple[str, float]]:
    """P-values of the bits of one segment: how many, where, and which together."""
    rows, width = bits.shape
    counts = bits.sum(axis=1, dtype=np.int64)
    yield "every segment has its bits", float((counts == insertions).all())
    share = insertions / width
    variance = share * (1 - share)
    z = (bits.sum(axis=0, dtype=np.int64) - rows * share) / np.sqrt(rows * variance)
    # The counts add up to a constant, so one degree of freedom is gone.
    yield (
        "positions are uniform",
        float(stats.chi2.sf((z**2).sum() * (width - 1) / width, width - 1)),
    )
    centred = bits[:MOST_PAIRED].astype(np.float32) - np.float32(share)
    rows = len(centred)
    together = (centred.T @ centred) / rows
    expected = -variance / (width - 1)
    upper = np.triu_indices(width, 1)
    deviation = (together[upper] - expected) / (variance / np.sqrt(rows))
    yield "positions are independent", _largest(deviation)


def _between(bits: Bits) -> float:
    """P-value of the largest correlation between two bits of different stretches of 128."""
    width = bits.shape[1]
    if width < 128:
        return 1.0
    centred = bits[:MOST_PAIRED].astype(np.float32)
    rows = len(centred)
    centred -= centred.mean(axis=0)
    scale = centred.std(axis=0) + 1e-9
    together = (centred.T @ centred) / rows / np.multiply.outer(scale, scale)
    word = np.arange(width) // 128
    apart = np.triu(word[:, None] != word[None, :])
    return _largest(together[apart] * np.sqrt(rows))


def _same_records(tables: list[tuple[NDArray[np.uint32], Bits]]) -> float:
    """P-value: bits in common of one segment of a record's entries in two passes."""
    worst = 1.0
    pairs = list(itertools.pairwise(tables))
    for (records, bits), (others, other_bits) in pairs:
        _, i, j = np.intersect1d(records, others, return_indices=True)
        if len(i) < 2:
            continue
        share = bits.shape[1]
        insertions = int(bits[0].sum())
        common = (bits[i] & other_bits[j]).sum(axis=1, dtype=np.int64)
        law = stats.hypergeom(share, insertions, insertions)
        z = (common.sum() - len(i) * law.mean()) / np.sqrt(len(i) * law.var())
        worst = min(worst, float(2 * stats.norm.sf(abs(z))))
    return min(1.0, worst * max(1, len(pairs)))


def _largest(deviations: NDArray[np.floating]) -> float:
    """P-value of the largest of many standard normal deviations (Bonferroni)."""
    if not deviations.size:
        return 1.0
    return float(min(1.0, 2 * stats.norm.sf(np.abs(deviations).max()) * deviations.size))


def _some(entries: Entries, rng: np.random.Generator) -> Entries:
    """So many entries at most, in their order."""
    if len(entries) <= MOST_ENTRIES:
        return entries
    rows = np.sort(rng.choice(len(entries), MOST_ENTRIES, replace=False))
    return Entries(entries.tokens[rows], entries.records[rows], entries.filters[rows])
