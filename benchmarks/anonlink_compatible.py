"""anonlink's candidate pairs and groups: pprl beside anonlink, on one core, taking turns.

Run `python benchmarks/anonlink_compatible.py [ROWS]`; anonlink gets an environment of its own.
Both files are CLKs of synthetic students of one region. Candidate pairs (similarities, datasets,
records, in order) and groups (as sets) must be equal. Three rounds, in seconds of the processor.
Writes `results/anonlink_compatible.json`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

import pandas as pd
from clkhash_compatible import SCHEMAS
from environments import environment
from machine import described
from turns import contenders, round_of, spread

from pprl.interop.clkhash import LinkageSchema, encode
from pprl.synthetic import population

HERE = Path(__file__).parent
PEER = "anonlink 0.15.3"
ROUNDS = 3
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
    script = str(HERE / "anonlink_contenders.py")
    table = []
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), rows)
        commands = {
            "anonlink": [str(environment("anonlink")), "-W", "ignore", script, "anonlink", name],
            "pprl": [sys.executable, script, "pprl", name],
        }
        print("| threshold | pairs | groups | anonlink, s | pprl, s | times faster |")
        print("|---|---|---|---|---|---|")
        with contenders(commands) as started:
            for threshold in THRESHOLDS:
                rounds = [round_of(started, threshold) for _ in range(ROUNDS)]
                for answers in rounds:
                    theirs, ours = answers["anonlink"], answers["pprl"]
                    assert ours["pairs"] == theirs["pairs"], f"other pairs at {threshold}"
                    assert ours["groups"] == theirs["groups"], f"other groups at {threshold}"
                seconds = {who: [answers[who]["seconds"] for answers in rounds] for who in started}
                total = {who: [sum(times) for times in seconds[who]] for who in started}
                ratios = [
                    theirs / ours
                    for theirs, ours in zip(total["anonlink"], total["pprl"], strict=True)
                ]
                pairs, groups = (rounds[0]["pprl"][what][0] for what in ("pairs", "groups"))
                table.append(
                    {
                        "threshold": threshold,
                        "pairs": pairs,
                        "groups": groups,
                        "seconds": seconds,
                        "times faster": ratios,
                    }
                )
                times = (f"{median(total[who]):.2f}" for who in ("anonlink", "pprl"))
                print(
                    f"| {threshold} | {pairs:,} | {groups:,} | {' | '.join(times)} "
                    f"| {spread(ratios)} |",
                    flush=True,
                )
    results = {
        "rows": rows,
        "machine": described("numpy", "numba"),
        "peer": PEER,
        "table": table,
    }
    path = HERE / "results" / "anonlink_compatible.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
