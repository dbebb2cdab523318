"""One encoder in a process of its own: reads students, encodes them, tells seconds and memory.

Run by `encoding.py` with the interpreter of the contender's environment, as `encoding_contenders.py
NAME STUDENTS.csv CORE`, to be held to that core. Only the encoding is timed.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FIELDS = ["first_name", "middle_name", "last_name", "birth_date", "sex", "zip"]
NGRAMS = {"first_name": 2, "middle_name": 2, "last_name": 2, "birth_date": 1, "sex": 1, "zip": 1}

Encode = Callable[[], object]


def pprl(path: str, kernel: str) -> Encode:
    """All passes of `students-1`, decoys and the manifest's counts included."""
    import pandas as pd

    from pprl import Agreement, LinkageKey, State, encode

    students = pd.read_csv(path, dtype=str, keep_default_na=False)
    agreement = Agreement.students(["a", "b"], "students-1")
    key = LinkageKey(bytes(range(32)))

    def run(rows: Any) -> object:
        state = State.in_memory(bytes(32))
        return encode(rows, agreement, key, "a", state=state, kernel=kernel, progress=False)

    run(students.head(1000))  # numba compiles, or loads
    return lambda: run(students)


def clkhash(path: str, strategy: dict[str, int], is_checked: bool) -> Encode:
    """One filter a record, of the same fields."""
    from clkhash import clk
    from clkhash.schema import from_json_dict

    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = [[row[field] for field in FIELDS] for row in csv.DictReader(file)]
    features = [
        {
            "identifier": field,
            "format": {"type": "string", "encoding": "utf-8"},
            "hashing": {
                "comparison": {"type": "ngram", "n": NGRAMS[field]},
                "strategy": strategy,
                "hash": {"type": "blakeHash"},
            },
        }
        for field in FIELDS
    ]
    schema = from_json_dict(
        {"version": 3, "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}}, "features": features}
    )
    return lambda: clk.generate_clks(rows, schema, "secret", validate=is_checked, max_workers=1)


CONTENDERS: dict[str, Callable[[str], Encode]] = {
    "clkhash": lambda path: clkhash(path, {"bitsPerFeature": 200}, is_checked=True),
    "clkhash, 10 bits a token, values unchecked": lambda path: clkhash(
        path, {"bitsPerToken": 10}, is_checked=False
    ),
    "NumPy": lambda path: pprl(path, "numpy"),
    "numba": lambda path: pprl(path, "numba"),
}


def most_memory() -> float:
    """MiB that this process took at most, as far as the system tells."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    sizes = dict(line.split(":", 1) for line in lines)
    return int(sizes.get("VmHWM", "0 kB").split()[0]) / 1024


def main() -> None:
    """Encode once."""
    name, path, core = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [int(core)])
    encode = CONTENDERS[name](path)
    before = most_memory()
    start = time.perf_counter()
    encode()
    seconds = time.perf_counter() - start
    memory = {"MiB before": before, "MiB at most": most_memory()}
    print(json.dumps({"seconds": seconds, **memory}))


if __name__ == "__main__":
    main()
