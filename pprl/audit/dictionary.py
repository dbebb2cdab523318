"""Guessing with the key: what one institution and the hub together could do, and at what cost.

Who holds the linkage key and the submissions can encode a guessed student and look whether its
block tokens are there. Nothing in the encoding prevents that; it can only be made dear, or the key
be kept where nobody can use it alone (`docs/decisions`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EUROS_A_CORE_HOUR = 0.05
"""What an hour of one rented processor core costs, about (list prices of cloud providers, 2025)."""


@dataclass(frozen=True)
class GuessingCost:
    """What it costs to test every guess of a dictionary.

    Attributes:
        guesses: how many there are.
        core_seconds: of one processor core, for all of them.
        euros: at `EUROS_A_CORE_HOUR`.
    """

    guesses: int
    core_seconds: float
    euros: float

    @property
    def core_hours(self) -> float:
        """Hours of one processor core."""
        return self.core_seconds / 3600


def guessing_cost(
    guesses: int, seconds_a_guess: float, *, stretching: float = 1.0, euros: float | None = None
) -> GuessingCost:
    """The cost of a dictionary.

    Args:
        guesses: students to be tried, such as a leaked roster or a voters' file.
        seconds_a_guess: measured, of one core.
        stretching: how many times dearer a deliberately slow derivation makes each guess.
        euros: the price of a core hour; `EUROS_A_CORE_HOUR` without one.
    """
    seconds = guesses * seconds_a_guess * stretching
    price = EUROS_A_CORE_HOUR if euros is None else euros
    return GuessingCost(guesses, seconds, seconds / 3600 * price)


def tokens_found(guessed: NDArray[np.uint64], sent: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which guesses' tokens are in a pass of a submission: `bool[n]`.

    Args:
        guessed: `uint64[n]`, the tokens of the guesses under the key.
        sent: `uint64[m]`, the tokens of the pass, in any order.
    """
    return np.isin(guessed, sent)
