"""How good the links are, told without truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Quality:
    """What the probabilities say of the accepted pairs.

    Attributes:
        expected_precision: the mean probability of the accepted pairs, 0 to 1.
        expected_recall: expected matches among them over all expected matches, those that no pass
            found included, 0 to 1.
        expected_matches: expected matches among all candidates.
        unseen_matches: expected matches that no pass found (Chao's lower bound).
    """

    expected_precision: float
    expected_recall: float
    expected_matches: float
    unseen_matches: float

    @property
    def expected_f1(self) -> float:
        """The harmonic mean of both."""
        total = self.expected_precision + self.expected_recall
        return 2 * self.expected_precision * self.expected_recall / total if total else 0.0


def estimate(
    probability: Floats, passes: NDArray[np.int64], accepted: NDArray[np.bool_]
) -> Quality:
    """Estimate precision and recall from probabilities and from how many passes found each match.

    Matches found once and twice tell of those never found: `f1 * (f1 - 1) / (2 * (f2 + 1))`, the
    bias-corrected lower bound of Chao (Biometrics 43, 1987), each pair counted with its
    probability. It assumes that passes miss matches independently of each other; where many
    records lack the fields of most passes it says too little.

    Args:
        probability: `float64[n]`, of each candidate pair.
        passes: `int64[n]`, how many passes found it.
        accepted: `bool[n]`.
    """
    once = float(probability[passes == 1].sum())
    twice = float(probability[passes == 2].sum())
    unseen = max(0.0, once * (once - 1) / (2 * (twice + 1)))
    seen, taken = float(probability.sum()), float(probability[accepted].sum())
    return Quality(
        expected_precision=taken / int(accepted.sum()) if accepted.any() else 0.0,
        expected_recall=taken / (seen + unseen) if seen else 0.0,
        expected_matches=seen,
        unseen_matches=unseen,
    )
