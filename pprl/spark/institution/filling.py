"""Filling the entries of a submission, decoys included, on the executors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pprl.exchange.entry_tables import entry_table
from pprl.institution.emission import Emission
from pprl.institution.encoded_pass import filled
from pprl.spark.institution.emission import beside, places_of
from pprl.spark.institution.plan import Bucket, Plan
from pprl.spark.submission_tables import ENTRIES, arranged

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def entries_of(plan: Plan, students: DataFrame, emitted: DataFrame, slices: int) -> DataFrame:
    """The entries of all passes, ordered by token: `ENTRIES`.

    Args:
        plan: the encoding.
        students: as cut, with `identity` and `record`.
        emitted: from `pprl.spark.institution.emission.emitted`.
        slices: into how many files each pass is divided.
    """
    entries = beside(plan, students, emitted, fill, ENTRIES)
    return arranged(entries, slices)


def fill(plan: Plan, students: pa.Table, emitted: pa.Table) -> pa.Table:
    """All entries of some students."""
    bucket = Bucket.of(plan, students)
    tables = []
    for place, keys in enumerate(plan.passes):
        values = bucket.values(place)
        own = np.zeros(len(values.tokens), bool)
        own[places_of(bucket, values, place, emitted)] = True
        # Which blocks become nobody's was settled when the real ones were chosen.
        emission = Emission(values.take(own), values.take(~own), np.empty(0, np.uint64))
        linkage_pass = bucket.linkage_pass(place)
        entries = filled(
            emission,
            linkage_pass.quota,
            bucket.identity,
            bucket.record,
            keys,
            bucket.filling(place),
        )
        tables.append(entry_table(linkage_pass.name, entries))
    return pa.concat_tables(tables)
