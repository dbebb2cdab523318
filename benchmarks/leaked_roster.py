"""One leaked roster: is there a choice of passes that tells its holder next to nothing?

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.leaked_roster [persons [seed [curve...]]]

The passes of all profiles are encoded once, each as it is and with a quota of one. Sets of them are
grown greedily, for F1 alone and for F1 at a price for each doubling of the attacker's guess, from
all passes and from those that link few strangers. Each is measured: F1 with eight sources, as
`benchmarks.split_hub` links, and what the holder of one source's complete plaintext guesses
rightly. Figures are written to `results/leaked_roster.json`, the picture to
`docs/images/leaked-roster.svg`.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.split_hub import Split, Told, f1_of, matched
from benchmarks.what_a_hub_learns import PARTNERS, Encodings, Rosters, encoded, rosters_of
from pprl import Agreement
from pprl.agreement import LinkageSection, Pass
from pprl.audit.looseness import looseness
from pprl.audit.roster_attack import RosterAttack, attack_with_one_roster
from pprl.audit.shared import entries_shared, shared_by_submissions
from pprl.institution.leaked_roster import leaked_roster

RESULTS = Path(__file__).parent / "results" / "leaked_roster.json"
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "leaked-roster.svg"
PROFILES = ("students-1", "students-1-strict", "students-2")
MOST_PASSES = 6
CURVES = {
    "F1 alone": (0.0, np.inf),
    "a doubling costs half a point": (0.005, np.inf),
    "the same, tight passes": (0.005, 0.025),
}
"""What a doubling of the attacker's guess costs in F1, and the most links to strangers that a pass
may make (`pprl.audit.looseness`)."""
SEARCHED = 3
"""Sources whose rosters the greedy choice looks at; all are measured in the end."""

Integers = NDArray[np.int64]


def every_pass(parties: Sequence[str]) -> tuple[Agreement, dict[str, list[int]]]:
    """An agreement on all passes of all profiles, and the places of each profile's among them."""
    passes: dict[tuple[object, int], Pass] = {}
    places: dict[str, list[int]] = {}
    agreements = [Agreement.students(list(parties), name, minimum=10) for name in PROFILES]
    for name, agreement in zip(PROFILES, agreements, strict=True):
        for item in agreement.linkage.passes:
            for quota in dict.fromkeys((item.quota, 1)):
                of_quota = "" if quota == item.quota else " (quota 1)"
                one = dataclasses.replace(item, name=item.name + of_quota, quota=quota)
                passes.setdefault((item.block, quota), one)
        order = list(passes)
        places[name] = [order.index((p.block, p.quota)) for p in agreement.linkage.passes]
    linkage = dataclasses.replace(agreements[0].linkage, passes=tuple(passes.values()))
    return dataclasses.replace(agreements[0], linkage=linkage), places


@dataclasses.dataclass(frozen=True, eq=False)
class Everything:
    """All passes, encoded and compared, of which sets are judged.

    Attributes:
        split: the submissions, with places for records, and the truth.
        told: all entry pairs; `kind` is the pass.
        emitted: for each source, `int64[n, passes]`.
        shared: for each source, `int64[n, passes]`.
        passes: what they are.
    """

    split: Split
    told: Told
    emitted: list[Integers]
    shared: list[Integers]
    passes: tuple[Pass, ...]

    @classmethod
    def of(cls, rosters: Rosters, truth: pd.DataFrame, agreement: Agreement) -> Everything:
        """Encode all sources."""
        section = agreement.linkage
        seen, maps, persons = [], [], []
        for name in sorted(rosters):
            made = encoded(rosters[name], agreement, PARTNERS, name)
            seen.append(made.submission)
            maps.append(made.id_map)
            rows = made.id_map.merge(truth[truth.institution == name], on="local_id")
            persons.append(rows.drop_duplicates("record").assign(source=name))
        known = pd.concat(persons)[["source", "record", "person"]]
        split = Split.of(Encodings(agreement, seen, [], maps, known), len(seen))
        graph = shared_by_submissions(seen, section)
        counts = entries_shared(graph, len(section.passes))
        emitted = [
            leaked_roster(rosters[name], agreement, id_map, most=2)[0]
            for name, id_map in zip(sorted(rosters), maps, strict=True)
        ]
        shared = [counts[graph.source == place] for place in range(len(seen))]
        told = Told.of(split, matched(split), -np.inf, "exact")
        return cls(split, told, emitted, shared, section.passes)

    def f1(self, chosen: Sequence[int]) -> float:
        """F1 if these passes were all."""
        return f1_of(self.split, self.told.of_passes(chosen))[0]

    def attacks(self, chosen: Sequence[int], most: int | None = None) -> list[RosterAttack]:
        """What each source's roster tells, of the largest so many sources."""
        sizes = [len(rows) for rows in self.emitted]
        places = np.argsort(sizes)[::-1][: most or len(sizes)]
        columns = list(chosen)
        return [
            attack_with_one_roster(self.emitted[p][:, columns], self.shared[p][:, columns])
            for p in places
        ]

    def grown(self, price: float, loosest: float) -> Iterator[list[int]]:
        """Sets of passes, each one larger than the one before."""
        section = dataclasses.replace(self.split.made.agreement.linkage, passes=self.passes)
        links = looseness_by_pass(section)
        chosen: list[int] = []
        blocks: set[object] = set()
        while len(chosen) < MOST_PASSES:
            worth = {}
            for place, item in enumerate(self.passes):
                if item.block in blocks or links[place] > loosest:
                    continue
                tried = [*chosen, place]
                worth[place] = self.f1(tried)
                if price:
                    told = [a.hit.mean() * len(a.hit) for a in self.attacks(tried, SEARCHED)]
                    worth[place] -= price * float(np.log2(told).mean())
            best = max(worth, key=lambda place: worth[place])
            chosen = [*chosen, best]
            blocks.add(self.passes[best].block)
            yield chosen


