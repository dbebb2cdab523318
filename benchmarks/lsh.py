"""Hashing against the scan: how seconds, memory and recall grow with the number of filters.

Run `python benchmarks/lsh.py` in an environment with `pprl-edu[fast]`. Every search is a process of
its own on one core. The scan stops at `--scan-up-to`; beyond, only hashing's own estimate tells the
recall. Writes `benchmarks/results/lsh.json` and prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from filter_sets import random_filters
from machine import described

HERE = Path(__file__).parent
SIZES = [10_000, 30_000, 100_000, 300_000, 1_000_000]


def searched(how: str, folder: Path, threshold: float, recall: float) -> dict[str, Any]:
    """Seconds, memory and what was found, of one search in this process."""
    from pprl.similarity import similar_pairs, similar_pairs_lsh

    a, b = (np.load(folder / f"{side}.npy") for side in "ab")
    if how == "scan":
        similar_pairs(a[:99], b[:99], threshold, threads=1)  # numba compiles, or loads
    before = memory("VmRSS")
    start = time.perf_counter()
    if how == "scan":
        found: dict[str, Any] = {"pairs": len(similar_pairs(a, b, threshold, threads=1).i)}
    else:
        hashed = similar_pairs_lsh(a, b, threshold, recall=recall)
        found = {
            "pairs": len(hashed.pairs.i),
            "estimated recall": hashed.recall,
            "recall at the threshold": hashed.recall_at_threshold,
            "tables": len(hashed.key_bits),
            "key bits": max(hashed.key_bits),
            "candidates": hashed.candidates,
        }
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "MiB": memory("VmHWM") - before, **found}


def memory(line: str) -> float:
    """MiB of this process: VmRSS now, VmHWM at most so far. Linux only; elsewhere 0."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    sizes = dict(text.split(":", 1) for text in lines)
    return int(sizes.get(line, "0 kB").split()[0]) / 1024


def in_a_process(how: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The same in a process of its own, on one core."""
    arguments = [how, str(folder), str(options.threshold), str(options.recall)]
    answer = subprocess.run(
        [sys.executable, __file__, "--search", *arguments],
        stdout=subprocess.PIPE,
        check=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        encoding="utf-8",
    )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def main() -> None:
    """Grow the files, search them both ways, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="filters of each file")
    parser.add_argument("--scan-up-to", type=int, default=100_000)
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument("--recall", type=float, default=0.99)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "lsh.json")
    parser.add_argument("--search", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.search:
        how, folder, threshold, recall = options.search
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
        print(json.dumps(searched(how, Path(folder), float(threshold), float(recall))))
        return
    rows = []
    print(
        "| filters a side | hashing, s | MiB | tables x bits | recall, estimated | recall, true |"
        " scan, s | MiB | times |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            for side, words in zip("ab", random_filters(size, seed=1), strict=True):
                np.save(folder / f"{side}.npy", words)
            hashed = in_a_process("hashing", folder, options)
            scan = in_a_process("scan", folder, options) if size <= options.scan_up_to else None
        rows.append({"filters": size, "hashing": hashed, "scan": scan})
        cells = [
            f"{size:,}",
            f"{hashed['seconds']:.2f}",
            f"{hashed['MiB']:.0f}",
            f"{hashed['tables']} x {hashed['key bits']}",
            f"{hashed['estimated recall']:.4f}",
            f"{hashed['pairs'] / scan['pairs']:.4f}" if scan else "",
            f"{scan['seconds']:.2f}" if scan else "",
            f"{scan['MiB']:.0f}" if scan else "",
            f"{scan['seconds'] / hashed['seconds']:.1f}" if scan else "",
        ]
        print("| " + " | ".join(cells) + " |", flush=True)
    report = {"machine": described("pprl-edu", "numpy", "numba"), "results": rows}
    options.results.parent.mkdir(exist_ok=True)
    options.results.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
