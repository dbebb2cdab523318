"""Encoding with Spark: the same bits as `pprl.encode`, from a table to tables."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pprl.agreement import Agreement
from pprl.agreement.enforcement import enforce
from pprl.exchange import Manifest
from pprl.exchange.columns import longs, words
from pprl.institution.encode import unnumbered
from pprl.institution.identities import identify
from pprl.institution.keys import Keys
from pprl.institution.linkage_key import LinkageKey
from pprl.institution.published import noised_profile, shares_of, told_of_empty
from pprl.institution.roster import record_numbers, refuse_few
from pprl.institution.state import State
from pprl.spark.executors import on_batches, told
from pprl.spark.institution.cutting import cut, identified_by, schema_of
from pprl.spark.institution.emission import (
    emitted,
    held_and_sent,
    ledger_table,
    refuse_lost,
    shared,
)
from pprl.spark.institution.filling import entries_of
from pprl.spark.institution.plan import Plan
from pprl.spark.institution.students import students_of
from pprl.spark.institution.withheld import withheld_levels
from pprl.spark.session import check_session
from pprl.spark.staging import staged
from pprl.spark.submission_tables import (
    SubmissionTables,
    read_entries,
    write_entries,
    write_manifest,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

STUDENTS_AT_ONCE = 20_000
"""Students that an executor's core works on at a time, some 50 MB of entries."""


@dataclass(frozen=True, eq=False)
class EncodedTables:
    """What `encode` gives.

    Attributes:
        submission: tables for the hub; `submission.submission(section)` is what is signed and sent.
        id_map: the folder of the table `record, local_id`. Never leaves the institution.
        notes: what a person should know, in counts.
    """

    submission: SubmissionTables
    id_map: str
    notes: tuple[str, ...]


