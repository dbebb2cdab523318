"""Random tables of one population with linked margins, hierarchies, two years and a subset.

And what is known of them by another way than pprl's: a population is an array of leaf cells, every
number is a sum of some of them, and no sum of sums is ever set up.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from pprl.results.disclosure import TOTAL, CountTable, Dimension, Release

PLACE = Dimension(
    "place",
    {"north": TOTAL, "south": TOTAL, "n1": "north", "n2": "north", "s1": "south", "s2": "south"},
)
GROUP = Dimension("group", {"a": TOTAL, "b": TOTAL, "b1": "b", "b2": "b"})
YEAR = Dimension("year", {"2026": TOTAL, "2027": TOTAL})
OUTCOME = Dimension("outcome", {"yes": TOTAL, "no": TOTAL}, is_outcome=True)
DIMENSIONS = (PLACE, GROUP, YEAR, OUTCOME)
SUBSET = {"graduated": ("enrolled",)}
Leaves = dict[str, np.ndarray]


def leaves_of(dimension: Dimension, code: str = TOTAL) -> list[str]:
    """The codes without others below them, of a code."""
    below = dimension.children.get(code, ())
    return [leaf for part in below for leaf in leaves_of(dimension, part)] if below else [code]


def population(rng: np.random.Generator, mean: float) -> Leaves:
    """Counts of leaf cells of two measures, of which one is a subset of the other."""
    shape = tuple(len(leaves_of(dimension)) for dimension in DIMENSIONS)
    rate = mean * np.ones(shape)
    for axis, size in enumerate(shape):
        weights = rng.gamma(2.0, 0.5, size)
        rate = rate * weights.reshape([-1 if at == axis else 1 for at in range(len(shape))])
    enrolled = rng.poisson(rate)
    return {"enrolled": enrolled, "graduated": rng.binomial(enrolled, rng.uniform(0.2, 0.9))}


def places(codes: Sequence[str]) -> tuple[np.ndarray, ...]:
    """Indices of the leaves below a code of each dimension, to take a block of an array."""
    chosen = []
    for dimension, code in zip(DIMENSIONS, codes, strict=True):
        own = leaves_of(dimension)
        chosen.append([own.index(leaf) for leaf in leaves_of(dimension, code)])
    return np.ix_(*chosen)


def table(
    name: str, measure: str, names: Sequence[str], leaves: Leaves, years: Sequence[str] = ()
) -> CountTable:
    """All cells of some dimensions, or those of some years; a year's total only of both."""
    options = []
    for dimension in DIMENSIONS:
        named = dimension.name in names
        codes = dimension.codes if named else (TOTAL,)
        options.append(tuple(years) if named and years and dimension is YEAR else codes)
    cells = list(itertools.product(*options))
    counts = pd.DataFrame(cells, columns=[d.name for d in DIMENSIONS])[list(names)]
    counts["count"] = np.array([leaves[measure][places(cell)].sum() for cell in cells], np.int64)
    return CountTable(name, measure, tuple(names), counts)


def table_set(rng: np.random.Generator, mean: float, years: Sequence[str]) -> list[CountTable]:
    """Two to four tables over one or two dimensions beside the year."""
    return tables_of(population(rng, mean), rng, years)


def tables_of(leaves: Leaves, rng: np.random.Generator, years: Sequence[str]) -> list[CountTable]:
    """Tables of a population."""
    pool = [("place",), ("group",), ("outcome",), ("place", "group"), ("group", "outcome")]
    pool += [("place", "outcome")]
    out = []
    for at in range(int(rng.integers(2, 5))):
        names = (*pool[int(rng.integers(len(pool)))], "year")
        measure = "enrolled" if at == 0 else str(rng.choice(["enrolled", "graduated"]))
        out.append(table(f"table-{at}", measure, names, leaves, years))
    return out


def keys_of(cells: pd.DataFrame) -> list[str]:
    """Measure and codes of rows, joined by "|"."""
    names = ["measure", *(dimension.name for dimension in DIMENSIONS)]
    rows = [cells.get(name, pd.Series(TOTAL, cells.index)).tolist() for name in names]
    return ["|".join(row) for row in zip(*rows, strict=True)]


def intervals_by_leaves(releases: Sequence[Release], whole: bool = True) -> dict[str, list[int]]:
    """Least and greatest of every hidden cell, with leaf cells as the variables.

    The attacker knows what is told, that counts are whole and not negative, and subsets.

    Returns:
        Measure and codes, joined by "|" -> least and greatest.
    """
    shape = [len(leaves_of(dimension)) for dimension in DIMENSIONS]
    size = int(np.prod(shape))
    measures = ["enrolled", "graduated"]
    told: dict[tuple[str, ...], int] = {}
    hidden: set[tuple[str, ...]] = set()
    for one in (one for release in releases for one in release.tables):
        for row in one.counts.to_dict("records"):
            key = (one.measure, *(str(row.get(d.name, TOTAL)) for d in DIMENSIONS))
            if row["hidden"]:
                hidden.add(key)
            else:
                told[key] = int(row["count"])

    def row_of(key: tuple[str, ...]) -> np.ndarray:
        block = np.zeros((len(measures), *shape))
        block[measures.index(key[0])][places(key[1:])] = 1
        return block.ravel()

    subset = np.hstack([-np.eye(size), np.eye(size)])
    rows = [row_of(key) for key in told]
    values = np.array(list(told.values()), float)
    matrix = np.vstack([*rows, subset])
    constraint = LinearConstraint(
        matrix,
        np.concatenate([values, np.full(size, -np.inf)]),
        np.concatenate([values, np.zeros(size)]),
    )
    out = {}
    for key in sorted(hidden - set(told)):
        ends = []
        for sign in (1.0, -1.0):
            solved = milp(
                sign * row_of(key),
                integrality=np.full(2 * size, int(whole)),
                bounds=Bounds(0, 10_000),
                constraints=constraint,
                # With it, HiGHS calls some of these infeasible, which they are not.
                options={"presolve": not whole},
            )
            assert solved.x is not None
            ends.append(round(sign * solved.fun))
        out["|".join(key)] = ends
    return out
