"""A submission's tables on a cluster: see `pprl.exchange.entry_tables`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pprl.agreement import LinkageSection
from pprl.errors import SubmissionError
from pprl.exchange import Manifest, Submission
from pprl.exchange.entry_tables import entries_of, manifest_text, portions
from pprl.exchange.spool import Spool
from pprl.spark.executors import told
from pprl.spark.staging import staged

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ENTRIES = "pass string, token bigint, record bigint, filter binary"


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
        told_of = self.manifest
        return f"<SubmissionTables of {told_of.institution}: {told_of.records:,} records>"

    @classmethod
    def open(cls, spark: SparkSession, folder: str) -> SubmissionTables:
        """Look at a folder; its entries are read when they are used.

        Raises:
            SubmissionError: there is no submission, or its manifest cannot be read.
        """
        from pyspark.errors import AnalysisException

        try:
            rows = spark.read.schema("manifest string").parquet(f"{folder}/manifest").collect()
            entries = read_entries(spark, folder)
        except AnalysisException:
            raise SubmissionError(f"{folder}: holds no tables of a submission.") from None
        text = rows[0]["manifest"] if len(rows) == 1 else ""
        return cls(folder, Manifest.from_bytes(text.encode("utf-8"), folder), entries)

    def submission(self, section: LinkageSection) -> Submission:
        """The submission, its entries in a temporary file: to be signed, sealed and sent.

        Args:
            section: the linkage section under which it was encoded.

        Raises:
            SubmissionError: entries are not as the section says, or there is no room for them.
        """
        spool = Spool()
        passes = {}
        for item in section.passes:
            own = self.entries.where(self.entries["pass"] == item.name).drop("pass")
            try:
                passes[item.name] = spool.keep(entries_of(own.toArrow(), section.words_of(item)))
            except ValueError:
                place = f"{self.folder} pass {item.name!r}"
                raise SubmissionError(
                    f"{place}: its filters have another length than agreed."
                ) from None
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
        slices: into how many files each million entries are divided.

    Raises:
        UsageError: the submission is blinded, or there is something of that name already.
    """
    with staged(spark, folder) as (partial,):
        for table in portions(submission):
            write_entries(arranged(spark.createDataFrame(table), slices), partial)
        write_manifest(spark, submission.manifest, partial)
    return SubmissionTables.open(spark, folder)


def arranged(entries: DataFrame, slices: int) -> DataFrame:
    """Entries in an order that hangs on their tokens alone, so that it tells nothing."""
    from pyspark.sql import functions as sql

    slice_of = sql.pmod(sql.xxhash64("token"), sql.lit(slices))
    return entries.repartition("pass", slice_of).sortWithinPartitions("pass", "token")


def read_entries(spark: SparkSession, folder: str) -> DataFrame:
    """The entries in a folder: `ENTRIES`."""
    return spark.read.schema(ENTRIES).parquet(f"{folder}/entries")


def write_entries(entries: DataFrame, folder: str) -> None:
    """Write or add entries."""
    with told():
        entries.write.mode("append").parquet(f"{folder}/entries")


def write_manifest(spark: SparkSession, manifest: Manifest, folder: str) -> None:
    """Write the manifest."""
    frame = spark.createDataFrame([(manifest_text(manifest),)], "manifest string")
    frame.coalesce(1).write.parquet(f"{folder}/manifest")
