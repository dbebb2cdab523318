"""Encoding: all passes of `students-1` against clkhash's one filter a record, on one core.

Run `python benchmarks/encoding.py` in an environment with `pprl-edu[fast]`; clkhash gets one of its
own. The contenders encode the same students in turn, each time in a new process that has read them;
ratios are taken round by round. Then files of growing size are encoded for seconds and memory.
Writes `results/encoding.json` and prints tables.
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

from encoding_contenders import CONTENDERS
from environments import environment
from machine import described

from pprl.synthetic import population

HERE = Path(__file__).parent
YARDSTICKS = [name for name in CONTENDERS if name.startswith("clkhash")]
OURS = [name for name in CONTENDERS if name not in YARDSTICKS]
GROWTH = [10_000, 30_000, 100_000, 300_000, 1_000_000]


def encoded_once(students: Path, name: str) -> dict[str, float]:
    """Seconds and memory of one encoding, in a process of its own."""
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    python = environment("clkhash") if name in YARDSTICKS else Path(sys.executable)
    script = str(HERE / "encoding_contenders.py")
    done = subprocess.run(
        [str(python), script, name, str(students), str(core)],
        stdout=subprocess.PIPE,
        check=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        encoding="utf-8",
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def spread(values: list[float]) -> dict[str, float]:
    """Minimum, median and maximum."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def students_of(rows: int, folder: Path) -> Path:
    """A file of so many synthetic students of districts."""
    path = folder / f"{rows}.csv"
    region = population(int(rows * 1.3) + 1000, seed=1)
    region.pool("district").students.head(rows).to_csv(path, index=False, encoding="utf-8")
    return path


def raced(students: Path, rows: int, rounds: int) -> dict[str, Any]:
    """Records a second of each contender, and how many times each yardstick's.

    A process encodes once: clkhash remembers what it has encoded, and would remember it from one
    round to the next.
    """
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, own in seconds.items():
            own.append(encoded_once(students, name)["seconds"])
    return {
        name: {
            "records a second": spread([rows / second for second in own]),
            **{
                f"times {yardstick}": spread(
                    [theirs / ours for ours, theirs in zip(own, seconds[yardstick], strict=True)]
                )
                for yardstick in YARDSTICKS
                if name in OURS
            },
        }
        for name, own in seconds.items()
    }


def table(results: dict[str, Any]) -> str:
    """The race as Markdown."""
    lines = ["| encoder | records a second | times " + " | times ".join(YARDSTICKS) + " |"]
    lines.append("|---|---|" + "---|" * len(YARDSTICKS))
    for name, figures in results.items():
        rate = figures["records a second"]
        cells = [f"{rate['median']:,.0f} ({rate['min']:,.0f}-{rate['max']:,.0f})"]
        for yardstick in YARDSTICKS:
            ratio = figures.get(f"times {yardstick}")
            cells.append(
                f"{ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f})" if ratio else ""
            )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Race, grow, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--growth", type=int, nargs="*", default=GROWTH)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "encoding.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        race = raced(students_of(options.rows, folder), options.rows, options.rounds)
        print(table(race), flush=True)
        growth = []
        for rows in options.growth:
            for name in OURS:
                answer = encoded_once(students_of(rows, folder), name)
                growth.append({"records": rows, "kernel": name, **answer})
                added = (answer["MiB at most"] - answer["MiB before"]) * 2**20 / rows
                print(
                    f"{rows:,} records, {name}: {answer['seconds']:.1f} s, "
                    f"{answer['MiB at most']:,.0f} MiB, {added:,.0f} bytes a record beyond "
                    "the students",
                    flush=True,
                )
    report = {
        "machine": described("pprl-edu", "numpy", "numba", "cryptography"),
        "rows": options.rows,
        "rounds": options.rounds,
        "race": race,
        "growth": growth,
    }
    options.results.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
