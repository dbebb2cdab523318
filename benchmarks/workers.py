"""Encoding with one worker and with several: how much sooner is it done, and what is the ceiling?

Run `python benchmarks/workers.py` on an idle machine, in an environment with `pprl-edu[fast]`. One
process encodes the same students in turn with one worker and with more; ratios are taken round by
round. The ceiling of a ratio is what Amdahl's law leaves, were all passes shared out evenly and
nothing else: reading names and making their tokens is Python, which runs one thread at a time.
Writes `results/workers.json` and prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from encoding import spread, students_of
from machine import described

from pprl import Agreement, LinkageKey, State, encode
from pprl.institution.filling import KernelName

HERE = Path(__file__).parent


class Contest:
    """Encodings of one roster by one kernel."""

    def __init__(self, students: pd.DataFrame, kernel: KernelName) -> None:
        """Encode a few, so that numba compiles, or loads."""
        self.students = students
        self.kernel = kernel
        self.agreement = Agreement.students(["a", "b"], "students-1")
        self.key = LinkageKey(bytes(range(32)))
        self.seconds(1, students.head(1000))

    def seconds(self, workers: int, students: pd.DataFrame | None = None) -> tuple[float, float]:
        """How long one encoding takes, and of that the passes alone."""
        begun: list[float] = []
        start = time.perf_counter()
        encode(
            self.students if students is None else students,
            self.agreement,
            self.key,
            "a",
            state=State.in_memory(bytes(32)),
            kernel=self.kernel,
            workers=workers,
            progress=lambda step, done, number: begun.append(time.perf_counter()),
        )
        return time.perf_counter() - start, begun[-1] - begun[0]

    def raced(self, workers: list[int], rounds: int) -> dict[str, Any]:
        """Seconds with each number of workers, and how many times sooner than with one."""
        taken: dict[int, list[tuple[float, float]]] = {number: [] for number in (1, *workers)}
        for _ in range(rounds):
            for number, own in taken.items():
                own.append(self.seconds(number))
        shared = statistics.median(passes / whole for whole, passes in taken[1])
        return {
            str(number): {
                "seconds": spread([whole for whole, _ in own]),
                "seconds in passes": spread([passes for _, passes in own]),
                "times sooner": spread(
                    [one / more for (one, _), (more, _) in zip(taken[1], own, strict=True)]
                ),
                "ceiling": 1 / (1 - shared + shared / number),
            }
            for number, own in taken.items()
        }


def row(rows: int, kernel: str, workers: str, figures: dict[str, Any]) -> str:
    """One line of the table."""
    ratio = figures["times sooner"]
    return (
        f"| {rows:,} | {kernel} | {workers} | {figures['seconds']['median']:.2f} "
        f"| {ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f}) "
        f"| {figures['ceiling']:.2f} |"
    )


def main() -> None:
    """Race, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kernels", nargs="+", default=["numpy", "numba"])
    parser.add_argument("--results", type=Path, default=HERE / "results" / "workers.json")
    options = parser.parse_args()
    report: dict[str, Any] = {
        "machine": described("pprl-edu", "numpy", "numba", "cryptography"),
        "load at the start": round(os.getloadavg()[0], 2),
        "rounds": options.rounds,
    }
    print("| records | kernel | workers | seconds | times sooner | ceiling |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            path = students_of(rows, Path(folder))
            students = pd.read_csv(path, dtype=str, keep_default_na=False)
            for kernel in options.kernels:
                found = Contest(students, kernel).raced(options.workers, options.rounds)
                report[f"{rows} {kernel}"] = found
                for workers, figures in found.items():
                    print(row(rows, kernel, workers, figures), flush=True)
    report["MiB at most"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    options.results.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if report["load at the start"] > 0.5:
        print("The machine was not idle: take no figure from this run.", file=sys.stderr)


if __name__ == "__main__":
    main()
