"""The hub out of core: files larger than its memory, killed on the way and resumed.

Run `python benchmarks/out_of_core.py FOLDER`, where FOLDER has room for the files: 2.7 GB for
1,000,000 records of each of two institutions, and as much again while they are made. The entries
are made here, not by `pprl encode`: half of the records are the other's too, six fields in a
hundred differ, three tokens in five of a person are shared, and one record in four shares a token
with a stranger. Every linking is a process of its own. Writes `results/out_of_core.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import described
from numpy.typing import NDArray

import pprl
from pprl.agreement import Pass
from pprl.exchange import Entries, Manifest, Submission
from pprl.exchange.spool import Spool

HERE = Path(__file__).parent
GROWTH = [100_000, 300_000, 1_000_000, 3_000_000]
SIDES = ("college", "district")
DIFFERS, SHARED, STRANGER = 0.06, 0.6, 0.009
KINDS = {"sex": 2, "middle": 26, "zip": 50}
TILE = 1 << 18


def mixed(numbers: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """SplitMix64 of numbers: `uint64[n]` that look random."""
    with np.errstate(over="ignore"):
        z = numbers + np.uint64(salt * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def patterns(kinds: int, words: int, insertions: int, rng: np.random.Generator) -> Any:
    """Fillings of one segment: `uint64[kinds, words]`, each with so many bits."""
    bits = np.zeros((kinds, 64 * words), np.uint8)
    places = rng.random(bits.shape).argpartition(insertions, axis=1)[:, :insertions]
    np.put_along_axis(bits, places, 1, axis=1)
    return np.packbits(bits, axis=1, bitorder="little").view("<u8")


def made(agreement: pprl.Agreement, item: Pass, number: int, records: int, right: bool) -> Entries:
    """The entries of one pass of one side."""
    rng = np.random.default_rng([number, right])
    person = np.arange(records, dtype=np.uint64) + np.uint64(right * (records // 2))
    owner = np.repeat(np.arange(records, dtype=np.uint32), item.quota)
    slot = np.tile(np.arange(item.quota, dtype=np.uint64), records)
    salt = 1000 + number
    tokens = mixed(person[owner] * np.uint64(8) + slot, salt)
    if right:
        drawn = rng.random(len(tokens))
        stranger = drawn > 1 - STRANGER
        other = rng.integers(0, records, int(stranger.sum()), np.uint64)
        tokens[stranger] = mixed(other * np.uint64(8) + slot[stranger], salt)
        own = (drawn > SHARED) & ~stranger
        tokens[own] = rng.integers(0, 1 << 64, int(own.sum()), np.uint64)
    order = np.argsort(tokens)
    while len(again := order[1:][np.diff(tokens[order]) == 0]):
        tokens[again] = rng.integers(0, 1 << 64, len(again), np.uint64)
        order = np.argsort(tokens)
    tokens, owner = tokens[order], owner[order]
    segments = agreement.linkage.segments_of(item)
    templates = np.random.default_rng(number)
    tables = [
        patterns(KINDS.get(segment.name, 512), segment.words, segment.insertions, templates)
        for segment in segments
    ]
    filters = np.empty((len(tokens), sum(segment.words for segment in segments)), np.uint64)
    first = 0
    for place, (segment, table) in enumerate(zip(segments, tables, strict=True)):
        kind = mixed(person, place) % np.uint64(len(table))
        if right:
            differs = mixed(person, 100 + place) < np.uint64(int(DIFFERS * 2**64))
            kind = np.where(differs, (kind + np.uint64(1)) % np.uint64(len(table)), kind)
        for start in range(0, len(tokens), TILE):
            tile = slice(start, start + TILE)
            filters[tile, first : first + segment.words] = table[kind[owner[tile]]]
        first += segment.words
    return Entries(tokens, owner, filters)


def write(folder: Path, records: int) -> None:
    """Make both match files, if they are not there."""
    agreement = pprl.Agreement.students(SIDES)
    for right, side in enumerate(SIDES):
        path = folder / f"{side}.pprl"
        if path.exists():
            continue
        spool = Spool(folder)
        passes = {
            item.name: spool.keep(made(agreement, item, number, records, bool(right)))
            for number, item in enumerate(agreement.linkage.passes)
        }
        manifest = Manifest(
            institution=side,
            recipient="",
            agreement=agreement.digest,
            linkage=agreement.linkage_digest,
            key_check="c" * 32,
            records=records,
            sequence=1,
            software="pprl",
            epsilon=agreement.records.epsilon,
            completeness={},
            unplaced=0.0,
        )
        Submission(manifest, passes).write(path)
        spool.close()


def linked(folder: Path, memory: str, workers: int, work: Path | None) -> dict[str, Any]:
    """Link the files in this process: seconds, memory, and a digest of all that came out."""
    start = time.perf_counter()
    agreement = pprl.Agreement.students(SIDES)
    submissions = [
        pprl.Submission.open(folder / f"{side}.pprl", signers=agreement) for side in SIDES
    ]
    opened = time.perf_counter()
    linkage = pprl.link(
        submissions,
        agreement,
        memory=memory or None,
        workers=workers,
        work=work,
        progress=False,
    )
    seconds, processor = time.perf_counter() - opened, time.process_time()
    memory_taken = most_memory()
    digest = hashlib.sha256()
    for name in ("record_a", "record_b", "probability", "n_passes", "accepted"):
        digest.update(np.ascontiguousarray(linkage.candidates[name]).data)
    persons = linkage.study_ids["study_id"].to_numpy()
    _, first = np.unique(persons, return_inverse=True)
    least = np.full(len(first), len(first), np.int64)
    np.minimum.at(least, first, np.arange(len(first)))
    digest.update(least[first].data)
    digest.update(repr(linkage.quality).encode())
    accepted = linkage.pairs
    true = accepted["record_a"].to_numpy() == accepted["record_b"].to_numpy() + np.uint32(
        linkage.records["college"] // 2
    )
    return {
        "open": opened - start,
        "link": seconds,
        "processor": processor,
        "MiB at most": memory_taken,
        "candidates": len(linkage.candidates),
        "pairs": len(accepted),
        "precision": float(true.mean()),
        "recall": float(true.sum()) / (linkage.records["college"] // 2),
        "result": digest.hexdigest(),
    }


def most_memory() -> float:
    """MiB that this process took at most, mapped files included; Linux only."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    sizes = dict(line.split(":", 1) for line in status.splitlines())
    return int(sizes["VmHWM"].split()[0]) / 1024


