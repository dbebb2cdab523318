"""Graph matching by similarity on classical filters: from what overlap on does it bite?

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.classical_matching [students]

The attacker knows the method and the plaintext of a share of the students; neither key nor order.
Figures are written to `results/classical_matching.json`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.filter_sets import tokens
from pprl.audit.likeness import dice_matrix
from pprl.audit.matching import match_graphs
from pprl.synthetic import population
from tests.audit.test_classical import classical

RESULTS = Path(__file__).parent / "results" / "classical_matching.json"
OVERLAPS = (1.0, 0.5, 0.3, 0.2, 0.1, 0.05)


def main(count: int) -> None:
    """Measure and keep the figures."""
    students = population(count * 7 // 5, seed=1).pool("district").students.head(count)
    columns = students[["first_name", "last_name", "birth_date", "zip", "sex"]]
    texts = [list(tokens(*row)) for row in columns.itertuples(index=False)]
    encoded = dice_matrix(classical(texts, b"the owners' key"))
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    figures = results.setdefault(str(len(texts)), {})
    for overlap in OVERLAPS:
        rows = np.random.default_rng(1).permutation(len(texts))[: round(overlap * len(texts))]
        start = time.process_time()
        plain = dice_matrix(classical([texts[row] for row in rows], b"the attacker's"))
        share = match_graphs(encoded, plain).correct(rows)
        figures[str(overlap)] = {
            "found again": round(share, 4),
            "core seconds": round(time.process_time() - start, 1),
        }
        print(overlap, figures[str(overlap)], flush=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
