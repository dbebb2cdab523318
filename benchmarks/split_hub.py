"""A hub of two: what would a matcher and a registrar learn, apart and together?

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.split_hub [persons [seed [profile...]]]

The *matcher* gets tokens and filters, and numbers for entries in place of records. It joins and
compares each pass, fits its model, and tells the *registrar* which entries of which sources it
thinks one person's, and how surely. The registrar, who was told by the institutions whose record
each entry is, and never sees a token or a filter, combines the passes, clusters the records and
gives out study IDs. Figures are written to `results/split_hub.json`.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.kept import keep_each
from benchmarks.what_a_hub_learns import PROFILES, Encodings, encodings, rosters_of
from benchmarks.what_a_hub_learns import f1 as f1_of_one_hub
from pprl import Submission
from pprl.audit.refinement import refine
from pprl.audit.roster_attack import attack_with_one_roster
from pprl.audit.shared import SharedBlocks, shared_by_submissions
from pprl.exchange import Entries
from pprl.hub.assignment import TIE, beyond, one_to_one, probabilities
from pprl.hub.clusters import clusters
from pprl.hub.combination import BEST_SHARE
from pprl.hub.comparison import compare_pass, source_pairs
from pprl.hub.decision import THRESHOLD
from pprl.hub.scoring import Believed, Candidates, ScoredPass, score_pass
from pprl.hub.third_sources import without_contradictions
from pprl.institution.leaked_roster import leaked_roster

RESULTS = Path(__file__).parent / "results" / "split_hub.json"
FLOORS = (-np.inf, 0.0)
"""Log-odds of an entry pair below which the matcher keeps it to itself."""
GRAINS = ("exact", "likely or not")
"""How finely scores are told: coarse ones say less of the pattern of levels behind them."""
LIKELY, SCORE_OF = 4.0, (1.0, 6.0)

Integers = NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Submissions in two halves.

    Attributes:
        made: everything, for the truth.
        entries: the matcher's: records are places in each pass's table.
        records: the registrar's: for each source and pass, `uint32[n]`, the record of each place.
    """

    made: Encodings
    entries: list[Submission]
    records: list[dict[str, NDArray[np.uint32]]]

    @classmethod
    def of(cls, made: Encodings, count: int) -> Split:
        """Split the first sources' submissions, in the hub's order."""
        ordered = sorted(made.seen[:count], key=lambda submission: submission.institution)
        entries = [
            Submission(
                item.manifest,
                {
                    name: Entries(e.tokens, np.arange(len(e), dtype=np.uint32), e.filters)
                    for name, e in item.passes.items()
                },
            )
            for item in ordered
        ]
        records = [{name: e.records for name, e in item.passes.items()} for item in ordered]
        return cls(made, entries, records)

    @property
    def sizes(self) -> Integers:
        """Records of each source."""
        return np.array([item.records for item in self.entries], np.int64)

    @functools.cached_property
    def person(self) -> Integers:
        """`int64[records]`, the person of each record of all sources, -1 where it is not known."""
        truth = self.made.truth
        truth = truth[truth["source"].isin([item.institution for item in self.entries])]
        number, _ = pd.factorize(truth["person"])
        offset = dict(
            zip(
                [s.institution for s in self.entries],
                np.cumsum(self.sizes) - self.sizes,
                strict=True,
            )
        )
        person = np.full(int(self.sizes.sum()), -1, np.int64)
        person[truth["source"].map(offset).to_numpy() + truth["record"].to_numpy()] = number
        return person


def matched(split: Split) -> list[ScoredPass]:
    """The matcher's part: every pass compared and scored, with places for records."""
    agreement = split.made.agreement
    groups = len(source_pairs(len(split.entries)))
    believed = Believed(agreement, [item.manifest for item in split.entries])
    return [
        score_pass(compare_pass(split.entries, agreement.linkage, item), item, groups, believed)
        for item in agreement.linkage.passes
    ]