def command(folder: Path, memory: str, workers: int, work: Path | None = None) -> list[str]:
    """The command line of one linking."""
    line = [sys.executable, __file__, str(folder), "--link", memory, "--workers", str(workers)]
    return [*line, "--work", str(work)] if work else line


def in_a_process(line: list[str]) -> dict[str, Any]:
    """What a linking answers."""
    done = subprocess.run(line, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def ranges_done(work: Path) -> float:
    """The share of ranges that are finished, 0 to 1."""
    try:
        begun = json.loads((work / "work.json").read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0.0
    return len(list(work.glob("*.arrow"))) / sum(map(len, begun["starts"]))


def killed(
    folder: Path, memory: str, workers: int, times: int, expected: dict[str, Any]
) -> dict[str, Any]:
    """Kill a linking each time that a further share of its ranges is finished; then let it end."""
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    finished = []
    for number in range(1, times + 1):
        process = subprocess.Popen(command(folder, memory, workers, work), stdout=subprocess.PIPE)
        # The last one is killed in its second sweep, when all ranges are finished.
        while process.poll() is None and ranges_done(work) < number / times:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        finished.append(ranges_done(work))
    start = time.perf_counter()
    answer = in_a_process(command(folder, memory, workers, work))
    shutil.rmtree(work)
    return {
        "share of ranges finished at each kill": finished,
        "seconds of the last": time.perf_counter() - start,
        "seconds unbroken": expected["open"] + expected["link"],
        "same result": answer["result"] == expected["result"],
    }


def main() -> None:
    """Make files of growing size, link them in memory and out of core, kill and resume."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--growth", type=int, nargs="*", default=GROWTH, help="records of each")
    parser.add_argument("--memory", default="2GiB", help="of every linking out of core")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="keep the files")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "out_of_core.json")
    parser.add_argument("--link", metavar="MEMORY", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.link is not None:
        print(json.dumps(linked(options.folder, options.link, options.workers, options.work)))
        return
    report: dict[str, Any] = {"machine": described("pprl-edu", "numpy", "pyarrow"), "growth": []}
    for records in options.growth:
        folder = options.folder / str(records)
        folder.mkdir(parents=True, exist_ok=True)
        write(folder, records)
        own = in_a_process(command(folder, options.memory, options.workers))
        figures: dict[str, Any] = {"records": records, "out of core": own}
        if records == max(options.growth):
            figures["killed"] = killed(folder, options.memory, options.workers, options.kills, own)
        figures["in memory"] = in_a_process(command(folder, "", options.workers))
        figures["one worker"] = in_a_process(command(folder, options.memory, 1))
        results = {figures[name]["result"] for name in ("out of core", "in memory", "one worker")}
        figures["same result"] = len(results) == 1
        report["growth"].append(figures)
        print(json.dumps(figures, indent=1), flush=True)
        if not options.keep:
            shutil.rmtree(folder)
    low, high = report["growth"][0], report["growth"][-1]
    if low is not high:
        times = [item["out of core"]["processor"] for item in (low, high)]
        report["exponent"] = math.log(times[1] / times[0], high["records"] / low["records"])
        print(f"exponent of processor time {report['exponent']:.3f}")
    options.results.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
