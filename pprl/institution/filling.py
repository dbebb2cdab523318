"""Filling filters: the entries of students, in blocks that are shared or in a decoy's own.

A decoy is filled as a real entry is, from the student's own fields, but under a token and a salt
that no other institution can derive. So it changes from one submission to the next when and where
a real entry would: were it random throughout, a student who moves would show which of the record's
entries follow, and those that do not are the decoys.

Positions come from SipHash-2-4 under the block's salt for the tokens of a field that is there, and
from AES-256 under a key of the institution's own for a field that is missing. Each input is used
once, so every segment of every entry is an independent, uniformly random set of `insertions`
positions, to whoever cannot tell SipHash and AES from random functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from pprl.agreement.linkage import LinkageSection, Segment
from pprl.filters import Draws, distinct_positions
from pprl.institution.tokens import TokenTable
from pprl.siphash import siphash24

Words = NDArray[np.uint64]

MESSAGE_BYTES = 11
_BLOCK_PLACES = (255, 254, 253)
"""Places, which no segment has, of a decoy's token and of the two words of its salt."""


def fill_entries(
    section: LinkageSection,
    segments: Sequence[Segment],
    tables: Mapping[str, TokenTable],
    students: NDArray[np.intp],
    tokens: Words,
    salts: Words,
    missing_key: bytes,
) -> Words:
    """The filters of entries, real ones and decoys.

    Position stream of a token: SipHash-2-4 under the block salt over the token's digest (8 bytes),
    the segment's place in the linkage section (1 byte) and a counter (2 bytes).

    Args:
        section: the linkage section, which numbers the segments.
        segments: those that the pass carries.
        tables: the token digests of each segment.
        students: `intp[n]`, the student of each entry.
        tokens: `uint64[n]`, the block token of each entry.
        salts: `uint64[n, 2]`, the block salt of each entry.
        missing_key: 32 bytes of the institution's own, for the segments of missing fields.

    Returns:
        `uint64[n, words]`.
    """
    columns = []
    for segment in segments:
        place = section.segments.index(segment)
        table = tables[segment.name]
        counts = table.counts(students)
        filled = np.zeros((len(students), segment.words), np.uint64)
        for count in np.unique(counts).tolist():
            rows = np.flatnonzero(counts == count)
            if count:
                digests = table.matrix(students[rows], count)
                streams = _token_streams(digests, salts[rows], place)
            else:
                streams = _private_streams(tokens[rows], place, 0, missing_key)
            filled[rows] = distinct_positions(streams, len(rows), segment.bits, segment.insertions)
        columns.append(filled)
    return np.concatenate(columns, axis=1)


def private_blocks(names: Words, slots: NDArray[np.int64], decoy_key: bytes) -> tuple[Words, Words]:
    """The blocks of decoys, which nobody else can derive; `fill_entries` fills them as any block.

    Args:
        names: `uint64[n]`, what stands for the student and the values of the pass's blocking key.
        slots: `int64[n]`, which of the record's entries in the pass each decoy stands for.
        decoy_key: 32 bytes of the institution's own for the pass.

    Returns:
        tokens `uint64[n]` and salts `uint64[n, 2]`.
    """
    every = np.arange(len(names))
    token, *salt = (
        _private_streams(names, place, slots, decoy_key)(0, every)[0] for place in _BLOCK_PLACES
    )
    return token, np.column_stack(salt)


def _token_streams(digests: Words, salts: Words, place: int) -> Draws:
    """One stream for each token of each entry."""

    def draw(counter: int, rows: NDArray[np.intp]) -> Words:
        tail = np.array(place | counter << 8, np.uint64)
        return siphash24(salts[rows], [digests[:, rows], tail], MESSAGE_BYTES)

    return draw


def _private_streams(name: Words, place: int, slots: NDArray[np.int64] | int, key: bytes) -> Draws:
    """One stream for each entry: AES-256 of (name, counter, place, slot), its first 8 bytes."""
    encrypt = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update
    slot = np.broadcast_to(np.asarray(slots, np.uint64), name.shape)

    def draw(counter: int, rows: NDArray[np.intp]) -> Words:
        blocks = np.empty((len(rows), 2), "<u8")
        blocks[:, 0] = name[rows]
        blocks[:, 1] = np.uint64(counter | place << 16) | slot[rows] << np.uint64(24)
        words = np.frombuffer(encrypt(blocks.tobytes()), "<u8").reshape(-1, 2)
        return words[:, 0][None, :]

    return draw
