"""Claims about hashing, against the scan of all pairs."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.errors import UsageError
from pprl.similarity import HashedPairs, similar_pairs, similar_pairs_lsh
from pprl.similarity.collision import (
    choose_key_bits,
    estimated_recall,
    found_in,
    same_key,
)
from tests.similarity.scan import listed, made, scan, spoilt


def test_filters_share_a_key_as_often_as_counting_says() -> None:
    """All keys that avoid the differing bits, among all keys."""
    chances = same_key(64, 5)
    expected = [float(Fraction(comb(64 - h, 5), comb(64, 5))) for h in range(65)]
    assert chances == pytest.approx(expected)


def test_a_pair_is_missed_only_by_every_table() -> None:
    """Tables of different keys multiply what they miss."""
    missed = (1 - same_key(64, 4)) ** 2 * (1 - same_key(64, 9))
    assert found_in(64, [4, 9, 4]) == pytest.approx(1 - missed)


def test_the_estimate_weighs_each_pair_by_how_rarely_its_like_is_found() -> None:
    """Of pairs found half of the time, as many again were missed."""
    assert estimated_recall(np.array([10, 10]), np.array([1.0, 0.5])) == pytest.approx(20 / 30)
    assert estimated_recall(np.array([0, 0]), np.array([1.0, 0.5])) == 0


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    words=st.sampled_from([1, 2, 3, 16]),
    threshold=st.sampled_from(["0.7", "0.9", "1"]),
    is_self_join=st.booleans(),
)
def test_whatever_is_found_is_similar_and_no_pair_comes_twice(
    seed: int, words: int, threshold: str, is_self_join: bool
) -> None:
    """The pairs are some of those of the scan, in its order."""
    rng = np.random.default_rng(seed)
    a = made(30, words, rng)
    b = None if is_self_join else spoilt(a, rng, share=0.05)
    found = listed(similar_pairs_lsh(a, b, threshold).pairs)
    assert found == [pair for pair in scan(a, b, threshold) if pair in set(found)]


def hashed_and_scanned(share: float, **options: Any) -> tuple[HashedPairs, int]:
    """Hash two files of which one is spoilt, and count the pairs there are."""
    rng = np.random.default_rng(11)
    a = made(2000, 8, rng, density=0.4)
    b = spoilt(a, rng, share=share)
    found = similar_pairs_lsh(a, b, 0.8, **options)
    return found, len(similar_pairs(a, b, 0.8, kernel="numpy").i)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.07])
@pytest.mark.parametrize("recall", [0.9, 0.99])
def test_as_many_pairs_are_found_as_were_wanted(share: float, recall: float) -> None:
    """And the estimate tells how many, within three standard deviations."""
    found, there_are = hashed_and_scanned(share, recall=recall)
    deviation = (recall * (1 - recall) / there_are) ** 0.5
    achieved = len(found.pairs.i) / there_are
    assert achieved > recall - 3 * deviation
    assert abs(achieved - max(found.recall, found.recall_at_threshold)) < 3 * deviation + 0.01


def test_closer_pairs_need_fewer_tables() -> None:
    """Tables are added only until the wanted recall is reached."""
    close, far = (hashed_and_scanned(share)[0] for share in (0.01, 0.07))
    assert len(close.key_bits) < len(far.key_bits)
    assert close.recall_at_threshold < far.recall_at_threshold


def test_few_pairs_are_no_ground_for_stopping_early() -> None:
    """A first table may find the closest alone, so tables go on until the hardest are found."""
    rng = np.random.default_rng(17)
    a = made(500, 8, rng, density=0.4)
    b = made(500, 8, rng, density=0.4)
    b[:30], b[30:60] = a[:30], spoilt(a[30:60], rng, share=0.07)
    found = similar_pairs_lsh(a, b, 0.8)
    assert found.recall_at_threshold >= 0.99
    assert len(found.pairs.i) == len(similar_pairs(a, b, 0.8, kernel="numpy").i)


def test_the_same_input_gives_the_same_pairs_and_another_seed_nearly_the_same() -> None:
    """Keys are drawn by the generator given, or by one that is always the same."""
    once, again = (hashed_and_scanned(0.05)[0] for _ in range(2))
    assert listed(once.pairs) == listed(again.pairs)
    other, there_are = hashed_and_scanned(0.05, rng=np.random.default_rng(99))
    assert len(other.pairs.i) > 0.97 * there_are


def test_the_order_of_rows_makes_no_difference_to_hashing() -> None:
    """Neither to the keys nor to when it stops."""
    rng = np.random.default_rng(12)
    a = made(1500, 2, rng, density=0.4)
    b = spoilt(a, rng, share=0.04)
    ours, theirs = rng.permutation(1500), rng.permutation(1500)
    straight, shuffled = similar_pairs_lsh(a, b, 0.8), similar_pairs_lsh(a[ours], b[theirs], 0.8)
    assert straight.key_bits == shuffled.key_bits
    back = sorted((ours[i], theirs[j]) for i, j, _ in listed(shuffled.pairs))
    assert back == sorted((i, j) for i, j, _ in listed(straight.pairs))


def test_crowded_buckets_are_told_apart_by_longer_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters that agree in most bits would fill few buckets; a longer key spreads them."""
    rng = np.random.default_rng(13)
    a = made(400, 2, rng, density=0.1)
    monkeypatch.setattr("pprl.similarity.hashing.choose_key_bits", lambda *_: 4)
    crowded = similar_pairs_lsh(a, spoilt(a, rng, share=0.01), 0.8)
    monkeypatch.setattr("pprl.similarity.hashing._CROWDED", 1)
    spread = similar_pairs_lsh(a, spoilt(a, rng, share=0.01), 0.8)
    assert crowded.key_bits[0] == 4 < spread.key_bits[0]
    assert spread.recall > 0.97


