"""Which students emit in which blocks: entries are grouped by token before any is emitted.

The cap of one counts all students of the institution, so it cannot be kept within a partition: two
holders of a block in different partitions would both seem alone, and the hub could compare them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pprl.exchange.columns import integers, longs, words
from pprl.institution.block_values import BlockValues
from pprl.institution.emission import refuse_renumbering
from pprl.institution.ledger import NOBODY, Ledger
from pprl.spark.executors import Work, on_batches, on_both
from pprl.spark.institution.plan import Bucket, Plan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BLOCKS = "pass bigint, token bigint, identity bigint"
"""A student holds a block: the pass by its place in the section, token and identity."""


def held_and_sent(plan: Plan, students: DataFrame, ledger: DataFrame) -> DataFrame:
    """All blocks, each once: `pass, token, holders, holder, identity`.

    `holders` is how many students hold it, `holder` for whom it was sent (NULL if it never was),
    `identity` that student if it is among them, else one of them.

    Args:
        plan: the encoding.
        students: as cut, with `identity` and `record`.
        ledger: from `ledger_table`.
    """
    from pyspark.sql import functions as sql

    held = students.mapInArrow(on_batches(held_blocks, plan), BLOCKS)
    own = sql.expr("max(CASE WHEN identity = holder THEN identity END)")
    counted = held.join(ledger, ["pass", "token"], "left").groupBy("pass", "token")
    return counted.agg(
        sql.count("*").alias("holders"),
        sql.max("holder").alias("holder"),
        sql.coalesce(own, sql.min("identity")).alias("identity"),
    )


def refuse_lost(blocks: DataFrame) -> None:
    """Check that blocks sent earlier are held by the students they were sent for.

    Args:
        blocks: from `held_and_sent`.

    Raises:
        StudentsError: most blocks of a pass that one student holds are not.
    """
    from pyspark.sql import functions as sql

    sent = blocks.where(f"holders = 1 AND holder IS NOT NULL AND holder != {NOBODY}")
    is_lost = sql.expr("CAST(holder != identity AS BIGINT)")
    counts = sent.groupBy("pass").agg(sql.sum(is_lost).alias("lost"), sql.count("*").alias("known"))
    for row in counts.collect():
        refuse_renumbering(row["lost"], row["known"])


def emitted(plan: Plan, students: DataFrame, blocks: DataFrame) -> DataFrame:
    """The real entries of all passes: `BLOCKS`.

    Args:
        plan: the encoding.
        students: as cut, with `identity` and `record`.
        blocks: from `held_and_sent`.
    """
    own = blocks.where("holder = identity OR (holder IS NULL AND holders = 1)")
    own = own.select("pass", "token", "identity")
    return beside(plan, students, own, chosen, BLOCKS)


def shared(blocks: DataFrame) -> DataFrame:
    """The blocks that become nobody's, of those from `held_and_sent`: `BLOCKS`."""
    fresh = blocks.where("holder IS NULL AND holders > 1")
    return fresh.selectExpr("pass", "token", f"CAST({NOBODY} AS BIGINT) AS identity")


def beside(
    plan: Plan, students: DataFrame, blocks: DataFrame, work: Work, schema: str
) -> DataFrame:
    """What work makes of each bucket of students and the blocks of these students.

    Args:
        plan: the encoding.
        students: as cut, with `identity` and `record`.
        blocks: with `identity`.
        work: `work(plan, students, blocks)`.
        schema: what it makes.
    """
    from pyspark.sql import functions as sql

    bucket = sql.pmod("identity", sql.lit(plan.buckets)).alias("bucket")
    both = students.groupBy(bucket).cogroup(blocks.groupBy(bucket))
    return both.applyInArrow(on_both(work, plan), schema)


def held_blocks(plan: Plan, table: pa.Table) -> pa.Table:
    """All blocks of some students."""
    bucket = Bucket.of(plan, table)
    every = [bucket.values(place) for place in range(len(plan.passes))]
    return _blocks(bucket, every)


def chosen(plan: Plan, students: pa.Table, free: pa.Table) -> pa.Table:
    """Of each student's free blocks, those with the lowest salts, up to the quota."""
    bucket = Bucket.of(plan, students)
    every = []
    for place, keys in enumerate(plan.passes):
        own = bucket.values(place)
        own = own.take(places_of(bucket, own, place, free))
        every.append(own.take(own.among_first(bucket.linkage_pass(place).quota, keys.salts)))
    return _blocks(bucket, every)


def places_of(
    bucket: Bucket, values: BlockValues, place: int, blocks: pa.Table
) -> NDArray[np.intp]:
    """Where the blocks of one pass stand among a bucket's, rising: `intp[k]`.

    Args:
        bucket: the students.
        values: all blocks of one pass that they hold.
        place: the pass.
        blocks: `BLOCKS` of these students, of all passes.
    """
    rows = integers(blocks["pass"]) == place
    wanted = [words(blocks[name])[rows] for name in ("token", "identity")]
    held = pd.MultiIndex.from_arrays([values.tokens, bucket.identity[values.student]])
    found = np.sort(held.get_indexer(pd.MultiIndex.from_arrays(wanted)))
    return found.astype(np.intp)


def _blocks(bucket: Bucket, every: list[BlockValues]) -> pa.Table:
    """Block values of all passes as `BLOCKS`."""
    place = np.repeat(np.arange(len(every)), [len(own.tokens) for own in every])
    tokens = np.concatenate([own.tokens for own in every])
    students = np.concatenate([own.student for own in every])
    return pa.table(
        {"pass": place, "token": longs(tokens), "identity": longs(bucket.identity[students])}
    )


def ledger_table(spark: SparkSession, ledgers: list[Ledger]) -> DataFrame:
    """Ledgers of the passes, in their order: `pass, token, holder`."""
    place = np.repeat(np.arange(len(ledgers)), [len(ledger.tokens) for ledger in ledgers])
    return spark.createDataFrame(
        pa.table(
            {
                "pass": place,
                "token": longs(np.concatenate([ledger.tokens for ledger in ledgers])),
                "holder": longs(np.concatenate([ledger.holders for ledger in ledgers])),
            }
        )
    )
