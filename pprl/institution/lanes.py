"""The loops of the numba kernel of filling, over entries that stand beside each other in lanes.

Entries of a tile that have as many tokens in a segment form groups of 64, in loops so simple that
the compiler works on as many lanes in one instruction as the processor has room for. `lay_out`
writes what AES is to encrypt, `fill` turns what comes of it into positions.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from pprl.compiled_popcount import ones_in_word

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]

LANES = 64


def spread(begin: Integers, count: Integers, digests: Words, place: Integers, out: Words) -> None:
    """Copy each student's digests of one segment to its place in `out`, and move the place on."""
    for student in range(len(begin)):
        for token in range(count[student]):
            out[place[student] + token] = digests[begin[student] + token]
        place[student] += count[student]


def lay_out(
    students: Integers,
    tokens: Words,
    salts: Words,
    start_of: Integers,
    count: NDArray[np.uint16],
    digests: Words,
    chosen: Integers,
    place: Words,
    blocks: Integers,
    order: Integers,
    groups: Integers,
    shared: Words,
    private: Words,
) -> tuple[int, int, int]:
    """Group the entries of a tile, segment by segment, and write what AES is to encrypt.

    Args:
        students: `int64[n]`, the student of each entry.
        tokens: `uint64[n]`.
        salts: `uint64[n, 2]`.
        start_of: `StudentTokens.start`.
        count: as in `StudentTokens`.
        digests: as in `StudentTokens`.
        chosen: as in `Plan`.
        place: as in `Plan`.
        blocks: as in `Plan`.
        order: receives the entries of each segment, those with as many tokens side by side.
        groups: receives segment, tokens, first place in `order`, entries, first block and blocks.
        shared: receives the blocks of tokens, two words each, in the order (group, block, token,
            entry), each group filled up to 64 entries.
        private: receives the blocks of missing fields, likewise.

    Returns:
        How many groups, and blocks of tokens and of missing fields, there are.
    """
    made = 0
    first_shared, first_private = 0, 0
    rows = np.zeros(blocks.shape[1] + 1, np.int64)
    at = np.empty((count.shape[1], len(students)), np.int64)
    held = np.empty((count.shape[1], len(students)), np.int64)
    for entry in range(len(students)):
        position = start_of[students[entry]]
        for segment in range(count.shape[1]):
            at[segment, entry] = position
            held[segment, entry] = count[students[entry], segment]
            position += held[segment, entry]
    begin = np.empty(LANES, np.int64)
    low = np.empty(LANES, np.uint64)
    high = np.empty(LANES, np.uint64)
    for segment in range(len(chosen)):
        ordered = order[segment * len(students) : (segment + 1) * len(students)]
        own, own_at = held[chosen[segment]], at[chosen[segment]]
        rows[:] = 0
        for entry in range(len(students)):
            rows[own[entry] + 1] += 1
        for number in range(1, len(rows)):
            rows[number] += rows[number - 1]
        next_row = rows.copy()
        for entry in range(len(students)):
            ordered[next_row[own[entry]]] = entry
            next_row[own[entry]] += 1
        for number in range(len(rows) - 1):
            for start in range(rows[number], rows[number + 1], LANES):
                lanes = min(LANES, rows[number + 1] - start)
                groups[made, 0] = segment
                groups[made, 1] = number
                groups[made, 2] = segment * len(students) + start
                groups[made, 3] = lanes
                groups[made, 4] = first_shared if number else first_private
                groups[made, 5] = blocks[segment, number]
                made += 1
                for lane in range(LANES):
                    entry = ordered[start + min(lane, lanes - 1)]
                    begin[lane] = own_at[entry]
                    low[lane] = salts[entry, 0] if number else tokens[entry]
                    high[lane] = salts[entry, 1] if number else np.uint64(0)
                for block in range(blocks[segment, number]):
                    tail = np.uint64(block << 8) | place[segment]
                    for token in range(number):
                        row = shared[2 * first_shared : 2 * (first_shared + LANES)]
                        for lane in range(LANES):
                            row[2 * lane] = low[lane] ^ digests[begin[lane] + token]
                            row[2 * lane + 1] = high[lane] ^ tail
                        first_shared += LANES
                    if not number:
                        row = private[2 * first_private : 2 * (first_private + LANES)]
                        for lane in range(LANES):
                            row[2 * lane] = low[lane]
                            row[2 * lane + 1] = tail
                        first_private += LANES
    return made, first_shared, first_private