def test_filters_that_are_all_the_same_are_all_found() -> None:
    """No key tells them apart: they are compared, in parts, and found."""
    a = np.full((300, 1), 0xFFFF, np.uint64)
    found = similar_pairs_lsh(a, a, 0.9)
    assert len(found.pairs.i) == 90_000
    with pytest.raises(UsageError, match="More than 89,999 pairs"):
        similar_pairs_lsh(a, a, 0.9, max_pairs=89_999)


def test_nothing_to_find_is_no_error() -> None:
    """With no filters there is no table, and with strangers only, tables up to the last."""
    rng = np.random.default_rng(14)
    a = made(50, 4, rng, density=0.4)
    nothing = similar_pairs_lsh(a[:0], a, 0.9)
    assert (listed(nothing.pairs), nothing.key_bits) == ([], ())
    strangers = similar_pairs_lsh(a, made(50, 4, rng, density=0.4), 0.9)
    assert not listed(strangers.pairs)
    assert strangers.recall == 0
    assert strangers.recall_at_threshold >= 0.99


def test_a_threshold_too_low_for_hashing_is_refused() -> None:
    """Strangers would share keys as often."""
    rng = np.random.default_rng(15)
    a = made(50, 4, rng, density=0.5)
    with pytest.raises(UsageError, match="use similar_pairs"):
        similar_pairs_lsh(a, a, 250, measure="hamming")
    with pytest.raises(UsageError, match="recall must lie between"):
        similar_pairs_lsh(a, a, 0.9, recall=1)


def test_identical_pairs_alone_need_one_table() -> None:
    """At threshold 1 every pair shares every key."""
    rng = np.random.default_rng(16)
    a = made(600, 2, rng, density=0.4)
    assert choose_key_bits(a, a, 0, 0.99) > 8
    found = similar_pairs_lsh(a, a, 1)
    assert len(found.key_bits) == 1
    assert listed(found.pairs) == scan(a, a, "1")
