"""Encoding by clkhash's linkage schemas: pprl beside clkhash, on one core, taking turns.

Run `python benchmarks/clkhash_compatible.py [ROWS]`; clkhash gets an environment of its own. Each
contender encodes the same records by the same schemas three times in turn; the best time
counts, in seconds of the processor, so that what else runs on the machine matters little.
The filters must be the same. Writes `results/clkhash_compatible.json`.
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
from environments import environment
from machine import described

from pprl.synthetic import population

HERE = Path(__file__).parent
ROUNDS = 3
COLUMNS = ["first_name", "last_name", "birth_date", "sex", "zip", "local_id"]
BLAKE: dict[str, Any] = {"type": "blakeHash"}
DOUBLE = {"type": "doubleHash", "prevent_singularity": True}


def schema(function: dict[str, Any], strategy: dict[str, int], *, with_id: bool) -> dict[str, Any]:
    """A customary schema: names in bigrams, digits in place, sex as it is."""
    text = {"type": "string"}
    compared = {
        "first_name": (text, {"type": "ngram", "n": 2}),
        "last_name": (text, {"type": "ngram", "n": 2}),
        "birth_date": (
            {"type": "date", "format": "%Y-%m-%d"},
            {"type": "ngram", "n": 1, "positional": True},
        ),
        "sex": (text, {"type": "exact"}),
        "zip": (text, {"type": "ngram", "n": 1, "positional": True}),
        "local_id": (text, {"type": "ngram", "n": 1, "positional": True}),
    }
    features = [
        {
            "identifier": name,
            "format": form,
            "hashing": {
                "comparison": comparison,
                "strategy": strategy,
                "hash": function,
                "missingValue": {"sentinel": ""},
            },
        }
        for name, (form, comparison) in compared.items()
    ]
    if not with_id:
        features[-1] = {"identifier": "local_id", "ignored": True}
    return {"version": 3, "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}}, "features": features}


SCHEMAS = {
    "BLAKE2, bits per feature": schema(BLAKE, {"bitsPerFeature": 100}, with_id=False),
    "BLAKE2, bits per token": schema(BLAKE, {"bitsPerToken": 12}, with_id=False),
    "double hashing, bits per token": schema(DOUBLE, {"bitsPerToken": 12}, with_id=False),
    "the same and a column of distinct values": schema(DOUBLE, {"bitsPerToken": 12}, with_id=True),
}


def records(rows: int) -> list[list[str]]:
    """Synthetic students as the institutions of a region record them."""
    rosters = population(rows, seed=1).institutions.values()
    students = pd.concat(list(rosters)).fillna("").astype(str)
    students["local_id"] = [f"{number:09d}" for number in range(len(students))]
    return students[COLUMNS].head(rows).to_numpy().tolist()


def main(rows: int) -> None:
    """Time both, print a table and write the results."""
    core = max(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "records.json").write_text(json.dumps(records(rows)), encoding="utf-8")
        for index, document in enumerate(SCHEMAS.values()):
            (folder / str(index)).write_text(json.dumps(document), encoding="utf-8")
        started = {}
        for contender, python in (("clkhash", environment("clkhash")), ("pprl", sys.executable)):
            command = [str(python), str(HERE / "clkhash_contenders.py"), contender, name, str(core)]
            started[contender] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        table = []
        for index, title in enumerate(SCHEMAS):
            seconds: dict[str, list[float]] = {contender: [] for contender in started}
            digests = set()
            for _ in range(ROUNDS):
                for contender, process in started.items():
                    assert process.stdin and process.stdout
                    process.stdin.write(f"{index}\n")
                    process.stdin.flush()
                    answer = json.loads(process.stdout.readline())
                    seconds[contender].append(answer["seconds"])
                    digests.add(answer["digest"])
            assert len(digests) == 1, "the filters differ"
            best = {contender: min(times) for contender, times in seconds.items()}
            ratio = best["clkhash"] / best["pprl"]
            table.append({"schema": title, "seconds": seconds, "times faster": ratio})
            print(
                f"| {title} | {rows / best['clkhash']:,.0f} | {rows / best['pprl']:,.0f} "
                f"| {ratio:.1f} |",
                flush=True,
            )
        for process in started.values():
            assert process.stdin
            process.stdin.close()
            process.wait()
    results = {
        "rows": rows,
        "machine": described("numpy", "pandas"),
        "peer": (HERE / "peers" / "clkhash.txt").read_text(encoding="utf-8").strip(),
        "table": table,
    }
    path = HERE / "results" / "clkhash_compatible.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
