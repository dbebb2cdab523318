"""How much memory a linking may take, and what follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pprl.errors import UsageError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|[KMGT]i?B)", re.IGNORECASE)
_LETTERS = "BKMGT"

PROGRAM = 256 << 20
"""What the program itself takes, its libraries included."""
A_RECORD = 200
"""Bytes for each record of all sources while persons are named: clusters and study IDs."""
A_REMEMBERED_RECORD = 700
"""The same where a registry names them."""
A_CANDIDATE = 250
"""Bytes for each candidate pair while it is decided upon."""
AN_ENTRY = 60
"""Bytes for each entry of a range besides its filter: tokens, records, and what pairs become."""
A_PAIR = 150
"""Bytes for each pair of a pass while those of a range of records are combined."""


@dataclass(frozen=True)
class Memory:
    """The memory that a linking may take.

    Attributes:
        bytes: how much.
    """

    bytes: int

    @classmethod
    def of(cls, size: str | int) -> Memory:
        """Read bytes, or a text such as "4GiB" or "500 MB".

        Raises:
            UsageError: it is neither.
        """
        if isinstance(size, int):
            return cls(size)
        match = _SIZE.fullmatch(size.strip())
        if match is None:
            raise UsageError(f'memory is {size!r}; it takes a size such as "4GiB" or "500MB".')
        unit = match[2].upper()
        step = 1024 if "I" in unit else 1000
        return cls(int(float(match[1]) * step ** _LETTERS.index(unit[0])))

    def __str__(self) -> str:
        """In MiB or GiB."""
        return f"{self.bytes / 2**30:.4g}GiB" if self.bytes >> 30 else f"{self.bytes >> 20}MiB"

    def check(self, records: int, candidates: int = 0, *, remembered: bool = False) -> None:
        """Check that it holds what has to be in memory at one time.

        Args:
            records: of all sources.
            candidates: distinct candidate pairs, as far as they are known.
            remembered: whether a registry names the records.

        Raises:
            UsageError: it does not; the message says how much would.
        """
        each = A_REMEMBERED_RECORD if remembered else A_RECORD
        needed = PROGRAM + records * each + candidates * A_CANDIDATE
        if needed > self.bytes:
            pairs = f" and {candidates:,} candidate pairs" if candidates else ""
            raise UsageError(
                f"memory={self}: {records:,} records{pairs} take {Memory(needed)} at the least. "
                "Give as much; what is done in a work folder is kept."
            )

    def entries(self, words: int, workers: int) -> int:
        """How many entries of a pass one of several workers may have in hand, at least one."""
        free = max(0, self.bytes - PROGRAM) // 2
        return max(1, free // workers // (8 * words + AN_ENTRY))

    def pairs(self) -> int:
        """How many pairs of all passes may be combined at a time, at least one."""
        return max(1, max(0, self.bytes - PROGRAM) // 2 // A_PAIR)
