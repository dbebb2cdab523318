"""The payload file: outcomes and report groups by study ID, never beside an encoding or identifier.

It travels in the container of a match file, under a first line and a purpose of its own, signed and
sealed alike. Its one part is an Arrow IPC file: `study_id` and columns that the agreement declares.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pprl._version import __version__
from pprl.agreement import Agreement
from pprl.agreement.enforcement import enforce
from pprl.canonical_json import canonical
from pprl.errors import SubmissionError, UsageError
from pprl.exchange.compression import is_compressed
from pprl.exchange.container import PAYLOAD_MAGIC, container, read_head, read_parts
from pprl.exchange.identity import Identity
from pprl.exchange.manifest import (
    read_count,
    read_digest,
    read_hub_key,
    read_party_id,
    read_tree,
)
from pprl.exchange.origin import (
    PAYLOAD_FILE,
    check_made_for,
    check_recipient,
    checked_recipient,
    origin_of,
)
from pprl.exchange.payload_columns import STUDY_ID, held_faults, named_faults
from pprl.exchange.sealing import mapped, write_pieces
from pprl.exchange.signing_key import SigningKey

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
_TYPES = {
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "flag": pa.bool_(),
}


@dataclass(frozen=True, eq=False)
class Payload:
    """One institution's outcomes and report groups by study ID.

    Attributes:
        institution: the party's id.
        agreement: digest of the whole agreement under which it was made.
        recipient: the hub's public key, "" in trials.
        sequence: counts the institution's payloads, from 1; a later one replaces an earlier.
        table: `study_id` first, then declared columns; a study ID may have several rows.
        software: what made it.
    """

    institution: str
    agreement: str
    recipient: str
    sequence: int
    table: pa.Table
    software: str = f"pprl {__version__}"

    def __repr__(self) -> str:
        """Counts only."""
        return (
            f"<Payload of {self.institution}: {self.table.num_rows:,} rows of "
            f"{self.table.num_columns - 1} columns>"
        )

    @classmethod
    def of(
        cls,
        rows: pd.DataFrame,
        agreement: Agreement,
        institution_id: str,
        *,
        sequence: int = 1,
        today: datetime.date | None = None,
    ) -> Payload:
        """Make a payload of rows.

        Args:
            rows: `study_id` and columns that the agreement declares, in whatever order.
            agreement: the agreement.
            institution_id: the party whose rows they are.
            sequence: one more than the last payload's.
            today: the day on which; the machine's own if not given.

        Raises:
            AgreementError: the agreement does not allow it.
            UsageError: a column is not declared, looks like an identifier, or holds something
                other than its kind.
        """
        enforce(agreement, (institution_id,), today=today)
        kinds = dict(agreement.payload.columns)
        names = [str(name) for name in rows.columns]
        faults = list(named_faults(names, kinds))
        columns = {}
        # Names that are wrong may name anything, so what they hold is not looked at.
        for name in () if faults else sorted(names, key=[STUDY_ID, *kinds].index):
            kind = kinds.get(name, "text")
            try:
                columns[name] = pa.array(rows[name], _TYPES[kind], from_pandas=True)
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                faults.append(f"{name}: holds something other than {kind}")
        table = pa.table(columns)
        if faults or (faults := list(held_faults(table))):
            raise UsageError(f"The payload is refused: {'; '.join(faults)}.")
        return cls(institution_id, agreement.digest, agreement.hub_key, sequence, table)

    def write(
        self,
        path: str | os.PathLike[str],
        *,
        signing_key: SigningKey | None = None,
        recipient: str = "",
    ) -> None:
        """Write the payload file, as `Submission.write` writes a match file.

        Raises:
            UsageError: the key is missing, or the recipient is not the agreement's hub.
            SubmissionError: the file cannot be written.
        """
        recipient = checked_recipient(self.recipient, recipient, signing_key)
        part = _to_arrow(self.table)
        manifest = canonical(
            {
                "format": FORMAT,
                "institution": self.institution,
                "agreement": self.agreement,
                "recipient": recipient,
                "sequence": self.sequence,
                "software": self.software,
                "rows": self.table.num_rows,
                "columns": {field.name: _kind(field.type) for field in self.table.schema},
                "bytes": len(part),
                "sha256": hashlib.sha256(part).hexdigest(),
            }
        )
        signature = signing_key.sign(PAYLOAD_FILE, manifest) if signing_key else b""
        write_pieces(path, container(manifest, [part], signature, PAYLOAD_MAGIC), recipient)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        signers: Agreement,
        identity: Identity | None = None,
        allow_unverified: bool = False,
        today: datetime.date | None = None,
    ) -> Payload:
        """Read a payload file, as `Submission.open` reads a match file.

        Raises:
            AgreementError: the agreement does not allow it, or the institution is no party.
            SubmissionError: the file is no payload file, is truncated, altered, unsigned or signed
                by somebody else, or holds a column that is not declared or like an identifier.
            MismatchError: it was made for another hub or under another text of the agreement.
        """
        name = Path(path).name
        enforce(signers, (), today=today)
        view, sealed = mapped(Path(path), identity)
        head = read_head(view, name, PAYLOAD_MAGIC)
        origin = origin_of(head, PAYLOAD_FILE, name, [signers], allow_unverified)
        said = _Said.read(head.manifest, name)
        check_made_for(said, origin, signers, name, today)
        if sealed:
            check_recipient(said.recipient, identity, name)
        if faults := list(named_faults(list(said.columns), dict(signers.payload.columns))):
            raise SubmissionError(f"{name}: is refused: {'; '.join(faults)}.")
        (part,) = read_parts(view, head, [said.length], [said.sha256], name)
        table = _from_arrow(part, said, name)
        if faults := list(held_faults(table)):
            raise SubmissionError(f"{name}: is refused: {'; '.join(faults)}.")
        return cls(said.institution, said.agreement, said.recipient, said.sequence, table)


@dataclass(frozen=True)
class _Said:
    """What the manifest of a payload file says."""

    institution: str
    agreement: str
    recipient: str
    sequence: int
    rows: int
    columns: Mapping[str, str]
    length: int
    sha256: str

    @classmethod
    def read(cls, content: bytes, name: str) -> _Said:
        """Read a manifest, believing nothing."""
        table = read_tree(content, name, FORMAT)
        table.text("software")
        columns = table.table("columns")
        said = cls(
            institution=read_party_id(table, "institution"),
            agreement=read_digest(table, "agreement", 64),
            recipient=read_hub_key(table, "recipient"),
            sequence=read_count(table, "sequence"),
            rows=read_count(table, "rows"),
            columns={key: columns.text(key, choices=tuple(_TYPES)) for key in columns},
            length=table.whole("bytes"),
            sha256=read_digest(table, "sha256", 64),
        )
        table.finish()
        if table.faults:
            raise SubmissionError(f"{name}: {table.faults[0]}.")
        return said


def _kind(kind: pa.DataType) -> str:
    """The kind of column that an Arrow type is."""
    return next(name for name, known in _TYPES.items() if known == kind)


def _to_arrow(table: pa.Table) -> bytes:
    """The table as an Arrow IPC file of one batch."""
    sink = pa.BufferOutputStream()
    schema = pa.schema([pa.field(field.name, field.type) for field in table.schema])
    arrays = [column.combine_chunks() for column in table.columns]
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.record_batch(arrays, schema=schema))
    return bytes(sink.getvalue())


def _from_arrow(part: memoryview, said: _Said, name: str) -> pa.Table:
    """Read what `_to_arrow` wrote.

    Raises:
        SubmissionError: the part is no such table or is not as described.
    """
    schema = pa.schema([pa.field(key, _TYPES[kind]) for key, kind in said.columns.items()])
    try:
        reader = pa.ipc.open_file(pa.py_buffer(part))
        as_described = sorted(map(str, reader.schema)) == sorted(map(str, schema))
        if not as_described or reader.num_record_batches != 1 or is_compressed(part):
            raise SubmissionError(f"{name}: is not the table that its manifest describes.")
        batch = reader.get_batch(0)
        batch.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        raise SubmissionError(f"{name}: is not a readable Arrow table.") from None
    if batch.num_rows != said.rows:
        raise SubmissionError(f"{name}: is not the table that its manifest describes.")
    return pa.Table.from_batches([batch])
