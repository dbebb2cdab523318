"""The two sweeps of a linking: every range is compared and counted, then scored and combined."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from pprl.agreement import Agreement
from pprl.agreement.levels import Comparison
from pprl.exchange import Manifest, Submission
from pprl.hub.agreeing import key_fields
from pprl.hub.combination import Verdicts, combine, together
from pprl.hub.comparison import compare_pass, source_pairs
from pprl.hub.judged_pass import JudgedPass
from pprl.hub.kept_pairs import KeptPairs, Place, joined
from pprl.hub.patterns import PatternCounts
from pprl.hub.scoring import Believed, Candidates, judge_pass
from pprl.progress import Progress, tracked
from pprl.workers import in_turn


def compare_ranges(
    submissions: Sequence[Submission],
    agreement: Agreement,
    kept: KeptPairs,
    workers: int,
    progress: Progress,
) -> None:
    """Compare every range of every pass that is not yet kept.

    Args:
        submissions: admitted ones.
        agreement: the agreement.
        kept: where the pairs go.
        workers: how many ranges are compared at once.
        progress: as in `pprl.link`; told of ranges.
    """
    passes = agreement.linkage.passes
    comparisons = [Comparison.of(agreement.linkage, item) for item in passes]

    def compare(place: Place) -> None:
        if kept.holds(place):
            return
        name, comparison = passes[place[0]].name, comparisons[place[0]]
        tables = [kept.cut.within(place, item.passes[name]) for item in submissions]
        kept.keep(place, compare_pass(tables, comparison))
        for item in submissions:
            item.let_go()

    places = kept.cut.places
    with contextlib.closing(in_turn(compare, places, workers)) as compared:
        for _ in tracked(places, "linking", progress):
            next(compared)


def judge_passes(
    submissions: Sequence[Submission], agreement: Agreement, kept: KeptPairs
) -> list[JudgedPass]:
    """Fit each pass's model to the counts of all its ranges."""
    groups = len(source_pairs(len(submissions)))
    counted = [
        PatternCounts.total(
            [
                PatternCounts.of(pairs.group, pairs.pattern, groups)
                for record_range in range(kept.cut.record_ranges)
                for pairs in kept.pieces(number, record_range)
            ]
        )
        for number in range(len(agreement.linkage.passes))
    ]
    return judge_counts(counted, [submission.manifest for submission in submissions], agreement)


def judge_counts(
    counted: Sequence[PatternCounts], manifests: Sequence[Manifest], agreement: Agreement
) -> list[JudgedPass]:
    """Fit each pass's model to the counts of its patterns, wherever these were counted.

    Args:
        counted: those of each pass, in the agreement's order.
        manifests: of the submissions, which tell what is believed of non-matches.
        agreement: the agreement.
    """
    believed = Believed(agreement, manifests)
    return [
        judge_pass(counts, Comparison.of(agreement.linkage, item), item, believed)
        for counts, item in zip(counted, agreement.linkage.passes, strict=True)
    ]


def combine_ranges(
    judged: Sequence[JudgedPass], agreement: Agreement, kept: KeptPairs
) -> tuple[Candidates, Verdicts]:
    """Merge the passes, a range of records at a time: all candidates, with their verdicts."""
    fields = key_fields(agreement.linkage.passes)
    return together(
        [
            combine(
                [joined(list(kept.pieces(number, own))) for number in range(len(judged))],
                judged,
                fields,
            )
            for own in range(kept.cut.record_ranges)
        ]
    )
