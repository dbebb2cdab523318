"""What an attacker learns who holds the plaintext of some of the students only.

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.partial_knowledge [--tolerant|--reason] [persons [seed [profile...]]]

A share of the persons is known, in every source or in one: all their records there, free of error.
The attacker encodes these under a key of its own. Others are in the hub's files as well, and it has
no plaintext of them: it knows neither which records are theirs, nor which blocks they share or make
their institution withhold. With `--tolerant` the attacker is one who bears disagreement
(`pprl.audit.graph_linkage`), with and without errors in its plaintext; with `--reason` it is given
what it lacks, one thing at a time, to see what that would gain it. Figures are written to
`results/partial_knowledge.json`.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kept import RUN, keep_each
from benchmarks.what_a_hub_learns import (
    ATTACKER,
    Encodings,
    Rosters,
    encoded,
    encodings,
    renumbered,
    rosters_of,
)
from pprl import Submission
from pprl.agreement.levels import Comparison
from pprl.audit.graph_linkage import GraphLinkage, link_counts, link_graphs
from pprl.audit.refinement import found_by_part, refine
from pprl.audit.roster_attack import attack_with_one_roster
from pprl.audit.shared import SharedBlocks, entries_shared, shared_by_submissions
from pprl.institution.leaked_roster import leaked_roster
from pprl.synthetic.slips import misspelt

Flags = NDArray[np.bool_]
RESULTS = Path(__file__).parent / "results" / "partial_knowledge.json"
SHARES = (0.05, 0.1, 0.2, 0.5, 1.0)
CLOSE = (1, 2, 3, 4, 6)
"""Numbers of shared blocks from which the attacker looks at a pair of records; 1 is all pairs."""

FAULTY = (0.0, 0.2)
"""Shares of the attacker's rows with a fault that the institution's do not have, or lack."""
TOLERANT_SHARES = (0.2, 1.0, 0.05)
REASON_SHARE = 0.2


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """What is known.

    Attributes:
        rosters: the rows of the known students.
        known: `bool[records]`, the hub's records that are theirs, through all sources.
    """

    rosters: Rosters
    known: NDArray[np.bool_]


def part_of(made: Encodings, rosters: Rosters, share: float, seed: int) -> Part:
    """Draw so many of the persons; a record counts as known if it is one of theirs."""
    persons = np.unique(made.truth["person"])
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(persons)[: round(share * len(persons))]
    rows, known = {}, []
    for place, (name, students) in enumerate(rosters.items()):
        truth = made.truth[made.truth.source == name]
        theirs = np.zeros(made.seen[place].records, bool)
        theirs[truth.record[truth.person.isin(drawn)].to_numpy()] = True
        id_map = made.id_maps[place]
        local_ids = id_map.local_id[theirs[id_map.record.to_numpy()]]
        rows[name] = students[students.local_id.isin(local_ids)].reset_index(drop=True)
        known.append(theirs)
    return Part(rows, np.concatenate(known))


def computed_by(made: Encodings, part: Part) -> list[Submission]:
    """What the attacker makes of its part, in the hub's numbers of records."""
    found = []
    for place, (name, students) in enumerate(part.rosters.items()):
        theirs = encoded(students, made.agreement, ATTACKER, name)
        submission = renumbered(theirs.submission, theirs.id_map, made.id_maps[place])
        manifest = dataclasses.replace(submission.manifest, records=made.seen[place].records)
        found.append(Submission(manifest, submission.passes))
    return found


