"""What the hub checks of tables before it joins them.

A forged submission must not make the join explode: a token that repeats, were it a million times,
is found by counting, before any entry meets another.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pprl.agreement import Agreement, LinkageSection
from pprl.errors import SubmissionError
from pprl.exchange import Submission
from pprl.exchange.columns import filters
from pprl.hub.admission import are_full, in_order
from pprl.hub.warehouse import of_pass
from pprl.spark.executors import on_batches
from pprl.spark.submission_tables import SubmissionTables

_AGAIN = "Ask for a file made by pprl encode."


def admit(submissions: Sequence[SubmissionTables], agreement: Agreement) -> list[SubmissionTables]:
    """Check submissions as `pprl.hub.admission.admit` does.

    Returns:
        the submissions in the order of their institutions' ids.

    Raises:
        UsageError, AgreementError, MismatchError, SubmissionError: as `pprl.link` does.
    """
    by_name = {item.manifest.institution: item for item in submissions}
    manifests = [Submission(item.manifest, {}) for item in submissions]
    ordered = [by_name[item.institution] for item in in_order(manifests, agreement)]
    for item in ordered:
        _check_entries(item, agreement.linkage)
    return ordered


def _check_entries(submission: SubmissionTables, section: LinkageSection) -> None:
    """Check the form of one submission's entries.

    Raises:
        SubmissionError: it is not as agreed.
    """
    from pyspark.sql import functions as sql

    name, records = submission.manifest.institution, submission.manifest.records
    entries = submission.entries
    quotas = {item.name: item.quota for item in section.passes}
    counted = {row["pass"]: row["count"] for row in entries.groupBy("pass").count().collect()}
    if counted.keys() != quotas.keys():
        raise SubmissionError(f"{name}: does not hold the agreement's passes. Encode again.")
    held = entries.groupBy("pass", "record").count()
    figures = held.groupBy("pass").agg(
        sql.min("count"),
        sql.max("count"),
        sql.count("record"),
        sql.min("record"),
        sql.max("record"),
    )
    for pass_name, least, most, found, first, last in figures.collect():
        place = f"{name} pass {pass_name!r}"
        if first is None or first < 0 or last >= records:
            raise SubmissionError(
                f"{place}: names a record beyond the {records:,} that it announces."
            )
        if {least, most} != {quotas[pass_name]} or found != records:
            raise SubmissionError(
                f"{place}: a record has more or fewer entries than the quota of "
                f"{quotas[pass_name]}. {_AGAIN}"
            )
    again = entries.groupBy("pass", "token").count().where("count > 1 OR token IS NULL")
    for row in again.limit(1).collect():
        raise SubmissionError(f"{name} pass {row['pass']!r}: tokens repeat. {_AGAIN}")
    entries.select("pass", "filter").mapInArrow(
        on_batches(checked_filters, section, name), "entries bigint"
    ).agg(sql.sum("entries")).collect()


def checked_filters(section: LinkageSection, name: str, table: pa.Table) -> pa.Table:
    """How many entries there are, all of them filled as agreed.

    Raises:
        SubmissionError: one is not.
    """
    for linkage_pass in section.passes:
        own = of_pass(table, linkage_pass.name)
        place = f"{name} pass {linkage_pass.name!r}"
        try:
            rows = filters(own["filter"], section.words_of(linkage_pass))
        except ValueError:
            raise SubmissionError(
                f"{place}: its filters have another length than agreed."
            ) from None
        if not are_full(rows, section.segments_of(linkage_pass)):
            raise SubmissionError(
                f"{place}: a segment has more or fewer bits than agreed. {_AGAIN}"
            )
    return pa.table({"entries": [table.num_rows]})
