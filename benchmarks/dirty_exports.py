"""How much linking suffers from what exports do to data.

Districts' students are written as the dirtiest export that is read without a refusal, and as a
clean one; either is read again and linked with the colleges' clean students.

    python -m benchmarks.dirty_exports --persons 20000
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import pprl
from pprl.synthetic import Roster, population, write_export

DIRTIEST = (
    *("effective_rows", "test_rows", "placeholders", "suffix_in_last_name", "middle_in_first_name"),
    *("capitals", "zip4", "windows_1252", "windows_line_ends", "short_years"),
    *("totals", "header_again", "empty_columns", "quoted"),
)
"""All dirt that a generic CSV file can hold at once. ZIPs of California have no zeros to lose."""


def linked(district: Roster, college: Roster, dirt: tuple[str, ...]) -> pprl.Evaluation:
    """Write, read and link, and hold the result against the truth."""
    agreement = pprl.Agreement.students(["district", "college"])
    key = pprl.LinkageKey(bytes(range(32)))
    rosters = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, roster in (("district", district), ("college", college)):
            path = write_export(
                roster.students,
                Path(folder) / f"{name}.csv",
                "generic",
                dirt=dirt if name == "district" else (),
                rng=np.random.default_rng(1),
            )
            rosters[name] = pprl.read_students(path)
    encoded = {
        name: pprl.encode(students, agreement, key, name, progress=False)
        for name, students in rosters.items()
    }
    linkage = pprl.link([item.submission for item in encoded.values()], agreement, progress=False)
    truth = pd.concat(
        item.id_map.assign(source=name).merge(roster.truth, on="local_id", how="left")
        for (name, item), roster in zip(encoded.items(), (district, college), strict=True)
    )
    return pprl.evaluate(linkage, truth)


def main() -> None:
    """Tell both figures and the difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    for seed in range(1, arguments.seeds + 1):
        region = population(arguments.persons, seed=seed)
        district, college = region.pool("district"), region.pool("college")
        clean = linked(district, college, ())
        dirty = linked(district, college, DIRTIEST)
        print(f"seed {seed}, clean: {clean}")
        print(f"seed {seed}, dirty: {dirty}; F1 lost: {100 * (clean.f1 - dirty.f1):.2f} points")


if __name__ == "__main__":
    main()
