"""Filling filters: the entries of students, in blocks that are shared or in a decoy's own.

A decoy is filled as a real entry is, from the student's own fields, but under a token and a salt
that no other institution can derive. So it changes from one submission to the next when and where
a real entry would: were it random throughout, a student who moves would show which of the record's
entries follow, and those that do not are the decoys.

A token's words in a block are AES-256, under a key of the pass, of the block's salt XORed with the
token's digest, the segment and a counter. The words of a missing field are AES-256, under a key of
the institution's own, of the block token, the segment and a counter. Salts are 128 pseudo-random
bits, so no input comes twice but by chance (`q` inputs: `q * q / 2**129`), and every segment of
every entry is an independent, uniformly random set of `insertions` positions to whoever cannot tell
AES from a random function.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.linkage import LinkageSection, Segment
from pprl.errors import UsageError
from pprl.filters import Draws, distinct_positions
from pprl.institution.prf import Prf
from pprl.institution.tokens import TokenTable

if TYPE_CHECKING:
    from pprl.institution.compiled_filling import StudentTokens

Words = NDArray[np.uint64]
KernelName = Literal["numpy", "numba"]

FEWEST_COMPILED = 5000
"""Students below which numba's compiler would take longer than it saves."""

COUNTER_SHIFT = np.uint64(8)
_DECOY_BLOCKS = (254, 255)
"""Places, which no segment has, of a decoy's token and of its salt."""


@dataclass(frozen=True, eq=False, repr=False)
class Blanks:
    """Entries to be filled.

    Attributes:
        students: `intp[n]`, the student of each entry.
        tokens: `uint64[n]`, its block token.
        salts: `uint64[n, 2]`, its block salt.
        places: `intp[n]`, which row of the result its filter becomes; each of 0 to n - 1 once.
    """

    students: NDArray[np.intp]
    tokens: Words
    salts: Words
    places: NDArray[np.intp]

    @classmethod
    def sorted(cls, students: NDArray[np.intp], tokens: Words, salts: Words) -> Blanks:
        """Entries student by student, their filters to come in the order of tokens.

        What is read of a student is read once, and what is written is written in its place.
        """
        places = np.empty(len(tokens), np.intp)
        places[np.argsort(tokens)] = np.arange(len(tokens))
        order = np.argsort(students)
        return cls(students[order], tokens[order], salts[order], places[order])

    def __len__(self) -> int:
        """How many entries."""
        return len(self.students)

    def take(self, rows: NDArray[np.intp]) -> Blanks:
        """Some of them, their filters to come in this order."""
        places = np.arange(len(rows))
        return Blanks(self.students[rows], self.tokens[rows], self.salts[rows], places)


@dataclass(frozen=True, eq=False, repr=False)
class Filling:
    """What the filters of a pass are filled from.

    Attributes:
        section: the linkage section, which numbers the segments.
        segments: those that the pass carries.
        tables: the token digests of each segment.
        positions: for the tokens of fields that are there.
        missing: of the institution's own, for fields that are missing.
        side_by_side: the same tables for the numba kernel; NumPy fills if there are none. The bits
            are the same.
    """

    section: LinkageSection
    segments: Sequence[Segment]
    tables: Mapping[str, TokenTable]
    positions: Prf
    missing: Prf
    side_by_side: StudentTokens | None = None

    def filters(self, blanks: Blanks, segments: Sequence[Segment] | None = None) -> Words:
        """The filters of entries, real ones and decoys: `uint64[n, words]`.

        Args:
            blanks: the entries.
            segments: which of the pass's segments; all of them if not given.
        """
        chosen = segments or self.segments
        if self.side_by_side is not None:
            return self._compiled(blanks, chosen, self.side_by_side)
        filters = np.empty((len(blanks), sum(s.words for s in chosen)), np.uint64)
        first = 0
        for segment in chosen:
            self._fill_segment(blanks, segment, filters[:, first : first + segment.words])
            first += segment.words
        return filters

    def _compiled(
        self, blanks: Blanks, segments: Sequence[Segment], tokens: StudentTokens
    ) -> Words:
        """The same by the numba kernel, and by NumPy where that draws too few positions."""
        from pprl.institution.compiled_filling import Plan

        places = [self.section.segments.index(segment) for segment in segments]
        filters, short = Plan.of(segments, places, tokens).filters(
            blanks, self.positions, self.missing
        )
        if short.any():
            plain = dataclasses.replace(self, side_by_side=None)
            rows = np.flatnonzero(short)
            filters[blanks.places[rows]] = plain.filters(blanks.take(rows), segments)
        return filters

    def _fill_segment(self, blanks: Blanks, segment: Segment, filters: Words) -> None:
        """Fill one segment of every entry; writes into `filters`, `uint64[n, segment.words]`."""
        place = self.section.segments.index(segment)
        table = self.tables[segment.name]
        counts = table.count[blanks.students]
        for count in np.flatnonzero(np.bincount(counts)).tolist():
            rows = np.flatnonzero(counts == count)
            if count:
                digests = table.matrix(blanks.students[rows], count)
                streams = _shared_streams(digests, blanks.salts[rows], place, self.positions)
            else:
                streams = _private_streams(blanks.tokens[rows], place, self.missing)
            filled = distinct_positions(streams, len(rows), segment.bits, segment.insertions)
            filters[blanks.places[rows]] = filled


