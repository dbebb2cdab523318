"""Each of the four rules switched off in turn, and what one submission then shows.

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.ablations [students]

Figures are written to `results/ablations.json`.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import pprl
from pprl import Agreement, LinkageKey, State, Submission
from pprl.audit.distinguisher import area, classifier_area, features, p_values
from pprl.audit.refinement import refine
from pprl.audit.roster_attack import attack_with_one_roster
from pprl.audit.shared import SharedBlocks
from pprl.audit.simulation import simulate
from pprl.institution.block_values import BlockValues
from pprl.institution.blocks import Blocking
from pprl.institution.collapse import collapse
from pprl.institution.leaked_roster import entries_emitted
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import NormalisedStudents, normalise
from pprl.institution.published import present
from pprl.synthetic import population

RESULTS = Path(__file__).parent / "results" / "ablations.json"
CAP = 50
PASSES = ("birth-date+first-3", "birth-date+last-3", "year-day+name-sounds")


def encoded(students: pd.DataFrame, agreement: Agreement) -> Submission:
    """One submission."""
    state = State.in_memory(bytes(32))
    key = LinkageKey(bytes(range(32)))
    return pprl.encode(students, agreement, key, "a", state=state, progress=False).submission


def distinguished(submission: Submission, agreement: Agreement) -> dict[str, float]:
    """The smallest p-value and the classifier's area under the curve."""
    rng = np.random.default_rng(1)
    name = PASSES[-1]
    simulated = simulate(submission.manifest, agreement.linkage, rng)
    told = classifier_area(
        features(submission.passes[name], submission.records),
        features(simulated.passes[name], submission.records),
        rng,
        most=3000,
    )
    return {
        "smallest p-value": float(min(p_values(submission, agreement.linkage, rng).values())),
        "area under the curve": round(told.value, 3),
    }


def without_salts(students: pd.DataFrame, agreement: Agreement) -> dict[str, float]:
    """Rule 1 off: one salt for all blocks."""
    salted = BlockValues.salts

    def unsalted(self: BlockValues, key: bytes) -> np.ndarray:
        return np.zeros((len(self.student), 2), np.uint64)

    BlockValues.salts = unsalted  # type: ignore[method-assign]
    try:
        return distinguished(encoded(students, agreement), agreement)
    finally:
        BlockValues.salts = salted  # type: ignore[method-assign]


def without_cap(students: NormalisedStudents, agreement: Agreement) -> dict[str, float]:
    """Rule 2 off: blocks of up to 50 students are sent, and their records compare."""
    record, block, kind, left, right = [], [], [], [], []
    blocks = rows = 0
    blocking = Blocking(students, NameWords.of(students), bytes(32), bytes(32))
    for number, linkage_pass in enumerate(agreement.linkage.passes):
        values = blocking.values(linkage_pass, bytes(32))
        sent = values.take((values.holders > 1) & (values.holders <= CAP))
        first = np.flatnonzero(np.append(True, np.diff(sent.tokens.view(np.int64)) != 0))
        for holders in np.split(sent.student, first[1:]):
            i, j = np.triu_indices(len(holders), 1)
            left.append(i + rows)
            right.append(j + rows)
            record.append(holders)
            block.append(np.full(len(holders), blocks))
            kind.append(np.full(len(holders), number))
            blocks, rows = blocks + 1, rows + len(holders)
    parts = [np.concatenate(part) for part in (record, block, kind, left, right)]
    graph = SharedBlocks(np.zeros(len(students), np.int64), *parts, np.zeros(len(parts[3]), int))
    found = refine(graph)
    return {"guess right": round(found.success, 4), "alone in their colour": round(found.unique, 4)}


def without_equal_insertions(students: NormalisedStudents) -> dict[str, float]:
    """Rule 3 off: four positions a bigram, and the bits tell long names from short ones."""
    rng = np.random.default_rng(1)
    length = np.array([len(name) for name in students.last])
    ones = np.array([len(np.unique(rng.integers(0, 128, 4 * (n + 1)))) for n in length])
    long, short = ones[length >= 9], ones[(length <= 5) & (length > 0)]
    return {"area under the curve, long names from short": round(area(long, short).value, 4)}


def missing_shown(students: NormalisedStudents, agreement: Agreement) -> dict[str, float]:
    """Rule 3 off for missing fields: an empty segment is empty."""
    pattern = np.column_stack([present(students, name) for name in agreement.linkage.fields])
    _, place, counts = np.unique(pattern, axis=0, return_inverse=True, return_counts=True)
    chance = 1 / counts[place.reshape(-1)]
    return {"guess right": round(float(chance.mean()), 5), "alone": round((chance == 1).mean(), 4)}


def without_decoys(students: NormalisedStudents, agreement: Agreement) -> dict[str, float]:
    """Rule 4 off: how many entries a record has in each pass is seen."""
    emitted = entries_emitted(students, NameWords.of(students), agreement.linkage)
    _, place, counts = np.unique(emitted, axis=0, return_inverse=True, return_counts=True)
    chance = 1 / counts[place.reshape(-1)]
    found = attack_with_one_roster(emitted, emitted)
    assert found.success <= chance.mean() + 1e-9
    return {"guess right": round(float(chance.mean()), 5), "alone": round((chance == 1).mean(), 4)}


def main(count: int) -> None:
    """Measure and keep the figures."""
    rows = population(count * 2, seed=5).pool("district").students.head(count)
    agreement = Agreement.students(["a", "b"], "students-2", minimum=10)
    some = tuple(p for p in agreement.linkage.passes if p.name in PASSES)
    small = dataclasses.replace(
        agreement, linkage=dataclasses.replace(agreement.linkage, passes=some)
    )
    students = collapse(normalise(rows)).records
    results = {
        "students": len(students),
        "blind guess": round(1 / len(students), 6),
        "all rules": distinguished(encoded(rows, small), small),
        "no salts": without_salts(rows, small),
        f"cap of {CAP}": without_cap(students, agreement),
        "positions by token": without_equal_insertions(students),
        "missing shown": missing_shown(students, agreement),
        "no decoys": without_decoys(students, agreement),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
