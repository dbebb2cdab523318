"""The claim about a hub's store that blinds on ingest: the linkage key alone tests no guess."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pprl.audit.dictionary import tokens_found
from pprl.exchange import Entries
from pprl.hub.custody.blinding import blind

WIDTHS = (2, 1)
"""Words of each segment."""
SECRET = b"the hub's own secret, 32 bytes..".ljust(32, b".")


def entries_of(count: int, seed: int) -> Entries:
    """Entries of two segments, a quarter of whose bits are set."""
    rng = np.random.default_rng(seed)
    bits = np.zeros((count, 64 * sum(WIDTHS)), np.uint8)
    for row in bits:
        row[rng.choice(128, 32, replace=False)] = 1
        row[128 + rng.choice(64, 16, replace=False)] = 1
    return Entries(
        np.sort(rng.integers(0, 2**63, count, np.uint64)),
        np.arange(count, dtype=np.uint32),
        np.packbits(bits, axis=1, bitorder="little").view("<u8"),
    )


def in_order_of_records(entries: Entries) -> Entries:
    """What `entries_of` numbers, in its order again."""
    order = np.argsort(entries.records)
    return Entries(entries.tokens[order], entries.records[order], entries.filters[order])


def blinded(entries: Entries, secret: bytes) -> Entries:
    """As the store keeps them, but in the order of records: more than a thief has."""
    return in_order_of_records(blind(entries, WIDTHS, secret))


def differing(one: Entries, other: Entries) -> np.ndarray:
    """Bits of each segment that differ: `int[n, segments]`."""
    counts = np.bitwise_count(one.filters ^ other.filters)
    return np.stack([counts[:, :2].sum(axis=1), counts[:, 2]], axis=1)


def test_joins_and_comparisons_survive() -> None:
    """Equal tokens stay equal, and segments differ in as many bits as before."""
    one, other = entries_of(40, 1), entries_of(40, 2)
    other = Entries(one.tokens, other.records, other.filters)
    hidden, also = blinded(one, SECRET), blinded(other, SECRET)
    assert (hidden.tokens == also.tokens).all()
    assert (differing(hidden, also) == differing(one, other)).all()


def test_a_guess_with_the_linkage_key_finds_nothing_in_a_stolen_store() -> None:
    """The thief computes the very tokens and filters; in the raw file each of them is there."""
    entries = entries_of(500, 1)
    assert tokens_found(entries.tokens, entries.tokens).all()
    stolen = blind(entries, WIDTHS, SECRET)
    assert not tokens_found(entries.tokens, stolen.tokens).any()
    # Nor by blinding under a secret of the thief's.
    guesses = blind(entries, WIDTHS, b"guess".ljust(32, b"."))
    assert not tokens_found(guesses.tokens, stolen.tokens).any()


@pytest.mark.parametrize("segment", [0, 1])
def test_a_stolen_filter_is_as_near_to_the_right_guess_as_to_any_other(segment: int) -> None:
    """Distances of true pairs and of wrong ones have one law, that of coins."""
    entries = entries_of(600, 1)
    stolen = blinded(entries, SECRET)
    wrong_entries = Entries(entries.tokens, entries.records, np.roll(entries.filters, 1, axis=0))
    right = differing(stolen, entries)[:, segment]
    wrong = differing(stolen, wrong_entries)[:, segment]
    assert stats.ks_2samp(right, wrong).pvalue > 1e-3
    width = 64 * WIDTHS[segment]
    assert abs(right.mean() - width / 2) < 5 * np.sqrt(width / 4 / len(right))


def test_how_many_bits_a_stolen_segment_has_says_nothing_of_its_insertions() -> None:
    """Every segment had a quarter of its bits set; under its pad it has half of them."""
    stolen = blind(entries_of(600, 1), WIDTHS, SECRET)
    set_bits = np.bitwise_count(stolen.filters).sum(axis=1)
    assert abs(set_bits.mean() - 96) < 5 * np.sqrt(192 / 4 / 600)
    assert set_bits.var() == pytest.approx(192 / 4, rel=0.3)


def test_two_stolen_entries_of_one_block_show_only_how_many_bits_differ() -> None:
    """Where they differ is anywhere, though the same bit differs in every raw pair."""
    entries = entries_of(2000, 1)
    other = Entries(
        entries.tokens, entries.records, entries.filters ^ np.array([1, 0, 0], np.uint64)
    )
    apart = blinded(entries, SECRET).filters ^ blinded(other, SECRET).filters
    bits = np.unpackbits(apart.astype("<u8").view(np.uint8), axis=1, bitorder="little")
    assert (bits.sum(axis=1) == 1).all()
    assert stats.chisquare(bits[:, :128].sum(axis=0)).pvalue > 1e-3
