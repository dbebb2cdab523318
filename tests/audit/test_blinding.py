"""The claim about a hub's store that blinds on ingest: with the linkage key alone, no guess holds.

The construction, in a few lines: each token becomes its HMAC under a secret of the hub, and each
filter is XORed with a pad from that secret and the token.
"""

from __future__ import annotations

import hmac

import numpy as np
from scipy import stats

from pprl.audit.dictionary import tokens_found
from pprl.exchange import Entries

Words = np.ndarray


def blinded(entries: Entries, secret: bytes) -> Entries:
    """The entries as the store keeps them."""
    tokens, pads = [], []
    for token in entries.tokens.tolist():
        name = token.to_bytes(8, "little")
        tokens.append(int.from_bytes(hmac.digest(secret, b"t" + name, "sha256")[:8], "little"))
        stream = b"".join(
            hmac.digest(secret, b"p" + bytes([part]) + name, "sha256")
            for part in range(-(-entries.filters.shape[1] // 4))
        )
        pads.append(np.frombuffer(stream, "<u8")[: entries.filters.shape[1]])
    return Entries(np.array(tokens, np.uint64), entries.records, entries.filters ^ np.array(pads))


def entries_of(count: int, seed: int) -> Entries:
    """Entries of three words, eight bits set in each."""
    rng = np.random.default_rng(seed)
    bits = np.zeros((count, 192), np.uint8)
    for row in bits:
        row[rng.choice(192, 24, replace=False)] = 1
    return Entries(
        np.sort(rng.integers(0, 2**63, count, np.uint64)),
        np.arange(count, dtype=np.uint32),
        np.packbits(bits, axis=1, bitorder="little").view("<u8"),
    )


def test_joins_and_comparisons_survive() -> None:
    """Equal tokens stay equal, and equal pads cancel."""
    one, other = entries_of(40, 1), entries_of(40, 2)
    other = Entries(one.tokens, other.records, other.filters)
    hidden, also = blinded(one, b"hub"), blinded(other, b"hub")
    assert (hidden.tokens == also.tokens).all()
    assert (hidden.filters ^ also.filters == one.filters ^ other.filters).all()


def test_a_guess_with_the_linkage_key_finds_nothing_in_a_stolen_store() -> None:
    """The thief computes the very tokens and filters; in the raw file each of them is there."""
    entries = entries_of(500, 1)
    guesses = entries
    assert tokens_found(guesses.tokens, entries.tokens).all()
    stolen = blinded(entries, b"the hub's own secret")
    assert not tokens_found(guesses.tokens, stolen.tokens).any()
    # Nor by blinding under a secret of the thief's.
    assert not tokens_found(blinded(guesses, b"guess").tokens, stolen.tokens).any()


def test_a_stolen_filter_is_as_near_to_the_right_guess_as_to_any_other() -> None:
    """Distances of true pairs and of wrong ones have one law, that of coins."""
    entries = entries_of(600, 1)
    stolen = blinded(entries, b"the hub's own secret")
    right = np.bitwise_count(stolen.filters ^ entries.filters).sum(axis=1)
    wrong = np.bitwise_count(stolen.filters ^ np.roll(entries.filters, 1, axis=0)).sum(axis=1)
    assert stats.ks_2samp(right, wrong).pvalue > 1e-3
    assert abs(right.mean() - 96) < 5 * np.sqrt(192 / 4 / len(right))