def fill(
    groups: Integers,
    order: Integers,
    words: Integers,
    offset: Integers,
    insertions: Integers,
    shared: Words,
    private: Words,
    out: Words,
    short: NDArray[np.bool_],
) -> None:
    """Turn the encrypted blocks of a tile into filters; writes into `out` and `short`.

    Args:
        groups: from `lay_out`; so is `order`.
        order: see `groups`.
        words: as in `Plan`; so are `offset` and `insertions`.
        offset: see `words`.
        insertions: see `words`.
        shared: the blocks of tokens, encrypted.
        private: the blocks of missing fields, encrypted.
        out: `uint64[n, words]`.
        short: `bool[n]`, set where the blocks did not suffice.
    """
    filled = np.empty((words.max(), LANES), np.uint64)
    position = np.empty(LANES, np.uint64)
    lacking = np.empty(LANES, np.uint64)
    one, two, six, low = np.uint64(1), np.uint64(2), np.uint64(6), np.uint64(63)
    for group in range(len(groups)):
        segment, lanes = groups[group, 0], groups[group, 3]
        span, wanted = words[segment], np.uint64(insertions[segment])
        streams = max(groups[group, 1], 1)
        source = shared if groups[group, 1] else private
        width = 6
        while span << 6 > 1 << width:
            width += 1
        mask = np.uint64((1 << width) - 1)
        filled[:span] = np.uint64(0)
        lacking[:lanes] = one
        lacking[lanes:] = np.uint64(0)
        drawn, lacks = np.uint64(0), np.uint64(lanes)
        for block in range(groups[group, 5]):
            for half in range(2):
                for chunk in range(64 // width):
                    by = np.uint64(chunk * width)
                    for stream in range(streams):
                        if not lacks:
                            break
                        # Unsigned, an index needs no look at its sign, and the loops vectorise.
                        first = np.uint64(
                            2 * (groups[group, 4] + (block * streams + stream) * LANES) + half
                        )
                        if span == 1:
                            for lane in range(LANES):
                                bits = source[first + two * np.uint64(lane)] >> by
                                filled[0, lane] |= lacking[lane] << (bits & mask)
                        else:
                            for lane in range(LANES):
                                bits = source[first + two * np.uint64(lane)] >> by
                                position[lane] = bits & mask
                            for word in range(span):
                                here = np.uint64(word)
                                for lane in range(LANES):
                                    is_here = np.uint64(position[lane] >> six == here)
                                    bit = lacking[lane] << (position[lane] & low)
                                    filled[word, lane] |= bit * is_here
                        drawn += one
                        if drawn < wanted:
                            continue
                        lacks = np.uint64(0)
                        for lane in range(LANES):
                            position[lane] = ones_in_word(filled[0, lane])
                        for word in range(1, span):
                            for lane in range(LANES):
                                position[lane] += ones_in_word(filled[word, lane])
                        for lane in range(LANES):
                            lacking[lane] &= np.uint64(position[lane] < wanted)
                            lacks += lacking[lane]
        for lane in range(lanes):
            entry = order[groups[group, 2] + lane]
            short[entry] |= lacking[lane] != 0
            for word in range(span):
                out[entry, offset[segment] + word] = filled[word, lane]


spread = numba.njit(nogil=True, cache=True, boundscheck=False)(spread)
lay_out = numba.njit(nogil=True, cache=True, boundscheck=False)(lay_out)
fill = numba.njit(nogil=True, cache=True, boundscheck=False)(fill)
