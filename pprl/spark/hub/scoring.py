"""Scoring: each pair once, with the log-odds of its passes, then its probability among rivals.

Sums over the pairs of a record are taken in the order in which memory holds them, so that they are
the same to the last bit; sums over all pairs, of which each pair of sources and pass has one, may
differ in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pprl.exchange.columns import integers, longs, words
from pprl.hub.agreeing import key_fields
from pprl.hub.assignment import (
    freedom,
    gain_of_the_free,
    numbered,
    odds_of,
    rivals,
    shared,
    strangers,
)
from pprl.hub.combination import combine
from pprl.hub.judged_pass import JudgedPass
from pprl.spark.executors import Work, on_groups
from pprl.spark.hub.candidates import pairs_of_passes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, GroupedData

CANDIDATES = (
    "group int, left bigint, right bigint, token bigint, log_odds double, best bigint, "
    "passes bigint"
)
"""`pprl.hub.scoring.Candidates` as columns."""

Floats = NDArray[np.float64]


def combined(found: DataFrame, judged: Sequence[JudgedPass], buckets: int) -> DataFrame:
    """Merge the passes: `CANDIDATES`."""
    return _by(found, ["group", "left", "right"], buckets).applyInArrow(
        on_groups(combine_bucket, judged), CANDIDATES
    )


def combine_bucket(judged: Sequence[JudgedPass], table: pa.Table) -> pa.Table:
    """All pairs of some candidates, merged."""
    fields = key_fields([item.linkage_pass for item in judged])
    candidates, _ = combine(pairs_of_passes(table, len(judged)), judged, fields)
    return pa.table(
        {
            "group": candidates.group,
            "left": candidates.left.astype(np.int64),
            "right": candidates.right.astype(np.int64),
            "token": longs(candidates.token),
            "log_odds": candidates.log_odds,
            "best": candidates.best,
            "passes": candidates.passes,
        }
    )


def probable(
    candidates: DataFrame,
    sole: NDArray[np.bool_],
    passes: int,
    buckets: int,
    keep: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """`pprl.hub.assignment.probabilities`, over shuffles: `CANDIDATES` and `probability`.

    All pairs of a record must meet, those of a first record and those of a second by turns; and
    between the two rounds of sharing, the sums over all pairs.

    Args:
        candidates: `CANDIDATES`.
        sole: `bool[groups, 2]`, whether either source of a pair holds each person once.
        passes: how many there are.
        buckets: into how many the records of either side are divided.
        keep: writes rows down, so that they are made once.
    """
    from pyspark.sql import functions as sql

    def met(rows: DataFrame, side: str, work: Work, fixed: object, columns: str) -> DataFrame:
        """Work on buckets in which all pairs of each record of one side are."""
        schema = f"{CANDIDATES}, {columns}"
        return _by(rows, ["group", side], buckets).applyInArrow(on_groups(work, fixed), schema)

    even = np.zeros((len(sole), passes))
    rows = met(candidates, "left", odds_of_first, even, "rivals double")
    rows = met(rows, "right", shared_once, sole, "alone double, rivals double")
    rows = keep(met(rows, "left", still_free, sole, "taken double, total double"))
    strata = rows.groupBy("group", "best").agg(sql.sum("taken"), sql.sum("total")).collect()
    taken, total = even.copy(), even.copy()
    for group, best, some, every in strata:
        taken[group, best], total[group, best] = some, every
    gain = gain_of_the_free(taken, total)
    rows = met(rows, "left", odds_of_first, gain, "rivals double")
    return met(rows, "right", shared_again, (sole, gain), "probability double")


def odds_of_first(gain: Floats, table: pa.Table) -> pa.Table:
    """The odds of the other pairs of each pair's first record."""
    rows = in_order(table)
    return _with(rows, rivals=rivals(_records(rows, "left"), _odds(rows, gain)))


def shared_once(sole: NDArray[np.bool_], table: pa.Table) -> pa.Table:
    """What each pair has of its rivals' odds; and the sums of that for its second record."""
    rows = in_order(table)
    right, odds = _records(rows, "right"), odds_of(rows["log_odds"].to_numpy())
    alone = shared(odds, rows["rivals"].to_numpy(), rivals(right, odds), sole[_group(rows)])
    return _with(rows, alone=alone, rivals=rivals(right, alone))


def still_free(sole: NDArray[np.bool_], table: pa.Table) -> pa.Table:
    """What each pair adds to the non-matches of its stratum."""
    rows = in_order(table)
    alone = rows["alone"].to_numpy()
    left = rivals(_records(rows, "left"), alone)
    free = freedom(left, rows["rivals"].to_numpy(), sole[_group(rows)])
    taken, total = strangers(alone, free)
    return _with(rows, taken=taken, total=total)


def shared_again(fixed: tuple[NDArray[np.bool_], Floats], table: pa.Table) -> pa.Table:
    """The probability of each pair."""
    sole, gain = fixed
    rows = in_order(table)
    odds = _odds(rows, gain)
    of_right = rivals(_records(rows, "right"), odds)
    probability = shared(odds, rows["rivals"].to_numpy(), of_right, sole[_group(rows)])
    return _with(rows, probability=probability)


def in_order(table: pa.Table) -> pa.Table:
    """Candidates in the order of `pprl.hub.combination.together`."""
    keys = (integers(table["right"]), integers(table["left"]), words(table["token"]))
    return table.take(pa.array(np.lexsort((*keys, _group(table)))))


def _by(rows: DataFrame, columns: list[str], buckets: int) -> GroupedData:
    """Rows in buckets, in one of which all rows are whose columns are equal."""
    from pyspark.sql import functions as sql

    return rows.groupBy(sql.pmod(sql.xxhash64(*columns), sql.lit(buckets)).alias("bucket"))


def _group(rows: pa.Table) -> NDArray[np.int64]:
    """The pair of sources of each row: `int64[n]`."""
    return integers(rows["group"])


def _records(rows: pa.Table, side: str) -> NDArray[np.int64]:
    """A number for each record of one side: `int64[n]`."""
    return numbered(_group(rows).astype(np.int32), integers(rows[side]).astype(np.uint32))


def _odds(rows: pa.Table, gain: Floats) -> Floats:
    """The odds of each row, its stratum's gain included: `float64[n]`."""
    return odds_of(rows["log_odds"].to_numpy(), gain[_group(rows), integers(rows["best"])])


def _with(rows: pa.Table, **columns: Floats) -> pa.Table:
    """The columns of `CANDIDATES` and further ones."""
    own = rows.select([column.split()[0] for column in CANDIDATES.split(", ")])
    for name, values in columns.items():
        own = own.append_column(name, pa.array(values))
    return own