def of_all(made: Encodings, part: Part, seen: SharedBlocks) -> dict[str, float]:
    """Holding the part in all sources."""
    known = part.known
    cut = seen.among(known)
    computed = shared_by_submissions(computed_by(made, part), made.agreement.linkage)
    run = {
        (least, levels): found_by_part(
            *(_as_looked_at(graph, least, levels) for graph in (seen, computed)), known
        )
        for least in CLOSE
        for levels in (True, False)
    }
    best = max(run, key=lambda way: run[way])
    sizes = np.bincount(seen.source[known], minlength=len(made.seen))
    return {
        "records known": int(known.sum()),
        "blind, if told which records are known": round(float((sizes > 0).sum() / known.sum()), 5),
        "bound, with levels": round(_success(cut, known), 4),
        "bound, without levels": round(_success(cut.without_levels(), known), 4),
        "as run, all pairs, with levels": round(run[1, True], 4),
        "as run, all pairs, without levels": round(run[1, False], 4),
        "as run, at best": round(run[best], 4),
        "at best, pairs of so many blocks": best[0],
        "at best, with levels": float(best[1]),
    }


def _as_looked_at(graph: SharedBlocks, least: int, levels: bool) -> SharedBlocks:
    """The pairs that an attacker heeds."""
    close = graph.of_close_records(least)
    return close if levels else close.without_levels()


def _success(graph: SharedBlocks, known: NDArray[np.bool_]) -> float:
    """The chance of a right guess among known records alone."""
    colour = refine(graph).colour[known]
    return float((1 / np.bincount(colour)[colour]).mean())


def of_one(
    made: Encodings, rosters: Rosters, part: Part, seen: SharedBlocks
) -> dict[str, dict[str, float]]:
    """Holding the part of one source alone."""
    found = {}
    for name, known, emitted, shared in of_each(made, rosters, part, seen):
        attack = attack_with_one_roster(emitted, shared, known=known)
        found[name] = {
            "records": len(known),
            "records known": int(known.sum()),
            "a guess for each record, right": round(float(attack.hit.mean()), 5),
            "of the known, right": round(float(attack.hit[known].mean()), 5),
            "right among the surest hundredth": round(attack.most, 4),
        }
    return found


def of_each(
    made: Encodings, rosters: Rosters, part: Part, seen: SharedBlocks
) -> Iterator[tuple[str, Flags, NDArray[np.int64], NDArray[np.int64]]]:
    """For each source: its name, who is known, what the known emit and what each record shares."""
    shared = entries_shared(seen, len(made.agreement.linkage.passes))
    for place, name in enumerate(rosters):
        here = seen.source == place
        known = part.known[here]
        id_map = made.id_maps[place]
        mine = id_map[known[id_map.record.to_numpy()]]
        emitted = np.zeros((len(known), shared.shape[1]), np.int64)
        emitted[known] = leaked_roster(part.rosters[name], made.agreement, mine, most=2)[0]
        yield name, known, emitted, shared[here]


def with_faults(rosters: Rosters, share: float, seed: int) -> Rosters:
    """Rosters in which so many rows differ from the institution's in one field."""
    rng = np.random.default_rng(seed)
    out = {}
    for name, rows in rosters.items():
        faulty = rows.copy()
        of_all = rng.permutation(len(rows))
        fault = np.where(rng.random(len(rows)) < share, rng.integers(0, 5, len(rows)), -1)
        for number, field in enumerate(
            ("first_name", "last_name", "birth_date", "zip", "middle_name")
        ):
            chosen = fault == number
            values = rows[field].to_numpy(object).copy()
            if field.endswith("_name") and field != "middle_name":
                values[chosen] = misspelt(values[chosen], rng)
            else:
                values[chosen] = values[of_all][chosen]
            faulty[field] = values
        out[name] = faulty
    return out


