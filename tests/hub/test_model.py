"""Claims about the matching model: it learns what is there, and never gets worse at it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pprl.hub import model
from pprl.hub.model import BLOCKED_WEIGHT, PassModel, Prior, fit, logit, match_weights

Floats = NDArray[np.float64]

M = ((0.90, 0.07, 0.03), (0.85, 0.15), (0.70, 0.20, 0.06, 0.04))
U = ((0.02, 0.08, 0.90), (0.30, 0.70), (0.01, 0.05, 0.14, 0.80))
SHARES = (0.6, 0.15)
SIZES = tuple(len(shares) for shares in M)
PATTERNS = np.array(list(itertools.product(*map(range, SIZES))), np.int8)
VAGUE_M = [Prior(np.linspace(3, 1, size) / np.linspace(3, 1, size).sum(), 5.0) for size in SIZES]
VAGUE_U = [Prior(prior.mean[::-1].copy(), 5.0) for prior in VAGUE_M]


def pattern_shares(levels: Sequence[Sequence[float]]) -> Floats:
    """The probability of every pattern, levels being independent."""
    shares = np.ones(len(PATTERNS))
    for column, probabilities in enumerate(levels):
        shares *= np.array(probabilities)[PATTERNS[:, column]]
    return shares


def simulated(pairs: int, seed: int) -> NDArray[np.int64]:
    """Counts of patterns in two pairs of sources, `pairs` candidates each."""
    rng = np.random.default_rng(seed)
    matched, unmatched = pattern_shares(M), pattern_shares(U)
    return np.array(
        [rng.multinomial(pairs, s * matched + (1 - s) * unmatched) for s in SHARES], np.int64
    )


def learned(counts: NDArray[np.int64]) -> PassModel:
    """The model of simulated counts, every attribute evident."""
    return fit(counts, PATTERNS, VAGUE_M, VAGUE_U, [True] * len(SIZES))


def test_what_made_the_pairs_is_learned() -> None:
    """m, u and the match share of each pair of sources come out as they went in."""
    found = learned(simulated(40_000, 41))
    for learned_m, true_m in zip(found.m, M, strict=True):
        assert np.abs(learned_m - true_m).max() < 0.02
    for learned_u, true_u in zip(found.u, U, strict=True):
        assert np.abs(learned_u - true_u).max() < 0.02
    assert np.abs(found.share - SHARES).max() < 0.02
    assert found.matches == pytest.approx(40_000 * sum(SHARES), rel=0.03)


def test_an_attribute_that_may_not_judge_at_first_is_learned_all_the_same() -> None:
    """Begun with m equal to u, it is told apart by the others."""
    found = fit(simulated(40_000, 42), PATTERNS, VAGUE_M, VAGUE_U, [True, True, False])
    assert np.abs(found.m[2] - M[2]).max() < 0.03
    assert np.abs(found.u[2] - U[2]).max() < 0.03


def test_log_odds_are_those_of_the_model() -> None:
    """The odds of a pattern are the share's, times m over u of each level."""
    found = learned(simulated(5_000, 43))
    odds = np.exp(found.log_odds(PATTERNS))
    assert odds.shape == (2, len(PATTERNS))
    for group, place in ((0, 0), (1, 7), (1, len(PATTERNS) - 1)):
        expected = found.share[group] / (1 - found.share[group])
        for column, level in enumerate(PATTERNS[place]):
            expected *= found.m[column][level] / found.u[column][level]
        assert odds[group, place] == pytest.approx(expected)


def test_a_better_level_speaks_for_a_match() -> None:
    """All best has the highest odds, all worst the lowest."""
    log_odds = learned(simulated(40_000, 44)).log_odds(PATTERNS)
    assert (log_odds.argmax(axis=1) == 0).all()
    assert (log_odds.argmin(axis=1) == len(PATTERNS) - 1).all()


def test_the_order_of_sources_decides_nothing() -> None:
    """Shares go with their pair of sources; m and u stay."""
    counts = simulated(3_000, 45)
    one, other = learned(counts), learned(counts[::-1])
    assert np.allclose(one.share, other.share[::-1], atol=1e-9)
    assert all(np.allclose(a, b, atol=1e-9) for a, b in zip(one.m, other.m, strict=True))
    assert all(np.allclose(a, b, atol=1e-9) for a, b in zip(one.u, other.u, strict=True))


def test_the_order_of_patterns_decides_nothing() -> None:
    """A pass's patterns may be numbered in any way."""
    counts = simulated(3_000, 46)
    order = np.random.default_rng(46).permutation(len(PATTERNS))
    one = learned(counts)
    other = fit(counts[:, order], PATTERNS[order], VAGUE_M, VAGUE_U, [True] * len(SIZES))
    assert np.allclose(one.share, other.share, atol=1e-6)
    assert np.allclose(one.log_odds(PATTERNS), other.log_odds(PATTERNS), atol=1e-4)


def test_a_pair_of_sources_with_few_candidates_leans_on_the_others() -> None:
    """Three candidates do not decide a share by themselves."""
    counts = np.vstack([simulated(5_000, 47), np.zeros((1, len(PATTERNS)), np.int64)])
    counts[2, 0] = 3
    found = learned(counts)
    assert 0.2 < found.share[2] < 0.8


