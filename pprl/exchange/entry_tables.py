"""A submission as tables: Parquet that Spark, DuckDB or a warehouse reads as it is.

```
fresno-usd/
  manifest/*.parquet    one row: `manifest`, the JSON of the match file's manifest, without parts
  entries/*.parquet     `pass, token, record, filter`
```
`token` is the signed number of the same 64 bits as in the match file, `record` a whole number,
`filter` its 64-bit words, little-endian.
"""

from __future__ import annotations

import dataclasses
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pprl.errors import UsageError
from pprl.exchange.columns import binary, filters, integers, longs, words
from pprl.exchange.manifest import Manifest
from pprl.exchange.submission import Entries, Submission

ROWS_AT_ONCE = 1 << 20
"""Entries that stand in memory at a time, some 100 MB."""


def export_tables(submission: Submission, folder: str | Path) -> None:
    """Write a submission that was opened and verified as tables, for a warehouse to load.

    Args:
        submission: as from `Submission.open`.
        folder: where; there must be nothing yet, and there is nothing until all is written.

    Raises:
        UsageError: the submission is blinded, there is something of that name already, or it cannot
            be written.
    """
    target = Path(folder)
    if target.exists():
        raise UsageError(f"{target}: is there already. Name another folder, or remove it first.")
    partial = target.with_name(f"{target.name}.partial-{secrets.token_hex(4)}")
    try:
        for name in ("manifest", "entries"):
            (partial / name).mkdir(parents=True)
        for number, table in enumerate(portions(submission)):
            pq.write_table(table, partial / "entries" / f"{number:05}.parquet")
        told = pa.table({"manifest": [manifest_text(submission.manifest)]})
        pq.write_table(told, partial / "manifest" / "0.parquet")
        partial.rename(target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def portions(submission: Submission) -> Iterator[pa.Table]:
    """All entries as tables of at most `ROWS_AT_ONCE` rows.

    Raises:
        UsageError: the submission is blinded.
    """
    if submission.blinding:
        raise UsageError("A blinded submission stays in its store; export the match file.")
    for name, entries in submission.passes.items():
        for start in range(0, len(entries), ROWS_AT_ONCE):
            yield entry_table(name, entries, slice(start, start + ROWS_AT_ONCE))


def entry_table(name: str, entries: Entries, some: slice = slice(None)) -> pa.Table:
    """Some entries of a pass: `pass, token, record, filter`."""
    tokens = entries.tokens[some]
    return pa.table(
        {
            "pass": pa.repeat(name, len(tokens)),
            "token": longs(tokens),
            "record": entries.records[some].astype(np.int64),
            "filter": binary(entries.filters[some]),
        }
    )


def entries_of(table: pa.Table, width: int) -> Entries:
    """The entries of one pass, in the order of their tokens: `entry_table` undone.

    Args:
        table: `token, record, filter`, in any order.
        width: 64-bit words of a filter.

    Raises:
        ValueError: a filter has another length.
    """
    tokens, rows = words(table["token"]), filters(table["filter"], width)
    records = integers(table["record"]).astype(np.uint32)
    order = np.argsort(tokens)
    return Entries(tokens[order], records[order], rows[order])


def manifest_text(manifest: Manifest) -> str:
    """The manifest as JSON; its parts are those of a file, and are left out."""
    return dataclasses.replace(manifest, parts=()).to_bytes().decode("ascii")
