"""Coins: what hiding a share of the real entries behind decoys would gain, and cost.

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.coins [persons [seed [profile...]]]

Each entry of each submission is replaced with the chance of the coin by an entry of a simulated
submission, which is what a decoy is to the hub (docs/security.md). Decoys that are replaced by
others change nothing, so real entries are suppressed with just that chance. Published counts stay
those of all entries. Figures are written to `results/coins.json`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kept import keep_each
from benchmarks.what_a_hub_learns import Encodings, encodings, f1, of_sources, rosters_of
from pprl import Submission
from pprl.agreement import LinkageSection
from pprl.audit.roster_attack import attack_with_one_roster
from pprl.audit.shared import SharedBlocks, shared_by_submissions
from pprl.audit.simulation import simulate
from pprl.exchange import Entries

RESULTS = Path(__file__).parent / "results" / "coins.json"
CHANCES = (0.0, 0.1, 0.3)


def suppressed(
    submission: Submission, section: LinkageSection, chance: float, rng: np.random.Generator
) -> Submission:
    """The submission with each entry turned into a decoy with that chance."""
    simulated = simulate(submission.manifest, section, rng)
    passes = {}
    for name, entries in submission.passes.items():
        gone = rng.random(len(entries)) < chance
        other = simulated.passes[name]
        tokens = np.where(gone, other.tokens, entries.tokens)
        filters = np.where(gone[:, None], other.filters, entries.filters)
        order = np.argsort(tokens)
        passes[name] = Entries(tokens[order], entries.records[order], filters[order])
    return Submission(submission.manifest, passes)


def thrown(made: Encodings, chance: float, rng: np.random.Generator) -> Encodings:
    """All that the hub sees after the coins; what the attacker computes stays whole."""
    section = made.agreement.linkage
    seen = [suppressed(s, section, chance, rng) for s in made.seen]
    return Encodings(made.agreement, seen, made.computed, made.id_maps, made.truth)


def right_by_counts(made: Encodings) -> float:
    """How often an attacker who expects suppressed entries guesses rightly.

    For each record it counts the entries shared with each other source in each pass. Whoever shares
    fewer by its plaintext is no candidate; among the others it weighs how well the counts fit, with
    the true rates (`pprl.audit.roster_attack`).
    """
    section = made.agreement.linkage
    seen, known = (
        _shared_with(shared_by_submissions(submissions, section), len(section.passes))
        for submissions in (made.seen, made.computed)
    )
    source = np.repeat(np.arange(len(made.seen)), [s.records for s in made.seen])
    hits = [
        attack_with_one_roster(known[source == number], seen[source == number]).hit
        for number in range(len(made.seen))
    ]
    return round(float(np.concatenate(hits).mean()), 4)


def _shared_with(graph: SharedBlocks, passes: int) -> NDArray[np.int64]:
    """Entries a record shares with each other source: `int64[records, passes * sources]`."""
    sources = int(graph.source.max()) + 1
    one = np.concatenate((graph.left, graph.right))
    other = np.concatenate((graph.right, graph.left))
    column = graph.kind[one] * sources + graph.source[graph.record[other]]
    width = passes * sources
    cells = graph.record[one] * width + column
    return np.bincount(cells, minlength=graph.records * width).reshape(-1, width)


def measured(persons: int, seed: int, profile: str) -> dict[str, object]:
    """Figures of one profile at each chance."""
    made = encodings(*rosters_of(persons, seed, "customary", False), profile, True)
    found: dict[str, object] = {"persons": persons, "seed": seed, "profile": profile}
    for chance in CHANCES:
        coins = thrown(made, chance, np.random.default_rng(seed))
        found[f"{chance:.0%}"] = {
            "F1, eight sources": f1(coins),
            **of_sources(coins, 8),
            "as run, by counts": right_by_counts(coins),
        }
    return found


if __name__ == "__main__":
    keep_each(RESULTS, measured, sys.argv[1:], seed=1)
