"""Claims about the noise on published counts."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pprl.institution.noise import KeyedBits, discrete_laplace, noised

KEY = bytes(range(32))
DRAWS = 4000


@pytest.mark.parametrize("scale", [Fraction(1, 3), Fraction(1), Fraction(7, 2), Fraction(40)])
def test_noise_follows_the_discrete_laplace_law(scale: Fraction) -> None:
    """Chi-square of 4,000 draws at a fixed key against probability proportional to exp(-|x|/s)."""
    bits = KeyedBits(KEY, f"law {scale}")
    drawn = Counter(discrete_laplace(scale, bits) for _ in range(DRAWS))
    decay = np.exp(-1 / float(scale))
    edge = int(4 * scale) + 1
    inner = np.arange(-edge, edge + 1)
    chances = (1 - decay) / (1 + decay) * decay ** np.abs(inner)
    tail = decay ** (edge + 1) / (1 + decay)
    observed = [
        sum(n for x, n in drawn.items() if x < -edge),
        *(drawn[x] for x in inner.tolist()),
        sum(n for x, n in drawn.items() if x > edge),
    ]
    expected = DRAWS * np.array([tail, *chances, tail])
    assert stats.chisquare(*pooled(np.array(observed), expected)).pvalue > 1e-4


def pooled(observed: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neighbouring cells joined until each expects at least five."""
    groups = np.cumsum(expected) // 5
    _, group = np.unique(groups, return_inverse=True)
    return np.bincount(group, observed), np.bincount(group, expected)


@given(bound=st.integers(1, 2**70), label=st.text(max_size=5))
@settings(max_examples=50)
def test_a_uniform_integer_stays_below_its_bound(bound: int, label: str) -> None:
    """Whatever the bound, however long the stream."""
    bits = KeyedBits(KEY, label)
    drawn = [bits.below(bound) for _ in range(20)]
    assert all(0 <= value < bound for value in drawn)


@pytest.mark.parametrize("bound", [2, 3, 10, 64])
def test_uniform_integers_are_uniform(bound: int) -> None:
    """Chi-square of 6,400 draws at a fixed key: rejection leaves no remainder's bias."""
    bits = KeyedBits(KEY, "uniform")
    counts = np.bincount([bits.below(bound) for _ in range(6400)], minlength=bound)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_an_event_happens_as_often_as_it_should() -> None:
    """Never, always, and a third of the time."""
    bits = KeyedBits(KEY, "events")
    assert not any(bits.happens(Fraction(0)) for _ in range(100))
    assert all(bits.happens(Fraction(1)) for _ in range(100))
    often = sum(bits.happens(Fraction(1, 3)) for _ in range(3000))
    assert stats.binomtest(often, 3000, 1 / 3).pvalue > 1e-4


def test_the_same_counts_always_get_the_same_noise() -> None:
    """Else a submission sent every night would average it away."""
    counts = [3, 100, 0, 52]
    assert noised(counts, 4, 0.1, KEY, "zip") == noised(counts, 4, 0.1, KEY, "zip")


@pytest.mark.parametrize("changed", ["one count", "label", "key"])
def test_other_counts_get_noise_of_their_own(changed: str) -> None:
    """A difference of one between two years' counts is not the difference of what is published."""
    counts = [1000 + n for n in range(200)]
    one = noised(counts, 4, 0.1, KEY, "zip")
    other = noised(
        [*counts[:-1], 0] if changed == "one count" else counts,
        4,
        0.1,
        bytes(32) if changed == "key" else KEY,
        "sex" if changed == "label" else "zip",
    )
    same = sum(a == b for a, b in zip(one[:-1], other[:-1], strict=True))
    assert same < 30
    noise = np.array([np.subtract(published, counts)[:-1] for published in (one, other)])
    assert abs(np.corrcoef(noise)[0, 1]) < 0.3


def test_no_published_count_is_below_nought() -> None:
    """Clipping after the noise costs no privacy."""
    published = noised([0] * 200, 10, 0.1, KEY, "zip")
    assert min(published) == 0
    assert max(published) > 50


def test_noise_is_as_wide_as_the_sensitivity_over_the_budget() -> None:
    """The mean of |noise| is about sensitivity / epsilon."""
    counts = [10**6] * 500
    for sensitivity, epsilon in ((1, 0.5), (30, 0.05), (4, 2.0)):
        published = np.array(noised(counts, sensitivity, epsilon, KEY, "width"))
        mean = np.abs(published - 10**6).mean()
        assert 0.8 < mean * epsilon / sensitivity < 1.2


def test_a_budget_however_small_is_never_rounded_up() -> None:
    """A promise of epsilon 0.00056 is not kept by noise for 0.001, nor by no noise at all."""
    counts = [10**9] * 300
    for epsilon in (0.00056, 0.0001):
        published = np.array(noised(counts, 1, epsilon, KEY, "small"))
        assert np.abs(published - 10**9).mean() * epsilon > 0.8
