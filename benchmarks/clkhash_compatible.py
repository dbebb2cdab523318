"""Encoding by clkhash's linkage schemas: pprl beside clkhash, on one core, taking turns.

Run `python benchmarks/clkhash_compatible.py [ROWS]`; clkhash gets an environment of its own. Both
encode the same records by the same schemas in turn, three rounds; seconds are the processor's, so
that what else runs on the machine matters little. The filters must be the same. Writes
`results/clkhash_compatible.json`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from environments import environment
from machine import described
from turns import contenders, round_of, spread

from pprl.synthetic import population

HERE = Path(__file__).parent
PEER = "clkhash 0.18.3"
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
    script = str(HERE / "clkhash_contenders.py")
    table = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "records.json").write_text(json.dumps(records(rows)), encoding="utf-8")
        for index, document in enumerate(SCHEMAS.values()):
            (folder / str(index)).write_text(json.dumps(document), encoding="utf-8")
        commands = {
            "clkhash": [str(environment("clkhash")), script, "clkhash", name],
            "pprl": [sys.executable, script, "pprl", name],
        }
        print("| schema | clkhash, records/s | pprl, records/s | times faster |\n|---|---|---|---|")
        with contenders(commands) as started:
            for index, title in enumerate(SCHEMAS):
                rounds = [round_of(started, str(index)) for _ in range(ROUNDS)]
                digests = {answer["digest"] for answers in rounds for answer in answers.values()}
                assert len(digests) == 1, "the filters differ"
                seconds = {who: [answers[who]["seconds"] for answers in rounds] for who in started}
                ratios = [
                    theirs / ours
                    for theirs, ours in zip(seconds["clkhash"], seconds["pprl"], strict=True)
                ]
                table.append({"schema": title, "seconds": seconds, "times faster": ratios})
                speeds = (f"{rows / median(seconds[who]):,.0f}" for who in ("clkhash", "pprl"))
                print(f"| {title} | {' | '.join(speeds)} | {spread(ratios)} |", flush=True)
    results = {
        "rows": rows,
        "machine": described("numpy", "pandas"),
        "peer": PEER,
        "table": table,
    }
    path = HERE / "results" / "clkhash_compatible.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
