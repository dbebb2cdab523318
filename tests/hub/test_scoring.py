"""Claims about scoring: what is believed before a pass, and one verdict for each pair after all."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.agreement import Agreement, Pass
from pprl.agreement.blocking import BlockingPart
from pprl.agreement.levels import LEVELS, Comparison
from pprl.exchange import Manifest, PassProfile, Submission
from pprl.hub import priors
from pprl.hub.comparison import PassPairs, compare_pass
from pprl.hub.model import PassModel
from pprl.hub.scoring import Believed, ScoredPass, combine, score_pass, touched_attributes

found_rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 4),
        st.integers(0, 4),
        st.integers(-40, 40),
        st.integers(0, 1000),
    ),
    max_size=40,
)


def scored(rows: list[tuple[int, int, int, int, int]]) -> ScoredPass:
    """One pass that found pairs of (group, left, right, log-odds, token), each pair once."""
    once = list({row[:3]: row for row in rows}.values())
    columns = np.array(once, np.int64).reshape(-1, 5).T
    pairs = PassPairs(
        Comparison((), ()),
        columns[0].astype(np.int16),
        columns[1].astype(np.uint32),
        columns[2].astype(np.uint32),
        columns[4].astype(np.uint64),
        np.zeros(len(once), np.int64),
    )
    return ScoredPass(pairs, PassModel((), (), np.full(3, 0.5), 0.0), columns[3].astype(float))


def by_pair(passes: list[ScoredPass], column: str) -> dict[tuple[int, ...], list[float]]:
    """What each pass that found a pair says of it, pair by pair, in plain Python."""
    told: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for item in passes:
        values = item.log_odds if column == "log_odds" else getattr(item.pairs, column)
        keys = zip(item.pairs.group, item.pairs.left, item.pairs.right, strict=True)
        for key, value in zip(keys, values, strict=True):
            told[tuple(map(int, key))].append(value.item())
    return told


@given(st.lists(found_rows, min_size=1, max_size=5))
def test_every_pair_that_a_pass_found_is_there_once(
    rows: list[list[tuple[int, int, int, int, int]]],
) -> None:
    """With the number of passes that found it and the lowest token that it shares."""
    passes = [scored(item) for item in rows]
    tokens = by_pair(passes, "token")
    candidates = combine(passes)
    keys = list(
        map(tuple, np.stack([candidates.group, candidates.left, candidates.right], 1).tolist())
    )
    assert len(keys) == len(set(keys))
    assert set(keys) == set(tokens)
    assert candidates.passes.tolist() == [len(tokens[key]) for key in keys]
    assert candidates.token.tolist() == [min(tokens[key]) for key in keys]


@given(st.lists(found_rows, min_size=1, max_size=5))
def test_a_verdict_is_the_most_that_a_pass_says(
    rows: list[list[tuple[int, int, int, int, int]]],
) -> None:
    """It is the highest of their log-odds."""
    passes = [scored(item) for item in rows]
    told = by_pair(passes, "log_odds")
    candidates = combine(passes)
    keys = zip(candidates.group, candidates.left, candidates.right, strict=True)
    for key, log_odds in zip(keys, candidates.log_odds.tolist(), strict=True):
        assert log_odds == max(told[tuple(map(int, key))])


@given(st.lists(found_rows, min_size=1, max_size=5))
def test_the_order_of_passes_decides_no_verdict(
    rows: list[list[tuple[int, int, int, int, int]]],
) -> None:
    """Nor does the order of pairs within a pass."""
    once = [list({row[:3]: row for row in item}.values()) for item in rows]
    verdicts = []
    for passes in (once, [item[::-1] for item in once[::-1]]):
        found = combine([scored(item) for item in passes])
        columns = (found.group, found.left, found.right, found.log_odds, found.passes, found.token)
        verdicts.append(sorted(zip(*(column.tolist() for column in columns), strict=True)))
    assert verdicts[0] == verdicts[1]


def test_candidates_stand_in_the_order_of_their_tokens() -> None:
    """By content, then, within a pair of sources: never by record number."""
    candidates = combine([scored([(1, 0, 0, 0, 5), (0, 0, 0, 0, 9), (0, 1, 1, 0, 7)])])
    assert candidates.group.tolist() == [0, 0, 1]
    assert candidates.token.tolist() == [7, 9, 5]


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
        pairs = compare_pass(submissions, agreement.linkage, linkage_pass)
        result = score_pass(pairs, linkage_pass, 3, believed)
        assert result.log_odds.shape == pairs.pattern.shape
        assert np.isfinite(result.log_odds).all()
        verdicts = set(
            zip(pairs.group.tolist(), pairs.pattern.tolist(), result.log_odds.tolist(), strict=True)
        )
        assert len(verdicts) == len({verdict[:2] for verdict in verdicts})


def test_a_budget_next_to_nothing_is_no_overflow(agreement: Agreement) -> None:
    """A manifest may announce any epsilon above 0."""
    manifest = dataclasses.replace(profiled((1, 0, 0, 0, 0, 9)), epsilon=1e-200)
    believed = Believed(agreement, [manifest])
    assert believed.u("first_name", False, agreement.linkage.passes[0], 2).weight >= 0
