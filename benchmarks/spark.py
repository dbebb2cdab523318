"""Spark: seconds, core-seconds and shuffled bytes a record, and whether the links are memory's.

Run `python benchmarks/spark.py` in an environment with `pprl-edu[fast,spark]` and a Java runtime.
Two institutions of as many students, half of them the same persons, are encoded and linked with
Spark on all processors of this machine, and in memory. What Spark's executors measured of
themselves (time in tasks, bytes written to shuffles) is what `scale_plan.py` reckons with. Writes
`results/spark.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from linking import SIDES, halves
from machine import described

import pprl
import pprl.spark

HERE = Path(__file__).parent
KEY = pprl.LinkageKey(bytes(range(32)))
PAIR = ["source_a", "record_a", "source_b", "record_b"]


def executors(spark: Any) -> dict[str, float]:
    """What all tasks have taken so far: core-seconds, and bytes written to shuffles."""
    context = spark.sparkContext
    machine = context._jvm
    told = (
        context._jsc.sc()
        .statusStore()
        .stageList(
            None,
            False,
            False,
            context._gateway.new_array(machine.double, 0),
            machine.java.util.ArrayList(),
        )
    )
    every = [told.apply(place) for place in range(told.size())]
    return {
        "core-seconds": sum(one.executorRunTime() for one in every) / 1000,
        "shuffled bytes": float(sum(one.shuffleWriteBytes() for one in every)),
    }


@contextmanager
def measured(spark: Any, into: dict[str, float]) -> Iterator[None]:
    """Seconds, core-seconds and shuffled bytes of what is done."""
    before, start = executors(spark), time.perf_counter()
    yield
    into["seconds"] = time.perf_counter() - start
    into |= {name: value - before[name] for name, value in executors(spark).items()}


def same(linked: pprl.spark.LinkedTables, memory: pprl.Linkage) -> dict[str, Any]:
    """How far the tables are from the linkage in memory."""
    want = memory.candidates.astype({"record_a": "int64", "record_b": "int64"})
    both = linked.pairs.toPandas().merge(want, on=PAIR, how="outer", suffixes=("", "_want"))
    ids = memory.study_ids.astype({"record": "int64"})
    persons = linked.persons.toPandas().merge(ids, on=["source", "record"])
    one_to_one = persons[["person", "study_id"]].drop_duplicates()
    return {
        "candidates": len(want),
        "pairs not in both": int(both[["n_passes", "n_passes_want"]].isna().any(axis=1).sum()),
        "largest difference": float(np.abs(both["probability"] - both["probability_want"]).max()),
        "decided otherwise": int((both["accepted"] != both["accepted_want"]).sum()),
        "persons are the same": bool(
            one_to_one["person"].is_unique and one_to_one["study_id"].is_unique
        ),
    }


def run(spark: Any, rows: int, folder: Path) -> dict[str, Any]:
    """Encode and link two sides of so many rows."""
    agreement = pprl.Agreement.students(SIDES)
    sides = halves(rows)
    figures: dict[str, Any] = {"records": sum(len(side.students) for side in sides.values())}
    encoding: list[dict[str, float]] = []
    tables, submissions = [], []
    for place, (name, side) in enumerate(sides.items()):
        secret = bytes([place + 1] * 32)
        path = folder / f"{name}.parquet"
        side.students.reset_index(drop=True).astype(str).to_parquet(path)
        told: dict[str, float] = {}
        with measured(spark, told):
            encoded = pprl.spark.encode(
                spark.read.parquet(str(path)),
                agreement,
                KEY,
                name,
                str(folder / name),
                str(folder / f"{name}-ids"),
                state=pprl.State.in_memory(secret),
            )
        encoding.append(told)
        tables.append(encoded.submission)
        submissions.append(encoded.submission.submission(agreement.linkage))
        memory = pprl.encode(
            side.students, agreement, KEY, name, state=pprl.State.in_memory(secret), progress=False
        ).submission
        figures[f"{name}: entries are the same"] = all(
            all(map(np.array_equal, vars(one).values(), vars(other).values()))
            for one, other in zip(
                memory.passes.values(), submissions[-1].passes.values(), strict=True
            )
        )
    figures["encode"] = {name: sum(told[name] for told in encoding) for name in encoding[0]}
    stored = sum(
        file.stat().st_size for name in sides for file in (folder / name).rglob("*.parquet")
    )
    figures["bytes of tables"] = stored
    figures["link"] = {}
    with measured(spark, figures["link"]):
        linked = pprl.spark.link(tables, agreement, str(folder / "linked"))
    figures["beside memory"] = same(linked, pprl.link(submissions, agreement, progress=False))
    return figures


def main() -> None:
    """Run growing sizes in one session, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--growth", type=int, nargs="*", default=[30_000, 100_000, 300_000])
    parser.add_argument("--warm-up", type=int, default=10_000, help="records of a run not kept")
    parser.add_argument("--master", default="local[*]")
    parser.add_argument("--memory", default="6g", help="of the Java process")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "spark.json")
    options = parser.parse_args()
    settings = {
        "spark.driver.memory": options.memory,
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "16",
        "spark.ui.retainedStages": "100000",
    }
    report: dict[str, Any] = {
        "machine": described("pprl-edu", "numpy", "pyarrow", "pyspark"),
        "master": options.master,
        "load of other work": os.getloadavg()[0],
        "growth": [],
    }
    spark = pprl.spark.start(options.master, settings)
    for place, rows in enumerate([options.warm_up, *options.growth]):
        with tempfile.TemporaryDirectory() as scratch:
            figures = run(spark, rows, Path(scratch))
        if not place:
            continue  # what is compiled and started once is no part of a rate
        report["growth"].append(figures)
        print(json.dumps(figures, indent=1), flush=True)
        options.results.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    spark.stop()


if __name__ == "__main__":
    main()
