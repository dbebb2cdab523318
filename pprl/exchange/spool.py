"""Entries on the disk instead of in memory, until they are written to a match file."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pprl.errors import SubmissionError
from pprl.exchange.submission import Entries


class Spool:
    """A temporary file without a name that holds entries: nothing but what will leave anyway.

    The entries it gives back are mapped into memory, and the file is gone with the last of them.

    Attributes:
        views: the mapped bytes of what was kept.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Open the file.

        Args:
            folder: where; the system's place for temporary files if not given.

        Raises:
            SubmissionError: it cannot be made there.
        """
        self._folder = tempfile.gettempdir() if folder is None else os.fspath(folder)
        with self._told():
            self._file = tempfile.TemporaryFile(prefix="pprl-", dir=self._folder)  # noqa: SIM115
        self._end = 0
        self.views: list[memoryview] = []

    def keep(self, entries: Entries) -> Entries:
        """The same entries, their arrays on the disk.

        Raises:
            SubmissionError: the disk is full.
        """
        words = entries.filters.shape[1]
        return self.keep_pieces(entries.tokens, entries.records, [entries.filters], words)

    def keep_pieces(
        self,
        tokens: NDArray[np.uint64],
        records: NDArray[np.uint32],
        filters: Iterable[NDArray[np.uint64]],
        words: int,
    ) -> Entries:
        """Entries whose filters come in pieces, on the disk.

        Args:
            tokens: `uint64[n]`, strictly rising.
            records: `uint32[n]`.
            filters: `uint64[_, words]` each, together n of them in the order of the tokens.
            words: of each filter.

        Raises:
            SubmissionError: the disk is full.
        """
        if not len(tokens):
            return Entries(tokens, records, np.empty((0, words), np.uint64))
        start = -(-self._end // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        with self._told():
            self._file.seek(start)
            # Records last: theirs are the only items of fewer than eight bytes.
            for array in chain([tokens], filters, [records]):
                self._file.write(np.ascontiguousarray(array).data)
            self._file.flush()
            self._end = self._file.tell()
            mapped = mmap.mmap(
                self._file.fileno(), self._end - start, access=mmap.ACCESS_READ, offset=start
            )
        self.views.append(memoryview(mapped))
        kept = np.frombuffer(mapped, np.uint64, tokens.size * (1 + words))
        return Entries(
            kept[: tokens.size],
            np.frombuffer(mapped, np.uint32, records.size, kept.nbytes),
            kept[tokens.size :].reshape(-1, words),
        )

    def close(self) -> None:
        """Close the file; entries given back stay readable."""
        self._file.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Say where it did not work and what would help."""
        try:
            yield
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "too large"
            raise SubmissionError(
                f"{self._folder}: entries cannot be kept there until they are written ({reason}). "
                "Make room, or name another folder for temporary files (TMPDIR, on Windows TEMP)."
            ) from None
