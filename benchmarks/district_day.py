"""A large district's day: read, inspect, encode; seconds of CPU, rates and the most memory.

python -m benchmarks.district_day --rows 1000000
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pprl
from pprl.synthetic import population


@contextmanager
def timed(step: str, rows: int) -> Iterator[None]:
    """Tell what a step took."""
    cpu, clock = time.process_time(), time.monotonic()
    yield
    cpu, clock = time.process_time() - cpu, time.monotonic() - clock
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{step:<9} {cpu:7.1f} s of CPU ({rows / cpu:9,.0f} rows a second), {clock:6.1f} s by the "
        f"clock, {most:.2f} GiB at most so far",
        flush=True,
    )


def main() -> None:
    """Make the export in a process of its own memory, then do the day's work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--export", type=Path, help="a CSV file to use instead of making one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.export
        if path is None:
            path = Path(folder) / "students.csv"
            pool = population(int(arguments.rows / 0.75), seed=1).pool("district")
            pool.students.head(arguments.rows).to_csv(path, index=False)
        rows = arguments.rows
        agreement = pprl.Agreement.students(["district", "college"])
        key = pprl.LinkageKey(bytes(range(32)))
        warnings.simplefilter("ignore")
        with timed("read", rows):
            students = pprl.read_students(path)
        with timed("inspect", rows):
            found = pprl.inspect(students, agreement)
        with timed("encode", rows):
            encoded = pprl.encode(students, agreement, key, "district", progress=False)
        print(f"{found.students:,} students; {encoded!r}")


if __name__ == "__main__":
    main()
