"""The non-match profile: pairs that the cap withheld, counted level by level over all buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from pprl.agreement.levels import LEVELS, Comparison
from pprl.exchange.columns import binary, filters, integers, longs, words
from pprl.institution.published import SIDES, level_counts, token_bound, withheld_filters
from pprl.spark.executors import on_batches, on_groups
from pprl.spark.institution.emission import BLOCKS, beside, places_of
from pprl.spark.institution.plan import Bucket, Plan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SIDES = "pass bigint, token bigint, side bigint, filter binary"
_LEVELS = "pass bigint, attribute string, level bigint, pairs bigint"


def withheld_levels(plan: Plan, students: DataFrame, count: int) -> list[dict[str, list[int]]]:
    """For each pass, how many withheld pairs stand at each level of each attribute.

    Args:
        plan: the encoding.
        students: as cut, with `identity` and `record`.
        count: how many there are.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    first = students.mapInArrow(on_batches(first_blocks, plan, count), f"{BLOCKS}, local_id string")
    block = Window.partitionBy("pass", "token")
    two = first.withColumns(
        {
            "holders": sql.count("*").over(block),
            "side": sql.row_number().over(block.orderBy("local_id")).cast("bigint"),
        }
    )
    two = two.where("holders = 2").drop("holders", "local_id")
    sides = beside(plan, students, two, sides_filled, _SIDES)
    pairs = sides.groupBy(sql.pmod(sql.xxhash64("token"), sql.lit(plan.buckets)).alias("bucket"))
    levels = pairs.applyInArrow(on_groups(levels_counted, plan), _LEVELS)
    total = levels.groupBy("pass", "attribute", "level").agg(sql.sum("pairs").alias("pairs"))
    found = {(r["pass"], r["attribute"], r["level"]): r["pairs"] for r in total.collect()}
    return [_of_pass(plan, place, found) for place in range(len(plan.passes))]


def _of_pass(
    plan: Plan, place: int, found: Mapping[tuple[int, str, int], int]
) -> dict[str, list[int]]:
    """The counts of one pass, those that are 0 included."""
    comparison = Comparison.of(plan.section, plan.section.passes[place])
    return {
        name: [found.get((place, name, level), 0) for level in range(len(LEVELS[name]))]
        for name in comparison.attributes
    }


def first_blocks(plan: Plan, count: int, table: pa.Table) -> pa.Table:
    """Each student's blocks of the lowest salts, up to the quota, below the bound on tokens."""
    bucket = Bucket.of(plan, table)
    local_id = compute.list_element(table["local_ids"], 0)
    tables = []
    for place, keys in enumerate(plan.passes):
        quota = bucket.linkage_pass(place).quota
        values = bucket.values(place)
        low = values.tokens <= token_bound(count, quota)
        own = values.take(values.among_first(quota, keys.salts) & low)
        student = pa.array(own.student)
        tables.append(
            pa.table(
                {
                    "pass": np.full(len(own.tokens), place),
                    "token": longs(own.tokens),
                    "identity": longs(bucket.identity[own.student]),
                    "local_id": local_id.take(student),
                }
            )
        )
    return pa.concat_tables(tables)


def sides_filled(plan: Plan, students: pa.Table, blocks: pa.Table) -> pa.Table:
    """The filters that students would have had in blocks that just two of them hold."""
    bucket = Bucket.of(plan, students)
    tables = []
    for place, keys in enumerate(plan.passes):
        comparison = Comparison.of(plan.section, bucket.linkage_pass(place))
        own = blocks.filter(pa.array(integers(blocks["pass"]) == place))
        values = bucket.values(place)
        values = values.take(places_of(bucket, values, place, own))
        held = pd.MultiIndex.from_arrays([words(own["token"]), words(own["identity"])])
        wanted = pd.MultiIndex.from_arrays([values.tokens, bucket.identity[values.student]])
        side = integers(own["side"])[held.get_indexer(wanted)]
        marks = np.array(SIDES, np.uint64)[side - 1]
        tables.append(
            pa.table(
                {
                    "pass": np.full(len(side), place),
                    "token": longs(values.tokens),
                    "side": side,
                    "filter": binary(
                        withheld_filters(
                            bucket.filling(place), comparison, values, marks, keys.salts
                        )
                    ),
                }
            )
        )
    return pa.concat_tables(tables)


def levels_counted(plan: Plan, sides: pa.Table) -> pa.Table:
    """Compare the two sides of each block, and count."""
    rows = []
    order = sides.sort_by([("pass", "ascending"), ("token", "ascending"), ("side", "ascending")])
    for place, linkage_pass in enumerate(plan.section.passes):
        comparison = Comparison.of(plan.section, linkage_pass)
        own = order.filter(pa.array(integers(order["pass"]) == place))
        both = filters(own["filter"], sum(comparison.widths))
        counts = level_counts(comparison, both[0::2], both[1::2])
        rows += [
            {"pass": place, "attribute": name, "level": level, "pairs": pairs}
            for name, row in counts.items()
            for level, pairs in enumerate(row)
            if pairs
        ]
    kinds = {"pass": pa.int64(), "attribute": pa.string(), "level": pa.int64(), "pairs": pa.int64()}
    return pa.Table.from_pylist(rows, pa.schema(kinds.items()))
