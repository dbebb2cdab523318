"""Makes `tests/vectors/anonlink.json` with anonlink itself.

Run in an environment with anonlink 0.15.3, NumPy and setuptools below 81:

    python tests/interop/make_anonlink_vectors.py > tests/vectors/anonlink.json

The filters are the first case of `clkhash_v3.json` (FEBRL data set 4), each bit flipped by chance,
as three datasets with records in common.
"""

from __future__ import annotations

import base64
import io
import json
import random
import sys
from pathlib import Path
from typing import Any

import anonlink
from bitarray import bitarray

VECTORS = Path(__file__).parent.parent / "vectors"
SLICES = (slice(0, 26), slice(8, 34), slice(14, 40))
FLIPS = 0.02


def datasets() -> list[list[bitarray]]:
    """Three datasets of overlapping records."""
    known = json.loads((VECTORS / "clkhash_v3.json").read_text(encoding="utf-8"))["cases"][0]
    rng = random.Random(1)
    made = []
    for rows in SLICES:
        made.append([])
        for text in known["clks"][rows]:
            bits = bitarray()
            bits.frombytes(base64.b64decode(text))
            made[-1].append(bits ^ bitarray([rng.random() < FLIPS for _ in bits]))
    return made


def main() -> None:
    """Print every case."""
    files = datasets()
    cases: list[dict[str, Any]] = []
    for number in (2, 3):
        for measure, threshold, k in (
            ("dice_coefficient", 0.8, None),
            ("dice_coefficient", 0.35, None),
            ("dice_coefficient", 0.35, 2),
            ("dice_coefficient", 0.0, 1),
            ("simple_matching_coefficient", 0.7, None),
        ):
            pairs = anonlink.candidate_generation.find_candidate_pairs(
                files[:number], getattr(anonlink.similarities, measure), threshold, k=k
            )
            written = io.BytesIO()
            anonlink.serialization.dump_candidate_pairs(pairs, written)
            case = {"datasets": number, "measure": measure, "threshold": threshold, "k": k}
            case["pairs"] = base64.b64encode(written.getvalue()).decode()
            case["groups"] = sorted(map(sorted, anonlink.solving.greedy_solve(pairs)))
            solve = anonlink.solving.probabilistic_greedy_solve
            case["probabilistic"] = sorted(map(sorted, solve(pairs)))
            solved = solve(pairs, merge_threshold=0.25, deduplicated=False)
            case["duplicated"] = sorted(map(sorted, solved))
            cases.append(case)
    blocking = anonlink.blocking.bit_blocking(3, 2, seed=7)
    vectors = {
        "produced_by": "anonlink 0.15.3",
        "command": "python tests/interop/make_anonlink_vectors.py",
        "datasets": [
            [base64.b64encode(bits.tobytes()).decode() for bits in rows] for rows in files
        ],
        "cases": cases,
        "bit_blocking": [list(blocking(0, i, bits)) for i, bits in enumerate(files[0])],
    }
    json.dump(vectors, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
