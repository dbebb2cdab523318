"""Candidate pairs: a join of entries on their tokens, which are unique in a submission's pass."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pprl.agreement import Agreement, LinkageSection
from pprl.exchange import Manifest
from pprl.exchange.columns import integers, longs, words
from pprl.hub.comparison import PassPairs, source_pairs
from pprl.hub.judged_pass import JudgedPass
from pprl.hub.patterns import PatternCounts
from pprl.hub.sweeps import judge_counts
from pprl.hub.warehouse import compared_rows
from pprl.spark.executors import on_batches
from pprl.spark.submission_tables import SubmissionTables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FOUND = "pass int, group int, left bigint, right bigint, tie bigint, pattern bigint"
"""A pair of entries that share a block: the pass by its place, the pair of sources, the records,
what decides ties, and the pattern of levels."""


def found_pairs(submissions: Sequence[SubmissionTables], section: LinkageSection) -> DataFrame:
    """Join and compare all passes of all pairs of sources: `FOUND`.

    Args:
        submissions: admitted ones, in the order of their ids.
        section: the linkage section.
    """
    from pyspark.sql import functions as sql

    every = functools.reduce(
        lambda one, other: one.unionByName(other),
        (
            item.entries.withColumn("source", sql.lit(place))
            for place, item in enumerate(submissions)
        ),
    )
    first, second = (
        every.withColumnsRenamed(
            {name: f"{name}_{side}" for name in ("source", "record", "filter")}
        )
        for side in "ab"
    )
    pairs = first.join(second, ["pass", "token"]).where("source_a < source_b").drop("token")
    return pairs.mapInArrow(on_batches(compare, section, len(submissions)), FOUND)


def compare(section: LinkageSection, sources: int, table: pa.Table) -> pa.Table:
    """Compare the two filters of each row."""
    return pa.concat_tables(
        pa.table(
            {
                "pass": np.full(len(pairs), place, np.int32),
                "group": pairs.group,
                "left": pairs.left.astype(np.int64),
                "right": pairs.right.astype(np.int64),
                "tie": longs(pairs.token),
                "pattern": pairs.pattern,
            }
        )
        for place, pairs in enumerate(compared_rows(section, sources, table))
    )


def pairs_of_passes(table: pa.Table, passes: int) -> list[PassPairs]:
    """`FOUND` as arrays, pass by pass."""
    place = integers(table["pass"])
    return [_pairs(table.filter(pa.array(place == number))) for number in range(passes)]


def _pairs(table: pa.Table) -> PassPairs:
    """`FOUND` of one pass as arrays."""
    return PassPairs(
        integers(table["group"]).astype(np.int32),
        integers(table["left"]).astype(np.uint32),
        integers(table["right"]).astype(np.uint32),
        words(table["tie"]),
        integers(table["pattern"]),
    )


def judged_passes(
    found: DataFrame, manifests: Sequence[Manifest], agreement: Agreement
) -> list[JudgedPass]:
    """Fit each pass's model, on the driver, to the counts of its patterns."""
    counts = found.groupBy("pass", "group", "pattern").count().toArrow()
    columns = [integers(counts[name]) for name in ("pass", "group", "pattern", "count")]
    groups = len(source_pairs(len(manifests)))
    counted = []
    for place in range(len(agreement.linkage.passes)):
        group, pattern, pairs = (column[columns[0] == place] for column in columns[1:])
        patterns, number = np.unique(pattern, return_inverse=True)
        table = np.zeros((groups, len(patterns)), np.int64)
        table[group, number] = pairs
        counted.append(PatternCounts(patterns, table))
    return judge_counts(counted, manifests, agreement)
