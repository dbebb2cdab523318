"""A submission as tables: Parquet that Spark, DuckDB or a warehouse reads as it is.

```
fresno-usd/
  manifest/    one row: `manifest`, the JSON of the match file's manifest without its parts
  entries/     `pass, token, record, filter`, divided into folders by pass
```
`token` is the signed number of the same 64 bits as in the match file, `record` a whole number,
`filter` its 64-bit words, little-endian.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pprl.agreement import LinkageSection
from pprl.errors import SubmissionError, UsageError
from pprl.exchange import Entries, Manifest, Submission
from pprl.exchange.columns import binary, filters, integers, longs, words
from pprl.exchange.spool import Spool
from pprl.spark.executors import told
from pprl.spark.staging import staged

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ENTRIES = "pass string, token bigint, record bigint, filter binary"
ROWS_AT_ONCE = 1 << 20
"""Entries that the driver passes on at a time, some 100 MB."""


@dataclass(frozen=True, eq=False)
class SubmissionTables:
    """A submission in a folder.

    Attributes:
        folder: where, a path or an address.
        manifest: what it is and whose.
        entries: `ENTRIES`.
    """

    folder: str
    manifest: Manifest
    entries: DataFrame

    def __repr__(self) -> str:
        """Counts only."""
        return (
            f"<SubmissionTables of {self.manifest.institution}: {self.manifest.records:,} records>"
        )

    @classmethod
    def open(cls, spark: SparkSession, folder: str) -> SubmissionTables:
        """Look at a folder; its entries are read when they are used.

        Raises:
            SubmissionError: there is no submission, or its manifest cannot be read.
        """
        from pyspark.errors import AnalysisException

        try:
            rows = spark.read.parquet(f"{folder}/manifest").collect()
            entries = cls.entries_in(spark, folder)
            text = rows[0]["manifest"] if len(rows) == 1 else ""
        except AnalysisException:
            raise SubmissionError(f"{folder}: holds no tables of a submission.") from None
        manifest = Manifest.from_bytes(text.encode("utf-8"), folder)
        return cls(folder, manifest, entries)

    @staticmethod
    def entries_in(spark: SparkSession, folder: str) -> DataFrame:
        """The entries in a folder: `ENTRIES`."""
        entries = spark.read.schema(ENTRIES).parquet(f"{folder}/entries")
        return entries.select("pass", "token", "record", "filter")

    def submission(self, section: LinkageSection) -> Submission:
        """The submission, its entries in a temporary file: to be signed, sealed and sent.

        Args:
            section: the linkage section under which it was encoded.

        Raises:
            SubmissionError: entries are not as the section says, or there is no room for them.
        """
        spool = Spool()
        passes = {}
        for linkage_pass in section.passes:
            own = self.entries.where(self.entries["pass"] == linkage_pass.name).drop("pass")
            table = own.toArrow()
            tokens = words(table["token"])
            order = np.argsort(tokens)
            try:
                rows = filters(table["filter"], section.words_of(linkage_pass))
            except ValueError:
                raise SubmissionError(
                    f"{self.folder} pass {linkage_pass.name!r}: its filters have another length "
                    "than agreed."
                ) from None
            records = integers(table["record"]).astype(np.uint32)
            passes[linkage_pass.name] = spool.keep(
                Entries(tokens[order], records[order], rows[order])
            )
        spool.close()
        return Submission(self.manifest, passes)


def unpack(
    spark: SparkSession, submission: Submission, folder: str, slices: int = 1
) -> SubmissionTables:
    """Write a submission that was opened and verified as tables.

    Args:
        spark: the session.
        submission: as from `Submission.open`.
        folder: where; there must be nothing yet.
        slices: into how many files each pass is divided.

    Raises:
        UsageError: the submission is blinded, or there is something of that name already.
    """
    if submission.blinding:
        raise UsageError("A blinded submission stays in its store; unpack the match file.")
    with staged(spark, folder) as partial:
        for tables in _portions(submission):
            frame = spark.createDataFrame(pa.concat_tables(tables))
            write_entries(arranged(frame, slices), partial)
        write_manifest(spark, submission.manifest, partial)
    return SubmissionTables.open(spark, folder)


def _portions(submission: Submission) -> Iterator[list[pa.Table]]:
    """All entries, as many at a time as a driver has room for."""
    tables: list[pa.Table] = []
    for name, entries in submission.passes.items():
        for start in range(0, len(entries), ROWS_AT_ONCE):
            tables.append(table_of(name, entries, slice(start, start + ROWS_AT_ONCE)))
            if sum(table.num_rows for table in tables) >= ROWS_AT_ONCE:
                yield tables
                tables = []
    if tables:
        yield tables


def table_of(name: str, entries: Entries, some: slice) -> pa.Table:
    """Some entries of a pass as `ENTRIES`."""
    tokens = entries.tokens[some]
    return pa.table(
        {
            "pass": pa.repeat(name, len(tokens)),
            "token": longs(tokens),
            "record": entries.records[some].astype(np.int64),
            "filter": binary(entries.filters[some]),
        }
    )


def arranged(entries: DataFrame, slices: int) -> DataFrame:
    """Entries in an order that hangs on their tokens alone, so that it tells nothing."""
    from pyspark.sql import functions as sql

    slice_of = sql.pmod(sql.xxhash64("token"), sql.lit(slices))
    return entries.repartition("pass", slice_of).sortWithinPartitions("pass", "token")


def write_entries(entries: DataFrame, folder: str) -> None:
    """Write or add entries."""
    with told():
        entries.write.partitionBy("pass").mode("append").parquet(f"{folder}/entries")


def write_manifest(spark: SparkSession, manifest: Manifest, folder: str) -> None:
    """Write the manifest; its parts are those of a file, and are left out."""
    text = dataclasses.replace(manifest, parts=()).to_bytes().decode("ascii")
    spark.createDataFrame([(text,)], "manifest string").coalesce(1).write.parquet(
        f"{folder}/manifest"
    )
