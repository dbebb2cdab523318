"""A logbook: a chain of one kind, opened by its path. An institution has one, and a hub another."""

from __future__ import annotations

import os
from typing import ClassVar, Self

from pprl.chain import Chain


class Logbook:
    """An append-only, hash-chained log in one SQLite file, readable by its owner alone.

    Attributes:
        kind: what it is; a file of another kind is refused.
        chain: its links.
    """

    kind: ClassVar[str]

    def __init__(self, chain: Chain) -> None:
        """Use an open chain; made by `open`."""
        self.chain = chain

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, make: bool = True) -> Self:
        """Open the log, making the file if there is none.

        Args:
            path: the file.
            make: whether a file may be made.

        Raises:
            ChainError: it cannot be opened, is not there, or is of another kind.
        """
        return cls(Chain.open(path, cls.kind, make=make))

    def __repr__(self) -> str:
        """Nothing of what it holds."""
        return f"<{type(self).__name__}>"

    def close(self) -> None:
        """Close the file."""
        self.chain.close()

    @property
    def head(self) -> str:
        """Note it elsewhere: with it, `verify` tells even a log that was cut or written anew."""
        return self.chain.head

    def verify(self, head: str | None = None) -> int:
        """Check the chain; returns its number of links.

        Args:
            head: one noted earlier, which must be in it.

        Raises:
            ChainError: it is broken; the message says where.
        """
        return self.chain.verify(head)
