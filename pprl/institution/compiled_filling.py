"""The numba kernel of filling: the same bits as `pprl.institution.filling`, several times as fast.

Entries go through a tile at a time. Those of a tile that have as many tokens in a segment stand
beside each other, 64 to a group, so that the compiler works on as many of them in one instruction
as the processor has room for. The words come from AES as everywhere; a kernel lays out its inputs
(`lay_out`), another turns its outputs into positions (`fill`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from pprl.agreement.linkage import Segment
from pprl.institution.prf import Prf
from pprl.institution.tokens import TokenTable

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]

LANES = 64
TILE = 4096
_WORD_BITS = 64
# Draws beyond the expected ones that leave a filter short once in a thousand million times.
_SPARE_SHARE, _SPARE_DRAWS = 1.25, 12


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """How the segments of a pass are filled.

    Attributes:
        place: `uint64[s]`, each segment's place in the linkage section.
        words: `int64[s]`, 64-bit words of each segment.
        offset: `int64[s]`, its first word in a filter.
        insertions: `int64[s]`.
        blocks: `int64[s, most + 1]`, blocks that are drawn at first for each of so many tokens.
        begin: `int64[n, s]`, where each student's digests begin in `digests`.
        count: `int64[n, s]`, how many there are.
        digests: `uint64[m]`, of all segments.
    """

    place: Words
    words: Integers
    offset: Integers
    insertions: Integers
    blocks: Integers
    begin: Integers
    count: Integers
    digests: Words

    @classmethod
    def of(
        cls,
        segments: Sequence[Segment],
        places: Sequence[int],
        tables: Mapping[str, TokenTable],
    ) -> Plan:
        """Lay the token tables of the segments side by side."""
        chosen = [tables[segment.name] for segment in segments]
        ends = np.cumsum([0, *(len(table.digests) for table in chosen)])
        words = np.array([segment.words for segment in segments], np.int64)
        count = np.column_stack([table.count for table in chosen])
        most = int(count.max(initial=0))
        return cls(
            place=np.array(places, np.uint64),
            words=words,
            offset=np.cumsum(words) - words,
            insertions=np.array([segment.insertions for segment in segments], np.int64),
            blocks=np.array([_blocks(segment, most) for segment in segments], np.int64),
            begin=np.column_stack(
                [table.begin + end for table, end in zip(chosen, ends[:-1], strict=True)]
            ),
            count=count,
            digests=np.concatenate([table.digests for table in chosen]),
        )

    def filters(
        self, students: Integers, tokens: Words, salts: Words, positions: Prf, missing: Prf
    ) -> tuple[Words, NDArray[np.bool_]]:
        """The filters of entries, as `Filling.filters` has them.

        Returns:
            the filters `uint64[n, words]`, and which of them are short of positions, `bool[n]`:
            the blocks drawn for them did not suffice.
        """
        short = np.zeros(len(students), bool)
        out = np.zeros((len(students), int(self.words.sum())), np.uint64)
        segments, room = len(self.words), TILE // LANES
        order = np.empty(segments * TILE, np.int64)
        groups = np.empty((segments * (room + self.blocks.shape[1]), 6), np.int64)
        for start in range(0, len(students), TILE):
            tile = slice(start, start + TILE)
            sizes = measure(students[tile], self.count, self.blocks)
            shared = np.empty(2 * int(sizes[0]), np.uint64)
            private = np.empty(2 * int(sizes[1]), np.uint64)
            made = lay_out(
                students[tile], tokens[tile], salts[tile], self.begin, self.count, self.digests,
                self.place, self.blocks, order, groups, shared, private,
            )  # fmt: skip
            fill(
                groups[:made], order, self.words, self.offset, self.insertions,
                positions.blocks(shared), missing.blocks(private), out[tile], short[tile],
            )  # fmt: skip
        return out, short


def _blocks(segment: Segment, most: int) -> list[int]:
    """Blocks of each token that nearly always suffice, for 0 to `most` tokens."""
    width = segment.bits.bit_length() - 1
    expected = -segment.bits * np.log1p(-segment.insertions / segment.bits)
    wanted = _SPARE_SHARE * expected + _SPARE_DRAWS
    drawn = 2 * (_WORD_BITS // width)
    return [int(np.ceil(wanted / (max(count, 1) * drawn))) for count in range(most + 1)]


def measure(students: Integers, count: Integers, blocks: Integers) -> Integers:
    """How many blocks the shared and the private inputs of a tile take at most: `int64[2]`."""
    sizes = np.zeros(2, np.int64)
    rows = np.zeros(blocks.shape[1], np.int64)
    for segment in range(count.shape[1]):
        rows[:] = 0
        for student in students:
            rows[count[student, segment]] += 1
        for tokens in range(len(rows)):
            lanes = -(-rows[tokens] // LANES) * LANES
            if tokens:
                sizes[0] += lanes * tokens * blocks[segment, tokens]
            else:
                sizes[1] += lanes * blocks[segment, tokens]
    return sizes


def lay_out(
    students: Integers,
    tokens: Words,
    salts: Words,
    begin: Integers,
    count: Integers,
    digests: Words,
    place: Words,
    blocks: Integers,
    order: Integers,
    groups: Integers,
    shared: Words,
    private: Words,
) -> int:
    """Group the entries of a tile, segment by segment, and write what AES is to encrypt.

    Args:
        students: `int64[n]`, the student of each entry.
        tokens: `uint64[n]`.
        salts: `uint64[n, 2]`.
        begin: as in `Plan`.
        count: as in `Plan`.
        digests: as in `Plan`.
        place: as in `Plan`.
        blocks: as in `Plan`.
        order: receives the entries of each segment, those with as many tokens side by side.
        groups: receives segment, tokens, first place in `order`, entries, first block and blocks.
        shared: receives the blocks of tokens, two words each, in the order (group, block, token,
            entry), each group filled up to 64 entries.
        private: receives the blocks of missing fields, likewise.

    Returns:
        How many groups were made.
    """
    made = 0
    first_shared, first_private = 0, 0
    rows = np.zeros(blocks.shape[1] + 1, np.int64)
    held = np.empty(len(students), np.int64)
    start_of = np.empty(LANES, np.int64)
    low = np.empty(LANES, np.uint64)
    high = np.empty(LANES, np.uint64)
    for segment in range(count.shape[1]):
        ordered = order[segment * len(students) : (segment + 1) * len(students)]
        rows[:] = 0
        for entry in range(len(students)):
            held[entry] = count[students[entry], segment]
            rows[held[entry] + 1] += 1
        for number in range(1, len(rows)):
            rows[number] += rows[number - 1]
        next_row = rows.copy()
        for entry in range(len(students)):
            ordered[next_row[held[entry]]] = entry
            next_row[held[entry]] += 1
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
                    start_of[lane] = begin[students[entry], segment]
                    low[lane] = salts[entry, 0] if number else tokens[entry]
                    high[lane] = salts[entry, 1] if number else np.uint64(0)
                for block in range(blocks[segment, number]):
                    tail = np.uint64(block << 8) | place[segment]
                    for token in range(number):
                        row = shared[2 * first_shared : 2 * (first_shared + LANES)]
                        for lane in range(64):
                            row[2 * lane] = low[lane] ^ digests[start_of[lane] + token]
                            row[2 * lane + 1] = high[lane] ^ tail
                        first_shared += LANES
                    if not number:
                        row = private[2 * first_private : 2 * (first_private + LANES)]
                        for lane in range(64):
                            row[2 * lane] = low[lane]
                            row[2 * lane + 1] = tail
                        first_private += LANES
    return made


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
    """Turn the encrypted blocks of a tile into filters; writes into `out`.

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
    for group in range(len(groups)):
        segment, lanes = groups[group, 0], groups[group, 3]
        span, wanted = words[segment], insertions[segment]
        streams = max(groups[group, 1], 1)
        source = shared if groups[group, 1] else private
        width = 6
        while span << 6 > 1 << width:
            width += 1
        filled[:span] = np.uint64(0)
        lacking[:lanes] = np.uint64(1)
        lacking[lanes:] = np.uint64(0)
        drawn, lacks = 0, lanes
        for block in range(groups[group, 5]):
            for half in range(2):
                for chunk in range(64 // width):
                    for stream in range(streams):
                        if not lacks:
                            break
                        first = 2 * (groups[group, 4] + (block * streams + stream) * LANES)
                        cut(source[first : first + 2 * LANES], half, chunk * width, width, position)
                        put(filled[:span], position, lacking)
                        drawn += 1
                        if drawn >= wanted:
                            lacks = still_lacking(filled[:span], wanted, lacking)
        for lane in range(lanes):
            entry = order[groups[group, 2] + lane]
            short[entry] |= lacking[lane] != 0
            for word in range(span):
                out[entry, offset[segment] + word] = filled[word, lane]


def cut(source: Words, half: int, shift: int, width: int, position: Words) -> None:
    """Cut a position out of one half of each of 64 blocks."""
    mask = np.uint64((1 << width) - 1)
    by = np.uint64(shift)
    for lane in range(64):
        position[lane] = (source[2 * lane + half] >> by) & mask


def put(filled: Words, position: Words, lacking: Words) -> None:
    """Set a bit in each of 64 filters, or none where none is lacking."""
    if len(filled) == 1:
        for lane in range(64):
            filled[0, lane] |= lacking[lane] << position[lane]
        return
    for word in range(len(filled)):
        here = np.uint64(word)
        for lane in range(64):
            bit = lacking[lane] << (position[lane] & np.uint64(63))
            filled[word, lane] |= bit if position[lane] >> np.uint64(6) == here else np.uint64(0)


def still_lacking(filled: Words, wanted: int, lacking: Words) -> int:
    """Note which of 64 filters have fewer bits than wanted, and count them."""
    lacks = np.uint64(0)
    least = np.uint64(wanted)
    if len(filled) == 1:
        for lane in range(64):
            lacking[lane] &= np.uint64(ones_in_word(filled[0, lane]) < least)
            lacks += lacking[lane]
    elif len(filled) == 2:
        for lane in range(64):
            ones = ones_in_word(filled[0, lane]) + ones_in_word(filled[1, lane])
            lacking[lane] &= np.uint64(ones < least)
            lacks += lacking[lane]
    else:
        for lane in range(64):
            ones = np.uint64(0)
            for word in range(len(filled)):
                ones += ones_in_word(filled[word, lane])
            lacking[lane] &= np.uint64(ones < least)
            lacks += lacking[lane]
    return int(lacks)


def ones_in_word(word: np.uint64) -> np.uint64:
    """Bits set in a word, in the form that LLVM replaces by the processor's own instruction."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


ones_in_word = numba.njit(inline="always")(ones_in_word)
cut = numba.njit(nogil=True, cache=True, boundscheck=False)(cut)
put = numba.njit(nogil=True, cache=True, boundscheck=False)(put)
still_lacking = numba.njit(nogil=True, cache=True, boundscheck=False)(still_lacking)
measure = numba.njit(nogil=True, cache=True, boundscheck=False)(measure)
lay_out = numba.njit(nogil=True, cache=True, boundscheck=False)(lay_out)
fill = numba.njit(nogil=True, cache=True, boundscheck=False)(fill)
