"""How good the model is, and how well it knows: against truth, and against plaintext Splink.

Run `python benchmarks/model_quality.py --populations clean customary --seeds 201 202`; FEBRL 4 and
1 come with `--febrl 4 1`. For each population and seed it makes the synthetic region, pools
districts against colleges, links them without truth at the default decision, and Splink links the
same rows (`splink_yardstick.py`, in an environment of its own; `--splink none` leaves it out). With
`--eight` the eight institutions are linked apart. Truth is used for the scores alone. Each run is a
line of JSON in `--out`; a table of all runs in that file is printed at the end, so that a long
series can be run in parts.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from against_splink import splink_score
from environments import environment

import pprl
from pprl.institution import State
from pprl.synthetic import Population, Roster, febrl, population

HERE = Path(__file__).parent


def linked(sides: dict[str, Roster], persons: pd.DataFrame, country: str) -> dict[str, Any]:
    """Encode each side, link all, and compare what is said with what is true."""
    agreement = pprl.Agreement.students(sorted(sides), "students-1", country=country)
    key = pprl.LinkageKey(bytes(range(32)))
    submissions, truths = [], []
    for place, (name, side) in enumerate(sorted(sides.items())):
        state = State.in_memory(bytes([place] * 32))
        made = pprl.encode(side.students, agreement, key, name, state=state, progress=False)
        submissions.append(made.submission)
        truths.append(made.id_map.merge(side.truth, on="local_id").assign(source=name))
    truth = pd.concat(truths)
    grouped = truth
    if "ethnicity" in persons:
        grouped = truth.merge(
            persons[["person", "ethnicity"]].rename(columns={"ethnicity": "group"}), on="person"
        )
    linkage = pprl.link(submissions, agreement, progress=False)
    judged = pprl.evaluate(linkage, grouped)
    said = linkage.quality
    pairs = _pair_scores(linkage, truth)
    row: dict[str, Any] = {
        "f1": judged.f1,
        "f1_interval": judged.f1_interval,
        "true_pairs": judged.true_pairs,
        # What the quality is about: candidates accepted as pairs.
        "precision": pairs["precision"],
        "recall": pairs["correct"] / judged.true_pairs,
        "said_precision": said.expected_precision,
        "said_precision_interval": said.precision_interval,
        "said_recall": said.expected_recall,
        "said_recall_interval": said.recall_interval,
        "unfound": judged.true_pairs - pairs["matches"],
        "said_unfound": said.unseen_matches,
        "calibration": judged.calibration.to_dict("records"),
    }
    if len(judged.by_group):
        gap, interval = judged.recall_gap()
        row |= {"recall_gap": gap, "recall_gap_interval": interval}
        row["recall_by_group"] = dict(
            zip(judged.by_group["group"], judged.by_group["recall"], strict=True)
        )
        groups = linkage.quality_by(grouped[["source", "record", "group"]])
        row["said_recall_by_group"] = {
            g.group: (g.recall, g.recall_low, g.recall_high) for g in groups.itertuples()
        }
    return row


def _pair_scores(linkage: pprl.Linkage, truth: pd.DataFrame) -> dict[str, float]:
    """True precision of the accepted candidates, correct ones, and matches among all."""
    person = truth.drop_duplicates(["source", "record"]).set_index(["source", "record"])["person"]
    table = linkage.candidates
    sides = [
        person.reindex(pd.MultiIndex.from_frame(table[[f"source_{x}", f"record_{x}"]])).to_numpy()
        for x in "ab"
    ]
    match, accepted = sides[0] == sides[1], table["accepted"].to_numpy()
    correct = int((match & accepted).sum())
    return {
        "precision": correct / max(1, int(accepted.sum())),
        "correct": correct,
        "matches": int(match.sum()),
    }


def run(name: str, people: Population, eight: bool, python: str | None) -> dict[str, Any]:
    """One line: pprl's figures and the yardstick's."""
    country = "AU" if name.startswith("FEBRL") else "US"
    if eight:
        sides = {
            institution: Roster(
                rows,
                people.truth[people.truth["institution"] == institution][["local_id", "person"]],
            )
            for institution, rows in people.institutions.items()
        }
        return linked(sides, people.persons, country)
    sides = {role: people.pool(role) for role in sorted(set(people.roles.values()))}
    if country == "AU":
        for side in sides.values():
            side.students[["middle_name", "sex"]] = ""
    row = linked(sides, people.persons, country)
    if python is not None:
        row["splink"] = splink_score(sides, python)
    return row


def within(value: float, interval: list[float]) -> bool:
    """Whether an interval holds a value, rounding aside."""
    return interval[0] - 1e-9 <= value <= interval[1] + 1e-9


def summary(rows: list[dict[str, Any]]) -> str:
    """A table of all runs: one row a population."""
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_name[row["population"]].append(row)
    lines = [
        "| population | runs | F1 mean (lowest) | Splink F1 mean | higher than Splink | "
        "precision off, worst | recall off, worst | within 0.5 points (both) | precision covered | "
        "recall covered | recall interval, widest | recall gap, widest |",
        "|" + "---|" * 12,
    ]
    for name, own in sorted(by_name.items()):
        f1 = np.array([row["f1"] for row in own])
        theirs = np.array([row["splink"]["f1"] for row in own if "splink" in row])
        won = sum(row["f1"] > row["splink"]["f1"] + 1e-5 for row in own if "splink" in row)
        tied = sum(abs(row["f1"] - row["splink"]["f1"]) <= 1e-5 for row in own if "splink" in row)
        off = {
            kind: np.array([row[f"said_{kind}"] - row[kind] for row in own])
            for kind in ("precision", "recall")
        }
        near = sum(bool(max(abs(p), abs(r)) <= 0.005) for p, r in zip(*off.values(), strict=True))
        covered = {
            kind: sum(within(row[kind], row[f"said_{kind}_interval"]) for row in own)
            for kind in off
        }
        width = max(row["said_recall_interval"][1] - row["said_recall_interval"][0] for row in own)
        gaps = [row["recall_gap"] for row in own if "recall_gap" in row]
        worst = {kind: values[np.abs(values).argmax()] for kind, values in off.items()}
        splink = "- | - | "
        if len(theirs):
            splink = f"{theirs.mean():.4f} | {won} of {len(theirs)}, {tied} tied | "
        lines.append(
            f"| {name} | {len(own)} | {f1.mean():.4f} ({f1.min():.4f}) | {splink}"
            + f"{100 * worst['precision']:+.2f} | {100 * worst['recall']:+.2f} | "
            f"{near} of {len(own)} | {covered['precision']} | {covered['recall']} | "
            f"{100 * width:.1f} points | " + (f"{100 * max(gaps):.1f} points |" if gaps else "- |")
        )
    lines += ["", "| population | said to be | pairs | are |", "|---|---|---|---|"]
    for name, own in sorted(by_name.items()):
        bins = pd.DataFrame([b for row in own for b in row["calibration"]])
        bins["hits"], bins["sum"] = bins["true"] * bins["pairs"], bins["expected"] * bins["pairs"]
        for start, part in bins.groupby("from"):
            pairs = part["pairs"].sum()
            if pairs >= 100:
                said, are = part["sum"].sum() / pairs, part["hits"].sum() / pairs
                band = f"{start:.1f} to {start + 0.1:.1f}"
                lines.append(f"| {name} | {said:.3f} ({band}) | {pairs} | {are:.3f} |")
    return "\n".join(lines)


def main() -> None:
    """Run, write lines, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--populations", nargs="*", default=[])
    parser.add_argument("--seeds", nargs="*", type=int, default=[])
    parser.add_argument("--febrl", nargs="*", type=int, default=[])
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--eight", action="store_true")
    parser.add_argument("--splink", metavar="PYTHON", help='an interpreter with Splink, or "none"')
    parser.add_argument("--out", type=Path, default=HERE / "results" / "model_quality.jsonl")
    given = parser.parse_args()
    wanted: list[tuple[str, int]] = [(f"FEBRL {n}", 0) for n in given.febrl]
    wanted += [(name, seed) for name in given.populations for seed in given.seeds]
    python = None
    if wanted and given.splink != "none" and not given.eight:
        python = given.splink or str(environment("splink"))
    for name, seed in wanted:
        people = (
            febrl(int(name[-1]))
            if name.startswith("FEBRL")
            else population(given.persons, seed=seed, errors=name)
        )
        row = run(name, people, given.eight, python)
        row |= {"population": f"{name}, eight" if given.eight else name, "seed": seed}
        row["persons"] = given.persons
        given.out.parent.mkdir(exist_ok=True)
        with given.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=float) + "\n")
        print(
            f"{row['population']} {seed}: F1 {row['f1']:.4f}, "
            f"Splink {row.get('splink', {}).get('f1', float('nan')):.4f}",
            flush=True,
        )
    rows = [json.loads(line) for line in given.out.read_text(encoding="utf-8").splitlines()]
    print("\n" + summary(rows))


if __name__ == "__main__":
    main()
