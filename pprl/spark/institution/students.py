"""From rows to students, bucket by bucket: what `pprl.institution.collapse` does, over shuffles.

Rows of one local id meet in one bucket, then local ids of one full name and birth date in another,
so that every bucket can be collapsed on its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from pprl.agreement import LinkageSection
from pprl.errors import StudentsError, UsageError
from pprl.exchange.columns import integers
from pprl.institution.collapse import collapse, latest_rows
from pprl.institution.normalise import NormalisedStudents, normalise
from pprl.institution.roster import LISTED
from pprl.spark.executors import on_batches, on_groups

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROW = "row"
_TEXTS = ("local_id", "first", "middle", "last", "suffix", "sex", "zip", "state_id")
_NUMBERS = ("year", "month", "day", ROW)
_SCHEMA = ", ".join([*(f"{t} string" for t in _TEXTS), *(f"{n} bigint" for n in _NUMBERS)])


def students_of(rows: DataFrame, section: LinkageSection, buckets: int) -> DataFrame:
    """Students, each once: the columns of normal form, and `local_ids`, sorted.

    Args:
        rows: as for `pprl.spark.encode`.
        section: whose fields are read.
        buckets: how many the students are divided into.

    Raises:
        UsageError: a column is missing or holds something other than text.
    """
    from pyspark.sql import functions as sql

    columns = [c for c in rows.columns if c in LISTED or c in section.fields]
    for field in rows.select(*columns).schema.fields:
        if field.dataType.typeName() != "string":
            raise UsageError(
                f"column {field.name} holds something other than text, which has lost what an ID "
                "or a ZIP needs. Read the table with all columns as strings."
            )
    if missing := set(LISTED) - set(columns):
        raise UsageError(f"the students have no column {', '.join(sorted(missing))}.")
    row = sql.col(ROW).cast("bigint") if ROW in rows.columns else sql.lit(0).cast("bigint")
    chosen = rows.select(*columns, row.alias(ROW))
    normal = chosen.mapInArrow(on_batches(normalised, section.country), _SCHEMA)
    latest = normal.groupBy(sql.pmod(sql.xxhash64("local_id"), sql.lit(buckets)).alias("bucket"))
    by_id = latest.applyInArrow(on_groups(latest_of_each), _SCHEMA)
    is_known = (sql.col("first") != "") & (sql.col("last") != "") & (sql.col("year") != 0)
    person = sql.when(is_known, sql.xxhash64("first", "last", "year", "month", "day"))
    person = person.otherwise(sql.xxhash64("local_id"))
    alike = by_id.groupBy(sql.pmod(person, sql.lit(buckets)).alias("bucket"))
    return alike.applyInArrow(on_groups(collapsed), f"{_SCHEMA}, local_ids array<string>")


def normalised(country: str, table: pa.Table) -> pa.Table:
    """Rows in normal form."""
    frame = table.to_pandas().set_index(ROW)
    return to_table(normalise(frame, country=country))


def latest_of_each(table: pa.Table) -> pa.Table:
    """The latest row of each local id, its gaps filled from earlier ones.

    Raises:
        StudentsError: a local id is blank or stands for two people, or the order of its rows is
            not told.
    """
    order = table.sort_by([("local_id", "ascending"), (ROW, "ascending")])
    rows = from_table(order)
    if blank := int((rows.local_id == "").sum()):
        raise StudentsError(
            f"students: local_id is blank in {blank} rows. Give every student a local ID."
        )
    same = (rows.local_id[1:] == rows.local_id[:-1]) & (rows.row[1:] == rows.row[:-1])
    if again := int(same.sum()):
        raise StudentsError(
            f"students: {again} rows repeat a local_id and do not tell which is the latest. Add a "
            f"column {ROW} of whole numbers, the highest for the latest, or keep one row of each."
        )
    by_id, _, _ = latest_rows(rows)
    return to_table(by_id)


def collapsed(table: pa.Table) -> pa.Table:
    """Local ids that are plainly one person as one student."""
    students = collapse(from_table(table))
    order = np.argsort(students.local_id_student, kind="stable")
    held = np.bincount(students.local_id_student, minlength=len(students))
    start = np.concatenate(([0], np.cumsum(held))).astype(np.int32)
    local_ids = pa.array(students.local_ids[order], pa.string())
    grouped = pa.ListArray.from_arrays(pa.array(start), local_ids)
    return to_table(students.records).append_column("local_ids", grouped)


def to_table(students: NormalisedStudents) -> pa.Table:
    """Students in normal form as a table."""
    texts = {name: pa.array(getattr(students, name), pa.string()) for name in _TEXTS}
    birth = dict(zip(_NUMBERS[:3], students.birth.T.astype(np.int64), strict=True))
    return pa.table({**texts, **birth, ROW: students.row})


def from_table(table: pa.Table) -> NormalisedStudents:
    """Undo `to_table`."""
    texts = {name: _objects(table[name]) for name in _TEXTS}
    birth = np.column_stack([integers(table[name]) for name in _NUMBERS[:3]]).astype(np.int32)
    return NormalisedStudents(**texts, birth=birth, row=integers(table[ROW]))


def _objects(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Texts as `object[n]` of `str`."""
    return pd.Series(column.to_pylist(), dtype=object).to_numpy(dtype=object)
