"""All similar pairs: this library against its peers, on the same filters, in turn.

Run `python benchmarks/similar_pairs.py` in an environment with `pprl-edu[fast]`. Each peer gets an
environment of its own under `benchmarks/.venvs` (made once, from `benchmarks/peers/*.txt`), each
contender a process of its own, held to one core, or two where its name says so. They take turns,
so that whatever else the machine does falls on all alike; a ratio is that of two contenders in the
same round. Writes `benchmarks/results/similar_pairs.json` and prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from environments import VENVS, environment
from filter_sets import encoded, random_filters, student_rosters
from machine import described

HERE = Path(__file__).parent
YARDSTICK = "anonlink"
OURS = [
    "pprl numpy",
    "pprl numba",
    "pprl numba two threads",
    "pprl numba two processes",
    "pprl numpy top=1",
    "pprl numba top=1",
]
BASES = {
    "pprl numba two threads": "pprl numba",
    "pprl numba two processes": "pprl numba",
    "pprl numpy top=1": "pprl numpy",
    "pprl numba top=1": "pprl numba",
}
"""What a contender is compared with besides the yardstick. Two processes that know nothing of each
other tell what a second core of this machine can give at best."""
PEERS = {
    "anonlink": "anonlink",
    "FPSim2": "fpsim2",
    "FAISS": "faiss",
    "recordlinkage": "recordlinkage",
}
COMPARED_BY_RECORDLINKAGE = 300 * 300


class Contender:
    """One process, or two, that search when they are told to."""

    def __init__(self, name: str, python: Path, folder: Path) -> None:
        """Start them; they load their filters meanwhile."""
        threads = {
            f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "NUMEXPR")
        }
        *_, last_but_one, last = sorted(os.sched_getaffinity(0))
        shares = [[last]]
        if name.endswith("two threads"):
            shares = [[last_but_one, last]]
        elif name.endswith("two processes"):
            shares = [[last_but_one], [last]]
        self.processes = [
            subprocess.Popen(
                [str(python), str(HERE / "contenders.py"), name, str(folder), *map(str, cores)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | threads,
                encoding="utf-8",
            )
            for cores in shares
        ]

    def search(self, threshold: float) -> dict[str, Any]:
        """Seconds, for each search if there were two at once, and pairs of one of them."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f"{threshold}\n")
            process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for process in self.processes]
        seconds = max(answer["seconds"] for answer in answers) / len(answers)
        return {"seconds": seconds, "pairs": answers[0]["pairs"]}

    def stop(self) -> None:
        """Let them end."""
        for process in self.processes:
            process.communicate()


def measured(
    folder: Path, pythons: dict[str, Path], thresholds: list[float], rounds: int
) -> dict[str, dict[str, Any]]:
    """Threshold -> contender -> seconds of each round, and pairs."""
    contenders = {
        name: Contender(name, python, folder)
        for name, python in pythons.items()
        if name != "recordlinkage" or (folder / "a.csv").exists()
    }
    measurements: dict[str, dict[str, Any]] = {}
    for threshold in thresholds:
        of_threshold = measurements.setdefault(str(threshold), {})
        for name, contender in contenders.items():
            pairs = contender.search(threshold)["pairs"]  # the first run compiles and warms up
            of_threshold[name] = {"pairs": pairs, "seconds": []}
        for _ in range(rounds):
            for name, contender in contenders.items():
                of_threshold[name]["seconds"].append(contender.search(threshold)["seconds"])
    for contender in contenders.values():
        contender.stop()
    return measurements


def spread(values: list[float]) -> dict[str, float]:
    """Minimum, median and maximum."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def summarised(of_threshold: dict[str, Any], all_pairs: int) -> None:
    """Add pairs a second, and how many times the yardstick's, round by round."""
    for name, figures in of_threshold.items():
        compared = COMPARED_BY_RECORDLINKAGE if name == "recordlinkage" else all_pairs
        rates = [compared / seconds / 1e6 for seconds in figures["seconds"]]
        figures["million pairs a second"] = spread(rates)
        figures["rates"] = rates
    if YARDSTICK in of_threshold:
        base = of_threshold[YARDSTICK]["rates"]
        for figures in of_threshold.values():
            ratios = [ours / theirs for ours, theirs in zip(figures["rates"], base, strict=True)]
            figures[f"times {YARDSTICK}"] = spread(ratios)
    for one, other in BASES.items():
        rates, base = of_threshold[one]["rates"], of_threshold[other]["rates"]
        ratios = [ours / theirs for ours, theirs in zip(rates, base, strict=True)]
        of_threshold[one][f"times {other}"] = spread(ratios)
    for figures in of_threshold.values():
        del figures["rates"]


def table(results: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [
        f"| filters | Dice >= | contender | pairs found | million pairs/s | times {YARDSTICK} "
        "(min-max) | times the same on one core without top (min-max) |",
        "|---|---|---|---|---|---|---|",
    ]
    for filters, of_filters in results.items():
        for threshold, of_threshold in of_filters.items():
            for name, figures in of_threshold.items():
                ratios = {key: value for key, value in figures.items() if key.startswith("times")}
                peer = ratios.pop(f"times {YARDSTICK}", None)
                cells = [
                    f"{ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f})"
                    if ratio
                    else ""
                    for ratio in (peer, next(iter(ratios.values()), None))
                ]
                rate = figures["million pairs a second"]["median"]
                pairs = "" if name == "recordlinkage" else f"{figures['pairs']:,}"
                lines.append(
                    f"| {filters} | {threshold} | {name} | {pairs} | {rate:,.2f} | "
                    + " | ".join(cells)
                    + " |"
                )
    return "\n".join(lines)


def main() -> None:
    """Make the filters, let the contenders take turns, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000, help="filters of each of two files")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.7, 0.8, 0.9])
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--venvs", type=Path, default=VENVS)
    parser.add_argument(
        "--results", type=Path, default=HERE / "results" / "similar_pairs.json", help="JSON file"
    )
    options = parser.parse_args()
    pythons = {peer: environment(PEERS[peer], options.venvs) for peer in options.peers}
    pythons |= dict.fromkeys(OURS, Path(sys.executable))
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for filters in ("random", "students"):
            folder = Path(scratch) / filters
            folder.mkdir()
            if filters == "random":
                files = random_filters(options.rows, seed=1)
            else:
                rosters = student_rosters(options.rows, seed=1)
                files = tuple(encoded(roster) for roster in rosters)
                for side, roster in zip("ab", rosters, strict=True):
                    roster.to_csv(folder / f"{side}.csv", index=False, encoding="utf-8")
            for side, words in zip("ab", files, strict=True):
                np.save(folder / f"{side}.npy", words)
            measurements = measured(folder, pythons, options.thresholds, options.rounds)
            for of_threshold in measurements.values():
                summarised(of_threshold, len(files[0]) * len(files[1]))
            results[filters] = measurements
    report = {
        "machine": described("pprl-edu", "numpy", "numba"),
        "peers": {
            p: (HERE / "peers" / f"{PEERS[p]}.txt").read_text("utf-8")
            for p in pythons
            if p in PEERS
        },
        "rows": options.rows,
        "rounds": options.rounds,
        "results": results,
    }
    options.results.parent.mkdir(exist_ok=True)
    options.results.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