@dataclasses.dataclass(frozen=True, eq=False)
class Told:
    """The entry pairs that the registrar is told of, in no order; it has put records for entries.

    Attributes:
        source: `int64[records]`, the source of each record of all sources together.
        left: `int64[n]`, one record.
        right: `int64[n]`, the other, of a later source.
        group: `int64[n]`, their pair of sources.
        score: `float64[n]`, log-odds.
        token: `uint64[n]`, decides ties; 0 where scores are coarse.
        kind: `int64[n]`, the pass, which it need not be told.
        entries: `int64[n, 2]`, what the entries are called.
    """

    source: Integers
    left: Integers
    right: Integers
    group: Integers
    score: NDArray[np.float64]
    token: NDArray[np.uint64]
    kind: Integers
    entries: Integers

    @classmethod
    def of(cls, split: Split, scored: Sequence[ScoredPass], floor: float, grain: str) -> Told:
        """What is told of pairs at or above a floor, so finely."""
        first, second = np.array(source_pairs(len(split.entries)), np.int64).T
        sizes = split.sizes
        offset = np.concatenate(([0], np.cumsum(sizes)))
        rows: list[list[NDArray[np.generic]]] = []
        passes = split.made.agreement.linkage.passes
        for number, (item, linkage_pass) in enumerate(zip(scored, passes, strict=True)):
            kept = np.flatnonzero(item.log_odds >= floor)
            group = item.pairs.group[kept].astype(np.int64)
            ends, entries = [], []
            for side, of in ((item.pairs.left, first[group]), (item.pairs.right, second[group])):
                record = np.empty(len(kept), np.int64)
                for source, records in enumerate(split.records):
                    here = of == source
                    record[here] = offset[source] + records[linkage_pass.name][side[kept][here]]
                ends.append(record)
                entries.append((number * len(sizes) + of) << 32 | side[kept])
            score = coarse(item.log_odds[kept], grain)
            kind = np.full(len(kept), number)
            pair = np.column_stack(entries)
            # What decides ties is made of the bits that two entries share: a score as well.
            token = item.pairs.token[kept] * np.uint64(grain == "exact")
            rows.append([*ends, group, score, token, kind, pair])
        source = np.repeat(np.arange(len(sizes)), sizes)
        return cls(source, *(np.concatenate(column) for column in zip(*rows, strict=True)))

    def of_passes(self, chosen: Sequence[int]) -> Told:
        """What is told if these passes are all."""
        kept = np.isin(self.kind, chosen)
        parts = {
            field.name: getattr(self, field.name)[kept]
            for field in dataclasses.fields(self)
            if field.name != "source"
        }
        return Told(self.source, **parts)

    def graph(self, passes: bool, entries: bool) -> SharedBlocks:
        """As a graph of records, each pair with its score.

        Args:
            passes: whether each pair's pass is told.
            entries: whether it is told which pairs have an entry in common.
        """
        score = np.round(self.score * 1000).astype(np.int64)
        kind = self.kind if passes else np.zeros_like(self.kind)
        level = score - score.min(initial=0)
        if not entries:
            return graph_of(self.source, self.left, self.right, kind, level)
        known, place = np.unique(self.entries, return_inverse=True)
        left, right = place.reshape(-1, 2).T
        record, of_pass = (np.empty(len(known), np.int64) for _ in range(2))
        for side, ends in ((left, self.left), (right, self.right)):
            record[side], of_pass[side] = ends, kind
        _, block = connected_components(
            coo_array((np.ones(len(left)), (left, right)), shape=(len(known),) * 2), directed=False
        )
        return SharedBlocks(
            self.source, record, block.astype(np.int64), of_pass, left, right, level
        )


def coarse(log_odds: NDArray[np.float64], grain: str) -> NDArray[np.float64]:
    """Log-odds as they are told: as they are, or one of two."""
    if grain == "likely or not":
        return np.array(SCORE_OF)[(log_odds >= LIKELY).astype(int)]
    return log_odds


def combined(told: Told) -> Candidates:
    """Each pair of records once, by its two best scores as `pprl.hub.combination` weighs them.

    Without passes: two blocks of one pass count as two passes would.
    """
    order = np.lexsort((-told.score, told.right, told.left))
    left, right = told.left[order], told.right[order]
    first = np.flatnonzero((np.diff(left, prepend=-1) != 0) | (np.diff(right, prepend=-1) != 0))
    passes = np.diff(np.append(first, len(order)))
    score = told.score[order]
    best = score[first]
    second = score[np.minimum(first + 1, len(order) - 1)]
    log_odds = np.where(passes > 1, BEST_SHARE * best + (1 - BEST_SHARE) * second, best)
    token = np.minimum.reduceat(told.token[order], first)
    group = told.group[order][first]
    by_token = np.lexsort((token, group))
    return Candidates(
        group=group[by_token].astype(np.int32),
        left=left[first][by_token].astype(np.uint32),
        right=right[first][by_token].astype(np.uint32),
        token=token[by_token],
        log_odds=log_odds[by_token],
        best=np.zeros(len(first), np.int64),
        passes=passes[by_token],
    )