@pytest.mark.parametrize("groups", [1, 3])
def test_without_candidates_the_priors_stand(groups: int) -> None:
    """An empty pass learns nothing and breaks nothing."""
    found = fit(
        np.zeros((groups, 0), np.int64), np.zeros((0, 3), np.int8), VAGUE_M, VAGUE_U, [True] * 3
    )
    for shares, prior in zip((*found.m, *found.u), (*VAGUE_M, *VAGUE_U), strict=True):
        assert np.allclose(shares, prior.mean)
    assert np.allclose(found.share, 0.5)
    assert found.matches == 0


def test_without_attributes_every_pair_is_alike() -> None:
    """A pass whose block fixes all attributes says the same of all of its pairs."""
    found = fit(np.array([[30]]), np.zeros((1, 0), np.int8), [], [], [])
    assert found.log_odds(np.zeros((1, 0), np.int8)).shape == (1, 1)
    assert np.isfinite(found.share).all()


def test_priors_are_joined_by_their_weights() -> None:
    """A prior of no weight adds nothing, and two of none are the first."""
    one, other = Prior(np.array([0.9, 0.1]), 3.0), Prior(np.array([0.5, 0.5]), 1.0)
    joined = one.joined(other)
    assert np.allclose(joined.mean, [0.8, 0.2])
    assert joined.weight == 4.0
    nothing = Prior(np.array([0.2, 0.8]), 0.0)
    assert np.allclose(nothing.joined(one).mean, one.mean)
    assert nothing.joined(Prior(one.mean, 0.0)) is nothing


def test_what_all_pairs_of_a_block_are_alike_in_tells_nothing() -> None:
    """Alone, it is believed to be among matches what it is among all pairs: fifty pairs' worth.

    What it is among all pairs is counted pair by pair, with one pair more of what the prior says.
    """
    counts, levels = np.array([[7, 3]]), np.array([[0], [1]], np.int8)
    m, u = Prior(np.array([0.75, 0.25]), 5.0), Prior(np.array([0.5, 0.5]), 0.0)
    found = fit(counts, levels, [m], [u], [False])
    alike = np.array([7.75, 3.25]) / 11
    matches = found.share[0] * 10
    expected = (np.array([0.7, 0.3]) * matches + BLOCKED_WEIGHT * alike) / (
        matches + BLOCKED_WEIGHT
    )
    assert np.allclose(found.m[0], expected, atol=1e-6)
    assert np.allclose(found.m[0], found.u[0], atol=1e-6)


def test_a_silent_level_has_no_share_and_no_say() -> None:
    """Though pairs stand in it: where a name is missing it speaks neither for nor against."""
    silent = Prior(np.array([0.6, 0.4, 0.0]), 5.0)
    counts, levels = np.array([[60, 20, 500]]), np.array([[0], [1], [2]], np.int8)
    found = fit(counts, levels, [silent], [silent], [True])
    assert found.m[0][2] == found.u[0][2] == 0
    assert found.m[0].sum() == pytest.approx(1)
    assert match_weights(found.m[0], found.u[0])[2] == 0
    assert found.log_odds(levels)[0, 2] == pytest.approx(logit(found.share)[0])


counts_of_patterns = st.lists(
    st.integers(0, 500), min_size=len(PATTERNS), max_size=len(PATTERNS)
).map(lambda row: np.array([row], np.int64))


@settings(max_examples=40)
@given(counts=counts_of_patterns, evident=st.lists(st.booleans(), min_size=3, max_size=3))
def test_a_model_is_made_of_probabilities(counts: NDArray[np.int64], evident: list[bool]) -> None:
    """Whatever the counts: levels add up to one, none is impossible, odds are finite."""
    found = fit(counts, PATTERNS, VAGUE_M, VAGUE_U, evident)
    for shares in (*found.m, *found.u):
        assert shares.sum() == pytest.approx(1)
        assert (shares > 0).all()
    assert ((found.share > 0) & (found.share < 1)).all()
    assert 0 <= found.matches <= counts.sum() * (1 + 1e-12)
    assert np.isfinite(found.log_odds(PATTERNS)).all()


def plausibility(counts: NDArray[np.int64], found: PassModel) -> float:
    """Log-likelihood of the counts under the model and log density of its Dirichlet priors."""
    matched = np.zeros(len(PATTERNS))
    unmatched = np.zeros(len(PATTERNS))
    total = 0.0
    for column, (m, u) in enumerate(zip(found.m, found.u, strict=True)):
        matched += np.log(m)[PATTERNS[:, column]]
        unmatched += np.log(u)[PATTERNS[:, column]]
        for shares, prior in ((m, VAGUE_M[column]), (u, VAGUE_U[column])):
            total += float((prior.weight * prior.mean * np.log(shares)).sum())
    for row, share in zip(counts, found.share, strict=True):
        mixture = np.logaddexp(np.log(share) + matched, np.log1p(-share) + unmatched)
        total += float((row * mixture).sum())
    return total


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(counts=counts_of_patterns)
def test_no_step_makes_the_model_worse(
    counts: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each iteration of EM explains the counts at least as well, but for the share's weak prior."""
    reached = []
    for iterations in (1, 2, 3, 5, 8, 20, 60):
        monkeypatch.setattr(model, "ITERATIONS", iterations)
        reached.append(plausibility(counts, learned(counts)))
    assert all(after >= before - 0.05 for before, after in itertools.pairwise(reached)), reached
