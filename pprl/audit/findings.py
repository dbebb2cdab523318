"""The audit: every attack that applies to the submissions at hand, and what came of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Agreement, LinkageSection
from pprl.audit.distinguisher import (
    MOST_PAIRED,
    classifier_area,
    features,
    p_values,
)
from pprl.audit.frequency import bit_patterns, comparable_within
from pprl.audit.likeness import Matrix, record_likeness
from pprl.audit.looseness import looseness
from pprl.audit.matching import match_graphs
from pprl.audit.refinement import refine
from pprl.audit.roster_attack import attack_with_one_roster
from pprl.audit.shared import SharedBlocks, entries_shared, figures, shared_by_submissions
from pprl.audit.simulation import simulate
from pprl.audit.verdict import AMBER, GREEN, RED, Audit, Finding
from pprl.errors import UsageError
from pprl.exchange import Submission
from pprl.progress import Progress, tracked

LEVEL = 1e-3
RISK = 0.09
"""The probability of re-identification up to which the European Medicines Agency (policy 0070) lets
patients' records be published. A submission is never published; the figure is a yardstick."""
TIMES_BLIND = 3.0
MOST_OF_ONE = 0.10


@dataclass(frozen=True, eq=False, repr=False)
class RosterView:
    """What an attacker works out from one source's plaintext; its owner prepares it.

    Attributes:
        source: the institution.
        emitted: `int64[n, passes]`, how many real entries each record emits in each pass.
        likeness: `float32[k, k]`, how alike the plaintexts of some records are.
        records: `int64[k]`, which records those are.
    """

    source: str
    emitted: NDArray[np.int64]
    likeness: Matrix
    records: NDArray[np.int64]

    def __repr__(self) -> str:
        """Counts only."""
        return f"<RosterView of {len(self.emitted):,} records>"


def audit(
    submissions: Sequence[Submission],
    agreement: Agreement,
    *,
    roster: RosterView | None = None,
    rng: np.random.Generator,
    progress: Progress = True,
) -> Audit:
    """Attack submissions with everything at hand.

    Args:
        submissions: one or more, of different institutions.
        agreement: the agreement under which they were encoded.
        roster: one source's plaintext, as its attacker would see it.
        rng: a statistical generator: it draws samples and simulates.
        progress: True draws a bar on a terminal, False is silent, a function is told.

    Raises:
        UsageError: no submission, or a roster of none of them.
    """
    if not submissions:
        raise UsageError("An audit takes at least one submission.")
    section = agreement.linkage
    if roster is not None and roster.source not in {s.institution for s in submissions}:
        raise UsageError(f"The plaintext is of {roster.source!r}, which sent no submission here.")
    tables: dict[str, dict[str, float]] = {}
    notes: list[str] = []
    steps: list[Callable[[], Iterator[Finding]]] = [lambda: _agreement(section, tables)]
    for one in submissions:
        steps += [
            functools.partial(_form, one, section, rng, tables),
            functools.partial(_within, one, section),
        ]
    steps.append(lambda: _classified(submissions, section, rng, notes))
    if roster is not None:
        steps.append(lambda: _similarity(submissions, section, roster))
    else:
        notes.append("Without --plaintext, attacks that need a roster were not run.")
    if len(submissions) > 1:
        graph = shared_by_submissions(submissions, section)
        steps.append(lambda: _across(graph, tables))
        if roster is not None:
            steps.append(lambda: _leaked(submissions, section, graph, roster))
    else:
        notes.append("With one submission, nothing is shared; attacks across sources need two.")
    findings = [f for step in tracked(steps, "attacking", progress) for f in step()]
    return Audit(
        agreement.title,
        {s.institution: s.records for s in submissions},
        tuple(findings),
        tables,
        tuple(notes),
    )


def _agreement(section: LinkageSection, tables: dict[str, dict[str, float]]) -> Iterator[Finding]:
    """How loose the agreement is."""
    found = looseness(section)
    tables["links to strangers, by pass (agreement)"] = dict(found.by_pass)
    yield loose_finding(section)


def loose_finding(section: LinkageSection) -> Finding:
    """The finding of an agreement alone: how many strangers each record would be linked to."""
    found = looseness(section)
    return Finding(
        "Would the passes link strangers?",
        GREEN if found.links <= 0.6 else AMBER if found.links <= 1.2 else RED,
        f"{found.links:.2f} links to strangers a record and partner",
        found.links,
        "green up to 0.6, red above 1.2, half and all of what the profile students-1 has",
        f"Strangers who share a block make a web that tells records apart. Highest where both "
        f"sources have {found.size:,} students.",
    )


def _form(
    submission: Submission,
    section: LinkageSection,
    rng: np.random.Generator,
    tables: dict[str, dict[str, float]],
) -> Iterator[Finding]:
    """Whether a submission can be told from random bits."""
    name = submission.institution
    found = p_values(submission, section, rng)
    tables[f"p-values, {name}"] = dict(found)
    tests = len(found)
    worst = min(found.values())
    yield Finding(
        f"Can {name}'s file be told from random bits?",
        GREEN if worst * tests > LEVEL else RED,
        f"smallest of {tests} p-values {worst:.2g}",
        worst,
        f"red below {LEVEL:g} in all, the customary level for a test that is run often",
        "One submission alone should say nothing but how many records it has.",
    )


