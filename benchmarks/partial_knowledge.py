"""What an attacker learns who holds the plaintext of some of the students only.

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.partial_knowledge [persons [seed [profile...]]]

A share of the persons is known, in every source or in one: all their records there, free of error.
The attacker encodes these under a key of its own. Others are in the hub's files as well, and it has
no plaintext of them: it knows neither which records are theirs, nor which blocks they share or make
their institution withhold. Figures are written to `results/partial_knowledge.json`.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.kept import keep_each
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
from pprl.audit.refinement import found_by_part, refine
from pprl.audit.roster_attack import attack_with_one_roster
from pprl.audit.shared import SharedBlocks, entries_shared, shared_by_submissions
from pprl.institution.leaked_roster import leaked_roster

RESULTS = Path(__file__).parent / "results" / "partial_knowledge.json"
SHARES = (0.05, 0.1, 0.2, 0.5, 1.0)
CLOSE = (1, 2, 3, 4, 6)
"""Numbers of shared blocks from which the attacker looks at a pair of records; 1 is all pairs."""


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
    shared = entries_shared(seen, len(made.agreement.linkage.passes))
    found = {}
    for place, (name, students) in enumerate(rosters.items()):
        here = seen.source == place
        known = part.known[here]
        id_map = made.id_maps[place]
        mine = id_map[known[id_map.record.to_numpy()]]
        local_ids: pd.Series = mine.local_id
        rows = students[students.local_id.isin(local_ids)].reset_index(drop=True)
        emitted = np.zeros((len(known), shared.shape[1]), np.int64)
        emitted[known] = leaked_roster(rows, made.agreement, mine, most=2)[0]
        attack = attack_with_one_roster(emitted, shared[here], known=known)
        found[name] = {
            "records": len(known),
            "records known": int(known.sum()),
            "a guess for each record, right": round(float(attack.hit.mean()), 5),
            "of the known, right": round(float(attack.hit[known].mean()), 5),
            "right among the surest hundredth": round(attack.most, 4),
        }
    return found


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


if __name__ == "__main__":
    keep_each(RESULTS, measured, sys.argv[1:], seed=11)
