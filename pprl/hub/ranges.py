"""Ranges: how a linking is cut, so that one part at a time is in memory.

A pass is compared in ranges of tokens, for entries of two sources meet only where their tokens are
equal. The pairs of all passes are combined in ranges of records, for a candidate's verdicts are
those of its own two records. Neither changes what comes out, nor its order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import LinkageSection
from pprl.exchange import Entries, Submission
from pprl.hub.comparison import PassPairs, source_pairs
from pprl.hub.memory import Memory
from pprl.hub.sources import Sources

TOKENS = 1 << 64
MOST_RECORD_RANGES = 256


@dataclass(frozen=True)
class Cut:
    """How a linking is cut.

    Attributes:
        starts: for each pass, the first token of each of its ranges, rising, the first 0.
        record_ranges: in how many ranges of records pairs are combined.
        most: how many entries a range holds at most.
    """

    starts: tuple[tuple[int, ...], ...]
    record_ranges: int
    most: int

    @classmethod
    def of(
        cls,
        submissions: Sequence[Submission],
        section: LinkageSection,
        memory: Memory | None,
        workers: int,
    ) -> Cut:
        """The cut that keeps a linking within its memory; without a bound, none."""
        if memory is None:
            return cls(tuple((0,) for _ in section.passes), 1, TOKENS)
        most = memory.entries(max(map(section.words_of, section.passes)), workers)
        starts, pairs = [], 0
        for item in section.passes:
            tables = [submission.passes[item.name] for submission in submissions]
            starts.append(tuple(token_ranges([table.tokens for table in tables], most)))
            pairs += sum(min(len(tables[a]), len(tables[b])) for a, b in source_pairs(len(tables)))
        return cls(tuple(starts), min(MOST_RECORD_RANGES, 1 + pairs // memory.pairs()), most)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Every range of every pass: the numbers of both."""
        return [
            (number, part) for number, own in enumerate(self.starts) for part in range(len(own))
        ]

    def within(self, place: tuple[int, int], entries: Entries) -> Entries:
        """The entries of one range of a pass, in place."""
        number, part = place
        ends = (*self.starts[number], TOKENS)
        first, last = (_before(entries.tokens, token) for token in ends[part : part + 2])
        own = slice(first, last)
        return Entries(entries.tokens[own], entries.records[own], entries.filters[own])

    def record_range(self, pairs: PassPairs, sources: Sources) -> NDArray[np.int64]:
        """The range of records of each pair: `int64[n]`, rising with its pair of sources and left.

        Args:
            pairs: of one pass.
            sources: whose records they are.
        """
        lefts = sources.sizes[sources.pairs[:, 0]]
        ends = np.cumsum(lefts)
        place = (ends - lefts)[pairs.group] + pairs.left.astype(np.int64)
        found: NDArray[np.int64] = place * self.record_ranges // max(1, int(lefts.sum()))
        return found


def token_ranges(tokens: Sequence[NDArray[np.uint64]], most: int) -> list[int]:
    """Cut tokens into ranges that hold at most so many of all sources together.

    Ranges are halved until they do, which ends however tokens are spread, for a source has each of
    them once; a range of a single token may hold as many as there are sources.

    Args:
        tokens: `uint64[n]` of each source, strictly rising.
        most: at least 1.

    Returns:
        the first token of each range, rising, the first 0.
    """
    starts: list[int] = []
    held = 0
    waiting = [(0, TOKENS)]
    while waiting:
        low, high = waiting.pop()
        count = sum(_before(own, high) - _before(own, low) for own in tokens)
        if count > most and high - low > 1:
            middle = (low + high) // 2
            waiting += [(middle, high), (low, middle)]
        elif starts and held + count <= most:
            held += count
        else:
            starts.append(low)
            held = count
    return starts


def _before(tokens: NDArray[np.uint64], token: int) -> int:
    """How many tokens are lower."""
    return len(tokens) if token == TOKENS else int(np.searchsorted(tokens, np.uint64(token)))