def tolerant(persons: int, seed: int, profile: str) -> dict[str, object]:
    """What an attacker finds who bears disagreement."""
    start = time.perf_counter()
    rosters, truth = rosters_of(persons, seed, "customary", False)
    made = encodings(rosters, truth, profile, False)
    section = made.agreement.linkage
    seen = shared_by_submissions(made.seen, section)
    comparisons = [Comparison.of(section, item) for item in section.passes]
    largest = max(rosters, key=lambda name: len(rosters[name]))
    out: dict[str, object] = {"persons": persons, "seed": seed, "profile": profile}
    for share in TOLERANT_SHARES:
        for faulty in FAULTY:
            part = part_of(made, rosters, share, seed)
            part = Part(with_faults(part.rosters, faulty, seed), part.known)
            computed = shared_by_submissions(computed_by(made, part), section)
            found = link_graphs(seen, computed, part.known, comparisons)
            exact = max(
                found_by_part(
                    *(_as_looked_at(graph, least, levels) for graph in (seen, computed)), part.known
                )
                for least in CLOSE
                for levels in (True, False)
            )
            row: dict[str, object] = {
                "all of eight": round(found.success, 4),
                "all of eight, refinement at best": round(exact, 4),
                "of those it is sure of": _of_the_sure(found),
            }
            for name, known, emitted, shared in of_each(made, rosters, part, seen):
                if name == largest:
                    counts = link_counts(emitted, shared, known)
                    row[f"one of eight ({name})"] = round(counts.success, 5)
            name = f"{share:.0%} known, {faulty:.0%} with a fault"
            out[name] = row
            print(profile, name, row, file=sys.stderr, flush=True)
    return out | {"seconds": round(time.perf_counter() - start)}


def _of_the_sure(found: GraphLinkage) -> list[float]:
    """The share of guesses believed at 90% or more, and of these the share that are right."""
    sure = found.sure >= 0.9
    right = float(found.hit[sure].mean()) if sure.any() else 0.0
    return [round(float(sure.mean()), 4), round(right, 4)]


def reason(persons: int, seed: int, profile: str) -> dict[str, object]:
    """What an attacker with a part would find by refinement if it were given what it lacks."""
    rosters, truth = rosters_of(persons, seed, "customary", False)
    made = encodings(rosters, truth, profile, True)
    section = made.agreement.linkage
    part = part_of(made, rosters, REASON_SHARE, seed)
    seen = shared_by_submissions(made.seen, section)
    computed = shared_by_submissions(computed_by(made, part), section)
    of_everybody = shared_by_submissions(made.computed, section).among(part.known)
    known = part.known
    ends = known[seen.record[seen.left]], known[seen.record[seen.right]]
    without_unknown = seen.keeping(ends[0] == ends[1])
    ways = {
        "as it is": (seen, computed),
        "told what the unknown make the institutions withhold": (seen, of_everybody),
        "no links between known and unknown": (without_unknown, computed),
        "both": (without_unknown, of_everybody),
    }
    links = np.unique(seen.pairs[ends[0] != ends[1]])
    touched = np.unique(np.concatenate(np.divmod(links, seen.records)))
    return {
        "persons": persons,
        "profile": profile,
        "known records with a link to the unknown": round(
            float(known[touched].sum() / known.sum()), 4
        ),
        **{
            way: round(
                max(
                    found_by_part(*(_as_looked_at(graph, least, levels) for graph in pair), known)
                    for least in CLOSE
                    for levels in (True, False)
                ),
                4,
            )
            for way, pair in ways.items()
        },
    }


def measured(persons: int, seed: int, profile: str) -> dict[str, object]:
    """All figures of one profile."""
    start = time.perf_counter()
    rosters, truth = rosters_of(persons, seed, "customary", False)
    made = encodings(rosters, truth, profile, False)
    seen = shared_by_submissions(made.seen, made.agreement.linkage)
    out: dict[str, object] = {"persons": persons, "seed": seed, "profile": profile}
    for share in SHARES:
        part = part_of(made, rosters, share, seed)
        out[f"{share:.0%}"] = {
            "all of eight": of_all(made, part, seen),
            "one of eight": of_one(made, rosters, part, seen),
        }
    return out | {"seconds": round(time.perf_counter() - start)}


WAYS = {"--tolerant": (tolerant, RUN + "/tolerant"), "--reason": (reason, RUN + "/reason")}

if __name__ == "__main__":
    asked = [argument for argument in sys.argv[1:] if argument in WAYS]
    measure, run = WAYS[asked[0]] if asked else (measured, RUN)
    others = [argument for argument in sys.argv[1:] if argument not in WAYS]
    keep_each(RESULTS, measure, others, seed=11, run=run)
