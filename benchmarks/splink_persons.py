"""What Splink 5 makes of several rosters in plaintext: pairs with match weights.

Run `python benchmarks/splink_persons.py FOLDER PAIRS.csv` in an environment with
`peers/splink.txt`. The folder holds a CSV file for each institution, as `splink_yardstick.py` takes
them, which also says how the model is trained. Pairs of match probability 0.001 or more are
written, one a row: match weight (base 2), institution and local ID of either record.
"""

from __future__ import annotations

import csv
import logging
import sys
from pathlib import Path

from splink import DuckDBAPI
from splink_yardstick import TYPES, roster, trained

LEAST = 0.001


def main() -> None:
    """Read the folder, link, and write the pairs."""
    logging.disable(logging.WARNING)
    folder, out = map(Path, sys.argv[1:])
    files = sorted(folder.glob("*.csv"))
    names = {f"roster_{number}": file.stem for number, file in enumerate(files)}
    database = DuckDBAPI()
    sources = [
        database.register(roster(file), dataset_display_name=name)
        for name, file in zip(names, files, strict=True)
    ]
    linker = trained(sources, set(TYPES.names))
    pairs = linker.inference.predict(threshold_match_probability=LEAST).as_pyarrow_table()
    columns = ("match_weight", "source_dataset_l", "unique_id_l", "source_dataset_r", "unique_id_r")
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        for weight, left, left_id, right, right_id in zip(
            *(pairs[column].to_pylist() for column in columns), strict=True
        ):
            writer.writerow([weight, names[left], left_id, names[right], right_id])


if __name__ == "__main__":
    main()
