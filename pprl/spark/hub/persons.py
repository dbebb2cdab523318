"""Persons: components of likely pairs, each of which is then divided as in memory.

Likely pairs hang together in small groups; whatever a third source, a rival or a cluster says of a
pair, it says within one. So groups are found over shuffles, and the functions of `pprl.hub` see one
bucket of whole groups after another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pprl.exchange.columns import integers, words
from pprl.hub.resolution import persons
from pprl.hub.scoring import Candidates
from pprl.hub.sources import Sources
from pprl.hub.third_sources import LEAST, without_contradictions
from pprl.spark.executors import on_groups
from pprl.spark.hub.components import components
from pprl.spark.hub.scoring import in_order

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

JUDGED = (
    "group int, left bigint, right bigint, node_a bigint, node_b bigint, probability double, "
    "passes bigint, person_a bigint, person_b bigint, accepted boolean"
)
"""A pair as it was judged; its records as nodes, the source in the upper half; their persons."""

SOURCE_SHIFT = 32


def judged_pairs(
    pairs: DataFrame,
    sources: Sources,
    threshold: float,
    buckets: int,
    keep: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Decide on all pairs: `JUDGED`.

    Args:
        pairs: from `pprl.spark.hub.scoring.probable`; they are read several times.
        sources: whose records they are.
        threshold: pairs below it are not accepted.
        buckets: into how many the groups are divided.
        keep: writes rows down.
    """
    from pyspark.sql import functions as sql

    ends = sources.pairs
    node = [
        sql.get(sql.array(*map(sql.lit, ends[:, side].tolist())), "group").cast("bigint")
        * (1 << SOURCE_SHIFT)
        + sql.col(name)
        for side, name in enumerate(("left", "right"))
    ]
    pairs = pairs.withColumns({"node_a": node[0], "node_b": node[1]})
    likely = pairs.where(sql.col("probability") >= min(LEAST, threshold))
    stars = components(likely.selectExpr("node_a AS node", "node_b AS least"), keep)
    hubs = stars.select("least").distinct().selectExpr("least AS node", "least")
    homes = keep(stars.unionByName(hubs))
    for side in "ab":
        own = homes.selectExpr(f"node AS node_{side}", f"least AS home_{side}")
        pairs = pairs.join(own, f"node_{side}", "left")
    placed = keep(pairs)
    together = placed.where("home_a = home_b")
    apart = placed.where("home_a IS NULL OR home_b IS NULL OR home_a != home_b")
    bucket = sql.pmod(sql.xxhash64("home_a"), sql.lit(buckets)).alias("bucket")
    decided = together.groupBy(bucket).applyInArrow(
        on_groups(decide, sources.sole, ends, threshold), JUDGED
    )
    return decided.unionByName(
        apart.withColumns({"person_a": sql.col("node_a"), "person_b": sql.col("node_b")})
        .withColumn("accepted", sql.lit(False))
        .select(*(column.split()[0] for column in JUDGED.split(", ")))
    )


def decide(
    sole: np.ndarray[tuple[int], np.dtype[np.bool_]],
    ends: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    threshold: float,
    table: pa.Table,
) -> pa.Table:
    """The persons of some whole groups.

    Args:
        sole: `bool[sources]`, whether a source holds each person once.
        ends: `int64[groups, 2]`, the two sources of each pair of sources.
        threshold: pairs below it are not accepted.
        table: the pairs within these groups.
    """
    rows = in_order(table)
    group = integers(rows["group"])
    both = [integers(rows[name]) for name in ("node_a", "node_b")]
    nodes, place = np.unique(np.concatenate(both), return_inverse=True)
    left, right = place[: len(group)], place[len(group) :]
    source = nodes >> SOURCE_SHIFT
    probability = without_contradictions(
        rows["probability"].to_numpy(), (left, right), source, sole
    )
    nothing = np.zeros(len(group), np.int64)
    candidates = Candidates(
        group.astype(np.int32),
        integers(rows["left"]).astype(np.uint32),
        integers(rows["right"]).astype(np.uint32),
        words(rows["token"]),
        rows["log_odds"].to_numpy(),
        nothing,
        nothing,
    )
    cluster, accepted = persons(candidates, probability, (left, right), source, sole, threshold)
    # A person is called after the least of its nodes, which stand in order.
    _, first, number = np.unique(cluster, return_index=True, return_inverse=True)
    person = nodes[first][number]
    return pa.table(
        {
            **{name: rows[name] for name in ("group", "left", "right", "node_a", "node_b")},
            "probability": probability,
            "passes": rows["passes"],
            "person_a": person[left],
            "person_b": person[right],
            "accepted": accepted,
        }
    )
