"""What exact keys of hashed fields find, what they get wrong, and how they fall: beside pprl.

Run `python benchmarks/exact_keys.py [SEED...]`. For each seed the synthetic region's districts are
linked with its colleges by Cal-PASS keys, by hashed linkage without Social Security numbers and by
pprl (p >= 0.5, no truth), and scored by the truth. Then the birth dates of a hundred students are
read off their Cal-PASS keys by trying all dates. Writes `results/exact_keys.json`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from against_splink import pprl_score
from machine import described

import pprl
from pprl.interop.baselines import (
    BaselineKeys,
    birth_date_of,
    cal_pass_keys,
    hashed_linkage_keys,
)
from pprl.synthetic import Roster, population

HERE = Path(__file__).parent
KNOWN = 100
YEARS = range(1955, 2015)


def baseline_score(keys: list[BaselineKeys], sides: list[Roster]) -> pprl.Evaluation:
    """Every pair that has a key in common counts as found."""
    pairs = keys[0].pairs(keys[1])
    persons = [
        side.students[["local_id"]].merge(side.truth, on="local_id", how="left")["person"]
        for side in sides
    ]
    correct = persons[0].to_numpy()[pairs["i"]] == persons[1].to_numpy()[pairs["j"]]
    true = len(np.intersect1d(persons[0], persons[1]))
    return pprl.Evaluation(true, len(pairs), int(correct.sum()))


def fallen(side: Roster) -> tuple[int, int, float]:
    """Of some students with a key: how many, whose birth date is found, seconds for each."""
    students = side.students
    (keys,) = cal_pass_keys(students).rounds
    chosen = [row for row, key in enumerate(keys) if key is not None][:KNOWN]
    start, found = time.perf_counter(), 0
    for row in chosen:
        student = students.iloc[row]
        names = student["first_name"], student["last_name"], student["sex"]
        day = birth_date_of(keys[row], *names, YEARS)
        found += day is not None and day.isoformat() == student["birth_date"]
    return len(chosen), found, (time.perf_counter() - start) / max(1, len(chosen))


def main(seeds: list[int]) -> None:
    """Print a table and write the results."""
    print("| seed | keys | precision | recall | F1 |\n|---|---|---|---|---|")
    rows = []
    for seed in seeds:
        region = population(seed=seed)
        sides = {role: region.pool(role) for role in ("district", "college")}
        both = list(sides.values())
        scores = {
            "Cal-PASS": baseline_score([cal_pass_keys(s.students) for s in both], both),
            "hashed linkage": baseline_score(
                [hashed_linkage_keys(s.students, b"a salt") for s in both], both
            ),
            "pprl, students-1": pprl_score(sides, "students-1"),
        }
        for name, score in scores.items():
            print(
                f"| {seed} | {name} | {score.precision:.4f} | {score.recall:.4f} "
                f"| {score.f1:.4f} |",
                flush=True,
            )
            figures = {"precision": score.precision, "recall": score.recall, "f1": score.f1}
            rows.append({"seed": seed, "keys": name, **figures})
    number, found, seconds = fallen(sides["district"])
    print(f"\nbirth dates read off keys of known names: {found} of {number}, {seconds:.2f} s each")
    attack = {"students": number, "birth dates found": found, "seconds each": seconds}
    results = {"machine": described("numpy"), "scores": rows, "attack": attack}
    path = HERE / "results" / "exact_keys.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [101, 102])