def f1_of(split: Split, told: Told) -> tuple[float, SharedBlocks]:
    """The registrar's part: persons from pairs of records; F1, and the graph of accepted links."""
    agreement = split.made.agreement
    candidates = combined(told)
    sole_source = np.array(
        [agreement.party(s.institution).one_record_per_person for s in split.entries], bool
    )
    first, second = np.array(source_pairs(len(split.entries)), np.int64).T
    sole = np.column_stack((sole_source[first], sole_source[second]))
    ends = candidates.left.astype(np.int64), candidates.right.astype(np.int64)
    probability = without_contradictions(
        probabilities(candidates, sole), ends, told.source, sole_source
    )
    evidence = beyond(probability, THRESHOLD) + TIE
    if len(sole_source) == 2:
        chosen = one_to_one(candidates, probability, THRESHOLD, sole)
        evidence = np.where(chosen, evidence, -np.abs(evidence))
    label = clusters(told.source, sole_source, *ends, evidence)
    linked = (label[ends[0]] == label[ends[1]]) & (probability >= THRESHOLD)
    graph = graph_of(told.source, ends[0][linked], ends[1][linked])
    return agreement_with_truth(split, told.source, label), graph


def agreement_with_truth(split: Split, source: Integers, label: Integers) -> float:
    """F1 over all pairs of records of different sources, as `pprl.evaluate` counts them."""
    person = split.person
    known = person >= 0

    def pairs(*columns: Integers) -> int:
        together, within = (
            int((count * (count - 1) // 2).sum())
            for keys in (columns, (*columns, source))
            for count in [_how_often([key[known] for key in keys])]
        )
        return together - within

    return round(2 * pairs(label, person) / max(1, pairs(label) + pairs(person)), 4)


def _how_often(columns: Sequence[Integers]) -> Integers:
    """How often each distinct row occurs."""
    rows = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        rows = rows * (int(column.max(initial=0)) + 1) + column
    return np.unique(rows, return_counts=True)[1]


def graph_of(
    source: Integers,
    left: Integers,
    right: Integers,
    kind: Integers | None = None,
    level: Integers | None = None,
) -> SharedBlocks:
    """Pairs of records as a graph, each pair a block of its own."""
    count = len(left)
    nothing = np.zeros(count, np.int64)
    return SharedBlocks(
        source=source,
        record=np.column_stack((left, right)).reshape(-1),
        block=np.repeat(np.arange(count), 2),
        kind=np.repeat(nothing if kind is None else kind, 2),
        left=np.arange(count) * 2,
        right=np.arange(count) * 2 + 1,
        level=nothing if level is None else level,
    )


def of_entries(graph: SharedBlocks) -> SharedBlocks:
    """The same graph for who does not know which entries are one record's: each stands alone."""
    return dataclasses.replace(
        graph, source=graph.source[graph.record], record=np.arange(len(graph.record))
    )


def matcher_learns(graph: SharedBlocks) -> dict[str, float]:
    """How often a guess at the student behind an entry is right, bound and all.

    Blocks of one pass that look alike cannot be told apart, and nothing ties the blocks of
    different passes together but how alike their entries are.
    """
    chance = 1 / refine(of_entries(graph)).sizes
    best = np.zeros(graph.records)
    np.maximum.at(best, graph.record, chance)
    return {
        "of an entry that is shared": round(float(chance.mean()), 4),
        "of a record's most telling entry": round(float(best.mean()), 4),
        "records with an entry alone in its colour": round(float((best == 1).mean()), 4),
    }


def as_run_on_entries(seen: SharedBlocks, computed: SharedBlocks) -> float:
    """The same for who must compute the graph from plaintext, by its best way: a share of entries.

    It points, for each entry that a student would share, at one of those in the pass that look so.
    """
    best = 0.0
    for pair in ((seen, computed), (seen.without_levels(), computed.without_levels())):
        best = max(best, _pointed_at(*pair))
    return round(best, 4)


def _pointed_at(seen: SharedBlocks, computed: SharedBlocks) -> float:
    """The mean chance that the entry pointed at is the student's, over computed entries."""
    graphs = (seen, computed)
    joined = _side_by_side(*graphs)
    colour = refine(of_entries(joined)).colour
    colours = np.split(colour, [len(seen.record)])
    width = int(colour.max(initial=0)) + 1
    alike = np.bincount(colours[0], minlength=width)
    theirs = seen.record * width + colours[0]
    cells, counts = np.unique(theirs, return_counts=True)
    wanted = computed.record * width + colours[1]
    place = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    right = np.where(cells[place] == wanted, counts[place], 0)
    return float((right / np.maximum(1, alike[colours[1]])).mean())


def _side_by_side(one: SharedBlocks, other: SharedBlocks) -> SharedBlocks:
    """Two graphs of the same records as one, so that one colouring serves both."""
    moved = len(one.record)
    blocks = int(one.block.max(initial=-1)) + 1
    return SharedBlocks(
        np.concatenate((one.source, other.source)),
        np.concatenate((one.record, other.record + one.records)),
        np.concatenate((one.block, other.block + blocks)),
        np.concatenate((one.kind, other.kind)),
        np.concatenate((one.left, other.left + moved)),
        np.concatenate((one.right, other.right + moved)),
        np.concatenate((one.level, other.level)),
    )


def of_sources(made: Encodings, count: int) -> dict[str, object]:
    """What each party learns of the first sources, its plaintext of them all in hand."""
    split = Split.of(made, count)
    section = made.agreement.linkage
    ordered = sorted(range(count), key=lambda place: made.seen[place].institution)
    seen = shared_by_submissions([made.seen[place] for place in ordered], section)
    computed = shared_by_submissions([made.computed[place] for place in ordered], section)
    scored = matched(split)
    registrar = {}
    for floor in FLOORS:
        for grain in GRAINS:
            given = Told.of(split, scored, floor, grain)
            f1, links = f1_of(split, given)
            bounds = {
                f"bound{', passes' * passes}{', entries' * entries}": round(
                    refine(given.graph(passes, entries)).success, 4
                )
                for passes, entries in ((True, True), (False, True), (False, False))
            }
            registrar[f"from {floor:g}, {grain}"] = {
                "F1": f1,
                "entry pairs told": len(given.left),
                **bounds,
                "bound, links alone": round(refine(links).success, 4),
            }
    return {
        "records": seen.records,
        "F1, one hub": f1_of_one_hub(dataclasses.replace(made, seen=made.seen[:count])),
        "both together, bound": round(refine(seen).success, 4),
        "both together, entries without pass": round(refine(seen.without_passes()).success, 4),
        "matcher, bound": matcher_learns(seen),
        "matcher, bound without levels": matcher_learns(seen.without_levels()),
        "matcher, as run": as_run_on_entries(seen, computed),
        "registrar": registrar,
    }


def one_roster(made: Encodings, rosters: dict[str, object], floor: float) -> dict[str, object]:
    """What one leaked roster tells the registrar, of all sources; the matcher sees no records."""
    split = Split.of(made, len(made.seen))
    section = made.agreement.linkage
    graph = Told.of(split, matched(split), floor, GRAINS[-1]).graph(True, False)
    found = {}
    ordered = [item.institution for item in split.entries]
    for place, (name, students) in enumerate(rosters.items()):
        emitted, _, _ = leaked_roster(students, made.agreement, made.id_maps[place], most=2)
        here = np.flatnonzero(graph.source == ordered.index(name))
        shared = told_with_closest(graph, len(section.passes))[here]
        blind = len(emitted)
        # A record that emits nowhere in a pass has no entry there to be told.
        labelled = attack_with_one_roster(np.maximum(emitted, shared), shared)
        count = shared.sum(axis=1, keepdims=True)
        total = np.maximum(emitted.sum(axis=1, keepdims=True), count)
        counted = attack_with_one_roster(total, count)
        emits = (emitted > 0).sum(axis=0)
        found[name] = {
            "records": blind,
            "registrar, with passes, times blind": round(labelled.times_blind, 2),
            "registrar, times blind": round(counted.times_blind, 2),
            "registrar, surest hundredth": round(counted.most, 4),
            "matcher, entries, times blind": round(float((blind / emits).max()), 2),
        }
    return found


def told_with_closest(graph: SharedBlocks, passes: int) -> Integers:
    """Pairs told of each record with the record that it has most of, by pass: `[records, passes]`.

    The registrar counts with one partner, for entries of several partners may be the same.
    """
    one = np.concatenate((graph.record[graph.left], graph.record[graph.right]))
    other = np.concatenate((graph.record[graph.right], graph.record[graph.left]))
    kind = graph.kind[np.concatenate((graph.left, graph.right))]
    key, pair, count = np.unique(
        one * graph.records + other, return_inverse=True, return_counts=True
    )
    owner = key // graph.records
    order = np.lexsort((-count, owner))
    closest = order[np.diff(owner[order], prepend=-1) != 0]
    chosen = np.zeros(len(key), bool)
    chosen[closest] = True
    kept = chosen[pair.reshape(-1)]
    cell = one[kept] * passes + kind[kept]
    return np.bincount(cell, minlength=graph.records * passes).reshape(-1, passes)


def measured(persons: int, seed: int, profile: str) -> dict[str, object]:
    """All figures of one profile."""
    start = time.perf_counter()
    rosters, truth = rosters_of(persons, seed, "customary", False)
    made = encodings(rosters, truth, profile, True)
    pooled = encodings(*rosters_of(persons, seed, "customary", True), profile, True)
    return {
        "persons": persons,
        "seed": seed,
        "profile": profile,
        "both of two pools": of_sources(pooled, 2),
        "both of two": of_sources(made, 2),
        "all of eight": of_sources(made, 8),
        "one of eight": one_roster(made, dict(rosters), 0.0),
        "seconds": round(time.perf_counter() - start),
    }


if __name__ == "__main__":
    keep_each(RESULTS, measured, sys.argv[1:], seed=11, profiles=PROFILES)