def _classified(
    submissions: Sequence[Submission],
    section: LinkageSection,
    rng: np.random.Generator,
    notes: list[str],
) -> Iterator[Finding]:
    """Whether a classifier can tell entries from random ones, in the largest submission.

    In one alone: entries of two submissions share blocks, which is not at issue here.
    """
    submission = max(submissions, key=lambda s: (s.records, s.institution))
    linkage_pass = max(section.passes, key=lambda p: p.quota)
    simulated = simulate(submission.manifest, section, rng)
    real, random = (
        features(side.passes[linkage_pass.name], submission.records)
        for side in (submission, simulated)
    )
    try:
        area = classifier_area(real, random, rng)
    except UsageError as error:
        notes.append(str(error))
        return
    yield Finding(
        f"Can a trained classifier tell {submission.institution}'s entries from random ones?",
        GREEN if area.is_guessing else RED,
        f"area under the curve {area.value:.3f} ± {area.error:.3f}",
        area.value,
        "red if 0.5 is more than three standard errors away; 0.5 is guessing",
        f"Gradient-boosted trees on every bit of the pass {linkage_pass.name}.",
    )


def _within(submission: Submission, section: LinkageSection) -> Iterator[Finding]:
    """What one submission lets the hub compare, and whether its bits show patterns."""
    entries = [submission.passes[p.name] for p in section.passes]
    comparable = comparable_within(
        [e.tokens for e in entries], [e.records for e in entries], submission.records
    )
    mean = float(comparable.mean()) if len(comparable) else 0.0
    yield Finding(
        f"Can {submission.institution}'s records be compared with each other?",
        GREEN if mean == 0 else RED,
        f"{mean:.2g} other records comparable with a record",
        mean,
        "red above 0: the rule that a block is sent for one student",
        "Similarities within a file are what published graph-matching attacks live on.",
    )
    most = 0
    for linkage_pass, table in zip(section.passes, entries, strict=True):
        start = 0
        for segment in section.segments_of(linkage_pass):
            words = table.filters[:MOST_PAIRED, start : start + segment.words]
            start += segment.words
            most = max(most, len(bit_patterns(words)))
    yield Finding(
        f"Are there frequent patterns in {submission.institution}'s bits?",
        GREEN if most == 0 else RED,
        f"{most} patterns" if most else "none",
        float(most),
        "red from one on: random bits have none",
        "Bits that are set together betray common names in classical filters.",
    )


def _similarity(
    submissions: Sequence[Submission], section: LinkageSection, roster: RosterView
) -> Iterator[Finding]:
    """Graph matching by similarity, on the roster's own submission."""
    submission = next(s for s in submissions if s.institution == roster.source)
    encoded = record_likeness(submission, section, roster.records)
    matching = match_graphs(encoded, roster.likeness)
    count = len(roster.records)
    correct = float((matching.partner == np.arange(count)).sum())
    # Matches of a random assignment that are right are Poisson with mean 1.
    yield Finding(
        f"Does matching similarity graphs find {roster.source}'s students again?",
        GREEN if correct <= 6 else RED,
        f"{correct:.0f} of {count:,} ({correct / max(1, count):.2%}; guessing finds 1)",
        correct / max(1, count),
        "red above 6 right: a random assignment has more once in ten thousand",
        "The attack that re-identifies nearly all classical filters, given the whole plaintext.",
    )


def _across(graph: SharedBlocks, tables: dict[str, dict[str, float]]) -> Iterator[Finding]:
    """What the pattern of shared blocks tells, to who has the plaintext of all sources."""
    with_levels, without = refine(graph), refine(graph.without_levels())
    exposed = figures(graph)
    tables["across sources"] = {
        "records": float(graph.records),
        "mean records of other sources that share a block": exposed["mean"],
        "most": exposed["most"],
        "share of records that share none": exposed["alone"],
        "guess right, with levels": with_levels.success,
        "guess right, without levels": without.success,
        "alone in their colour, with levels": with_levels.unique,
        "alone in their colour, without levels": without.unique,
    }
    value = with_levels.success
    yield Finding(
        "Could who holds every partner's plaintext find records again?",
        GREEN if value <= RISK else AMBER,
        f"a guess is right in at most {value:.1%}",
        value,
        f"amber above {RISK:.0%}, the European Medicines Agency's limit for published records",
        "An upper bound for colour refinement: complete plaintext of all sources here, free of "
        "error, and knowing how alike each pair came out. It would learn which study ID is whose, "
        "and needs no key.",
    )


def _leaked(
    submissions: Sequence[Submission],
    section: LinkageSection,
    graph: SharedBlocks,
    roster: RosterView,
) -> Iterator[Finding]:
    """What one leaked roster tells."""
    place = [s.institution for s in submissions].index(roster.source)
    shared = entries_shared(graph, len(section.passes))[graph.source == place]
    found = attack_with_one_roster(roster.emitted, shared)
    bad = found.times_blind > TIMES_BLIND or found.most > MOST_OF_ONE
    light = RED if found.success > RISK else AMBER if bad else GREEN
    yield Finding(
        f"Could who holds {roster.source}'s plaintext find its records again?",
        light,
        f"a guess is {found.times_blind:.1f} times as good as a blind one "
        f"({found.success:.3%}); {found.most:.1%} where it is surest",
        found.success,
        f"amber above {TIMES_BLIND:g} times or {MOST_OF_ONE:.0%} where surest (design); red "
        f"above {RISK:.0%}, the European Medicines Agency's limit for published records",
        "A leaked roster, complete and free of error, at a hub that has all submissions here.",
    )
