"""The headline table: what the pattern of shared blocks tells an attacker who holds plaintext.

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.what_a_hub_learns [--bounds|--febrl|--decoys] [persons [seed [profile...]]]

It encodes the synthetic region under each profile, twice: once under the partners' key, once under
an attacker's own, who must compute from plaintext what the hub sees. Figures are written to
`results/what_a_hub_learns.json`, one entry for each number of persons and profile. With `--bounds`
only what needs one encoding is measured, for large regions: bounds and F1 with eight sources. With
`--febrl` the data are FEBRL's set 4, whatever the number of persons; with `--decoys` the classifier
is to tell decoys from students' entries in the largest file.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import pprl
from benchmarks.kept import RUN, keep_each
from pprl import Agreement, LinkageKey, State, Submission
from pprl.audit.distinguisher import classifier_area, features, p_values
from pprl.audit.refinement import refine, success_as_run
from pprl.audit.roster_attack import attack_with_one_roster
from pprl.audit.shared import SharedBlocks, entries_shared, shared_by_submissions
from pprl.audit.simulation import simulate
from pprl.exchange import Entries
from pprl.institution.leaked_roster import leaked_roster
from pprl.synthetic import febrl, population

RESULTS = Path(__file__).parent / "results" / "what_a_hub_learns.json"
PROFILES = ("students-1", "students-1-strict", "students-2")
ORDER = (
    "orchard-usd",
    "county-college",
    "riverbend-usd",
    "city-college",
    "valley-usd",
    "state-university",
    "foothill-usd",
    "tech-university",
)
PARTNERS = LinkageKey(bytes(range(32)))
ATTACKER = LinkageKey(bytes(range(1, 33)))

Rosters = Mapping[str, pd.DataFrame]


@dataclasses.dataclass(frozen=True, eq=False)
class Encodings:
    """All sources under the partners' key and under an attacker's.

    Attributes:
        agreement: the agreement.
        seen: what the hub has.
        computed: what the attacker makes of the same plaintext, records numbered as in `seen`.
        id_maps: for each source, `record, local_id`.
        truth: `source, record, person`.
    """

    agreement: Agreement
    seen: list[Submission]
    computed: list[Submission]
    id_maps: list[pd.DataFrame]
    truth: pd.DataFrame


def rosters_of(persons: int, seed: int, errors: str, pooled: bool) -> tuple[Rosters, pd.DataFrame]:
    """The eight institutions of a region, or its districts and colleges pooled; and the truth."""
    region = population(persons, seed=seed, errors=errors)
    if not pooled:
        return {name: region.institutions[name] for name in ORDER}, region.truth
    pools = {role: region.pool(role) for role in ("district", "college")}
    truth = pd.concat([p.truth.assign(institution=role) for role, p in pools.items()])
    return {role: p.students for role, p in pools.items()}, truth


def encodings(rosters: Rosters, truth: pd.DataFrame, profile: str, attacked: bool) -> Encodings:
    """Encode all sources."""
    agreement = Agreement.students(list(rosters), profile, minimum=10)
    seen, computed, maps, persons = [], [], [], []
    for name, students in rosters.items():
        first = encoded(students, agreement, PARTNERS, name)
        seen.append(first.submission)
        maps.append(first.id_map)
        known = first.id_map.merge(truth[truth.institution == name], on="local_id")
        persons.append(known.drop_duplicates("record").assign(source=name))
        if attacked:
            second = encoded(students, agreement, ATTACKER, name)
            computed.append(renumbered(second.submission, second.id_map, first.id_map))
    columns = ["source", "record", "person"]
    return Encodings(agreement, seen, computed, maps, pd.concat(persons)[columns])


def encoded(
    students: pd.DataFrame, agreement: Agreement, key: LinkageKey, name: str, secret: bytes = b""
) -> pprl.Encoded:
    """Encode one source; its own secret is its name if none is given, so that figures repeat."""
    state = State.in_memory((secret or name.encode()).ljust(32, b"."))
    return pprl.encode(students, agreement, key, name, state=state, progress=False)


def renumbered(submission: Submission, theirs: pd.DataFrame, ours: pd.DataFrame) -> Submission:
    """The attacker's submission with the records numbered as the hub's are."""
    number = ours.drop_duplicates("local_id").set_index("local_id")["record"]
    first = theirs.drop_duplicates("record").sort_values("record")
    place = number.reindex(first["local_id"]).to_numpy().astype(np.uint32)
    passes = {
        name: Entries(e.tokens, place[e.records], e.filters)
        for name, e in submission.passes.items()
    }
    return Submission(submission.manifest, passes)


def of_sources(made: Encodings, count: int) -> dict[str, float]:
    """What holding the plaintext of the first sources tells of their records."""
    section = made.agreement.linkage
    seen = shared_by_submissions(made.seen[:count], section)
    computed = shared_by_submissions(made.computed[:count], section)
    known, blind = refine(seen), refine(seen.without_levels())
    return {
        "records": seen.records,
        "bound, with levels": round(known.success, 4),
        "bound, without levels": round(blind.success, 4),
        "alone in their colour, with levels": round(known.unique, 4),
        "as run, with levels": round(success_as_run(seen, computed), 4),
        "as run, without levels": round(
            success_as_run(seen.without_levels(), computed.without_levels()), 4
        ),
        "bound, entries without pass": round(refine(seen.without_passes()).success, 4),
    }


def of_one(made: Encodings, rosters: Rosters, graph: SharedBlocks) -> dict[str, dict[str, float]]:
    """What one leaked roster of all the sources tells."""
    section = made.agreement.linkage
    shared = entries_shared(graph, len(section.passes))
    found = {}
    for place, (name, students) in enumerate(rosters.items()):
        emitted, _, _ = leaked_roster(students, made.agreement, made.id_maps[place], most=2)
        attack = attack_with_one_roster(emitted, shared[graph.source == place])
        found[name] = {
            "records": len(emitted),
            "candidates only, times blind": round(float(attack.plain.mean()) * len(emitted), 2),
            "candidates only, most": round(float(attack.plain.max()), 4),
            "best guess": round(float(attack.hit.mean()), 5),
            "best guess, times blind": round(float(attack.hit.mean()) * len(emitted), 2),
            "right among the surest hundredth": round(attack.most, 4),
        }
    return found


def alone(made: Encodings) -> dict[str, object]:
    """What the largest submission tells on its own."""
    section, rng = made.agreement.linkage, np.random.default_rng(1)
    submission = max(made.seen, key=lambda s: s.records)
    widest = max(section.passes, key=lambda p: p.quota).name
    simulated = simulate(submission.manifest, section, rng)
    area = classifier_area(
        features(submission.passes[widest], submission.records),
        features(simulated.passes[widest], submission.records),
        rng,
        most=20_000,
    )
    return {
        "records": submission.records,
        "p-values": {k: round(v, 4) for k, v in p_values(submission, section, rng).items()},
        "area under the curve": round(area.value, 4),
        "its error": round(area.error, 4),
    }


def f1(made: Encodings) -> float:
    """F1 against the truth."""
    linkage = pprl.link(made.seen, made.agreement, progress=False)
    return round(pprl.evaluate(linkage, made.truth).f1, 4)


def measured(persons: int, seed: int, profile: str) -> dict[str, object]:
    """All figures of one profile."""
    start = time.perf_counter()
    rosters, truth = rosters_of(persons, seed, "customary", False)
    made = encodings(rosters, truth, profile, True)
    out: dict[str, object] = {
        "persons": persons,
        "seed": seed,
        "profile": profile,
        "entries a record": made.agreement.linkage.entries_per_record,
        "F1, eight sources": f1(made),
        "sources": {count: of_sources(made, count) for count in (2, 3, 4, 6, 8)},
        "one of eight": of_one(
            made, rosters, shared_by_submissions(made.seen, made.agreement.linkage)
        ),
        "one submission": alone(made),
    }
    rosters, truth = rosters_of(persons, seed, "customary", True)
    pooled = encodings(rosters, truth, profile, True)
    out |= {"F1, two pools": f1(pooled), "both of two pools": of_sources(pooled, 2)}
    dirty = encodings(*rosters_of(persons // 2, seed, "dirty", False), profile, False)
    out |= {"F1, eight sources, dirty": f1(dirty)}
    return out | {"seconds": round(time.perf_counter() - start)}


def bounds(persons: int, seed: int, profile: str) -> dict[str, object]:
    """The bounds and F1 alone."""
    made = encodings(*rosters_of(persons, seed, "customary", False), profile, False)
    section = made.agreement.linkage
    found = {}
    for count in (2, 4, 8):
        graph = shared_by_submissions(made.seen[:count], section)
        known, blind = refine(graph), refine(graph.without_levels())
        found[count] = {
            "records": graph.records,
            "bound, with levels": round(known.success, 4),
            "bound, without levels": round(blind.success, 4),
        }
    return {"persons": persons, "profile": profile, "F1, eight sources": f1(made), "sources": found}


def of_febrl(persons: int, seed: int, profile: str) -> dict[str, object]:
    """FEBRL's set 4: what one submission tells, and both."""
    data = febrl(4)
    rosters = {name: data.institutions[name] for name in ("original", "duplicate")}
    made = encodings(rosters, data.truth, profile, True)
    return {
        "data": "FEBRL 4",
        "profile": profile,
        "F1": f1(made),
        "one submission": alone(made),
        "both": of_sources(made, 2),
    }


