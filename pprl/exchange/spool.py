"""Entries on the disk instead of in memory, until they are written to a match file."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from collections.abc import Iterator

import numpy as np

from pprl.errors import SubmissionError
from pprl.exchange.submission import Entries


class Spool:
    """A temporary file without a name that holds entries: nothing but what will leave anyway.

    The entries it gives back are mapped into memory, and the file is gone with the last of them.
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

    def keep(self, entries: Entries) -> Entries:
        """The same entries, their arrays on the disk.

        Raises:
            SubmissionError: the disk is full.
        """
        if not len(entries):
            return entries
        start = -(-self._end // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        # Records last: theirs are the only items of fewer than eight bytes.
        arrays = (entries.tokens, entries.filters, entries.records)
        with self._told():
            self._file.seek(start)
            for array in arrays:
                self._file.write(np.ascontiguousarray(array).data)
            self._file.flush()
            self._end = self._file.tell()
            mapped = mmap.mmap(
                self._file.fileno(), self._end - start, access=mmap.ACCESS_READ, offset=start
            )
        tokens = np.frombuffer(mapped, np.uint64, entries.tokens.size)
        filters = np.frombuffer(mapped, np.uint64, entries.filters.size, tokens.nbytes)
        records = np.frombuffer(
            mapped, np.uint32, entries.records.size, tokens.nbytes + filters.nbytes
        )
        return Entries(tokens, records, filters.reshape(entries.filters.shape))

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
