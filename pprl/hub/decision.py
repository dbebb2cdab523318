"""Deciding from which probability on pairs are accepted, from an estimated curve."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.errors import UsageError

Floats = NDArray[np.float64]

THRESHOLD = 0.5
LOWEST = 0.05
"""No objective accepts pairs less likely than this."""
DOUBTFUL_ODDS = 9.0
"""A pair is doubtful if its odds are within this factor of the threshold's."""

_BOUND = re.compile(r"(precision|recall)\s*>=\s*(0?\.\d+|1(?:\.0*)?|0)")


@dataclass(frozen=True)
class Decision:
    """From which probability on pairs are accepted, and why.

    Attributes:
        threshold: the least probability accepted.
        objective: what it was chosen for: "f1", "precision>=0.99", "recall>=0.95", or "threshold"
            if it was given.
    """

    threshold: float
    objective: str = "threshold"

    @property
    def doubtful(self) -> tuple[float, float]:
        """The band in which a closer look pays: odds within a factor of nine of the threshold's.

        At the threshold 0.5 it reaches from 0.1 to 0.9.
        """
        odds = self.threshold / max(1 - self.threshold, 1e-12)
        low, high = odds / DOUBTFUL_ODDS, odds * DOUBTFUL_ODDS
        return low / (1 + low), high / (1 + high)


@dataclass(frozen=True)
class Objective:
    """What a threshold is chosen for.

    Attributes:
        kind: "threshold", "f1", "precision" or "recall".
        bound: the threshold itself, or the least precision or recall; 0 for "f1".
    """

    kind: str
    bound: float

    @classmethod
    def of(cls, objective: str | float) -> Objective:
        """Read a number, "f1", "precision>=0.99" or "recall>=0.95".

        Raises:
            UsageError: it is none of these, or a threshold not above 0 and at most 1.
        """
        if isinstance(objective, str):
            if objective.strip() == "f1":
                return cls("f1", 0.0)
            match = _BOUND.fullmatch(objective.strip())
            if match is None:
                raise UsageError(
                    f"{objective!r} is no objective. Give a threshold such as 0.5, "
                    '"f1", "precision>=0.99" or "recall>=0.95".'
                )
            return cls(match[1], float(match[2]))
        if not 0 < objective <= 1:
            raise UsageError(f"threshold must be above 0 and at most 1, not {objective}.")
        return cls("threshold", float(objective))

    def __str__(self) -> str:
        """The text that `of` reads; "threshold" for a number."""
        return self.kind if self.kind in ("f1", "threshold") else f"{self.kind}>={self.bound:g}"


@dataclass(frozen=True, eq=False)
class Curve:
    """What every threshold would bring, as far as the probabilities tell.

    Attributes:
        threshold: `float64[n]`, falling: the distinct probabilities of the pairs that the
            one-record rule allows.
        precision: `float64[n]`, expected, of the pairs at or above it.
        recall: `float64[n]`, expected.
    """

    threshold: Floats
    precision: Floats
    recall: Floats

    @classmethod
    def of(cls, allowed: Floats, matches: float) -> Curve:
        """The curve of pairs with these probabilities.

        Args:
            allowed: `float64[n]`, probabilities of the pairs that the one-record rule allows.
            matches: all expected matches, those that no pass found included.
        """
        falling = -np.sort(-allowed)
        correct = np.cumsum(falling)
        last = np.flatnonzero(np.diff(falling, append=-1.0))
        return cls(falling[last], correct[last] / (last + 1), correct[last] / max(matches, 1e-12))

    @property
    def f1(self) -> Floats:
        """`float64[n]`, the harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / np.maximum(self.precision + self.recall, 1e-12)

    def decide(self, objective: Objective) -> Decision:
        """The threshold that serves an objective best.

        "f1" takes the highest expected F1; "precision" the lowest threshold whose expected
        precision reaches the bound, for that finds most; "recall" the highest whose expected recall
        does, for that errs least.

        Raises:
            UsageError: no threshold reaches the bound; the message says how near one comes.
        """
        if objective.kind == "threshold":
            return Decision(objective.bound)
        if not len(self.threshold):
            return Decision(THRESHOLD, str(objective))
        if objective.kind == "f1":
            return Decision(float(self.threshold[int(np.argmax(self.f1))]), str(objective))
        reached = self.precision if objective.kind == "precision" else self.recall
        enough = np.flatnonzero(reached >= objective.bound)
        if not len(enough):
            nearest = math.floor(float(reached.max()) * 1e4) / 1e4
            raise UsageError(
                f"No threshold reaches {objective}: the highest expected {objective.kind} is "
                f"{nearest:.4f}. Ask for less."
            )
        place = enough[-1] if objective.kind == "precision" else enough[0]
        return Decision(float(self.threshold[place]), str(objective))
