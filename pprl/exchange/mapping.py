"""Mapped files: what was read of one is given back, so that a file may be larger than memory."""

from __future__ import annotations

import mmap

PIECE = 1 << 26
"""Bytes that are read of a mapped file before they are given back."""


def let_go(view: memoryview) -> None:
    """Tell the system that what was read of a mapped file is not needed for now.

    The bytes stay as they are, and are read again where they are wanted. Where the system cannot be
    told (Windows), it takes them back itself when memory runs short.
    """
    if isinstance(view.obj, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        view.obj.madvise(mmap.MADV_DONTNEED)
