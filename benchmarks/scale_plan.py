"""A plan on paper for 50 million records: the table of `docs/scale.md`, from measured rates.

Run `python benchmarks/scale_plan.py`. Nothing is measured here: it reads what `encoding.py`,
`linking.py`, `out_of_core.py` and `spark.py` wrote into `results/`, multiplies, and writes the
table into the page. What has no measured rate is left out and said to be.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pprl

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "scale.md"
MARKED = re.compile(r"(<!-- plan: .*? -->\n).*?(<!-- end of plan -->)", re.S)

RECORDS = 50_000_000
# Assumptions, not measurements; the page says so.
WORKERS, CORES, MEMORY = 10, 16, 128
INSTANCE, PRICE = "r6i.4xlarge", 1.01
BUSY = 0.5
NETWORK = 0.6e9
IDLE = 0.5
"""The load of other work beyond which a measured time is not believed."""


def results(name: str) -> Any:
    """What a benchmark wrote, None if it has not run."""
    path = HERE / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def entry_bytes() -> int:
    """Bytes of a record's entries in a match file: tokens, record numbers and filters."""
    section = pprl.Agreement.students(["north", "south"]).linkage
    return sum(item.quota * (12 + 8 * section.words_of(item)) for item in section.passes)


def exponent(sizes: list[float], seconds: list[float]) -> float:
    """How seconds grow with sizes, between the first and the last."""
    return math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])


def size(count: float) -> str:
    """Bytes as a person writes them."""
    for unit, worth in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= worth:
            return f"{count / worth:,.1f} {unit}"
    return f"{count / 1e3:,.1f} kB"


def hours(seconds: float) -> str:
    """Seconds as hours."""
    return f"{seconds / 3600:,.1f} h"


def files() -> Iterator[tuple[str, str, str]]:
    """What there is to keep and to move, whatever links it."""
    each = entry_bytes()
    yield "match files", f"{each:,} bytes a record (by the format)", size(each * RECORDS)
    spark = results("spark")
    if spark:
        last = spark["growth"][-1]
        stored = last["bytes of tables"] / last["records"]
        yield "their tables (Parquet)", f"{stored:,.0f} bytes a record", size(stored * RECORDS)


def one_machine() -> Iterator[tuple[str, str, str]]:
    """Encoding and linking without a cluster."""
    encoding = results("encoding")
    if encoding:
        last = [row for row in encoding["growth"] if row["kernel"] == "numba"][-1]
        rate = last["records"] / last["seconds"]
        yield (
            "encode, one core",
            f"{rate:,.0f} records a second (at {last['records']:,})",
            hours(RECORDS / rate),
        )
    linking = results("linking")
    if linking:
        last = linking["growth"][-1]
        records = last["records"]["college"] + last["records"]["district"]
        held = last["MiB at most"]["median"] * 2**20 / records
        yield (
            "link in memory",
            f"{held:,.0f} bytes a record (at {records:,})",
            f"{size(held * RECORDS)} of memory",
        )
    core = results("out_of_core")
    if core:
        yield from out_of_core(core)


def out_of_core(report: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Linking with `memory=` on one machine."""
    growth = report["growth"]
    records = [2.0 * row["records"] for row in growth]
    told = [row["out of core"] for row in growth]
    seconds = [float(row["open"] + row["link"]) for row in told]
    power = exponent(records, seconds) if len(growth) > 1 else 1.0
    rate = seconds[-1] / records[-1]
    yield (
        f"link with `memory=`, {report['machine']['processors']} cores",
        f"{1 / rate:,.0f} records a second (at {records[-1]:,.0f}; exponent {power:.2f})",
        hours(seconds[-1] * (RECORDS / records[-1]) ** max(power, 1.0)),
    )


def further(growth: list[Mapping[str, Any]], step: str, name: str) -> float:
    """What each further record took, from the smallest run to the largest.

    What does not grow with the records, such as starting processes, is left out.
    """
    first, last = growth[0], growth[-1]
    if first is last:
        return float(last[step][name]) / float(last["records"])
    return float(last[step][name] - first[step][name]) / (last["records"] - first["records"])


def cluster() -> Iterator[tuple[str, str, str]]:
    """The same on a cluster, and what that costs."""
    report = results("spark")
    if not report:
        return
    total = 0.0
    each = "for each further record" if len(report["growth"]) > 1 else "a record"
    for step in ("encode", "link"):
        work, moved = (
            further(report["growth"], step, name) for name in ("core-seconds", "shuffled bytes")
        )
        wall = RECORDS * (work / (WORKERS * CORES * BUSY) + moved / (WORKERS * NETWORK))
        total += wall
        yield (
            f"{step} with Spark, work",
            f"{1e3 * work:,.2f} ms of a core {each}",
            f"{RECORDS * work / 3600:,.0f} core-hours",
        )
        yield (
            f"{step} with Spark, shuffles",
            f"{moved:,.0f} bytes {each}",
            size(RECORDS * moved),
        )
        yield f"{step} with Spark, elapsed", f"on {WORKERS} workers", hours(wall)
    yield (
        "both, money",
        f"{WORKERS} x {INSTANCE} at ${PRICE:.2f} an hour (assumed)",
        f"${total / 3600 * WORKERS * PRICE:,.0f}",
    )


def page() -> str:
    """The table."""
    rows = [*files(), *one_machine(), *cluster()]
    lines = ["| | measured rate | 50 million records |", "|---|---|---|"]
    lines += [f"| {what} | {rate} | {all_of_it} |" for what, rate, all_of_it in rows]
    absent = [n for n in ("encoding", "linking", "out_of_core", "spark") if not results(n)]
    if absent:
        lines += ["", f"Not measured yet: {', '.join(absent)}."]
    spark = results("spark")
    if spark:
        told = spark["machine"]
        sizes = " and ".join(f"{row['records']:,}" for row in spark["growth"])
        lines += [
            "",
            f"Rates of Spark: {told['processor']}, {told['processors']} processors, "
            f"{spark['master']}, pyspark {told['pyspark']}, at {sizes} records in two files, after "
            "a smaller run.",
        ]
        if spark["load of other work"] > IDLE:
            lines[-1] += (
                f" {spark['load of other work']:.0f} other processes were at work meanwhile, so "
                "that times are far too high; bytes are not."
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    table = page()
    PAGE.write_text(MARKED.sub(lambda m: m[1] + table + m[2], text), encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
