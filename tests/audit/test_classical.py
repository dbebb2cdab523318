"""Claims that the attacks bite: what they find in encodings that were not made against them."""

from __future__ import annotations

import functools
import hashlib

import numpy as np
import pytest

from benchmarks.filter_sets import tokens
from pprl.audit.dictionary import guessing_cost, tokens_found
from pprl.audit.frequency import aligned_by_frequency, bit_patterns, comparable_within
from pprl.audit.likeness import dice_matrix
from pprl.audit.matching import match_graphs
from pprl.filters import Words
from pprl.synthetic import population


def classical(texts: list[list[str]], key: bytes, bits: int = 1024, each: int = 10) -> Words:
    """Bloom filters of tokens, with a fixed number of positions for each."""

    @functools.cache
    def positions(token: str) -> list[int]:
        digest = hashlib.blake2b(token.encode(), key=key, digest_size=16).digest()
        one, other = (int.from_bytes(half, "little") for half in (digest[:8], digest[8:]))
        return [(one + turn * (other | 1)) % bits for turn in range(each)]

    out = np.zeros((len(texts), bits), np.uint8)
    for row, text in enumerate(texts):
        out[row, [p for token in text for p in positions(token)]] = 1
    return np.packbits(out, axis=1, bitorder="little").view("<u8")


@pytest.fixture(scope="module")
def names() -> list[list[str]]:
    """The tokens of synthetic students, as a classical encoding takes them."""
    students = population(2800, seed=1).pool("district").students.head(2000)
    columns = students[["first_name", "last_name", "birth_date", "zip", "sex"]]
    return [list(tokens(*row)) for row in columns.itertuples(index=False)]


@pytest.mark.parametrize("overlap", [1.0, 0.5])
def test_graph_matching_undoes_classical_filters(names: list[list[str]], overlap: float) -> None:
    """The attacker knows the method and the plaintext of some, and neither key nor order."""
    rng = np.random.default_rng(1)
    known = rng.permutation(len(names))[: int(overlap * len(names))]
    encoded = dice_matrix(classical(names, b"the owners' key"))
    plain = dice_matrix(classical([names[i] for i in known], b"the attacker's"))
    matching = match_graphs(encoded, plain)
    assert matching.correct(known) >= 0.9
    assert matching.anchors > 10
    assert f"{len(known):,}" in repr(matching)


def test_graph_matching_finds_nobody_in_random_bits(names: list[list[str]]) -> None:
    """As many as chance gives: one, give or take."""
    rng = np.random.default_rng(1)
    encoded = dice_matrix(rng.integers(0, 2**63, (600, 8), np.uint64))
    matching = match_graphs(encoded, dice_matrix(classical(names[:600], b"the attacker's")))
    assert matching.correct(np.arange(600)) <= 6 / 600


def test_a_sparse_matching_agrees_with_the_dense_one(
    names: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are too many records for all pairs, the nearest few do."""
    encoded = dice_matrix(classical(names[:400], b"the owners' key"))
    plain = dice_matrix(classical(names[:400], b"the attacker's"))
    dense = match_graphs(encoded, plain)
    monkeypatch.setattr("pprl.audit.matching.DENSE", 10)
    sparse = match_graphs(encoded, plain)
    assert (sparse.partner == dense.partner).mean() > 0.98


def test_nobody_is_matched_where_nobody_is() -> None:
    """Empty graphs."""
    none = np.zeros((0, 0), np.float32)
    matching = match_graphs(none, np.ones((3, 3), np.float32))
    assert matching.partner.tolist() == [-1, -1, -1]
    assert matching.correct(np.full(3, -1)) == 0


def test_the_dice_matrix_is_that_of_sets(names: list[list[str]]) -> None:
    """Against sets of positions."""
    filters = classical(names[:20], b"key")
    bits = np.unpackbits(filters.view(np.uint8), axis=1)
    sets = [set(np.flatnonzero(row)) for row in bits]
    slow = [[2 * len(a & b) / (len(a) + len(b)) for b in sets] for a in sets]
    np.testing.assert_allclose(dice_matrix(filters), slow, rtol=1e-6)


def test_frequent_bigrams_show_as_patterns_in_classical_filters(names: list[list[str]]) -> None:
    """The positions of one token are set together; random bits have no such thing."""
    lasts = [[token for token in text if token.startswith("last")] for text in names]
    patterns = bit_patterns(classical(lasts, b"key"))
    assert len(patterns) >= 3
    owned = [
        set(np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist())
        for row in classical([[t] for t in {t for last in lasts for t in last}], b"key")
    ]
    right = sum(any(set(p.tolist()) <= own for own in owned) for p in patterns)
    assert right / len(patterns) > 0.7
    rng = np.random.default_rng(0)
    assert bit_patterns(rng.integers(0, 2**63, (len(names), 16), np.uint64)) == []


def test_frequent_blocks_show_by_their_counts() -> None:
    """Unsalted and uncapped, the commonest token is the commonest value."""
    values = np.repeat([7, 8, 9, 10], [9, 5, 2, 1])
    tokens = np.array([70, 80, 90, 100], np.uint64)[values - 7]
    found, guessed = aligned_by_frequency(tokens, values)
    assert dict(zip(found.tolist(), guessed.tolist(), strict=True)) == {70: 7, 80: 8, 90: 9}


def test_a_cap_of_one_leaves_nothing_to_count() -> None:
    """Every token once: no rank, no guess, and no record comparable with another."""
    tokens = np.arange(9, dtype=np.uint64)
    assert len(aligned_by_frequency(tokens, np.repeat(np.arange(3), 3))[0]) == 0
    assert comparable_within([tokens], [np.arange(9)], 9).sum() == 0


def test_comparable_records_are_counted_once() -> None:
    """However many blocks two records share."""
    tokens = [np.array([5, 5, 5, 6], np.uint64), np.array([1, 1], np.uint64)]
    records = [np.array([0, 1, 2, 3]), np.array([1, 0])]
    assert comparable_within(tokens, records, 4).tolist() == [2, 2, 2, 0]


def test_guesses_cost_what_they_cost() -> None:
    """Seconds, hours and euros of one core, and what stretching makes of them."""
    plain = guessing_cost(3_600_000, 1e-3, euros=0.1)
    assert (plain.core_hours, plain.euros) == (pytest.approx(1), pytest.approx(0.1))
    assert guessing_cost(3_600_000, 1e-3, stretching=1000).core_hours == pytest.approx(1000)
    found = tokens_found(np.array([1, 2], np.uint64), np.array([2, 3], np.uint64))
    assert found.tolist() == [False, True]
