"""Linking with Spark: the same pairs, probabilities and persons as `pprl.link`, as tables."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pprl.agreement import Agreement
from pprl.agreement.enforcement import enforce
from pprl.errors import UsageError
from pprl.exchange import Submission
from pprl.hub.decision import THRESHOLD, Objective
from pprl.hub.sources import Sources
from pprl.spark.executors import told
from pprl.spark.hub.admission import admit
from pprl.spark.hub.candidates import found_pairs, judged_passes
from pprl.spark.hub.persons import SOURCE_SHIFT, judged_pairs
from pprl.spark.hub.scoring import combined, probable
from pprl.spark.session import check_session
from pprl.spark.staging import scratch, staged
from pprl.spark.submission_tables import SubmissionTables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PAIRS_AT_ONCE = 500_000
"""Pairs that an executor's core works on at a time, some 50 MB."""


@dataclass(frozen=True, eq=False)
class LinkedTables:
    """What `link` gives.

    Attributes:
        folder: where the tables are.
        pairs: `source_a, record_a, source_b, record_b, probability, n_passes, accepted`, all
            candidates.
        persons: `source, record, person`, one row for every record; equal numbers are one person.
            They name no one: they hang on record numbers, and are not study IDs.
    """

    folder: str
    pairs: DataFrame
    persons: DataFrame

    @classmethod
    def open(cls, spark: SparkSession, folder: str) -> LinkedTables:
        """The tables of a folder."""
        return cls(
            folder, spark.read.parquet(f"{folder}/pairs"), spark.read.parquet(f"{folder}/persons")
        )


def link(
    submissions: Sequence[SubmissionTables],
    agreement: Agreement,
    folder: str,
    *,
    threshold: float = THRESHOLD,
    buckets: int | None = None,
    today: datetime.date | None = None,
) -> LinkedTables:
    """Find the records that are the same person, on a cluster.

    Entries meet in one join on their tokens; the models are learned on the driver from counts of
    patterns, by the functions of `pprl.link`, and so is everything else that is decided.

    Args:
        submissions: one for each institution, at least two, from `unpack` or `encode`.
        agreement: the agreement under which they were encoded.
        folder: where the tables `pairs` and `persons` go; there must be nothing yet. Beside it a
            folder for scratch is made and deleted, which all executors must reach.
        threshold: pairs of at least this probability are accepted, 0 to 1.
        buckets: into how many the pairs are divided, each of which fits an executor's memory; one
            for every 500,000 candidates if not given.
        today: the day on which; the machine's own if not given.

    Raises:
        UsageError, AgreementError, MismatchError, SubmissionError: as `pprl.link` does; or the
            folder is there already, or the session would write entries to disks in the clear.
    """
    Objective.of(threshold)
    spark = submissions[0].entries.sparkSession if submissions else None
    manifests = [item.manifest for item in submissions]
    enforce(agreement, [item.institution for item in manifests], today=today)
    if spark is None:
        raise UsageError("Linking takes at least two submissions, not 0.")
    check_session(spark)
    with told(), staged(spark, folder) as (partial,), scratch(spark, folder) as beside:
        number = itertools.count()

        def keep(frame: DataFrame) -> DataFrame:
            """Rows written to the scratch folder, where they outlive an executor."""
            path = f"{beside}/{next(number)}"
            frame.write.parquet(path)
            return spark.read.schema(frame.schema).parquet(path)

        admitted = admit(submissions, agreement)
        manifests = [item.manifest for item in admitted]
        sources = Sources.of(
            [Submission(item, {}) for item in manifests],
            [item.records for item in manifests],
            agreement,
        )
        found = keep(found_pairs(admitted, agreement.linkage))
        judged = judged_passes(found, manifests, agreement)
        parts = buckets or -(-max(1, found.count()) // PAIRS_AT_ONCE)
        candidates = combined(found, judged, parts)
        pairs = keep(probable(candidates, sources.sole_sides, len(judged), parts, keep))
        decided = keep(judged_pairs(pairs, sources, threshold, parts, keep))
        _named(decided, sources).write.parquet(f"{partial}/pairs")
        _persons(decided, sources).write.parquet(f"{partial}/persons")
    return LinkedTables.open(spark, folder)


def _named(decided: DataFrame, sources: Sources) -> DataFrame:
    """Pairs as they are named outside."""
    from pyspark.sql import functions as sql

    names = sql.array(*(sql.lit(name) for name in sources.names))
    source = {
        side: sql.get(names, sql.shiftright(f"node_{side}", SOURCE_SHIFT).cast("int"))
        for side in "ab"
    }
    return decided.select(
        source["a"].alias("source_a"),
        sql.col("left").alias("record_a"),
        source["b"].alias("source_b"),
        sql.col("right").alias("record_b"),
        "probability",
        sql.col("passes").alias("n_passes"),
        "accepted",
    )


def _persons(decided: DataFrame, sources: Sources) -> DataFrame:
    """Every record with its person; one that is in no pair is a person of its own."""
    from pyspark.sql import functions as sql

    spark = decided.sparkSession
    sides = [
        decided.selectExpr(f"node_{side} AS node", f"person_{side} AS person") for side in "ab"
    ]
    known = sides[0].unionByName(sides[1]).groupBy("node").agg(sql.min("person").alias("person"))
    frames = []
    for place, (name, size) in enumerate(zip(sources.names, sources.sizes.tolist(), strict=True)):
        every = spark.range(size).withColumnRenamed("id", "record")
        node = sql.col("record") + sql.lit(place << SOURCE_SHIFT)
        frames.append(every.withColumns({"source": sql.lit(name), "node": node}))
    every = frames[0]
    for frame in frames[1:]:
        every = every.unionByName(frame)
    person = sql.coalesce("person", "node").alias("person")
    return every.join(known, "node", "left").select("source", "record", person)
