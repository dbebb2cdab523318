"""Claims about entries as the hub keeps them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import CustodyError
from pprl.exchange import Entries
from pprl.filters import segment_ones
from pprl.hub.custody import blinding
from pprl.hub.custody.blinding import blind, permute

KEY = bytes(range(32))
widths_of_filters = st.lists(st.sampled_from([1, 2, 4]), min_size=1, max_size=4)


def some_entries(count: int, words: int, seed: int) -> Entries:
    """Entries with random tokens and filters."""
    rng = np.random.default_rng(seed)
    tokens = np.unique(rng.integers(0, 1 << 64, count, np.uint64))
    filters = rng.integers(0, 1 << 64, (len(tokens), words), np.uint64)
    return Entries(tokens, np.arange(len(tokens), dtype=np.uint32), filters)


def slow_words(key: bytes, token: int, count: int) -> list[int]:
    """Pseudo-random words of one token, a block of AES at a time."""
    words: list[int] = []
    for number in range(-(-count // 2)):
        encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        block = encryptor.update(token.to_bytes(8, "little") + number.to_bytes(8, "little"))
        words += [int.from_bytes(block[:8], "little"), int.from_bytes(block[8:], "little")]
    return words[:count]


def slow_blind(key: bytes, token: int, row: Sequence[int], widths: Sequence[int]) -> list[int]:
    """The blinded token and filter, bit by bit."""
    masks = sum(3 * w + (w // 2) * (w.bit_length() - 1) for w in widths)
    drawn = slow_words(key, token, 1 + len(row) + masks)
    blinded, pad, rest = drawn[0], drawn[1 : 1 + len(row)], iter(drawn[1 + len(row) :])
    filled: list[int] = []
    start = 0
    for width in widths:
        bits = [row[start + p // 64] >> p % 64 & 1 for p in range(64 * width)]
        start += width
        step = 1
        while step < width:
            for low in (w for w in range(width) if not w & step):
                mask = next(rest)
                for p in range(64):
                    if mask >> p & 1:
                        a, b = 64 * low + p, 64 * (low + step) + p
                        bits[a], bits[b] = bits[b], bits[a]
            step *= 2
        for w in range(width):
            for digit in (0, 2, 4):
                mask = next(rest)
                unit = 1 << digit
                for p in range(64):
                    if not p & unit and mask >> p & 1:
                        a, b = 64 * w + p, 64 * w + p + unit
                        bits[a], bits[b] = bits[b], bits[a]
                for p in range(64):
                    if p & 2 * unit:
                        continue
                    source = p if p & unit else p + 3 * unit
                    if mask >> source & 1:
                        a, b = 64 * w + p, 64 * w + p + 2 * unit
                        bits[a], bits[b] = bits[b], bits[a]
        words = [sum(bits[64 * w + p] << p for p in range(64)) for w in range(width)]
        filled += words
    return [blinded, *(word ^ cover for word, cover in zip(filled, pad, strict=True))]


@given(widths=widths_of_filters, count=st.integers(0, 7), seed=st.integers(0, 99))
def test_every_bit_is_where_the_slow_permutation_puts_it(
    widths: list[int], count: int, seed: int
) -> None:
    """And covered by its pad; entries come in the order of their blinded tokens."""
    entries = some_entries(count, sum(widths), seed)
    blinded = blind(entries, widths, KEY)
    expected = sorted(
        (*slow_blind(KEY, token, row, widths), record)
        for token, row, record in zip(
            entries.tokens.tolist(), entries.filters.tolist(), entries.records.tolist(), strict=True
        )
    )
    found = zip(
        blinded.tokens.tolist(), blinded.filters.tolist(), blinded.records.tolist(), strict=True
    )
    assert [(token, *row, record) for token, row, record in found] == expected


@given(widths=widths_of_filters, seed=st.integers(0, 99), tile=st.sampled_from([1, 5, 4096]))
def test_two_entries_of_one_block_differ_in_as_many_bits_as_before(
    widths: list[int], seed: int, tile: int
) -> None:
    """Segment by segment, whatever the tile; and they meet under one blinded token."""
    one = some_entries(20, sum(widths), seed)
    other = Entries(one.tokens, one.records, some_entries(20, sum(widths), seed + 1).filters)
    before = segment_ones(one.filters ^ other.filters, widths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blinding, "TILE", tile)
        left, right = blind(one, widths, KEY), blind(other, widths, KEY)
    assert (left.tokens == right.tokens).all()
    assert (left.records == right.records).all()
    after = segment_ones(left.filters ^ right.filters, widths)
    assert (after == before[left.records]).all()


def test_under_another_key_nothing_meets() -> None:
    """Neither tokens nor filters; a stolen store is of no use beside another one."""
    entries = some_entries(500, 3, 1)
    one, other = blind(entries, [1, 2], KEY), blind(entries, [1, 2], bytes(32))
    assert not set(one.tokens.tolist()) & set(other.tokens.tolist())
    assert not set(one.tokens.tolist()) & set(entries.tokens.tolist())
    mean = segment_ones(one.filters ^ other.filters, [3]).mean()
    assert abs(mean - 96) < 4 * np.sqrt(192) / 2 / np.sqrt(500)


def test_a_bit_gets_to_every_place_of_its_segment_alike() -> None:
    """Over 40,000 tokens, one bit of a segment of 128: chi-square within five deviations."""
    count = 40_000
    rng = np.random.default_rng(3)
    segment = np.zeros((2, count), np.uint64)
    segment[0] = np.uint64(1) << np.uint64(17)
    permute(segment, iter(rng.integers(0, 1 << 64, (7, count), np.uint64)))
    bits = np.unpackbits(np.ascontiguousarray(segment.T).view(np.uint8), axis=1, bitorder="little")
    assert (bits.sum(axis=1) == 1).all()
    expected = count / 128
    chi_square = float(((bits.sum(axis=0) - expected) ** 2 / expected).sum())
    assert abs(chi_square - 127) < 5 * np.sqrt(2 * 127)


def test_a_single_entry_says_nothing_of_its_filter() -> None:
    """It is covered by a pad: over many tokens each bit of one filter is set half of the time."""
    tokens = np.arange(20_000, dtype=np.uint64)
    filters = np.full((len(tokens), 1), 0xFF, np.uint64)
    blinded = blind(Entries(tokens, tokens.astype(np.uint32), filters), [1], KEY)
    bits = np.unpackbits(blinded.filters.view(np.uint8), axis=1)
    assert (abs(bits.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(len(tokens))).all()


def test_the_places_in_which_two_entries_differ_are_not_told() -> None:
    """Without the permutation a pad would show them, and a linkage key would read names there."""
    tokens = np.arange(20_000, dtype=np.uint64)
    zeros = np.zeros((len(tokens), 1), np.uint64)
    one = blind(Entries(tokens, tokens.astype(np.uint32), zeros), [1], KEY)
    other = blind(Entries(tokens, tokens.astype(np.uint32), zeros + np.uint64(0xFFFF)), [1], KEY)
    bits = np.unpackbits((one.filters ^ other.filters).view(np.uint8), axis=1)
    assert (bits.sum(axis=1) == 16).all()
    assert (abs(bits.mean(axis=0) - 0.25) < 5 * 0.44 / np.sqrt(len(tokens))).all()


def test_equal_blinded_tokens_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would make two students of one institution comparable."""
    monkeypatch.setattr(
        blinding, "_draw", lambda _, tokens, count: np.zeros((count, len(tokens)), np.uint64)
    )
    with pytest.raises(CustodyError, match="equal by chance"):
        blind(some_entries(2, 1, 1), [1], KEY)
