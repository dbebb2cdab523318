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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.linkage import LinkageSection, Segment
from pprl.errors import UsageError
from pprl.filters import Workspace, distinct_positions
from pprl.institution.prf import Prf
from pprl.institution.tokens import TokenTable

if TYPE_CHECKING:
    from pprl.institution.compiled_filling import StudentTokens

Words = NDArray[np.uint64]
KernelName = Literal["numpy", "numba"]

FEWEST_COMPILED = 5000
"""Students below which numba's compiler would take longer than it saves."""

COUNTER_SHIFT = np.uint64(8)
_AT_ONCE = 1 << 17


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
        workspace: of the NumPy kernel.
    """

    section: LinkageSection
    segments: Sequence[Segment]
    tables: Mapping[str, TokenTable]
    positions: Prf
    missing: Prf
    side_by_side: StudentTokens | None = None
    workspace: Workspace = field(default_factory=Workspace)

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
        ends = np.cumsum([0, *(segment.words for segment in chosen)]).tolist()
        for shape in sorted({(segment.bits, segment.insertions) for segment in chosen}):
            alike = [
                (segment, end)
                for segment, end in zip(chosen, ends[:-1], strict=True)
                if (segment.bits, segment.insertions) == shape
            ]
            for start in range(0, len(blanks), _AT_ONCE):
                self._fill_alike(blanks, slice(start, start + _AT_ONCE), alike, filters)
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

    def _fill_alike(
        self,
        blanks: Blanks,
        some: slice,
        alike: Sequence[tuple[Segment, int]],
        filters: Words,
    ) -> None:
        """Fill segments of one shape of some of the entries, those with as many tokens together.

        Args:
            blanks: the entries.
            some: which of them.
            alike: the segments, and the first word of each in a filter.
            filters: `uint64[n, words]`, written into.
        """
        students = blanks.students[some]
        tables = [self.tables[segment.name] for segment, _ in alike]
        bases = np.cumsum([0, *(len(table.digests) for table in tables)])
        digests = np.concatenate([table.digests for table in tables])
        begin = np.concatenate([t.begin[students] + b for t, b in zip(tables, bases, strict=False)])
        counts = np.concatenate([table.count[students] for table in tables])
        segment, _ = alike[0]
        places = [self.section.segments.index(item) for item, _ in alike]
        place = np.repeat(np.array(places, np.uint64), len(students))
        words = np.arange(segment.words)
        word = np.repeat(np.array([first for _, first in alike]), len(students))
        entry = np.tile(np.arange(len(blanks))[some], len(alike))
        for count in np.flatnonzero(np.bincount(counts)).tolist():
            rows = np.flatnonzero(counts == count)
            of = _Streams(
                digests,
                begin[rows],
                count,
                blanks.tokens[entry[rows]],
                blanks.salts[entry[rows]],
                place[rows],
                self.positions if count else self.missing,
                self.workspace,
            )
            filled = distinct_positions(
                of.draw, len(rows), segment.bits, segment.insertions, self.workspace
            )
            row = blanks.places[entry[rows]]
            filters[row[:, None], word[rows, None] + words] = filled


@dataclass(frozen=True, eq=False, repr=False)
class _Streams:
    """The streams of segments of entries that all have as many tokens.

    Attributes:
        digests: `uint64[m]`, of tokens.
        begin: `int64[n]`, where those of each segment begin.
        count: how many each has; 0 if the field is missing.
        tokens: `uint64[n]`, the entry's block token.
        salts: `uint64[n, 2]`, its block salt.
        place: `uint64[n]`, the segment's place in the linkage section.
        prf: for tokens, or for missing fields.
        workspace: holds what was drawn last.
    """

    digests: Words
    begin: NDArray[np.int64]
    count: int
    tokens: Words
    salts: Words
    place: Words
    prf: Prf
    workspace: Workspace

    def draw(self, first: int, rows: NDArray[np.intp]) -> Words:
        """Words `first` and the next of each stream, both from one block: `uint64[2, k, n]`."""
        streams = max(1, self.count)
        inputs = self.workspace.array("inputs", streams, len(rows), 2)
        tail = np.uint64(first // 2) << COUNTER_SHIFT | self.place[rows]
        if self.count:
            salts = self.salts[rows]
            begin = self.begin[rows]
            for token, row in enumerate(inputs):
                np.bitwise_xor(self.digests[begin + token], salts[:, 0], out=row[:, 0])
            inputs[:, :, 1] = salts[:, 1] ^ tail
        else:
            inputs[0, :, 0] = self.tokens[rows]
            inputs[0, :, 1] = tail
        encrypted = self.workspace.array("encrypted", inputs.size + 2)
        blocks = self.prf.blocks(inputs, encrypted)
        drawn = self.workspace.array("drawn", 2, streams, len(rows))
        drawn[:] = np.moveaxis(blocks, 2, 0)
        return drawn


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
