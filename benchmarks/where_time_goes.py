"""Where encoding and linking spend their time, and what the processor's floor is.

Run `python benchmarks/where_time_goes.py` in an environment with `pprl-edu[fast]`, on one core.
Stages are timed by wrapping the functions that they consist of. The floors are what one core does
of the cheapest parts: a block of AES, a word of `&` and of `bitwise_count` in NumPy, a copied byte.
Writes `results/profile.json` and prints tables.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from machine import described

import pprl
from pprl.institution.prf import Prf
from pprl.synthetic import population

HERE = Path(__file__).parent
ENCODING = {
    "normalise": ("pprl.institution.roster", "normalise"),
    "collapse to students": ("pprl.institution.roster", "collapse"),
    "digest local ids": ("pprl.institution.state", "State.student_digest"),
    "recognise students": ("pprl.institution.roster", "identify"),
    "words of names": ("pprl.institution.name_words", "NameWords.of"),
    "tokens of segments": ("pprl.institution.roster", "token_table"),
    "tokens side by side": ("pprl.institution.roster", "side_by_side"),
    "blocks and their holders": ("pprl.institution.blocks", "Blocking.values"),
    "cap, ledger, quota": ("pprl.institution.encoded_pass", "emit"),
    "decoys' blocks": ("pprl.institution.encoded_pass", "decoys"),
    "filters": ("pprl.institution.filling", "Filling.filters"),
}
LINKING = {
    "admission": ("pprl.hub.link", "admit"),
    "join": ("pprl.hub.comparison", "shared_tokens"),
    "compare": ("pprl.hub.comparison", "compared"),
    "fit each pass": ("pprl.hub.link", "judge_pass"),
    "combine passes": ("pprl.hub.link", "combine"),
    "rivals and third sources": ("pprl.hub.resolution", "without_contradictions"),
    "assign one to one": ("pprl.hub.resolution", "one_to_one"),
    "clusters": ("pprl.hub.resolution", "clusters"),
    "quality": ("pprl.hub.link", "estimate"),
    "study IDs": ("pprl.hub.link", "_study_ids"),
}


def timed(stages: dict[str, tuple[str, str]], run: Callable[[], object]) -> dict[str, float]:
    """Seconds of each stage and of the whole."""
    seconds: Counter[str] = Counter()
    undo = []
    for stage, (module, path) in stages.items():
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        bare = owner.__dict__[name]
        undo.append((owner, name, bare))
        inner = bare.__func__ if isinstance(bare, classmethod) else bare

        def wrapper(
            *given: Any, stage: str = stage, inner: Callable[..., Any] = inner, **named: Any
        ) -> Any:
            start = time.perf_counter()
            result = inner(*given, **named)
            seconds[stage] += time.perf_counter() - start
            return result

        wrapped = functools.wraps(inner)(wrapper)
        setattr(owner, name, classmethod(wrapped) if isinstance(bare, classmethod) else wrapped)
    start = time.perf_counter()
    run()
    whole = time.perf_counter() - start
    for owner, name, bare in undo:
        setattr(owner, name, bare)
    return {**seconds, "everything else": whole - sum(seconds.values()), "all": whole}


def fastest(run: Callable[[], object], times: int = 20) -> float:
    """Seconds of the fastest of some runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def floors() -> dict[str, float]:
    """Nanoseconds of the cheapest parts on this core."""
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 1 << 63, (1 << 16, 2), np.uint64)
    prf, out = Prf(bytes(32)), np.empty(blocks.size + 2, np.uint64)
    one, other = rng.integers(0, 1 << 63, (2, 1 << 13), np.uint64)
    result, ones = np.empty_like(one), np.empty(len(one), np.uint8)
    large = np.zeros(1 << 27, np.uint8)
    copy = np.empty_like(large)
    return {
        "AES-256, a block of 16 bytes": fastest(lambda: prf.blocks(blocks, out))
        / len(blocks)
        * 1e9,
        "NumPy &, a word in the cache": fastest(lambda: np.bitwise_and(one, other, out=result))
        / len(one)
        * 1e9,
        "NumPy bitwise_count, a word in the cache": fastest(lambda: np.bitwise_count(one, out=ones))
        / len(one)
        * 1e9,
        "copying memory, 64 bytes": fastest(lambda: np.copyto(copy, large), 5)
        / len(large)
        * 64
        * 1e9,
    }


def main() -> None:
    """Encode, link, and write down what took how long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--persons", type=int, default=125_000)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "profile.json")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    region = population(options.persons, seed=1)
    pools = {side: region.pool(side).students for side in ("college", "district")}
    agreement = pprl.Agreement.students(list(pools))
    key = pprl.LinkageKey(bytes(range(32)))

    def encode(side: str, students: pd.DataFrame, kernel: str) -> pprl.Submission:
        state = pprl.State.in_memory(bytes([len(side)] * 32))
        encoded = pprl.encode(
            students, agreement, key, side, state=state, kernel=kernel, progress=False
        )
        return encoded.submission

    report: dict[str, Any] = {
        "machine": described("pprl-edu", "numpy", "numba", "cryptography"),
        "floors": floors(),
        "records": len(pools["district"]),
        "encoding": {},
    }
    for kernel in ("numpy", "numba"):
        encode("district", pools["district"].head(6000), kernel)
        run = functools.partial(encode, "district", pools["district"], kernel)
        report["encoding"][kernel] = timed(ENCODING, run)
    submissions = [encode(side, students, "numba") for side, students in pools.items()]
    report["pairs of records"] = [item.records for item in submissions]
    report["linking"] = timed(LINKING, lambda: pprl.link(submissions, agreement, progress=False))
    options.results.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
