"""Disclosure control: a thousand table sets attacked, how much is hidden, and how long it takes.

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.disclosure [sets [cube]]

`sets` (1,000) random table sets with linked margins, hierarchies, a subset and two years, in two
releases: everything released is attacked by pprl's attacker, who is told which hidden counts are
small, and by a system that was set up otherwise, with leaf cells as variables. `cube` (22) is the
third side of a table of 20 x 20 x cube cells and its totals. Times are of the processor. Figures
are written to `results/disclosure.json`.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from pprl.progress import tracked
from pprl.results.disclosure import TOTAL, CountTable, Dimension, attack, protect
from tests.results.disclosure.table_sets import (
    DIMENSIONS,
    SUBSET,
    intervals_by_leaves,
    keys_of,
    population,
    tables_of,
)

RESULTS = Path(__file__).parent / "results" / "disclosure.json"
PROTECTION = 5


def attacked(seed: int) -> dict[str, int]:
    """Protect and attack one set: two releases of one population."""
    rng = np.random.default_rng(seed)
    leaves = population(rng, float(rng.choice([6, 15, 40])))
    first = protect(tables_of(leaves, rng, ["2026"]), DIMENSIONS, subset_of=SUBSET)
    second = protect(
        tables_of(leaves, rng, ["2026", "2027"]),
        DIMENSIONS,
        subset_of=SUBSET,
        earlier=[first.release],
    )
    releases = [first.release, second.release]
    found = attack(releases, reasons=second.reasons, exact=False)
    lost = set(keys_of(second.unprotectable))
    keys = pd.Series(keys_of(found), dtype=object)
    by_leaves = intervals_by_leaves(releases)
    return {
        "hidden": len(found),
        "told as unprotectable": len(lost),
        "at risk, by pprl": int((found["at_risk"] & ~keys.isin(lost)).sum()),
        "at risk, by leaves": sum(
            most - least < PROTECTION and key not in lost
            for key, (least, most) in by_leaves.items()
        ),
        "first hidden": first.primary + first.complementary,
        "first least": first.least,
        "first primary": first.primary,
    }


def cube(shape: tuple[int, int, int], mean: float, seed: int) -> tuple[CountTable, list[Dimension]]:
    """A table of three dimensions, whose codes differ in size, with all totals."""
    rng = np.random.default_rng(seed)
    trees = [
        Dimension(name, {f"{name}{i:02d}": TOTAL for i in range(size)})
        for name, size in zip("abc", shape, strict=True)
    ]
    rate = mean * np.ones(shape)
    for axis, size in enumerate(shape):
        weights = rng.gamma(1.5, 1, size)
        rate = rate * (weights / weights.mean()).reshape([-1 if a == axis else 1 for a in range(3)])
    counts = rng.poisson(rate)
    for axis in range(3):
        counts = np.concatenate([counts.sum(axis=axis, keepdims=True), counts], axis=axis)
    codes = itertools.product(*((TOTAL, *sorted(tree.parents)) for tree in trees))
    rows = pd.DataFrame(codes, columns=[*"abc"]).assign(count=counts.ravel().astype(np.int64))
    return CountTable("cube", "enrolled", ("a", "b", "c"), rows), trees


def large(third: int) -> dict[str, float]:
    """Protect some 10,000 cells in three dimensions."""
    table, trees = cube((20, 20, third), 60.0, 1)
    start = time.process_time()
    protected = protect([table], trees)
    between = time.process_time()
    found = attack([protected.release], reasons=protected.reasons, exact=False)
    hidden = protected.primary + protected.complementary
    return {
        "cells": protected.cells,
        "primary": protected.primary,
        "hidden": hidden,
        "least that can be hidden": protected.least,
        "ratio": hidden / protected.least,
        "seconds to protect": between - start,
        "seconds to attack": time.process_time() - between,
        "at risk": int(found["at_risk"].sum()),
    }


def main() -> None:
    """Measure, and write what was found."""
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    third = int(sys.argv[2]) if len(sys.argv) > 2 else 22
    rows = pd.DataFrame([attacked(seed) for seed in tracked(range(sets), "table sets", True)])
    sums = rows.sum()
    figures = {
        "sets": sets,
        **{name: int(sums[name]) for name in rows.columns},
        "first hidden against the least": float(sums["first hidden"] / max(1, sums["first least"])),
        "worst set": float((rows["first hidden"] / rows["first least"].clip(lower=1)).max()),
        "cube": large(third) if third else None,
    }
    # Partial runs are printed, not kept.
    if sets >= 1000 and third:
        RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
