"""Claims about the counts in a manifest: what a differencing attacker makes of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl import LinkageKey, State
from pprl.institution import published
from pprl.institution.noise import KeyedBits, discrete_laplace
from tests.rosters import agreement_on, varied

EPSILON = 1.0
PASSES = ("birth-date+last-sound", "month-day+name", "first-last")
Counted = dict[str, tuple[list[int], float]]


def counted(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Counted]:
    """How many records a roster makes; and by label, the true counts and the scale of the noise."""
    agreement = agreement_on(PASSES, epsilon=EPSILON)
    found: Counted = {}

    def told(
        counts: list[int], sensitivity: int, epsilon: float, key: bytes, label: str
    ) -> list[int]:
        found[label] = (list(counts), sensitivity / epsilon)
        return list(counts)

    with monkeypatch.context() as patched:
        patched.setattr(published, "noised", told)
        encoded = pprl.encode(
            rows,
            agreement,
            LinkageKey(bytes(range(32))),
            "fresno",
            state=State.in_memory(bytes(32)),
            progress=False,
        )
    return encoded.submission.records, found


def neighbours(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The roster with one student replaced by somebody made of two others."""
    other = rows.copy()
    victim, one, two = rng.choice(len(rows), 3, replace=False)
    for column in rows.columns.drop("local_id"):
        other.loc[victim, column] = rows.loc[rng.choice([one, two]), column]
    return other


def loss(one: Counted, other: Counted) -> float:
    """The largest log-ratio of any output's probabilities: that of discrete Laplace noise, exactly.

    `P(x | c) / P(x | c')` is at most `exp(|c - c'| / scale)`, and is that for `x` beyond both.
    """
    return sum(
        float(np.abs(np.subtract(counts, other[label][0])).sum()) / scale
        for label, (counts, scale) in one.items()
    )


def test_no_neighbour_shows_by_more_than_epsilon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Summed over everything that is noised, for crowded rosters that differ in one student."""
    losses = []
    for seed in range(7):
        rows = varied(40, seed)
        rows = rows.drop_duplicates("local_id").reset_index(drop=True)
        records, counts = counted(rows, monkeypatch)
        others, other_counts = counted(neighbours(rows, np.random.default_rng(seed)), monkeypatch)
        if others == records:
            losses.append(loss(counts, other_counts))
    assert len(losses) >= 4
    assert max(losses) <= EPSILON + 1e-9
    assert max(losses) > 0


def test_everything_in_the_manifest_comes_under_the_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The labels that are noised are completeness and each pass: nothing else is counted."""
    _, counts = counted(varied(40, 1), monkeypatch)
    assert set(counts) == {"completeness"} | {f"profile/{name}" for name in PASSES}


@pytest.mark.parametrize("apart", [1, 3])
def test_a_differencing_attacker_does_no_better_than_the_bound(apart: int) -> None:
    """It knows both rosters and the law of the noise, and names the likelier one."""
    scale = Fraction(apart) / Fraction(1)
    right, runs = 0, 4000
    bits = KeyedBits(b"key", "differencing")
    for run in range(runs):
        truth = run % 2
        seen = truth * apart + discrete_laplace(scale, bits)
        # The likelier roster is the one whose count is nearer; a tie is a coin's.
        guess = run // 2 % 2 if 2 * seen == apart else int(2 * seen > apart)
        right += guess == truth
    bound = np.exp(EPSILON) / (1 + np.exp(EPSILON))
    assert 0.5 < right / runs <= bound + 3 * np.sqrt(0.25 / runs)