def side_by_side(tables: Mapping[str, TokenTable], kernel: KernelName) -> StudentTokens | None:
    """The tables as the numba kernel wants them; none for NumPy."""
    if kernel == "numpy":
        return None
    from pprl.institution.compiled_filling import StudentTokens

    return StudentTokens.of(tables)


def chosen_kernel(kernel: KernelName | None, students: int) -> KernelName:
    """The kernel asked for, or the faster one for so many students.

    Raises:
        UsageError: there is no such kernel, or numba is asked for and not installed.
    """
    is_there = importlib.util.find_spec("numba") is not None
    if kernel is None:
        return "numba" if is_there and students >= FEWEST_COMPILED else "numpy"
    if kernel not in ("numpy", "numba"):
        raise UsageError(f"kernel is {kernel!r}; choose numpy or numba, or None for the faster.")
    if kernel == "numba" and not is_there:
        raise UsageError("kernel='numba' needs numba: pip install 'pprl-edu[fast]'.")
    return kernel


def private_blocks(names: Words, slots: NDArray[np.int64], prf: Prf) -> tuple[Words, Words]:
    """The blocks of decoys, which nobody else can derive; they are filled as any block is.

    Args:
        names: `uint64[n]`, what stands for the student and the values of the pass's blocking key.
        slots: `int64[n]`, which of the record's entries in the pass each decoy stands for.
        prf: of the institution's own for the pass.

    Returns:
        tokens `uint64[n]` and salts `uint64[n, 2]`.
    """
    inputs = np.empty((len(_DECOY_BLOCKS), len(names), 2), np.uint64)
    inputs[:, :, 0] = names
    for block, place in zip(inputs, _DECOY_BLOCKS, strict=True):
        block[:, 1] = slots.astype(np.uint64) << COUNTER_SHIFT | np.uint64(place)
    tokens, salts = prf.blocks(inputs)
    return tokens[:, 0].copy(), salts


def _shared_streams(digests: Words, salts: Words, place: int, prf: Prf) -> Draws:
    """One stream for each token of each entry, two words from a block."""

    def draw(first: int, rows: NDArray[np.intp]) -> Words:
        inputs = np.empty((len(digests), len(rows), 2), np.uint64)
        np.bitwise_xor(digests[:, rows], salts[rows, 0], out=inputs[:, :, 0])
        inputs[:, :, 1] = salts[rows, 1] ^ _tail(place, first)
        return _in_words(prf.blocks(inputs))

    return draw


def _private_streams(names: Words, place: int, prf: Prf) -> Draws:
    """One stream for each entry, two words from a block."""

    def draw(first: int, rows: NDArray[np.intp]) -> Words:
        inputs = np.empty((1, len(rows), 2), np.uint64)
        inputs[0, :, 0] = names[rows]
        inputs[0, :, 1] = _tail(place, first)
        return _in_words(prf.blocks(inputs))

    return draw


def _tail(place: int, first: int) -> np.uint64:
    """The segment's place (1 byte) and the number of the block that holds word `first`."""
    return np.uint64(first // 2) << COUNTER_SHIFT | np.uint64(place)


def _in_words(blocks: Words) -> Words:
    """Blocks `uint64[k, n, 2]` as words `uint64[2, k, n]`."""
    return np.ascontiguousarray(np.moveaxis(blocks, 2, 0))