def decoys_of(persons: int, seed: int, profile: str) -> dict[str, object]:
    """Can the classifier tell decoys from students' entries of the same file, pass by pass?"""
    rosters, _ = rosters_of(persons, seed, "customary", False)
    agreement = Agreement.students(list(rosters), profile, minimum=10)
    name = max(rosters, key=lambda source: len(rosters[source]))
    file = encoded(rosters[name], agreement, PARTNERS, name).submission
    # Real entries hang on the linkage key alone, decoys on the institution's secret as well.
    again = encoded(rosters[name], agreement, PARTNERS, name, b"another").submission
    rng, found = np.random.default_rng(seed), {}
    for linkage_pass in agreement.linkage.passes:
        entries = file.passes[linkage_pass.name]
        real = np.isin(entries.tokens, again.passes[linkage_pass.name].tokens)
        rows = features(entries, file.records)
        told = classifier_area(rows[real], rows[~real], rng, most=20_000)
        found[linkage_pass.name] = {
            "decoys": round(float((~real).mean()), 4),
            "area under the curve": round(told.value, 4),
            "its error": round(told.error, 4),
        }
    return {"persons": persons, "seed": seed, "profile": profile, "passes": found}


def main(arguments: Sequence[str]) -> None:
    """Measure, and keep the figures."""
    ways = {
        "--bounds": (bounds, RUN),
        "--febrl": (of_febrl, "FEBRL 4/{profile}"),
        "--decoys": (decoys_of, RUN + "/decoys"),
    }
    asked = [argument for argument in arguments if argument in ways]
    measure, run = ways[asked[0]] if asked else (measured, RUN)
    others = [argument for argument in arguments if argument not in ways]
    keep_each(RESULTS, measure, others, seed=11, profiles=PROFILES, run=run)


if __name__ == "__main__":
    main(sys.argv[1:])
