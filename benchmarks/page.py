"""The page `docs/benchmarks.md` and its pictures, from what the benchmarks wrote into `results/`.

Run `python benchmarks/page.py` in an environment with `pprl-edu[bench]`. A figure that is not in
`results/` is left out, so that the page says nothing that was not measured.
"""

# ruff: noqa: E501 - sentences of the page

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
PICTURES = DOCS / "images" / "benchmarks"
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#999999"


def results(name: str) -> Any:
    """What a benchmark wrote, None if it has not run."""
    path = HERE / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def spread(figure: Mapping[str, float], digits: int = 2) -> str:
    """A median with its minimum and maximum."""
    return (
        f"{figure['median']:,.{digits}f} ({figure['min']:,.{digits}f}–{figure['max']:,.{digits}f})"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def machine(report: Mapping[str, Any]) -> str:
    """What a benchmark ran on, as a sentence."""
    told = report["machine"]
    versions = ", ".join(
        f"{name} {told[name]}"
        for name in ("python", "numpy", "numba", "cryptography")
        if name in told
    )
    return (
        f"{told['processor']} (family/model {told['family and model']}, "
        f"{told['vector instructions']}), {told['processors']} processors, "
        f"{told['memory in GiB']} GiB; {versions}."
    )


def save(figure: Any, name: str) -> str:
    """Write a picture; its Markdown."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(PICTURES / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)
    return f"images/benchmarks/{name}.svg"


def similar(report: Mapping[str, Any]) -> list[str]:
    """All pairs of classical filters."""
    rows, bars = [], {}
    for filters, of_filters in report["results"].items():
        for threshold, contenders in of_filters.items():
            for name, figures in contenders.items():
                ratios = {k: v for k, v in figures.items() if k.startswith("times")}
                peer = ratios.pop("times anonlink", None)
                other = next(iter(ratios.items()), None)
                rows.append(
                    (
                        filters,
                        threshold,
                        name,
                        spread(figures["million pairs a second"], 1),
                        spread(peer) if peer else "",
                        f"{spread(other[1])} {other[0].removeprefix('times ')}" if other else "",
                    )
                )
                if threshold == "0.8" and name != "recordlinkage":
                    bars.setdefault(name, {})[filters] = figures["million pairs a second"]["median"]
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(bars) + 1.2))
    for place, rates in enumerate(reversed(list(bars.values()))):
        for shift, (filters, colour) in enumerate((("random", GREY), ("students", BLUE))):
            value = rates.get(filters, 0)
            axes.barh(
                place + 0.2 - 0.4 * shift,
                value,
                0.36,
                color=colour,
                label=filters if place == 0 else None,
            )
            axes.text(value, place + 0.2 - 0.4 * shift, f" {value:,.0f}", va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), list(reversed(bars)))
    axes.set_xlabel("million pairs a second, Dice >= 0.8")
    axes.legend(frameon=False, loc="lower right")
    picture = save(figure, "similar-pairs")
    return [
        "## All pairs of similar filters",
        f"{report['rows']:,} x {report['rows']:,} filters of 1,024 bits, one core unless the name "
        f"says otherwise, median (minimum–maximum) of {report['rounds']} rounds in which the "
        "contenders take turns. *Random*: 40% of bits set. *Students*: classical filters of synthetic "
        "students. FAISS knows no Dice and is asked for a Hamming distance; recordlinkage compares "
        'the names of the same students in plaintext and thresholds nothing. "Two processes" is '
        "what a second core of this machine has to give to searches that share nothing.",
        f"![Million pairs a second at Dice 0.8]({picture})",
        table(
            (
                "filters",
                "Dice ≥",
                "contender",
                "million pairs/s",
                "times anonlink",
                "times another",
            ),
            rows,
        ),
        machine(report),
    ]


def hashing(report: Mapping[str, Any]) -> list[str]:
    """Hashing against the scan."""
    rows = []
    for item in report["results"]:
        hashed, scan = item["hashing"], item["scan"]
        rows.append(
            (
                f"{item['filters']:,}",
                f"{hashed['seconds']:.2f}",
                f"{hashed['MiB']:,.0f}",
                f"{hashed['tables']} x {hashed['key bits']}",
                f"{hashed['estimated recall']:.4f}",
                f"{hashed['pairs'] / scan['pairs']:.4f}" if scan else "",
                f"{scan['seconds']:.2f}" if scan else "",
                f"{scan['MiB']:,.0f}" if scan else "",
                f"{scan['seconds'] / hashed['seconds']:.1f}" if scan else "",
            )
        )
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2))
    for axes, key, unit in ((left, "seconds", "seconds"), (right, "MiB", "MiB beyond the filters")):
        for how, colour in (("scan", ORANGE), ("hashing", BLUE)):
            points = [(i["filters"], i[how][key]) for i in report["results"] if i[how]]
            axes.loglog(*zip(*points, strict=True), "o-", color=colour, label=how)
        axes.set_xlabel("filters on each side")
        axes.set_ylabel(unit)
        axes.legend(frameon=False)
    picture = save(figure, "hashing")
    return [
        "## When every pair is too many",
        "`similar_pairs_lsh` against the scan (numba), one core, random filters, Dice ≥ 0.8, wanted "
        "recall 0.99.",
        f"![Seconds and memory of hashing and of the scan]({picture})",
        table(
            (
                "filters a side",
                "hashing, s",
                "MiB",
                "tables x bits",
                "recall, estimated",
                "recall, true",
                "scan, s",
                "MiB",
                "times",
            ),
            rows,
        ),
        machine(report),
    ]


def encoding(report: Mapping[str, Any]) -> list[str]:
    """The encoder beside clkhash."""
    rows = []
    for name, figures in report["race"].items():
        ratios = [figures[key] for key in figures if key.startswith("times")]
        cells = [spread(ratio) for ratio in ratios] or ["", ""]
        rows.append((name, spread(figures["records a second"], 0), *cells))
    growth = report["growth"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2))
    for kernel, colour in (("NumPy", ORANGE), ("numba", BLUE)):
        own = [item for item in growth if item["kernel"] == kernel]
        if own:
            records = [item["records"] for item in own]
            left.loglog(
                records, [item["seconds"] for item in own], "o-", color=colour, label=kernel
            )
            right.loglog(
                records, [item["MiB at most"] for item in own], "o-", color=colour, label=kernel
            )
    for axes, unit in ((left, "seconds"), (right, "MiB at most")):
        axes.set_xlabel("records")
        axes.set_ylabel(unit)
        axes.legend(frameon=False)
    picture = save(figure, "encoding")
    grown = [
        (
            f"{item['records']:,}",
            item["kernel"],
            f"{item['seconds']:.1f}",
            f"{item['records'] / item['seconds']:,.0f}",
            f"{item['MiB at most']:,.0f}",
            f"{(item['MiB at most'] - item['MiB before']) * 2**20 / item['records']:,.0f}",
        )
        for item in growth
    ]
    peers = [key for key in report["race"] if key.startswith("clkhash")]
    return [
        "## Encoding",
        f"{report['rows']:,} students, all passes of `students-1` (28 entries a record, decoys, the "
        "cap and the published counts included) against clkhash 0.18.3 making one filter a record "
        "of the same fields, one core, each run in a new process (clkhash remembers what it has "
        f"encoded), median (minimum–maximum) of {report['rounds']} rounds. The first clkhash has 200 "
        "bits a feature and checks values, as its tutorial does; the second is the fastest it has.",
        table(("encoder", "records a second", *(f"times {peer}" for peer in peers)), rows),
        "As files grow, each run in a new process. Memory is the most that the process took, with "
        "the roster in it as a DataFrame; beyond 512 MiB of entries, those of finished passes wait "
        "on the disk, mapped into memory, which the system may count and drop as it likes.",
        f"![Seconds and memory of encoding]({picture})",
        table(
            (
                "records",
                "kernel",
                "seconds",
                "records a second",
                "MiB at most",
                "bytes a record beyond the students",
            ),
            grown,
        ),
        machine(report),
    ]


def linking(report: Mapping[str, Any]) -> list[str]:
    """The hub."""
    rows = []
    for item in report["growth"]:
        sizes = [number for name, number in item["records"].items() if name != "in both"]
        rows.append(
            (
                " x ".join(f"{size:,}" for size in sizes),
                f"{item['records']['in both']:,}",
                spread(item["link"], 1),
                spread(item["from files"], 1),
                f"{item['MiB at most']['max']:,.0f}",
                f"{item['pairs']['median']:,.0f}",
            )
        )
    figure, axes = plt.subplots(figsize=(5, 3.2))
    sizes = [next(iter(item["records"].values())) for item in report["growth"]]
    for key, colour, label in (
        ("link", BLUE, "in memory"),
        ("from files", ORANGE, "from files"),
    ):
        axes.loglog(
            sizes,
            [item[key]["median"] for item in report["growth"]],
            "o-",
            color=colour,
            label=label,
        )
    axes.set_xlabel("records of each of two institutions")
    axes.set_ylabel("seconds")
    axes.legend(frameon=False)
    picture = save(figure, "linking")
    beside = report["beside Splink"]
    sizes = [number for name, number in beside["records"].items() if name != "in both"]
    return [
        "## Linking",
        "Two institutions, half of their students the same persons, all passes of `students-1`, "
        "two processors. *In memory*: the match files have been read. *From files*: opened, every "
        "digest checked, and linked.",
        f"![Seconds of linking]({picture})",
        table(
            ("records", "persons in both", "linked, s", "from files, s", "MiB at most", "pairs"),
            rows,
        ),
        f"Beside Splink 5 (DuckDB) with the names of the same {sizes[0]:,} and {sizes[1]:,} students, "
        f"after reading: pprl {spread(beside['pprl']['link'], 1)} s, Splink "
        f"{spread(beside['Splink']['seconds'], 1)} s, **{spread(beside['times'], 1)} times**. Splink's "
        "time holds training, prediction and a greedy one-to-one assignment "
        "(`benchmarks/splink_yardstick.py`).",
        machine(report),
    ]


def profile(report: Mapping[str, Any]) -> list[str]:
    """Where the time goes, and the floor."""
    records = report["records"]
    kernels = report["encoding"]
    stages = list(next(iter(kernels.values())))
    rows = [
        (stage, *(f"{kernels[kernel].get(stage, 0) / records * 1e6:.1f}" for kernel in kernels))
        for stage in stages
    ]
    linking_rows = [(name, f"{seconds:.2f}") for name, seconds in report["linking"].items()]
    left, right = report["pairs of records"]
    return [
        "## Where the time goes",
        f"Microseconds a record of encoding {records:,} students, one core:",
        table(("stage", *(f"kernel {kernel}" for kernel in kernels)), rows),
        f"Seconds of linking {left:,} records with {right:,}, one core:",
        table(("stage", "seconds"), linking_rows),
        "The floor, in nanoseconds on the same core:",
        table(("", "ns"), [(name, f"{value:.2f}") for name, value in report["floors"].items()]),
        "An entry takes about 30 blocks of AES, some 190 positions and 96 bytes. AES is thus a small "
        "part; setting positions is the largest, and each of its draws takes four to eight "
        "elementwise operations. What was tried and did not help stands in decision records "
        "[0009](decisions/0009-similar-pairs-by-packed-products.md), "
        "[0012](decisions/0012-aes-over-arrays.md), [0013](decisions/0013-filling-in-groups.md) and "
        "[0014](decisions/0014-what-the-best-so-far-spares.md).",
        machine(report),
    ]


def compatible(report: Mapping[str, Any]) -> list[str]:
    """Peers' own formats, encoded and linked here."""
    rows = []
    for item in report["table"]:
        name = item.get("schema") or f"Dice ≥ {item['threshold']}, {item['pairs']:,} pairs"
        seconds = item["seconds"]
        medians = {}
        for who in seconds:
            runs = [sum(run) if isinstance(run, list) else run for run in seconds[who]]
            medians[who] = sorted(runs)[len(runs) // 2]
        peer = next(who for who in seconds if who != "pprl")
        times = sorted(item["times faster"])
        rows.append(
            (
                name,
                f"{medians[peer]:.2f}",
                f"{medians['pprl']:.2f}",
                f"{times[len(times) // 2]:.1f} ({times[0]:.1f}–{times[-1]:.1f})",
            )
        )
    return [
        f"## Beside {report['peer']}, with its own results",
        f"{report['rows']:,} rows, processor seconds of one core; the results are the same to the last "
        "bit and pair.",
        table((report["peer"], "its seconds", "pprl's", "times faster"), rows),
        machine(report),
    ]


PARTS = {
    "similar_pairs": similar,
    "lsh": hashing,
    "encoding": encoding,
    "clkhash_compatible": compatible,
    "anonlink_compatible": compatible,
    "linking": linking,
    "profile": profile,
}


def main() -> None:
    """Write the page."""
    mpl.rcParams.update(
        {
            "svg.hashsalt": "pprl",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "svg.fonttype": "none",
        }
    )
    blocks = [
        "# Benchmarks",
        "Made by `make bench`, which runs everything again on your machine, peers in environments of "
        "their own, and writes this page from what it measured. No timing is a test. Figures that "
        "compare are ratios of two contenders in the same run; machines that are shared are noisy, "
        "so look at the ratios and their ranges, not at single seconds.",
    ]
    for name, part in PARTS.items():
        report = results(name)
        if report:
            blocks += part(report)
    (DOCS / "benchmarks.md").write_text("\n\n".join(blocks) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
