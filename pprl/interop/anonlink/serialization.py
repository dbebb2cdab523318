"""Candidate pairs in files, as `anonlink.serialization` writes them.

Four bytes of header: version 1, then the bytes of a similarity, of a dataset and of a record. Then,
pair by pair and little-endian: similarity, two datasets, two records.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

from pprl.errors import SubmissionError
from pprl.interop.anonlink.candidates import CandidatePairs, checked, floats, numbers

_VERSION = 1
_FLOATS = {2: "<f2", 4: "<f4", 8: "<f8"}
_WHOLES = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<u8"}
_CODES = {array(code).itemsize: code for code in "BHILQ"}


def dump_candidate_pairs(candidates: CandidatePairs, f: BinaryIO) -> int:
    """Write candidate pairs; the number of bytes written."""
    similarities, datasets, records = checked(candidates)
    sizes = [candidates[0].itemsize]
    sizes += [max(side.itemsize for side in sides) for sides in candidates[1:]]
    entries = np.empty(len(similarities), _entry(sizes))
    entries["similarity"] = similarities
    entries["datasets"], entries["records"] = datasets.T, records.T
    content = bytes([_VERSION, *sizes]) + entries.tobytes()
    f.write(content)
    return len(content)


def load_candidate_pairs(f: BinaryIO) -> CandidatePairs:
    """Read candidate pairs.

    Raises:
        SubmissionError: the file is cut short, or of another form.
    """
    header = f.read(4)
    if len(header) != 4 or header[0] != _VERSION:
        raise SubmissionError("no candidate pairs of version 1 of anonlink's format.")
    entry = _entry(list(header[1:]))
    content = f.read()
    if len(content) % entry.itemsize:
        raise SubmissionError("the candidate pairs are cut short.")
    entries = np.frombuffer(content, entry)
    similarities = array("d" if header[1] == 8 else "f")
    wide = entries["similarity"].astype(np.float64 if header[1] == 8 else np.float32)
    similarities.frombytes(wide.tobytes())
    sides = []
    for name, size in (("datasets", header[2]), ("records", header[3])):
        both = (array(_CODES[size]), array(_CODES[size]))
        for side, column in zip(both, entries[name].T, strict=True):
            side.frombytes(column.astype(column.dtype.newbyteorder("=")).tobytes())
        sides.append(both)
    return similarities, sides[0], sides[1]


def merge_streams(files_in: Iterable[BinaryIO], f_out: BinaryIO) -> int:
    """Merge files of candidate pairs into one, in order; the number of bytes written."""
    parts = [checked(load_candidate_pairs(file)) for file in files_in]
    similarities = np.concatenate([part[0] for part in parts])
    columns = np.concatenate([np.concatenate(part[1:]) for part in parts], axis=1)
    order = np.lexsort((*columns[::-1], -similarities))
    first, second, i, j = (numbers(column[order]) for column in columns)
    return dump_candidate_pairs((floats(similarities[order]), (first, second), (i, j)), f_out)


def _entry(sizes: list[int]) -> np.dtype[np.void]:
    """The layout of one pair."""
    similarity, dataset, record = sizes
    if similarity not in _FLOATS or dataset not in _WHOLES or record not in _WHOLES:
        raise SubmissionError("the candidate pairs have numbers of sizes that are not supported.")
    return np.dtype(
        [
            ("similarity", _FLOATS[similarity]),
            ("datasets", _WHOLES[dataset], 2),
            ("records", _WHOLES[record], 2),
        ]
    )
