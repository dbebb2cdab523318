"""The numba kernel of filling: the same bits as `pprl.institution.filling`, several times as fast.

Entries go through a tile at a time; the loops are those of `pprl.institution.lanes`. The words come
from AES as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.linkage import Segment
from pprl.institution.filling import Blanks
from pprl.institution.lanes import LANES, fill, lay_out, spread
from pprl.institution.prf import Prf
from pprl.institution.tokens import TokenTable

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]

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


def _blocks(segment: Segment, most: int) -> list[int]:
    """Blocks of each token that nearly always suffice, for 0 to `most` tokens."""
    width = segment.bits.bit_length() - 1
    expected = -segment.bits * np.log1p(-segment.insertions / segment.bits)
    wanted = _SPARE_SHARE * expected + _SPARE_DRAWS
    drawn = 2 * (_WORD_BITS // width)
    return [int(np.ceil(wanted / (max(count, 1) * drawn))) for count in range(most + 1)]
