"""Blinding: entries as the hub keeps them, useless without the hub's own secret.

An entry's token is replaced by a keyed pseudo-random function of itself; the bits of each segment
of its filter change places by a permutation, and are then covered by a pad, both of which hang on
the secret and the token. Two entries share a blinded token if they shared a token, and then both
went through one permutation and under one pad: their segments differ in as many bits as before,
which is all that linking asks. Whoever steals the blinded entries, and a linkage key with them,
cannot test a guess about anybody: not by a token, not by an entry of a block that no other
institution shares (it is covered like a message by a one-time pad), and of two entries in one block
only from how many bits of each segment differ. See docs/decisions/0050.

The permutation is a butterfly network: for each of the log2(n) bits of a position in turn, a random
mask says which of the pairs of positions that differ in that bit alone are swapped. Every bit gets
to every place with the same probability. The permutations are not equally probable as a whole,
which is why the pad is there as well.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from numpy.typing import NDArray

from pprl.agreement import LinkageSection
from pprl.errors import CustodyError
from pprl.exchange import Entries, Submission
from pprl.hub.custody.keys import CustodyKey

Words = NDArray[np.uint64]

TILE = 1 << 12
_BLOCK_WORDS = 2
_DIGITS = (0, 2, 4)
"""The bits of a position within a word, taken two at a time: they make a digit from 0 to 3."""


def blind_submission(
    submission: Submission, section: LinkageSection, key: CustodyKey
) -> Submission:
    """Blind a submission that was found to be as agreed.

    Args:
        submission: as it came.
        section: the agreement's linkage section.
        key: of the linkage store.
    """
    passes = {
        linkage_pass.name: blind(
            submission.passes[linkage_pass.name],
            [segment.words for segment in section.segments_of(linkage_pass)],
            key.derive(section.digest, f"blinding/{linkage_pass.name}"),
        )
        for linkage_pass in section.passes
    }
    return Submission(submission.manifest, passes, key.check_value)


def blind(entries: Entries, widths: Sequence[int], key: bytes) -> Entries:
    """Blind the entries of one pass.

    Args:
        entries: as submitted.
        widths: words of each segment, each a power of two; they add up to the filter's.
        key: 32 bytes, for this pass alone.

    Returns:
        the same entries blinded, in the order of their blinded tokens.

    Raises:
        CustodyError: two blinded tokens are equal (one in 2**64 for each pair of entries).
    """
    words = sum(widths)
    tokens = np.empty(len(entries), np.uint64)
    filters = np.empty((len(entries), words), np.uint64)
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    for start in range(0, len(entries), TILE):
        tile = slice(start, min(start + TILE, len(entries)))
        drawn = _draw(encryptor, entries.tokens[tile], 1 + words + _mask_words(widths))
        tokens[tile] = drawn[0]
        columns = np.array(entries.filters[tile].T, order="C", copy=True)
        masks = iter(drawn[1 + words :])
        for segment in _segments(columns, widths):
            permute(segment, masks)
        np.bitwise_xor(columns, drawn[1 : 1 + words], out=columns)
        filters[tile] = columns.T
    order = np.argsort(tokens)
    tokens = tokens[order]
    if (tokens[1:] == tokens[:-1]).any():
        raise CustodyError(
            "Two blinded tokens are equal by chance. Make a new store with a new secret."
        )
    return Entries(tokens, entries.records[order], filters[order])


def permute(segment: Words, masks: Iterator[Words]) -> None:
    """Send the bits of a segment through a butterfly network; writes into `segment`.

    Args:
        segment: `uint64[words, n]`, bit `p` of row `w` being position `64 w + p`.
        masks: random words, `uint64[n]` each: `words / 2` for each bit of a word's number, then
            three for each word.
    """
    words = len(segment)
    step = 1
    while step < words:
        for low in (w for w in range(words) if not w & step):
            one, other = segment[low], segment[low + step]
            swapped = (one ^ other) & next(masks)
            one ^= swapped
            other ^= swapped
        step *= 2
    for row in segment:
        for digit in _DIGITS:
            drawn = next(masks)
            lower, upper = _mask_of_pairs(drawn, digit)
            _swap(row, lower, 1 << digit)
            _swap(row, upper, 2 << digit)


def _swap(row: Words, mask: Words, distance: int) -> None:
    """Swap each bit at which the mask is set with the one so far above it."""
    shift = np.uint64(distance)
    swapped = row >> shift
    swapped ^= row
    swapped &= mask
    row ^= swapped
    swapped <<= shift
    row ^= swapped


def _mask_of_pairs(drawn: Words, digit: int) -> tuple[Words, Words]:
    """Two masks from one random word, each of its bits used once.

    Written as digits of two bits, positions 0 and 2 are the lower ends of the first swaps (1, 3 the
    upper), 0 and 1 those of the second. The first mask takes the random bits at digits 0 and 2;
    the second those that are left, at 1 where they are and at 3 moved to 0.
    """
    unit = 1 << digit
    lower = drawn & _at_digits(digit, (0, 2))
    upper = drawn >> np.uint64(3 * unit)
    upper &= _at_digits(digit, (0,))
    upper |= drawn & _at_digits(digit, (1,))
    return lower, upper


@functools.cache
def _at_digits(digit: int, values: tuple[int, ...]) -> np.uint64:
    """A word with the bits set whose position has one of these values as its digit."""
    return np.uint64(sum(1 << p for p in range(64) if p >> digit & 3 in values))


def _mask_words(widths: Sequence[int]) -> int:
    """How many random words the permutations of all segments take for each entry."""
    return sum(len(_DIGITS) * width + width // 2 * (width.bit_length() - 1) for width in widths)


def _segments(columns: Words, widths: Sequence[int]) -> Iterator[Words]:
    """The rows of each segment."""
    start = 0
    for width in widths:
        yield columns[start : start + width]
        start += width


def _draw(encryptor: CipherContext, tokens: Words, count: int) -> Words:
    """Pseudo-random words for each token: `uint64[count or one more, n]`.

    AES on (token, number of the block): no two inputs under one key are equal, so that as long as
    AES is a pseudo-random permutation the outputs are as good as random.
    """
    blocks = -(-count // _BLOCK_WORDS)
    inputs = np.empty((blocks, len(tokens), _BLOCK_WORDS), "<u8")
    inputs[:, :, 0] = tokens
    inputs[:, :, 1] = np.arange(blocks, dtype=np.uint64)[:, None]
    output = bytearray(inputs.nbytes + 15)
    encryptor.update_into(inputs.data.cast("B"), output)
    drawn = np.frombuffer(output, "<u8", inputs.size).reshape(inputs.shape)
    return np.ascontiguousarray(drawn.transpose(0, 2, 1)).reshape(-1, len(tokens))
