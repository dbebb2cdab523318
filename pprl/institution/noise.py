"""Noise for the few counts that a manifest publishes, so that no student shows in them.

A count plus discrete Laplace noise of scale `sensitivity / epsilon` is epsilon-differentially
private (Ghosh, Roughgarden and Sundararajan, STOC 2009). The sampler is the exact one of Canonne,
Kamath and Steinke (NeurIPS 2020, algorithm 2): integers only, no floating-point tails.

The random bits come from a PRF over the true counts under the institution's secret: the same counts
always get the same noise, so that repeating a submission cannot average it away; other counts, or
another scale, get independent noise.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from fractions import Fraction


class KeyedBits:
    """An endless stream of uniform integers below given bounds, fixed by a key and a label."""

    def __init__(self, key: bytes, label: str) -> None:
        """Start the stream that belongs to `label`."""
        self._key = hmac.digest(key, label.encode("utf-8"), "sha256")
        self._counter = 0
        self._pool = 0
        self._left = 0

    def below(self, bound: int) -> int:
        """A uniform integer from 0 to `bound - 1`, by rejection."""
        bits = (bound - 1).bit_length()
        while True:
            while self._left < bits:
                block = hmac.digest(self._key, self._counter.to_bytes(8, "little"), "sha256")
                self._pool |= int.from_bytes(block, "little") << self._left
                self._left += 256
                self._counter += 1
            value = self._pool & ((1 << bits) - 1)
            self._pool >>= bits
            self._left -= bits
            if value < bound:
                return value

    def happens(self, probability: Fraction) -> bool:
        """True with a probability between 0 and 1."""
        return self.below(probability.denominator) < probability.numerator


def discrete_laplace(scale: Fraction, bits: KeyedBits) -> int:
    """An integer `x` with probability proportional to `exp(-abs(x) / scale)`."""
    s, t = scale.denominator, scale.numerator
    while True:
        u = bits.below(t)
        if not _happens_exp(Fraction(u, t), bits):
            continue
        v = 0
        while _happens_exp(Fraction(1), bits):
            v += 1
        magnitude = (u + t * v) // s
        negative = bits.below(2) == 1
        if not (negative and magnitude == 0):
            return -magnitude if negative else magnitude


def noised(
    counts: Sequence[int], sensitivity: int, epsilon: float, key: bytes, label: str
) -> list[int]:
    """Counts with discrete Laplace noise, none below 0.

    Args:
        counts: the true counts.
        sensitivity: by how much, summed over the counts, replacing one student can change them.
        epsilon: privacy-loss budget of these counts together.
        key: the institution's key for noise.
        label: what is counted; no two calls under one key may share label and counts unless the
            counts are of the same thing.
    """
    scale = Fraction(sensitivity) / Fraction(str(epsilon))
    bits = KeyedBits(key, json.dumps([label, str(scale), list(counts)]))
    return [max(0, count + discrete_laplace(scale, bits)) for count in counts]


def _happens_exp(gamma: Fraction, bits: KeyedBits) -> bool:
    """True with probability `exp(-gamma)`, for `gamma` from 0 to 1 (algorithm 1)."""
    k = 1
    while bits.happens(gamma / k):
        k += 1
    return k % 2 == 1
