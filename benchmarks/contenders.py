"""One contender in a process of its own: loads filters, then searches whenever it is told to.

Run by `similar_pairs.py` with the interpreter of the contender's environment, as `contenders.py
NAME FOLDER CORE...`, to be held to those cores. It brings the filters into the form that the
contender wants, reads one threshold a line and answers with the seconds of one search and how many
pairs it found. Only the search is timed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Search = Callable[[float], int]


def pprl(a: Any, b: Any, kernel: str, threads: int, top: int | None = None) -> Search:
    """This library."""
    from pprl.similarity import similar_pairs

    def search(threshold: float) -> int:
        return len(similar_pairs(a, b, threshold, kernel=kernel, threads=threads, top=top).i)

    return search


def anonlink(a: Any, b: Any) -> Search:
    """The compiled scan of anonlink, at all pairs (no `k`)."""
    from anonlink.similarities import dice_coefficient_accelerated
    from bitarray import bitarray

    def converted(filters: Any) -> list[Any]:
        rows = []
        for row in filters:
            rows.append(bitarray(endian="little"))
            rows[-1].frombytes(row.tobytes())
        return rows

    files = [converted(a), converted(b)]

    def search(threshold: float) -> int:
        return len(dice_coefficient_accelerated(files, threshold)[0])

    return search


def fpsim2(a: Any, b: Any) -> Search:
    """The Dice search of FPSim2, a query for each filter of A within the bounds of its popcount."""
    from FPSim2.FPSim2lib import GenericSearch
    from FPSim2.io.chem import METRICS, get_bounds_range

    def converted(filters: Any) -> Any:
        ones = np.bitwise_count(filters).sum(axis=1, dtype=np.uint64)
        numbers = np.arange(len(filters), dtype=np.uint64)
        table = np.column_stack((numbers, filters, ones))
        return np.ascontiguousarray(table[np.argsort(ones, kind="stable")])

    queries, table = converted(a), converted(b)
    counts, starts = np.unique(table[:, -1], return_index=True)
    stops = [*starts[1:].tolist(), len(table)]
    bins = list(zip(counts.tolist(), zip(starts.tolist(), stops, strict=True), strict=True))

    def search(threshold: float) -> int:
        found = 0
        for query in queries:
            bounds = get_bounds_range(query, threshold, None, None, bins, "dice")
            if bounds:
                found += len(GenericSearch(query, table, threshold, 0, METRICS["dice"], *bounds))
        return found

    return search


def faiss(a: Any, b: Any) -> Search:
    """FAISS's scan for pairs within a Hamming distance: that of the threshold at mean popcounts.

    It knows no Dice, so it finds other pairs.
    """
    import faiss

    faiss.omp_set_num_threads(1)
    queries, table = a.view(np.uint8), b.view(np.uint8)
    total = np.bitwise_count(a).sum() / len(a) + np.bitwise_count(b).sum() / len(b)

    def search(threshold: float) -> int:
        index = faiss.IndexBinaryFlat(table.shape[1] * 8)
        index.add(table)
        limits, _, _ = index.range_search(queries, int((1 - threshold) * total) + 1)
        return int(limits[-1])

    return search


def recordlinkage(folder: Path) -> Search:
    """Jaro-Winkler similarities of first and last name of pairs of the same students, in plaintext.

    Of some pairs only: all would take hours. What it gives is the number of pairs compared.
    """
    import pandas as pd
    import recordlinkage as rl

    left, right = (
        pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False) for name in "ab"
    )
    pairs = pd.MultiIndex.from_product([left.index[:300], right.index[:300]])
    compare = rl.Compare()
    compare.string("first_name", "first_name", method="jarowinkler")
    compare.string("last_name", "last_name", method="jarowinkler")

    def search(threshold: float) -> int:
        return len(compare.compute(pairs, left, right))

    return search


def contender(name: str, folder: Path, cores: int) -> Search:
    """The search of a contender."""
    if name == "recordlinkage":
        return recordlinkage(folder)
    a, b = (np.load(folder / f"{side}.npy") for side in "ab")
    if name.startswith("pprl"):
        _, kernel, *rest = name.split()
        return pprl(a, b, kernel, cores, top=1 if "top=1" in rest else None)
    return {"anonlink": anonlink, "FPSim2": fpsim2, "FAISS": faiss}[name](a, b)


def main() -> None:
    """Answer one line for each line read."""
    name, folder, cores = sys.argv[1], Path(sys.argv[2]), [int(core) for core in sys.argv[3:]]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    search = contender(name, folder, len(cores))
    for line in sys.stdin:
        start = time.perf_counter()
        pairs = search(float(line))
        print(json.dumps({"seconds": time.perf_counter() - start, "pairs": pairs}), flush=True)


if __name__ == "__main__":
    main()
