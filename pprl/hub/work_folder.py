"""A work folder: pairs on the disk, so that they need not be in memory and a linking can go on.

work.json         what is linked, and how it is cut
PP-RRRR.arrow     the pairs of range RRRR of pass PP, a batch for each range of records

A file takes its name once it is whole, so that those that are there are done. They hold record
numbers and levels: keep the folder at the hub, and delete it when the linkage is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pprl._version import __version__
from pprl.errors import UsageError
from pprl.exchange import Submission
from pprl.exchange.container import replacing
from pprl.hub.comparison import PassPairs
from pprl.hub.kept_pairs import Place
from pprl.hub.ranges import Cut
from pprl.hub.sources import Sources

WORK = "work.json"
PAIRS = "[0-9][0-9]-[0-9][0-9][0-9][0-9]*.arrow"
PARTIAL = (f".{WORK}.*.partial", f".{PAIRS}.*.partial")
FORMAT = 1
_FOR_THE_OWNER = 0o700
_SCHEMA = pa.schema(
    [
        pa.field("group", pa.int32(), nullable=False),
        pa.field("left", pa.uint32(), nullable=False),
        pa.field("right", pa.uint32(), nullable=False),
        pa.field("token", pa.uint64(), nullable=False),
        pa.field("pattern", pa.int64(), nullable=False),
    ]
)


class WorkFolder:
    """The pairs of one linking in a folder."""

    def __init__(self, folder: Path, cut: Cut, sources: Sources) -> None:
        """Use a folder that was begun with this cut: see `open`."""
        self._folder = folder
        self._sources = sources
        self.cut = cut

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], subject: str, cut: Cut, sources: Sources
    ) -> WorkFolder:
        """Begin a work folder, or go on with one; then its cut holds, not the one given.

        Args:
            path: the folder, which is made if there is none.
            subject: what is linked, from `subject_of`.
            cut: how it is to be cut.
            sources: whose records are linked.

        Raises:
            UsageError: the folder cannot be used, is none of this linking, or was begun with more
                memory.
        """
        folder = Path(path)
        with _told(folder, "used"):
            folder.mkdir(_FOR_THE_OWNER, exist_ok=True)
            _delete(folder, PARTIAL)
            if not any(folder.iterdir()):
                with replacing(folder / WORK) as file:
                    file.write(_written(subject, cut))
                return cls(folder, cut, sources)
            if not (folder / WORK).is_file():
                raise UsageError(
                    f"{folder}: is no work folder and not empty. Name another, or a new one."
                )
            begun = _read((folder / WORK).read_bytes(), folder)
        if begun["subject"] != subject:
            raise UsageError(
                f"{folder}: was begun with other submissions, or by another version of pprl. "
                "Name another work folder, or delete this one."
            )
        before = Cut(tuple(map(tuple, begun["starts"])), begun["record_ranges"], begun["most"])
        if before.most > cut.most:
            raise UsageError(
                f"{folder}: was begun with more memory for each worker. Give as much, or delete "
                "the folder."
            )
        return cls(folder, before, sources)

    def holds(self, place: Place) -> bool:
        """Whether the pairs of a range of tokens are there.

        Raises:
            UsageError: the file is truncated, or cannot be read.
        """
        path = self._path(place)
        if not path.exists():
            return False
        with self._opened(path):
            return True

    def keep(self, place: Place, pairs: PassPairs) -> None:
        """Write the pairs of a range of tokens.

        Raises:
            UsageError: the disk is full, or cannot be written.
        """
        own = self.cut.record_range(pairs, self._sources)
        order = np.argsort(own, kind="stable")
        ends = np.searchsorted(own[order], np.arange(1, self.cut.record_ranges + 1))
        columns = [column[order] for column in vars(pairs).values()]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, _SCHEMA) as writer:
            start = 0
            for end in ends.tolist():
                writer.write_batch(
                    pa.record_batch([pa.array(c[start:end]) for c in columns], schema=_SCHEMA)
                )
                start = end
        with _told(self._folder, "written"), replacing(self._path(place)) as file:
            file.write(sink.getvalue())

    def pieces(self, number: int, record_range: int) -> Iterator[PassPairs]:
        """The pairs of a pass in one range of records, a piece for each range of tokens.

        Raises:
            UsageError: a file is truncated, or cannot be read.
        """
        for part in range(len(self.cut.starts[number])):
            with self._opened(self._path((number, part))) as reader:
                batch = reader.get_batch(record_range)
            yield PassPairs(*(column.to_numpy() for column in batch.columns))

    @contextlib.contextmanager
    def _opened(self, path: Path) -> Iterator[pa.RecordBatchFileReader]:
        """A range's file, open for reading.

        Raises:
            UsageError: it is truncated, or cannot be read.
        """
        with _told(path, "read"), pa.OSFile(str(path)) as file:
            try:
                reader = pa.ipc.open_file(file)
                if reader.schema != _SCHEMA or reader.num_record_batches != self.cut.record_ranges:
                    raise ValueError
                yield reader
            except (pa.ArrowException, ValueError):
                raise UsageError(
                    f"{path}: is damaged. Delete it and link again: nothing else is redone."
                ) from None

    @staticmethod
    def remove(path: str | os.PathLike[str]) -> None:
        """Delete what a folder holds of a linking, and the folder if nothing else is there.

        Raises:
            UsageError: it cannot be deleted.
        """
        folder = Path(path)
        with _told(folder, "deleted"):
            _delete(folder, (PAIRS, *PARTIAL, WORK))
            if not any(folder.iterdir()):
                folder.rmdir()

    def _path(self, place: Place) -> Path:
        """The file of a range of tokens."""
        number, part = place
        return self._folder / f"{number:02d}-{part:04d}.arrow"


def subject_of(submissions: Sequence[Submission], linkage_digest: str) -> str:
    """What tells whether two linkings compare the same: SHA-256 in hexadecimal digits.

    It covers the linkage section, every entry of every submission, and the version of pprl.

    Args:
        submissions: all of them, earlier ones included, in any order.
        linkage_digest: the agreement's.
    """
    told = sorted(
        [item.institution, item.blinding, item.manifest.to_bytes().hex(), *_digests(item)]
        for item in submissions
    )
    return hashlib.sha256(json.dumps([__version__, linkage_digest, told]).encode()).hexdigest()


def _digests(submission: Submission) -> list[str]:
    """The digests of a submission's entries, unless its manifest has them."""
    if submission.manifest.parts:
        return []
    found = []
    for _, entries in sorted(submission.passes.items()):
        digest = hashlib.sha256()
        for column in (entries.tokens, entries.records, entries.filters):
            digest.update(np.ascontiguousarray(column).data)
        submission.let_go()
        found.append(digest.hexdigest())
    return found


def _delete(folder: Path, patterns: Sequence[str]) -> None:
    """Delete the files of a folder whose names are like these."""
    for pattern in patterns:
        for own in folder.glob(pattern):
            own.unlink(missing_ok=True)


def _written(subject: str, cut: Cut) -> bytes:
    """The text of `work.json`."""
    told = {"work": FORMAT, "subject": subject, **vars(cut)}
    return (json.dumps(told, indent=1) + "\n").encode("ascii")


def _read(content: bytes, folder: Path) -> dict[str, Any]:
    """What `_written` wrote.

    Raises:
        UsageError: it is something else.
    """
    try:
        told = json.loads(content)
        if told["work"] == FORMAT and {"subject", "starts", "record_ranges", "most"} <= set(told):
            return dict(told)
    except (ValueError, TypeError, KeyError):
        pass
    raise UsageError(
        f"{folder / WORK}: is damaged, or another version's. Delete the folder and link again."
    )


@contextlib.contextmanager
def _told(path: Path, verb: str) -> Iterator[None]:
    """Say what could not be done, and that nothing is lost."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be {verb} ({error.strerror or 'unreadable'}). Make room, or see to "
            "the disk, and link again with the same work folder: finished ranges are kept."
        ) from None
