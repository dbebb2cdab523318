"""One contender in a process of its own, held to one core: candidate pairs and groups from CLKs.

Run by `anonlink_compatible.py` as `anonlink_contenders.py NAME FOLDER CORE`: reads `a.json` and
`b.json` in the folder, then one threshold a line, and answers each with the processor seconds of
finding the pairs and of solving, and with digests of both. The same code runs for both; only the
import differs.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import os
import sys
import time
from pathlib import Path

from bitarray import bitarray

MODULES = {"anonlink": "anonlink", "pprl": "pprl.interop.anonlink"}


def read(path: Path) -> list[bitarray]:
    """CLKs as clkhash would have returned them."""
    rows = []
    for text in json.loads(path.read_text(encoding="utf-8"))["clks"]:
        rows.append(bitarray(endian="big"))
        rows[-1].frombytes(base64.b64decode(text))
    return rows


def digest(value: object) -> str:
    """A value as one number."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


if __name__ == "__main__":
    name, folder, core = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    os.sched_setaffinity(0, {core})
    anonlink = importlib.import_module(MODULES[name])
    datasets = [read(folder / "a.json"), read(folder / "b.json")]
    dice = anonlink.similarities.dice_coefficient
    anonlink.candidate_generation.find_candidate_pairs([rows[:99] for rows in datasets], dice, 0.8)
    for line in sys.stdin:
        start = time.process_time()
        pairs = anonlink.candidate_generation.find_candidate_pairs(datasets, dice, float(line))
        found = time.process_time()
        groups = anonlink.solving.greedy_solve(pairs)
        solved = time.process_time()
        answer = {
            "seconds": [found - start, solved - found],
            "pairs": [len(pairs[0]), digest(pairs)],
            "groups": [len(groups), digest(sorted(sorted(group) for group in groups))],
        }
        print(json.dumps(answer), flush=True)
