"""The hub: seconds and memory of linking as files grow, and beside Splink with the names.

Run `python benchmarks/linking.py` in an environment with `pprl-edu[fast]`. Two institutions of as
many students, half of them the same persons, are encoded once, signed and sealed; then every
linking is a process of its own on all processors. Splink 5 (DuckDB), in its own environment, gets
the same rows in the clear (`splink_yardstick.py`), all students of a region's districts and
colleges; both are timed from the moment that their input is read. Writes `results/linking.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from environments import environment
from machine import described

import pprl
from pprl.synthetic import Roster, population

HERE = Path(__file__).parent
COMPARED = ["local_id", "first_name", "middle_name", "last_name", "birth_date", "sex", "zip"]
GROWTH = [100_000, 200_000, 500_000, 1_000_000]
SIDES = ("college", "district")


def linked(folder: Path) -> dict[str, float]:
    """Seconds of opening and of linking, and memory, in this process."""
    start = time.perf_counter()
    agreement = pprl.Agreement.students(SIDES)
    identity = pprl.Identity.load(folder / "hub.identity")
    submissions = [
        pprl.Submission.open(
            folder / f"{side}.pprl", identity=identity, signers=agreement, allow_unverified=True
        )
        for side in SIDES
    ]
    opened = time.perf_counter()
    # In memory, as the figure says: the files are mapped, and would be read while linking.
    total = sum(int(e.filters[:, 0].sum()) for s in submissions for e in s.passes.values())
    start_link = time.perf_counter()
    linkage = pprl.link(submissions, agreement, progress=False)
    seconds = time.perf_counter() - start_link
    return {
        "open": opened - start,
        "link": seconds,
        "from files": opened - start + start_link - opened + seconds,
        "MiB at most": most_memory(),
        "pairs": len(linkage.pairs),
        "candidates": len(linkage.candidates),
        "read": float(total > 0),
    }


def most_memory() -> float:
    """MiB that this process took at most, mapped files included; Linux only, elsewhere 0."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    sizes = dict(line.split(":", 1) for line in lines)
    return int(sizes.get("VmHWM", "0 kB").split()[0]) / 1024


def halves(rows: int) -> dict[str, Roster]:
    """Two rosters of so many students each, half of them the same persons."""
    region = population(int(rows * 2.5), seed=5)
    pools = {side: region.pool(side) for side in SIDES}
    both = np.intersect1d(*(pool.truth["person"] for pool in pools.values()))
    sides = {}
    for side, pool in pools.items():
        person = pool.truth["person"].to_numpy()
        chosen = np.flatnonzero(np.isin(person, both[: rows // 2]))
        others = np.flatnonzero(~np.isin(person, both))
        kept = np.sort(np.concatenate((chosen, others[: rows - len(chosen)])))
        sides[side] = Roster(pool.students.iloc[kept].reset_index(drop=True), pool.truth.iloc[kept])
    return sides


def pooled(persons: int) -> dict[str, Roster]:
    """All students of the districts and all of the colleges of a region."""
    region = population(persons, seed=5)
    return {side: region.pool(side) for side in SIDES}


def written(sides: dict[str, Roster], folder: Path) -> dict[str, int]:
    """Encode both sides into match files; how many records each has, and persons in both."""
    agreement = pprl.Agreement.students(SIDES)
    key = pprl.LinkageKey(bytes(range(32)))
    signing_key, identity = pprl.SigningKey.generate(), pprl.Identity.generate()
    (folder / "hub.identity").unlink(missing_ok=True)
    identity.save(folder / "hub.identity")
    for place, (name, side) in enumerate(sides.items()):
        path = folder / f"{name}.csv"
        side.students.to_csv(path, index=False, encoding="utf-8", columns=COMPARED)
        state = pprl.State.in_memory(bytes([place] * 32))
        encoded = pprl.encode(side.students, agreement, key, name, state=state, progress=False)
        encoded.submission.write(
            folder / f"{name}.pprl", signing_key=signing_key, recipient=identity.recipient
        )
    left, right = (side.truth for side in sides.values())
    pairs = left.merge(right, on="person", suffixes=("_left", "_right"))
    pairs = pairs.rename(columns={"local_id_left": "left", "local_id_right": "right"})
    pairs[["left", "right"]].to_csv(folder / "truth.csv", index=False, encoding="utf-8")
    return {**{name: len(side.students) for name, side in sides.items()}, "in both": len(pairs)}


def in_a_process(*command: str) -> dict[str, float]:
    """What a process answers."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, encoding="utf-8", env=dict(os.environ)
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def median(answers: list[dict[str, float]]) -> dict[str, Any]:
    """Minimum, median and maximum of each figure."""
    frame = pd.DataFrame(answers)
    return {
        name: {
            "min": float(frame[name].min()),
            "median": float(statistics.median(frame[name])),
            "max": float(frame[name].max()),
        }
        for name in frame
    }


def main() -> None:
    """Link files of growing size, race Splink, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--growth", type=int, nargs="*", default=GROWTH, help="records of each")
    parser.add_argument("--persons", type=int, default=200_000, help="linked beside Splink")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the files of the growth here")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "linking.json")
    parser.add_argument("--link", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.link:
        print(json.dumps(linked(options.link)))
        return
    report: dict[str, Any] = {"machine": described("pprl-edu", "numpy", "pandas"), "growth": []}
    for rows in options.growth:
        with tempfile.TemporaryDirectory() as scratch:
            folder = (options.folder or Path(scratch)) / str(rows)
            folder.mkdir(parents=True, exist_ok=True)
            sizes = written(halves(rows), folder)
            runs = [
                in_a_process(sys.executable, __file__, "--link", str(folder))
                for _ in range(options.rounds)
            ]
        figures = {"records": sizes, **median(runs)}
        report["growth"].append(figures)
        print(
            f"{rows:,} x {rows:,} ({sizes['in both']:,} in both): opened in "
            f"{figures['open']['median']:.1f} s, linked in {figures['link']['median']:.1f} s, "
            f"{figures['MiB at most']['median']:,.0f} MiB",
            flush=True,
        )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sizes = written(pooled(options.persons), folder)
        splink = str(environment("splink"))
        files = [str(folder / name) for name in ("college.csv", "district.csv", "truth.csv")]
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(in_a_process(sys.executable, __file__, "--link", str(folder)))
            theirs.append(in_a_process(splink, str(HERE / "splink_yardstick.py"), *files))
    ratios = [t["seconds"] / o["link"] for o, t in zip(ours, theirs, strict=True)]
    report["beside Splink"] = {
        "records": sizes,
        "pprl": median(ours),
        "Splink": median(theirs),
        "times": {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)},
    }
    print(f"Splink takes {statistics.median(ratios):.1f} times as long ({ratios})")
    options.results.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