def encode(
    rows: DataFrame,
    agreement: Agreement,
    key: LinkageKey,
    institution_id: str,
    folder: str,
    id_map: str,
    *,
    state: State | None = None,
    slices: int = 8,
    today: datetime.date | None = None,
) -> EncodedTables:
    """Encode a table of students for the hub, with Spark.

    The same students under the same state and key give the same entries as `pprl.encode`, bit for
    bit. The state stays a file on the driver, which holds 16 bytes for each block ever sent.

    Args:
        rows: `local_id, first_name, last_name` and what else the agreement declares, all texts, as
            from `read_students`; and `row`, a whole number, the highest for the latest row, if one
            local id has several. They are read more than once, and must not change meanwhile: name
            a version of a table that others write to.
        agreement: the agreement; only its fields are used.
        key: the institutions' linkage key. It stays on the driver; executors are sent keys that are
            derived from it.
        institution_id: the party whose students they are.
        folder: where the submission's tables go; there must be nothing yet.
        id_map: where the table of record numbers and local ids goes, which stays here; as private
            as the folder it is in.
        state: the institution's secret and ledger; without one, a trial's in memory.
        slices: into how many files each pass is divided.
        today: the day on which; the machine's own if not given.

    Raises:
        AgreementError: the agreement does not allow it: see `pprl.agreement.enforcement`.
        StudentsError: as `pprl.encode`; or rows of one local id have no order.
        UsageError: a column is missing or holds something other than text, one of the folders is
            there already, or the session would write students to disks in the clear.
        StateError: the state is another party's, or cannot be written.
    """
    spark = rows.sparkSession
    enforce(agreement, (institution_id,), today=today)
    check_session(spark)
    section = agreement.linkage
    with contextlib.ExitStack() as stack:
        partial, partial_map = stack.enter_context(staged(spark, folder, id_map))
        if state is None:
            state = stack.enter_context(contextlib.closing(State.in_memory()))
        keys = Keys.of(key, section.digest, institution_id, state)
        # Begun last, so that the ledger is kept before the folders get their names.
        stack.enter_context(state.transaction())
        stack.enter_context(told())
        state.serve(institution_id)
        buckets = max(spark.sparkContext.defaultParallelism, -(-rows.count() // STUDENTS_AT_ONCE))
        plan = Plan.of(section, keys, buckets)
        digests = stack.enter_context(
            _kept(
                students_of(rows, section, buckets).mapInArrow(
                    on_batches(cut, plan), schema_of(plan)
                )
            )
        )
        named, given_again = _named(digests, agreement, keys)
        count = named.num_rows
        students = stack.enter_context(_kept(_numbered(digests, named)))
        shares, unplaced, notes = _completeness(students, agreement, count, keys)
        real = stack.enter_context(_emitted(plan, students, keys))
        write_entries(entries_of(plan, students, real, slices), partial)
        _write_id_map(students, partial_map)
        epsilon, noise = agreement.records.epsilon, keys.own("noise")
        profile = {
            item.name: noised_profile(section, item, levels, epsilon, noise)
            for item, levels in zip(
                section.passes, withheld_levels(plan, students, count), strict=True
            )
        }
        manifest = unnumbered(agreement, keys, institution_id, count, shares, unplaced, profile)
        sequence = state.sequence_of(keys.context, _content(spark, manifest, partial))
        write_manifest(spark, dataclasses.replace(manifest, sequence=sequence), partial)
        idle = count - real.select("identity").distinct().count()
    if given_again:
        notes.append(f"{given_again} local ids name another student than before.")
    if idle:
        notes.append(f"{idle} of {count} students emit in no pass: cannot be linked.")
    return EncodedTables(SubmissionTables.open(spark, folder), id_map, tuple(notes))


@contextlib.contextmanager
def _kept(frame: DataFrame) -> Iterator[DataFrame]:
    """The rows once made, in memory and on the executors' disks, while they are needed.

    An executor that is lost takes its part with it, which is then made again.
    """
    from pyspark import StorageLevel

    kept = frame.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield kept
    finally:
        kept.unpersist()


def _named(digests: DataFrame, agreement: Agreement, keys: Keys) -> tuple[pa.Table, int]:
    """Each student's identity and record, by its leader; how many local ids were given again.

    Raises:
        StudentsError: there are too few students.
    """
    found = digests.select("leader", "digests", "traits").toArrow()
    refuse_few(found.num_rows, agreement)
    state, context = keys.state, keys.context
    mint = functools.partial(state.mint, context)
    identified = identify(state.identities(context), *identified_by(found), mint)
    state.keep_identities(context, identified)
    table = pa.table(
        {
            "leader": found["leader"],
            "identity": longs(identified.identity),
            "record": record_numbers(identified.identity).astype(np.int64),
        }
    )
    return table, identified.given_again


def _numbered(digests: DataFrame, named: pa.Table) -> DataFrame:
    """Students with `identity` and `record`."""
    numbers = digests.sparkSession.createDataFrame(named)
    return digests.join(numbers, "leader").drop("digests", "traits")


@contextlib.contextmanager
def _emitted(plan: Plan, students: DataFrame, keys: Keys) -> Iterator[DataFrame]:
    """The real entries, once they are in the ledgers of the state.

    Raises:
        StudentsError: most blocks sent earlier are now held under other local ids.
    """
    state, passes = keys.state, plan.section.passes
    ledgers = [state.ledger(keys.context, item.name) for item in passes]
    sent = ledger_table(students.sparkSession, ledgers)
    with _kept(held_and_sent(plan, students, sent)) as blocks:
        refuse_lost(blocks)
        with _kept(emitted(plan, students, blocks)) as real:
            settled = real.unionByName(shared(blocks))
            for place, (item, ledger) in enumerate(zip(passes, ledgers, strict=True)):
                own = settled.where(settled["pass"] == place).select("token", "identity").toArrow()
                longer = ledger.with_entries(words(own["token"]), words(own["identity"]))
                state.keep_ledger(keys.context, item.name, longer)
            yield real


def _write_id_map(students: DataFrame, folder: str) -> None:
    """Write `record, local_id`, in the order of records."""
    every = students.selectExpr("record", "explode(local_ids) AS local_id")
    every.repartition(1).sort("record", "local_id").write.parquet(folder)


def _completeness(
    students: DataFrame, agreement: Agreement, count: int, keys: Keys
) -> tuple[dict[str, float], float, list[str]]:
    """The noised shares that the manifest publishes, and what is told of fields that all lack.

    Raises:
        StudentsError: the agreement requires a field that all students lack.
    """
    from pyspark.sql import functions as sql

    fields = agreement.linkage.fields
    has = [sql.sum(sql.expr(f"(fields >> {place}) & 1")) for place in range(len(fields))]
    row = students.agg(*has, sql.sum(sql.expr("CAST(NOT blocked AS BIGINT)"))).collect()[0]
    counts = [int(number) for number in row]
    notes = told_of_empty(dict(zip(fields, counts, strict=False)), agreement)
    shares = shares_of(fields, counts, count, agreement.records.epsilon, keys.own("noise"))
    return *shares, list(notes)


def _content(spark: SparkSession, manifest: Manifest, folder: str) -> str:
    """A digest of everything in a submission but its sequence number, in whatever order it lies."""
    from pyspark.sql import functions as sql

    written = read_entries(spark, folder)
    row = sql.xxhash64("token", "record", "filter")
    sums = written.groupBy("pass").agg(sql.count("*").alias("n"), sql.bit_xor(row).alias("sum"))
    digest = hashlib.sha256(manifest.to_bytes())
    for found in sorted(map(tuple, sums.collect())):
        digest.update(repr(found).encode())
    return digest.hexdigest()
