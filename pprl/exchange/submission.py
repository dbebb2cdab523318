"""A submission: one institution's encodings, in memory and as a match file."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pprl.agreement import Agreement
from pprl.agreement.enforcement import enforce
from pprl.errors import SubmissionError, UsageError
from pprl.exchange.compression import is_compressed
from pprl.exchange.container import Head, container, read_head, read_parts
from pprl.exchange.identity import Identity
from pprl.exchange.manifest import Manifest, Part
from pprl.exchange.mapping import let_go
from pprl.exchange.origin import (
    MATCH_FILE,
    check_made_for,
    check_recipient,
    checked_recipient,
    origin_of,
)
from pprl.exchange.sealing import mapped, write_pieces
from pprl.exchange.signing_key import SigningKey


@dataclass(frozen=True, eq=False)
class Entries:
    """What a submission holds for one pass, in the order of its tokens.

    Attributes:
        tokens: `uint64[n]`, strictly rising.
        records: `uint32[n]`, the record that each entry belongs to.
        filters: `uint64[n, words]`.
    """

    tokens: NDArray[np.uint64]
    records: NDArray[np.uint32]
    filters: NDArray[np.uint64]

    def __len__(self) -> int:
        """How many entries."""
        return len(self.tokens)

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Entries: {len(self):,} of {self.filters.shape[1]} words>"


@dataclass(frozen=True, eq=False)
class Submission:
    """One institution's encodings under one agreement.

    Attributes:
        manifest: what it is and whose.
        passes: the entries of each pass.
        blinding: as it travels, ""; where a hub keeps it blinded, the check value of the hub's key.
        files: the bytes of the files that it was read from, mapped; none if it was made here.
    """

    manifest: Manifest
    passes: Mapping[str, Entries]
    blinding: str = ""
    files: Sequence[memoryview] = ()

    def __repr__(self) -> str:
        """Counts only."""
        entries = sum(len(item) for item in self.passes.values())
        return (
            f"<Submission of {self.institution}: {self.records:,} records, "
            f"{entries:,} entries in {len(self.passes)} passes>"
        )

    @property
    def institution(self) -> str:
        """The party's id."""
        return self.manifest.institution

    @property
    def records(self) -> int:
        """How many records."""
        return self.manifest.records

    def let_go(self) -> None:
        """Give back what memory its files took; whatever is wanted again is read again."""
        for view in self.files:
            let_go(view)

    def write(
        self,
        path: str | os.PathLike[str],
        *,
        signing_key: SigningKey | None = None,
        recipient: str = "",
    ) -> Manifest:
        """Write the match file, replacing one of that name only once it is complete.

        Under an agreement that has the hub's key, the file is signed and sealed, and may not be
        written otherwise. Unsealed, the same submission and key give the same bytes.

        Args:
            path: the file.
            signing_key: the institution's; without one the file is unsigned, as in trials.
            recipient: the hub's public key (`age1...`), if it is not the agreement's.

        Returns:
            the manifest as written, with its parts.

        Raises:
            UsageError: the key is missing, the recipient is not the agreement's hub, or it is
                blinded.
            SubmissionError: the file cannot be written.
        """
        if self.blinding:
            raise UsageError("A blinded submission is the hub's own, and is not written to travel.")
        recipient = checked_recipient(self.manifest.recipient, recipient, signing_key)
        parts = [describe(name, entries) for name, entries in self.passes.items()]
        manifest = dataclasses.replace(self.manifest, parts=tuple(parts), recipient=recipient)
        content = manifest.to_bytes()
        signature = signing_key.sign(MATCH_FILE, content) if signing_key else b""
        pieces = container(content, map(to_arrow, self.passes.values()), signature)
        write_pieces(path, pieces, recipient)
        return manifest

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        identity: Identity | None = None,
        signers: Agreement | None = None,
        renews: Sequence[Agreement] = (),
        allow_unverified: bool = False,
        today: datetime.date | None = None,
    ) -> Submission:
        """Read a match file; its arrays stay on the disk until they are used.

        It is unsealed into a private file, its signature held against the parties' keys in the
        agreement, and only then are its manifest, its digests and its tables looked at.

        Args:
            path: the file.
            identity: the hub's private key; needed if the file is sealed.
            signers: the agreement; what it does not allow is refused before any work.
            renews: agreements that this one renews: a file that was made and signed under one of
                them is taken too, as last year's are.
            allow_unverified: also take a file that is unsigned, or signed by a key that the
                agreement does not know: then nobody vouches for where it comes from. A trial
                agreement, which has no keys, takes unsigned files anyway.
            today: the day on which; the machine's own if not given.

        Raises:
            AgreementError: the agreement does not allow it, or the institution is no party.
            SubmissionError: the file cannot be read, is no match file, is sealed to another key,
                truncated or altered, unsigned or signed by somebody else, or its entries break the
                form (tokens that do not rise, records out of range).
            MismatchError: it was made for another hub or under another text of the agreement.
        """
        name = Path(path).name
        if signers is not None:
            enforce(signers, (), today=today)
        view, sealed = mapped(Path(path), identity)
        head = read_head(view, name)
        agreements = [] if signers is None else [signers, *renews]
        origin = origin_of(head, MATCH_FILE, name, agreements, allow_unverified)
        manifest = Manifest.from_bytes(head.manifest, name)
        if signers is not None:
            check_made_for(manifest, origin, signers, name, today)
        if sealed:
            check_recipient(manifest.recipient, identity, name)
        return cls(manifest, read_passes(view, head, manifest, name), files=[view])


