"""Cryptographic long-term keys (CLKs): one filter a record, and the files they travel in."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from bitarray import bitarray
from numpy.typing import NDArray

from pprl.errors import SubmissionError, UsageError
from pprl.interop.bitarrays import BITS_REVERSED, from_bitarrays, to_bitarrays, words_of

Words = NDArray[np.uint64]
Layout = Literal["plain", "numbered", "counted"]


@dataclass(frozen=True, eq=False)
class Clks:
    """The filters of one file, in the order of its records.

    Attributes:
        filters: `uint64[n, ceil(bits / 64)]`; bit `p` of a filter is bit `p % 64` of its word
            `p // 64`, and what is beyond `bits` is 0. `pprl.similar_pairs` takes them as they are.
        bits: length of a filter.
    """

    filters: Words
    bits: int

    def __len__(self) -> int:
        """How many filters."""
        return len(self.filters)

    def __repr__(self) -> str:
        """Counts only."""
        return f"<{len(self):,} CLKs of {self.bits} bits>"

    @classmethod
    def from_bitarrays(cls, bitarrays: Sequence[bitarray]) -> Clks:
        """What clkhash returns and anonlink takes.

        Raises:
            UsageError: there is none, or they differ in length.
        """
        if not len(bitarrays):
            raise UsageError("there are no bitarrays, so no length of filters is known.")
        return cls(from_bitarrays(bitarrays), len(bitarrays[0]))

    def to_bitarrays(self) -> list[bitarray]:
        """One bitarray a filter, of `bits` bits, big-endian as clkhash's."""
        return to_bitarrays(self.filters, endian="big", bits=self.bits)

    @classmethod
    def from_octets(cls, octets: NDArray[np.uint8]) -> Clks:
        """Filters from bytes whose first bit is the highest: `uint8[n, bits // 8]`."""
        return cls(words_of(BITS_REVERSED[octets]), 8 * octets.shape[1])

    def to_octets(self) -> NDArray[np.uint8]:
        """The filters' bytes, the first bit of each the highest: `uint8[n, ceil(bits / 8)]`."""
        octets = np.ascontiguousarray(self.filters, "<u8").view(np.uint8)
        return BITS_REVERSED[octets[:, : -(-self.bits // 8)]]

    def to_series(self, index: pd.Index[Any] | None = None) -> pd.Series[Any]:
        """The filters as a column of bytes, as `FilterSimilarity` and DuckDB's BLOBs take them.

        Args:
            index: the labels of the records; None for 0, 1, 2...
        """
        octets = self.to_octets()
        column = np.empty(len(octets), object)
        column[:] = [row.tobytes() for row in octets]
        return pd.Series(column, index=index, name="clk")

    @classmethod
    def from_base64(cls, coded: Sequence[str], name: str = "the CLKs") -> Clks:
        """Filters from base64, one string each, as anonlink's clients send them.

        Raises:
            SubmissionError: a string is no base64, or they differ in length; `name` and its place
                are told.
        """
        rows = []
        for place, text in enumerate(coded):
            try:
                rows.append(base64.b64decode(text, validate=False))
            except (binascii.Error, ValueError, TypeError):
                raise SubmissionError(f"{name}: CLK {place} is not base64.") from None
            if len(rows[-1]) != len(rows[0]):
                raise SubmissionError(
                    f"{name}: CLK {place} has {len(rows[-1])} bytes and CLK 0 {len(rows[0])}."
                )
        if not rows or not rows[0]:
            raise SubmissionError(f"{name}: no CLKs.")
        return cls.from_octets(np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1))

    def to_base64(self) -> list[str]:
        """Each filter as base64."""
        return [base64.b64encode(row).decode("ascii") for row in self.to_octets()]

    @classmethod
    def read_json(cls, path: str | os.PathLike[str]) -> Clks:
        """Read the file that clkhash's clients upload, `{"clks": [base64, ...]}`.

        Or the other forms that the service takes: `{"encodings": [base64, ...]}`, to which `blocks`
        may be given by place, and `{"clknblocks": [[base64, block, ...], ...]}`. Blocks are left
        aside here; see `read_blocks`.

        Raises:
            SubmissionError: the file is not of this form.
        """
        return cls.from_base64([row[0] for row in _upload(path)], os.fspath(path))

    def write_json(
        self, path: str | os.PathLike[str], blocks: Sequence[Sequence[str]] | None = None
    ) -> None:
        """Write what anonlink's entity service takes as an upload.

        Args:
            path: the file.
            blocks: the names of each record's blocks; None for a project without blocking.

        Raises:
            UsageError: there are not as many lists of blocks as records.
        """
        if blocks is not None and len(blocks) != len(self):
            raise UsageError(f"there are {len(self)} CLKs and the blocks of {len(blocks)}.")
        coded = self.to_base64()
        document = (
            {"clks": coded}
            if blocks is None
            else {"clknblocks": [[clk, *names] for clk, names in zip(coded, blocks, strict=True)]}
        )
        Path(path).write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def read_packed(
        cls, path: str | os.PathLike[str], octets: int = 128, *, layout: Layout = "plain"
    ) -> Clks:
        """Read binary packed filters.

        Args:
            path: the file.
            octets: bytes of a filter. (The service knows them from the project.)
            layout: as in `write_packed`.

        Raises:
            SubmissionError: the file is empty, not a whole number of filters, or their numbers or
                counts are others than they should be.
        """
        content, entry = Path(path).read_bytes(), _entry(octets, layout)
        if not content or len(content) % entry.itemsize:
            raise SubmissionError(
                f"{os.fspath(path)}: not a whole number of filters of {octets} bytes, {layout}."
            )
        entries = np.frombuffer(content, entry)
        if not _is_consistent(entries):
            raise SubmissionError(
                f"{os.fspath(path)}: the filters have other numbers, or other counts, than they "
                f"should have in the layout {layout!r}."
            )
        return cls.from_octets(entries["octets"])

    def write_packed(self, path: str | os.PathLike[str], *, layout: Layout = "plain") -> None:
        """Write binary packed filters for anonlink's entity service.

        Args:
            path: the file.
            layout: "plain", the bytes of the filters alone, as they are uploaded; "numbered", each
                after its number, 0, 1, 2..., as 32 bits, big-endian, as they are stored; "counted",
                the same and behind it the number of its bits that are set, as 16, as they were
                stored before 2020.
        """
        octets = self.to_octets()
        entries = np.empty(len(octets), _entry(octets.shape[1], layout))
        entries["octets"] = octets
        if layout != "plain":
            entries["number"] = np.arange(len(octets))
        if layout == "counted":
            entries["popcount"] = np.bitwise_count(octets).sum(axis=1, dtype=np.int64)
        Path(path).write_bytes(entries.tobytes())


def _entry(octets: int, layout: Layout) -> np.dtype[np.void]:
    """One packed filter."""
    fields: list[Any] = [("octets", np.uint8, (octets,))]
    if layout != "plain":
        fields.insert(0, ("number", ">u4"))
    if layout == "counted":
        fields.append(("popcount", ">u2"))
    return np.dtype(fields)


def _is_consistent(entries: NDArray[np.void]) -> bool:
    """Whether packed filters have the numbers and counts that they should have."""
    names = entries.dtype.names or ()
    if "number" in names and not np.array_equal(entries["number"], np.arange(len(entries))):
        return False
    if "popcount" not in names:
        return True
    ones = np.bitwise_count(entries["octets"]).sum(axis=1, dtype=np.int64)
    return np.array_equal(entries["popcount"], ones)


def read_blocks(path: str | os.PathLike[str]) -> list[list[str]]:
    """The names of each record's blocks in an upload with blocking; none in one without."""
    return [[str(name) for name in row[1:]] for row in _upload(path)]


def _upload(path: str | os.PathLike[str]) -> list[list[str]]:
    """Each CLK of an upload and the names of its blocks."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        raise SubmissionError(f"{os.fspath(path)}: not JSON in UTF-8.") from None
    keys = ("clks", "clknblocks", "encodings")
    found = [key for key in keys if isinstance(document, dict) and key in document]
    if len(found) != 1 or not isinstance(document[found[0]], list):
        raise SubmissionError(f"{os.fspath(path)}: must hold a list named {' or '.join(keys)}.")
    rows: list[Any] = document[found[0]]
    if found != ["clknblocks"]:
        blocks = document.get("blocks", {}) if found == ["encodings"] else {}
        if not isinstance(blocks, dict) or not all(isinstance(b, list) for b in blocks.values()):
            raise SubmissionError(f"{os.fspath(path)}: blocks must be lists, by place of the CLK.")
        rows = [[row, *blocks.get(str(place), ())] for place, row in enumerate(rows)]
    if not all(isinstance(row, list) and row and isinstance(row[0], str) for row in rows):
        raise SubmissionError(f"{os.fspath(path)}: {found[0]} must hold CLKs as base64.")
    return rows
