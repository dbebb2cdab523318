"""Connected components of a graph too large for one machine.

The alternating algorithm of Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii, "Connected
Components in MapReduce and Beyond" (SoCC 2014): every node joins its larger neighbours to the least
node it sees (large star), then itself and its smaller neighbours (small star), until nothing moves
and every component is a star around its least node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

EDGES = "node bigint, least bigint"


def components(edges: DataFrame, keep: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """The least node of each node's component, for all that are not the least: `node, least`.

    Args:
        edges: `node, least`, both whole numbers; which is which does not matter, and they differ.
        keep: writes rows down, so that rounds do not build on what an executor may take with it.
    """
    stars, before = keep(edges.distinct()), None
    while (now := _content(stars)) != before:
        before = now
        stars = keep(_small_star(_large_star(stars)))
    return stars


def _large_star(edges: DataFrame) -> DataFrame:
    """Join each node's larger neighbours to the least of the node and its neighbours."""
    both = edges.unionByName(edges.selectExpr("least AS node", "node AS least"))
    return _least_of_each(both).where("other > node").selectExpr("other AS node", "least")


def _small_star(edges: DataFrame) -> DataFrame:
    """Join each node and its smaller neighbours to the least of these."""
    downwards = edges.selectExpr("greatest(node, least) AS node", "least(node, least) AS least")
    seen = _least_of_each(downwards)
    own = seen.select("node", "least")
    others = seen.where("other != least").selectExpr("other AS node", "least")
    return own.unionByName(others).distinct()


def _least_of_each(edges: DataFrame) -> DataFrame:
    """Each edge from `node` to `other`, and the `least` of the node and all of its neighbours."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    seen = edges.withColumnRenamed("least", "other")
    least = sql.min("other").over(Window.partitionBy("node"))
    return seen.withColumn("least", sql.least(sql.col("node"), least))


def _content(edges: DataFrame) -> tuple[int, int]:
    """How many edges there are, and a sum of them, which others hardly have."""
    from pyspark.sql import functions as sql

    row = edges.agg(sql.count("*"), sql.bit_xor(sql.xxhash64("node", "least"))).collect()[0]
    return row[0], row[1]