def judged(everything: Everything, chosen: Sequence[int]) -> dict[str, object]:
    """All figures of one set of passes."""
    attacks = everything.attacks(chosen)
    fits = [float(a.hit.mean()) * len(a.hit) for a in attacks]
    plain = [float(a.plain.mean()) * len(a.plain) for a in attacks]
    kinds = [len(np.unique(rows[:, list(chosen)], axis=0)) for rows in everything.emitted]
    return {
        "passes": [everything.passes[place].name for place in chosen],
        "entries a record": sum(everything.passes[place].quota for place in chosen),
        "F1": everything.f1(chosen),
        "kinds of students, least and most": [min(kinds), max(kinds)],
        "best fit, times blind": [round(min(fits), 1), round(max(fits), 1)],
        "best fit, mean over sources": round(float(np.mean(fits)), 2),
        "candidates only, times blind": [round(min(plain), 1), round(max(plain), 1)],
        "of one record, at most": round(max(float(a.plain.max()) for a in attacks), 4),
        "right among the surest hundredth": round(max(a.most for a in attacks), 4),
    }


def looseness_by_pass(section: LinkageSection) -> list[float]:
    """Links to strangers that each pass makes, where it makes most."""
    return [looseness(dataclasses.replace(section, passes=(p,))).links for p in section.passes]


def main(persons: int, seed: int, curves: Sequence[str]) -> None:
    """Measure, keep the figures and draw the picture."""
    rosters, truth = rosters_of(persons, seed, "customary", False)
    agreement, places = every_pass(list(rosters))
    everything = Everything.of(rosters, truth, agreement)
    found = {"persons": persons, "seed": seed, "sets": {}}
    if RESULTS.exists():
        earlier = json.loads(RESULTS.read_text(encoding="utf-8"))
        found = earlier if earlier | {"sets": {}} == found else found
    rows = found["sets"]
    rows |= {name: judged(everything, chosen) for name, chosen in places.items()}
    for curve in curves:
        for chosen in everything.grown(*CURVES[curve]):
            name = f"{len(chosen)} passes, {curve}"
            rows[name] = judged(everything, chosen)
            print(name, json.dumps(rows[name]), flush=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draw(rows)


def draw(rows: dict[str, dict[str, object]]) -> None:
    """F1 against the best guess, a line for each price."""
    import altair as alt

    table = pd.DataFrame(
        [
            {
                "F1": row["F1"],
                "times": row["best fit, mean over sources"],
                "chosen": name.partition(", ")[2] or name,
            }
            for name, row in rows.items()
        ]
    )
    goal = alt.Chart(pd.DataFrame({"times": [3]})).mark_rule(strokeDash=[4, 4]).encode(x="times")
    points = (
        alt.Chart(table, width=520, height=300)
        .mark_line(point=True)
        .encode(
            x=alt.X("times", title="best guess, times as good as a blind one (goal: 3)").scale(
                type="log"
            ),
            y=alt.Y("F1", title="F1, eight sources").scale(zero=False),
            color=alt.Color("chosen", title="passes"),
            order="times",
        )
    )
    (points + goal).save(PICTURE)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 20_000,
        int(sys.argv[2]) if len(sys.argv) > 2 else 11,
        sys.argv[3:] or list(CURVES),
    )
