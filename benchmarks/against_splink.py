"""Linking without names against linking with them: pprl beside plaintext Splink.

Run `python benchmarks/against_splink.py SEED...`; Splink gets an environment of its own. For each
seed it makes the synthetic region, pools districts against colleges, links them with both profiles
of pprl (p >= 0.5, no truth) and with the yardstick, and prints one row; then FEBRL 4 with names,
birth date and postcode. The truth is used for the scores alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import pandas as pd
from environments import environment

import pprl
from pprl.institution import State
from pprl.synthetic import Roster, febrl, population

HERE = Path(__file__).parent
COMPARED = ["local_id", "first_name", "middle_name", "last_name", "birth_date", "sex", "zip"]
PROFILES = ("students-1", "students-1-strict")


def pprl_score(sides: dict[str, Roster], profile: str, country: str = "US") -> pprl.Evaluation:
    """Encode each side under a fixed key and secret, link them, compare with the truth."""
    agreement = pprl.Agreement.students(sorted(sides), profile, country=country)
    key = pprl.LinkageKey(bytes(range(32)))
    submissions, truths = [], []
    for place, (name, side) in enumerate(sorted(sides.items())):
        state = State.in_memory(bytes([place] * 32))
        encoded = pprl.encode(side.students, agreement, key, name, state=state)
        submissions.append(encoded.submission)
        truths.append(encoded.id_map.merge(side.truth, on="local_id").assign(source=name))
    linkage = pprl.link(submissions, agreement)
    return pprl.evaluate(linkage, pd.concat(truths))


def splink_score(sides: dict[str, Roster], python: str) -> dict[str, float]:
    """What the yardstick makes of the same two rosters, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("left.csv", "right.csv", "truth.csv")]
        left, right = (sides[name] for name in sorted(sides))
        for side, file in ((left, files[0]), (right, files[1])):
            side.students[COMPARED].to_csv(file, index=False)
        pairs = left.truth.merge(right.truth, on="person", suffixes=("_left", "_right"))
        pairs = pairs.rename(columns={"local_id_left": "left", "local_id_right": "right"})
        pairs[["left", "right"]].to_csv(files[2], index=False)
        script = str(HERE / "splink_yardstick.py")
        done = subprocess.run([python, script, *files], capture_output=True, text=True, check=True)
    scores: dict[str, float] = json.loads(done.stdout)
    return scores


def row(name: str, sides: dict[str, Roster], python: str, country: str = "US") -> str:
    """One line of the table."""
    ours = [pprl_score(sides, profile, country).f1 for profile in PROFILES]
    theirs = splink_score(sides, python)["f1"]
    return f"| {name} | {ours[0]:.4f} | {ours[1]:.4f} | {theirs:.4f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=[])
    parser.add_argument("--splink", metavar="PYTHON", help="an interpreter that has Splink")
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--errors", default="customary")
    given = parser.parse_args()
    python = given.splink or str(environment("splink"))
    print("| population | students-1 | students-1-strict | Splink |\n|---|---|---|---|", flush=True)
    for seed in given.seeds:
        region = population(given.persons, seed=seed, errors=given.errors)
        sides = {role: region.pool(role) for role in ("college", "district")}
        print(row(f"{given.errors}, seed {seed}", sides, python), flush=True)
    people = febrl(4)
    sides = {role: people.pool(role) for role in people.roles}
    for side in sides.values():
        side.students[["middle_name", "sex"]] = ""
    print(row("FEBRL 4", sides, python, country="AU"), flush=True)


if __name__ == "__main__":
    main()
