"""anonlink's candidate pairs and groups: pprl beside anonlink, on one core, taking turns.

Run `python benchmarks/anonlink_compatible.py [ROWS]`; anonlink gets an environment of its own.
Both files are CLKs of synthetic students of one region. Candidate pairs (similarities, datasets,
records, in order) and groups (as sets) must be equal. Writes `results/anonlink_compatible.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from clkhash_compatible import SCHEMAS
from environments import environment
from machine import described

from pprl.interop.clkhash import LinkageSchema, encode
from pprl.synthetic import population

HERE = Path(__file__).parent
THRESHOLDS = ("0.9", "0.8", "0.7")
SCHEMA = SCHEMAS["BLAKE2, bits per feature"]


def write(folder: Path, rows: int) -> None:
    """Two files of CLKs with people in common: schools and colleges."""
    region = population(3 * rows, seed=2)
    schema = LinkageSchema.of(SCHEMA)
    for name, role in (("a.json", "district"), ("b.json", "college")):
        chosen = [r for n, r in region.institutions.items() if region.roles[n] == role]
        students = pd.concat(chosen).fillna("").astype(str).head(rows)
        assert len(students) == rows
        encode(students, schema, "a shared secret").write_json(folder / name)


def main(rows: int) -> None:
    """Compare both, print a table and write the results."""
    core = max(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), rows)
        started = {}
        for contender, python in (("anonlink", environment("anonlink")), ("pprl", sys.executable)):
            script = str(HERE / "anonlink_contenders.py")
            command = [str(python), "-W", "ignore", script, contender, name, str(core)]
            started[contender] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        table: list[dict[str, Any]] = []
        for threshold in THRESHOLDS:
            answers = {}
            for contender, process in started.items():
                assert process.stdin and process.stdout
                process.stdin.write(threshold + "\n")
                process.stdin.flush()
                answers[contender] = json.loads(process.stdout.readline())
            theirs, ours = answers["anonlink"], answers["pprl"]
            assert ours["pairs"] == theirs["pairs"], f"other pairs at {threshold}"
            assert ours["groups"] == theirs["groups"], f"other groups at {threshold}"
            seconds = {contender: answer["seconds"] for contender, answer in answers.items()}
            row = {"threshold": threshold, "pairs": ours["pairs"][0], "groups": ours["groups"][0]}
            table.append({**row, "seconds": seconds})
            total = {contender: sum(times) for contender, times in seconds.items()}
            print(
                f"| {threshold} | {row['pairs']:,} | {row['groups']:,} | {total['anonlink']:.2f} "
                f"| {total['pprl']:.2f} | {total['anonlink'] / total['pprl']:.1f} |",
                flush=True,
            )
        for process in started.values():
            assert process.stdin
            process.stdin.close()
            process.wait()
    results = {
        "rows": rows,
        "machine": described("numpy", "numba"),
        "peer": "anonlink 0.15.3",
        "table": table,
    }
    path = HERE / "results" / "anonlink_compatible.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
