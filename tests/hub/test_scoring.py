"""Claims about scoring: what is believed before a pass, and what it says of its pairs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from pprl.agreement import Agreement, Pass
from pprl.agreement.blocking import BlockingPart
from pprl.agreement.levels import LEVELS, Comparison
from pprl.exchange import Manifest, PassProfile, Submission
from pprl.hub import priors
from pprl.hub.comparison import compare_pass
from pprl.hub.judged_pass import column_levels
from pprl.hub.model import PassModel, Prior
from pprl.hub.patterns import PatternCounts, places_among
from pprl.hub.scoring import (
    Believed,
    columns_of,
    judge_pass,
    touched_attributes,
)


def profiled(counts: tuple[int, ...], name: str = "birth", epsilon: float = 1.0) -> Manifest:
    """A manifest with a non-match profile of first names in one pass."""
    return Manifest(
        institution="orchard-usd",
        agreement="a" * 64,
        linkage="b" * 64,
        key_check="c" * 32,
        records=100,
        sequence=1,
        software="pprl 0",
        epsilon=epsilon,
        completeness={},
        unplaced=0.0,
        non_match_profile={name: PassProfile(sum(counts), {"first_name": counts})},
    )


def observed(manifests: list[Manifest], sensitivity: int) -> tuple[np.ndarray, float]:
    """What manifests say of first names in the pass "birth", every level counting."""
    return priors.observed_u(manifests, "birth", "first_name", sensitivity, 1, np.ones(6, bool))


def test_shipped_priors_are_shares() -> None:
    """For every attribute they add up to one; a level is silent in both tables or in neither."""
    for table in (priors.M, priors.U):
        assert table.keys() == LEVELS.keys()
        for name, shares in table.items():
            assert len(shares) == len(LEVELS[name])
            assert min(shares) >= 0
            assert sum(shares) == pytest.approx(1)
    for name in LEVELS:
        assert np.array_equal(np.array(priors.M[name]) > 0, np.array(priors.U[name]) > 0)


def test_shipped_priors_let_the_best_level_speak_for_a_match() -> None:
    """And the last one against it."""
    for name in LEVELS:
        assert priors.M[name][0] > priors.U[name][0]
        assert priors.M[name][-1] < priors.U[name][-1]


def test_a_profile_of_many_pairs_weighs_but_never_decides() -> None:
    """Its weight grows with its pairs, to a cap."""
    weights = [
        observed([profiled((n, 0, 0, 0, 0, 9 * n))], 4)[1] for n in (1, 10, 100, 1000, 10**6)
    ]
    assert weights == sorted(weights)
    assert 0 < weights[0] < 10
    assert weights[-1] == priors.PROFILE_WEIGHT


def test_profiles_of_several_institutions_are_pooled() -> None:
    """Each by its pairs."""
    manifests = [profiled((100, 0, 0, 0, 0, 300)), profiled((0, 0, 0, 0, 0, 400))]
    shares, weight = observed(manifests, 1)
    assert shares.tolist() == [0.125, 0, 0, 0, 0, 0.875]
    assert weight > 0


@pytest.mark.parametrize(
    "manifest",
    [profiled((0,) * 6), profiled((1, 2, 3)), profiled((1, 2, 3, 4, 5, 6), name="another pass")],
)
def test_a_profile_that_says_nothing_weighs_nothing(manifest: Manifest) -> None:
    """No pairs, another number of levels, another pass: the shipped priors stand."""
    shares, weight = observed([manifest], 1)
    assert weight == 0
    assert shares.sum() == pytest.approx(1)


def test_noise_takes_weight() -> None:
    """The less an institution spends on its counts, the less they are believed."""
    counts = (50, 0, 0, 0, 0, 450)
    weights = [observed([profiled(counts)], scale)[1] for scale in (0, 1, 10, 100)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 500


@pytest.mark.parametrize("touched", [True, False])
@pytest.mark.parametrize("attribute", ["first_name", "last_name"])
def test_what_is_believed_is_a_share_of_each_level(
    attribute: str, touched: bool, agreement: Agreement
) -> None:
    """Before anything is learned and after, with a profile and without."""
    believed = Believed(agreement, [profiled((1, 0, 0, 0, 0, 9))])
    size = len(LEVELS[attribute])
    shares = np.linspace(2, 1, size) / np.linspace(2, 1, size).sum()
    for _ in range(3):
        for prior in (
            believed.m(attribute),
            believed.u(attribute, touched, agreement.linkage.passes[0], 2),
        ):
            assert prior.mean.shape == (size,)
            assert prior.mean.sum() == pytest.approx(1) and (prior.mean >= 0).all()
            assert prior.weight >= 0
        believed.learn(attribute, False, PassModel((shares,), (shares,), shares, 50.0), 0)


def test_a_pass_teaches_the_next_what_its_block_did_not_choose(agreement: Agreement) -> None:
    """Matches seen through a block of first names say nothing of first names."""
    believed = Believed(agreement, [profiled((0,) * 6)])
    before = believed.m("last_name").mean
    odd = np.array([0.1, 0.1, 0.1, 0.1, 0.6])
    learned = PassModel((odd,), (odd,), np.array([0.5]), 10_000.0)
    believed.learn("last_name", True, learned, 0)
    assert np.array_equal(believed.m("last_name").mean, before)
    believed.learn("last_name", False, learned, 0)
    assert np.abs(believed.m("last_name").mean - odd).max() < np.abs(before - odd).max()


@pytest.mark.parametrize(
    ("parts", "touched"),
    [
        (("zip",), {"zip"}),
        (("birth_year_month",), {"birth_date"}),
        (("first_name",), {"first_name"}),
        (("name_part", "sex"), {"first_name", "last_name", "sex"}),
        (("middle_initial",), {"middle_name"}),
        (("state_id",), {"state_id"}),
    ],
)
def test_a_block_touches_the_attributes_that_it_is_made_from(
    parts: tuple[str, ...], touched: set[str]
) -> None:
    """Whole or in part."""
    linkage_pass = Pass("p", tuple(BlockingPart(part) for part in parts), 1)
    assert touched_attributes(linkage_pass) == touched


def test_every_pair_of_a_pass_is_scored(
    agreement: Agreement, make_submission: Callable[..., Submission]
) -> None:
    """Pairs of one pattern and one pair of sources have the same log-odds, all of them finite."""
    submissions = [
        make_submission(name, 12, seed, tokens=80) for name, seed in (("a", 1), ("b", 5), ("c", 9))
    ]
    believed = Believed(agreement, [submission.manifest for submission in submissions])
    for linkage_pass in agreement.linkage.passes:
        comparison = Comparison.of(agreement.linkage, linkage_pass)
        tables = [submission.passes[linkage_pass.name] for submission in submissions]
        pairs = compare_pass(tables, comparison)
        counted = PatternCounts.of(pairs.group, pairs.pattern, 3)
        judged = judge_pass(counted, comparison, linkage_pass, believed)
        rank = judged.ranks(pairs.group, pairs.pattern)
        assert judged.patterns[pairs.group, rank].tolist() == pairs.pattern.tolist()
        levels = comparison.levels_of(counted.patterns)
        expected = judged.model.log_odds(
            column_levels(levels, comparison.attributes, judged.columns)
        )
        place = places_among(counted.patterns, pairs.pattern)
        assert np.array_equal(judged.table[pairs.group, rank], expected[pairs.group, place])
        assert np.isfinite(judged.table).all()


def test_a_budget_next_to_nothing_is_no_overflow(agreement: Agreement) -> None:
    """A manifest may announce any epsilon above 0."""
    manifest = dataclasses.replace(profiled((1, 0, 0, 0, 0, 9)), epsilon=1e-200)
    believed = Believed(agreement, [manifest])
    assert believed.u("first_name", False, agreement.linkage.passes[0], 2).weight >= 0


def test_names_that_a_block_mixes_are_judged_as_one() -> None:
    """A pair of "any part of the name" agrees on the first name or the last, not by two chances."""
    attributes = ("first_name", "last_name", "sex")
    mixed = Pass("p", (BlockingPart("name_part"), BlockingPart("zip")), 1)
    apart = Pass("q", (BlockingPart("last_part"), BlockingPart("zip")), 1)
    assert columns_of(attributes, mixed) == (("first_name", "last_name"), ("sex",))
    assert columns_of(attributes, apart) == (("first_name",), ("last_name",), ("sex",))
    assert columns_of(("first_name", "sex"), mixed) == (("first_name",), ("sex",))


def test_levels_judged_as_one_are_told_apart() -> None:
    """Every combination has a number of its own, below the product of the sizes."""
    names = ("first_name", "last_name", "sex")
    sizes = [len(LEVELS[name]) for name in names]
    levels = np.array([[a, b, c] for a in range(6) for b in range(5) for c in range(2)], np.int8)
    out = column_levels(levels, names, (("first_name", "last_name"), ("sex",)))
    assert len(np.unique(out[:, 0])) == sizes[0] * sizes[1]
    assert out[:, 0].max() == sizes[0] * sizes[1] - 1
    assert np.array_equal(out[:, 1], levels[:, 2])


def test_the_prior_of_both_names_is_a_share_of_each_combination() -> None:
    """A last name is swapped only with the first; all else is as if independent."""
    first = Prior(np.array(priors.M["first_name"]), 30.0)
    last = Prior(np.array(priors.M["last_name"]), 20.0)
    joint = priors.of_both_names(first, last)
    table = joint.mean.reshape(6, 5)
    assert joint.mean.sum() == pytest.approx(1)
    assert joint.weight == 20.0
    swapped = LEVELS["last_name"].index("swapped")
    assert np.flatnonzero(table[:, swapped]).tolist() == [LEVELS["first_name"].index("swapped")]
    assert table[0, 0] / table[0, 1] == pytest.approx(last.mean[0] / last.mean[1])
