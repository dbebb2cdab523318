"""Cutting students into digests: nothing of them stays in the clear but their local ids."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pprl.exchange.columns import lists, longs, unlisted
from pprl.institution.blocks import Blocking
from pprl.institution.identities import traits_of
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import NormalisedStudents
from pprl.institution.published import present
from pprl.institution.state import local_id_digests
from pprl.institution.tokens import TokenTable, token_table
from pprl.spark.institution.plan import Plan, part_column, segment_column
from pprl.spark.institution.students import from_table


def schema_of(plan: Plan) -> str:
    """The columns that `cut` makes.

    `leader` is the digest of a student's smallest local id; `digests` are those of all;
    `traits` tell students of one local id apart; `fields` are those that a student has, a bit for
    each by its place in the section; `blocked` tells whether any pass has a block for it.
    """
    lists_of = ["digests", "traits"]
    lists_of += [part_column(place) for place in range(len(plan.parts))]
    lists_of += [segment_column(segment.name) for segment in plan.section.segments]
    columns = ["leader bigint", "local_ids array<string>", "fields bigint", "blocked boolean"]
    return ", ".join([*columns, *(f"{name} array<bigint>" for name in lists_of)])


def cut(plan: Plan, table: pa.Table) -> pa.Table:
    """Cut students into digests."""
    students = from_table(table)
    names = NameWords.of(students)
    blocking = Blocking(students, names, plan.block_values, plan.block_pairs)
    parts = {part: blocking.part(part) for part in plan.parts}
    has = {part: np.diff(values.start) > 0 for part, values in parts.items()}
    blocked = np.zeros(len(students), bool)
    for item in plan.section.passes:
        blocked |= np.all([has[part] for part in item.block], axis=0)
    ids = table["local_ids"].combine_chunks()
    start = np.concatenate(([0], np.cumsum(ids.value_lengths().to_numpy(zero_copy_only=False))))
    digests = local_id_digests(plan.local_ids, ids.flatten().to_pylist())
    traits = traits_of(students, plan.traits).astype(np.uint64)
    columns = {
        "leader": longs(digests[start[:-1]]),
        "local_ids": ids,
        "fields": _fields(plan, students),
        "blocked": blocked,
        "digests": lists(start, digests),
        "traits": lists(np.arange(len(students) + 1) * traits.shape[1], traits.ravel()),
    }
    for place, values in enumerate(parts.values()):
        columns[part_column(place)] = lists(values.start, values.digests)
    for segment, key in zip(plan.section.segments, plan.segments, strict=True):
        tokens = token_table(segment.name, students, names, key)
        columns[segment_column(segment.name)] = _spelled_out(tokens)
    return pa.table(columns)


def _fields(plan: Plan, students: NormalisedStudents) -> NDArray[np.int64]:
    """The fields that each student has, as bits: `int64[n]`."""
    fields = np.zeros(len(students), np.int64)
    for place, name in enumerate(plan.section.fields):
        fields |= present(students, name).astype(np.int64) << place
    return fields


def _spelled_out(tokens: TokenTable) -> pa.Array:
    """A list of digests for each student, which students may have shared."""
    ends = np.cumsum(tokens.count)
    start = np.concatenate(([0], ends))
    place = np.repeat(tokens.begin - start[:-1], tokens.count) + np.arange(start[-1])
    return lists(start, tokens.digests[place])


def identified_by(
    table: pa.Table,
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint32]]:
    """What `pprl.institution.identities.identify` asks of students: digests, student, traits."""
    start, digests = unlisted(table["digests"])
    student = np.repeat(np.arange(table.num_rows), np.diff(start))
    _, traits = unlisted(table["traits"])
    return digests, student, traits.reshape(table.num_rows, -1).astype(np.uint32)
