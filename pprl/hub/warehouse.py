"""Linking what was joined elsewhere: candidates made by a warehouse's SQL, or on a cluster.

A pass is an equi-join on a token that is unique in each submission's pass, so any engine can make
the candidates. What they are worth is then found by the same functions as ever.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import compute

from pprl.agreement import Agreement, LinkageSection
from pprl.agreement.enforcement import enforce
from pprl.agreement.levels import Comparison
from pprl.errors import SubmissionError
from pprl.exchange import Manifest, Submission
from pprl.exchange.columns import filters, integers
from pprl.hub.admission import in_order
from pprl.hub.agreeing import key_fields
from pprl.hub.combination import combine, together
from pprl.hub.comparison import PassPairs, compared, source_pairs
from pprl.hub.decision import THRESHOLD, Objective
from pprl.hub.kept_pairs import joined
from pprl.hub.link import conclude
from pprl.hub.linkage import Linkage
from pprl.hub.patterns import PatternCounts
from pprl.hub.registry import Registry
from pprl.hub.sources import Sources
from pprl.hub.sweeps import judge_counts


def link_joined(
    batches: Iterable[pa.Table | pa.RecordBatch],
    manifests: Sequence[Manifest],
    agreement: Agreement,
    *,
    threshold: float = THRESHOLD,
    today: datetime.date | None = None,
) -> Linkage:
    """Link the candidates that a join of entry tables gave: what `pprl.link` makes of the files.

    What the files' entries are like is not looked at; take in files with `Submission.open` and
    tables with the checks of `docs/warehouse.md`.

    Args:
        batches: `pass, source_a, record_a, filter_a, source_b, record_b, filter_b`, a row for each
            two entries of one pass and token; sources by their ids, `source_a < source_b`.
        manifests: those of the submissions that were joined.
        agreement: the agreement under which they were encoded.
        threshold: pairs of at least this probability are accepted, 0 to 1.
        today: the day on which; the machine's own if not given.

    Raises:
        UsageError, AgreementError, MismatchError: as `pprl.link` does.
        SubmissionError: a row is not as the agreement says, or a record has more candidates than
            entries, so that tokens repeat in a submission.
    """
    enforce(agreement, [manifest.institution for manifest in manifests], today=today)
    submissions = in_order([Submission(manifest, {}) for manifest in manifests], agreement)
    sources = Sources.of(submissions, [item.records for item in submissions], agreement)
    section = agreement.linkage
    parts = [_of_batch(section, sources, pa.table(batch)) for batch in batches]
    found = [joined(pieces) for pieces in zip(*(parts or [_nothing(section)]), strict=True)]
    for linkage_pass, pairs in zip(section.passes, found, strict=True):
        _refuse_repeated(pairs, linkage_pass.quota, linkage_pass.name)
    return link_found(found, submissions, agreement, threshold)


def link_found(
    found: Sequence[PassPairs],
    submissions: Sequence[Submission],
    agreement: Agreement,
    threshold: float,
    registry: Registry | str | os.PathLike[str] | None = None,
) -> Linkage:
    """The linkage that compared pairs come to.

    Args:
        found: the pairs of each pass, in the agreement's order.
        submissions: admitted ones, in the order of their ids; without entries where there is no
            registry to recognise students by them.
        agreement: the agreement.
        threshold: as in `link_joined`.
        registry: as in `pprl.link`.

    Raises:
        KeyFileError, RegistryError, MismatchError: the registry cannot be used, as in `pprl.link`.
    """
    sources = Sources.of(submissions, [item.records for item in submissions], agreement)
    manifests = [item.manifest for item in submissions]
    counted = [PatternCounts.of(item.group, item.pattern, len(sources.pairs)) for item in found]
    judged = judge_counts(counted, manifests, agreement)
    fields = key_fields(agreement.linkage.passes)
    candidates, verdicts = together([combine(found, judged, fields)])
    wanted = Objective.of(threshold)
    return conclude(
        submissions,
        sources,
        agreement,
        candidates,
        verdicts,
        judged,
        wanted,
        manifests,
        registry=registry,
    )


def compared_rows(section: LinkageSection, sources: int, table: pa.Table) -> list[PassPairs]:
    """Compare the two filters of each row of a join: the pairs of each pass.

    Args:
        section: the linkage section.
        sources: how many there are.
        table: as in `link_joined`, but sources by their places.

    Raises:
        ValueError: a filter has another length than agreed.
    """
    group_of = np.zeros((sources, sources), np.int32)
    for place, pair in enumerate(source_pairs(sources)):
        group_of[pair] = place
    found = []
    for linkage_pass in section.passes:
        own = of_pass(table, linkage_pass.name)
        both = [filters(own[f"filter_{x}"], section.words_of(linkage_pass)) for x in "ab"]
        rows = np.arange(own.num_rows)
        pattern, tie = compared(Comparison.of(section, linkage_pass), both[0], rows, both[1], rows)
        found.append(
            PassPairs(
                group_of[integers(own["source_a"]), integers(own["source_b"])],
                integers(own["record_a"]).astype(np.uint32),
                integers(own["record_b"]).astype(np.uint32),
                tie,
                pattern,
            )
        )
    return found


def of_pass(table: pa.Table, name: str) -> pa.Table:
    """The rows of one pass."""
    return table.filter(compute.equal(table["pass"], name))


def _of_batch(section: LinkageSection, sources: Sources, table: pa.Table) -> list[PassPairs]:
    """The pairs of some rows.

    Raises:
        SubmissionError: a row names a source, record, pass or pair of sources that there is not.
    """
    for side in "ab":
        place = compute.index_in(table[f"source_{side}"], pa.array(sources.names, pa.string()))
        if place.null_count:
            raise SubmissionError(f"source_{side}: names a source that sent no manifest.")
        record = integers(table[f"record_{side}"])
        if not ((record >= 0) & (record < sources.sizes[integers(place)])).all():
            raise SubmissionError(
                f"record_{side}: is beyond the records that its source announces."
            )
        at = table.schema.get_field_index(f"source_{side}")
        table = table.set_column(at, f"source_{side}", place)
    if not (integers(table["source_a"]) < integers(table["source_b"])).all():
        raise SubmissionError("source_a: must come before source_b in every row of the join.")
    passes = pa.array([item.name for item in section.passes])
    if compute.index_in(table["pass"], passes).null_count:
        raise SubmissionError("pass: names one that the agreement has not.")
    try:
        return compared_rows(section, len(sources.names), table)
    except ValueError:
        raise SubmissionError("filter: has another length than agreed.") from None


def _refuse_repeated(pairs: PassPairs, quota: int, name: str) -> None:
    """Check that no record has more candidates in a pass than it has entries there.

    Raises:
        SubmissionError: one has.
    """
    for side in (pairs.left, pairs.right):
        key = pairs.group.astype(np.int64) << 32 | side
        if len(key) and np.unique(key, return_counts=True)[1].max() > quota:
            raise SubmissionError(
                f"pass {name!r}: a record has more candidates than entries, so a token stands "
                "twice in a submission. Check the tables before they are joined."
            )


def _nothing(section: LinkageSection) -> list[PassPairs]:
    """No pairs."""
    whole = np.zeros(0, np.uint32)
    none = PassPairs(
        whole.astype(np.int32), whole, whole, whole.astype(np.uint64), whole.astype(np.int64)
    )
    return [none] * len(section.passes)
