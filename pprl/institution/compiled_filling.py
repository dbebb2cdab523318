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
from pprl.institution.filling import Blanks
from pprl.institution.prf import Prf
from pprl.institution.tokens import TokenTable

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]

LANES = 64
TILE = 2048
_WORD_BITS = 64
# Draws beyond the expected ones that leave a filter short once in a thousand million times.
_SPARE_SHARE, _SPARE_DRAWS = 1.25, 12


@dataclass(frozen=True, eq=False, repr=False)
class StudentTokens:
    """The token digests of every student, segment by segment, student by student.

    Attributes:
        names: the segments, in order.
        start: `int64[n]`, where each student's digests begin.
        count: `uint16[n, segments]`, how many a student has in each segment.
        digests: `uint64[m]`.
    """

    names: tuple[str, ...]
    start: Integers
    count: NDArray[np.uint16]
    digests: Words

    @classmethod
    def of(cls, tables: Mapping[str, TokenTable]) -> StudentTokens:
        """Lay tables side by side, as they are walked through."""
        count = np.column_stack([table.count for table in tables.values()]).astype(np.uint16)
        total = count.sum(axis=1, dtype=np.int64)
        start = np.cumsum(total) - total
        digests = np.empty(int(total.sum()), np.uint64)
        place = start.copy()
        for table in tables.values():
            spread(table.begin, table.count, table.digests, place, digests)
        return cls(tuple(tables), start, count, digests)


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """How the segments of a pass are filled.

    Attributes:
        tokens: those of every student.
        chosen: `int64[s]`, the segments among `tokens`.
        place: `uint64[s]`, each one's place in the linkage section.
        words: `int64[s]`, its 64-bit words.
        offset: `int64[s]`, its first word in a filter.
        insertions: `int64[s]`.
        blocks: `int64[s, most + 1]`, blocks that are drawn at first for each of so many tokens.
    """

    tokens: StudentTokens
    chosen: Integers
    place: Words
    words: Integers
    offset: Integers
    insertions: Integers
    blocks: Integers

    @classmethod
    def of(cls, segments: Sequence[Segment], places: Sequence[int], tokens: StudentTokens) -> Plan:
        """Plan for some segments of a linkage section, which stand at these places in it."""
        words = np.array([segment.words for segment in segments], np.int64)
        most = int(tokens.count.max(initial=0))
        return cls(
            tokens=tokens,
            chosen=np.array([tokens.names.index(s.name) for s in segments], np.int64),
            place=np.array(places, np.uint64),
            words=words,
            offset=np.cumsum(words) - words,
            insertions=np.array([segment.insertions for segment in segments], np.int64),
            blocks=np.array([_blocks(segment, most) for segment in segments], np.int64),
        )

    def filters(
        self, blanks: Blanks, positions: Prf, missing: Prf
    ) -> tuple[Words, NDArray[np.bool_]]:
        """The filters of entries, as `Filling.filters` has them.

        Returns:
            the filters `uint64[n, words]`, and which entries are short of positions, `bool[n]`:
            the blocks drawn for them did not suffice.
        """
        short = np.zeros(len(blanks), bool)
        out = np.empty((len(blanks), int(self.words.sum())), np.uint64)
        size = min(TILE, len(blanks))
        most = self.blocks.shape[1]
        order = np.empty(len(self.words) * size, np.int64)
        groups = np.empty((len(self.words) * (size // LANES + most + 1), 6), np.int64)
        # Room for the worst tile; what is not used is never touched.
        blocks = (self.blocks * np.maximum(1, np.arange(most))).max(axis=1).sum()
        most_blocks = int(blocks) * (size + LANES * most)
        shared, private = np.empty((2, most_blocks, 2), np.uint64)
        filled = np.empty((size, out.shape[1]), np.uint64)
        encrypted = np.empty((2, 2 * most_blocks + 2), np.uint64)
        for start in range(0, len(blanks), TILE):
            tile = slice(start, start + TILE)
            made, of_tokens, of_missing = lay_out(
                blanks.students[tile], blanks.tokens[tile], blanks.salts[tile],
                self.tokens.start, self.tokens.count, self.tokens.digests,
                self.chosen, self.place, self.blocks,
                order, groups, shared.reshape(-1), private.reshape(-1),
            )  # fmt: skip
            fill(
                groups[:made], order, self.words, self.offset, self.insertions,
                positions.blocks(shared[:of_tokens], encrypted[0]).reshape(-1),
                missing.blocks(private[:of_missing], encrypted[1]).reshape(-1),
                filled, short[tile],
            )  # fmt: skip
            out[blanks.places[tile]] = filled[: len(blanks.places[tile])]
        return out, short


def spread(begin: Integers, count: Integers, digests: Words, place: Integers, out: Words) -> None:
    """Copy each student's digests of one segment to its place in `out`, and move the place on."""
    for student in range(len(begin)):
        for token in range(count[student]):
            out[place[student] + token] = digests[begin[student] + token]
        place[student] += count[student]


def _blocks(segment: Segment, most: int) -> list[int]:
    """Blocks of each token that nearly always suffice, for 0 to `most` tokens."""
    width = segment.bits.bit_length() - 1
    expected = -segment.bits * np.log1p(-segment.insertions / segment.bits)
    wanted = _SPARE_SHARE * expected + _SPARE_DRAWS
    drawn = 2 * (_WORD_BITS // width)
    return [int(np.ceil(wanted / (max(count, 1) * drawn))) for count in range(most + 1)]


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


def ones_in_word(word: np.uint64) -> np.uint64:
    """Bits set in a word, in the form that LLVM replaces by the processor's own instruction."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


ones_in_word = numba.njit(inline="always")(ones_in_word)
spread = numba.njit(nogil=True, cache=True, boundscheck=False)(spread)
lay_out = numba.njit(nogil=True, cache=True, boundscheck=False)(lay_out)
fill = numba.njit(nogil=True, cache=True, boundscheck=False)(fill)