def read_passes(view: memoryview, head: Head, manifest: Manifest, name: str) -> dict[str, Entries]:
    """The entries of each pass in the parts of a container, in place.

    Raises:
        SubmissionError: a part is cut short, altered, not as its manifest describes it or given
            twice, or its entries break the form.
    """
    lengths = [part.bytes for part in manifest.parts]
    digests = [part.sha256 for part in manifest.parts]
    passes: dict[str, Entries] = {}
    tables = read_parts(view, head, lengths, digests, name)
    for part, table in zip(manifest.parts, tables, strict=True):
        if part.pass_name in passes:
            raise SubmissionError(f"{name}: holds the pass {part.pass_name!r} twice.")
        entries = from_arrow(table, part, name)
        check_entries(entries, manifest.records, f"{name} pass {part.pass_name!r}")
        passes[part.pass_name] = entries
        let_go(view)
    return passes


def check_entries(entries: Entries, records: int, place: str) -> None:
    """Check that tokens rise strictly and that records are in range.

    Raises:
        SubmissionError: they do not; a token that stands twice would let the hub compare two
            students of one institution.
    """
    if not (entries.tokens[1:] > entries.tokens[:-1]).all():
        raise SubmissionError(
            f"{place}: tokens repeat or are out of order. Ask for a file made by pprl encode."
        )
    if len(entries) and int(entries.records.max()) >= records:
        raise SubmissionError(f"{place}: names a record beyond the {records:,} that it announces.")


def to_arrow(entries: Entries) -> memoryview:
    """A table of entries as an Arrow IPC file: `token`, `record`, `filter`."""
    words = entries.filters.shape[1]
    schema = _schema(words)
    filters = pa.FixedSizeBinaryArray.from_buffers(
        schema.field("filter").type,
        len(entries),
        [None, pa.py_buffer(np.ascontiguousarray(entries.filters, "<u8"))],
    )
    columns = [pa.array(entries.tokens, pa.uint64()), pa.array(entries.records, pa.uint32())]
    batch = pa.record_batch([*columns, filters], schema=schema)
    counted = pa.MockOutputStream()
    _write_batch(counted, batch)
    content = pa.allocate_buffer(counted.size())
    _write_batch(pa.FixedSizeBufferWriter(content), batch)
    return memoryview(content)


def _write_batch(sink: pa.NativeFile, batch: pa.RecordBatch) -> None:
    """Write one batch as an Arrow file."""
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def from_arrow(part: memoryview, description: Part, name: str) -> Entries:
    """Read what `to_arrow` wrote, in place.

    Raises:
        SubmissionError: the part is no such table or is not as described.
    """
    place = f"{name} pass {description.pass_name!r}"
    try:
        reader = pa.ipc.open_file(pa.py_buffer(part))
        if reader.schema != _schema(description.words) or reader.num_record_batches != 1:
            raise SubmissionError(f"{place}: is not the table that its manifest describes.")
        if is_compressed(part):
            raise SubmissionError(f"{place}: is compressed, which a match file never is.")
        batch = reader.get_batch(0)
        batch.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        raise SubmissionError(f"{place}: is not a readable Arrow table.") from None
    if batch.num_rows != description.entries or any(column.null_count for column in batch.columns):
        raise SubmissionError(f"{place}: is not the table that its manifest describes.")
    tokens, records, filters = batch.columns
    raw = filters.buffers()[1] if len(filters) else b""
    words = np.frombuffer(raw, "<u8", len(filters) * description.words)
    return Entries(
        tokens=tokens.to_numpy(),
        records=records.to_numpy(),
        filters=words.reshape(len(filters), description.words),
    )


def _schema(words: int) -> pa.Schema:
    """The columns of a table of entries, none of which may be null."""
    return pa.schema(
        [
            pa.field("token", pa.uint64(), nullable=False),
            pa.field("record", pa.uint32(), nullable=False),
            pa.field("filter", pa.binary(8 * words), nullable=False),
        ]
    )


def describe(name: str, entries: Entries) -> Part:
    """The part that the entries of a pass become."""
    content = to_arrow(entries)
    return Part(
        pass_name=name,
        entries=len(entries),
        words=entries.filters.shape[1],
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
