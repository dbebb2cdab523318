"""The yardstick: what Splink 5 makes of two rosters in plaintext, without truth.

Run `python benchmarks/splink_yardstick.py left.csv right.csv truth.csv` in an environment with
`peers/splink.txt`; it prints precision, recall and F1 as JSON. The rosters have the columns
local_id, first_name, middle_name, last_name, birth_date (YYYY-MM-DD), sex and zip, one row a
person; a column that is absent or empty throughout is not compared. The truth has the columns
`left` and `right`, a row for each pair of local IDs that are one person.

The model is the one that Splink's documentation leads to:

- Names are put in capitals without accents, punctuation and suffixes.
- Blocking: birth date + first name; birth date + last name; first + last name; birth date + the
  two names exchanged; first name + ZIP; last name + ZIP; birth date + ZIP; last name + initial +
  year and month of birth; birth date + first letters of both names; first name + last word of the
  last name; one word of the last names alike at the same birth date.
- Comparisons: of first and of last name by the levels of `NameComparison` (exact with term
  frequency adjustment, Jaro-Winkler), with one for the two exchanged and, for last names, one for
  a word in common; `DateOfBirthComparison`; ZIP exactly, by its first three digits or not; sex;
  middle name exactly, by its initial or not.
- Training: the share of matches from deterministic rules, u by random sampling, m by EM blocked on
  first and last name, and again blocked on birth date.
- Decision: pairs of match probability 0.5 or more, and of those the likeliest first, each record
  once (greedily one to one; ties by local ID).
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import re
import time
import unicodedata
from pathlib import Path
from typing import Any

import pyarrow as pa
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

THRESHOLD = 0.5
SEED = 1
U_PAIRS = 1e7
DETERMINISTIC_RECALL = 0.8
SUFFIXES = {"JR", "SR", "II", "III", "IV"}


def spelt_plainly(name: str) -> str:
    """A name in capitals, without accents and punctuation."""
    decomposed = unicodedata.normalize("NFD", name.upper())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^A-Z0-9]+", " ", letters.replace("'", "")).split())


def prepared(row: dict[str, str]) -> dict[str, Any]:
    """A row of a roster as Splink is to see it; what is missing is None."""
    first = spelt_plainly(row.get("first_name", ""))
    words = [
        word for word in spelt_plainly(row.get("last_name", "")).split() if word not in SUFFIXES
    ]
    middle = spelt_plainly(row.get("middle_name", ""))
    birth_date = row.get("birth_date", "")
    return {
        "unique_id": row["local_id"],
        "first_name": first or None,
        "last_name": " ".join(words) or None,
        "last_words": words or None,
        "last_word": words[-1] if words else None,
        "middle_name": middle or None,
        "middle_initial": middle[:1] or None,
        "birth_date": birth_date or None,
        "sex": row.get("sex") or None,
        "zip": row.get("zip") or None,
    }


TYPES = pa.schema(
    [
        ("unique_id", pa.string()),
        ("first_name", pa.string()),
        ("last_name", pa.string()),
        ("last_words", pa.list_(pa.string())),
        ("last_word", pa.string()),
        ("middle_name", pa.string()),
        ("middle_initial", pa.string()),
        ("birth_date", pa.string()),
        ("sex", pa.string()),
        ("zip", pa.string()),
    ]
)


def roster(path: Path) -> pa.Table:
    """The rows of a CSV file, prepared."""
    with path.open(encoding="utf-8", newline="") as stream:
        return pa.Table.from_pylist([prepared(row) for row in csv.DictReader(stream)], TYPES)


def name_comparison(column: str, other: str, *, word_in_common: bool) -> cl.CustomComparison:
    """`NameComparison`'s levels, and those for names exchanged and for a word in common."""
    levels = [
        cll.NullLevel(column),
        cll.ExactMatchLevel(column, term_frequency_adjustments=True),
        cll.JaroWinklerLevel(column, 0.92),
        cll.JaroWinklerLevel(column, 0.88),
        cll.ColumnsReversedLevel(column, other, symmetrical=False),
    ]
    if word_in_common:
        levels.append(cll.ArrayIntersectLevel("last_words", min_intersection=1))
    levels += [cll.JaroWinklerLevel(column, 0.7), cll.ElseLevel()]
    return cl.CustomComparison(levels, output_column_name=column)


def comparisons(present: set[str]) -> list[Any]:
    """What is compared, of the columns that are present."""
    return [
        comparison
        for column, comparison in {
            "first_name": name_comparison("first_name", "last_name", word_in_common=False),
            "last_name": name_comparison("last_name", "first_name", word_in_common=True),
            "birth_date": cl.DateOfBirthComparison("birth_date", input_is_string=True),
            "middle_name": cl.CustomComparison(
                [
                    cll.NullLevel("middle_name"),
                    cll.ExactMatchLevel("middle_name"),
                    cll.ExactMatchLevel("middle_initial"),
                    cll.ElseLevel(),
                ],
                output_column_name="middle_name",
            ),
            "sex": cl.ExactMatch("sex"),
            "zip": cl.CustomComparison(
                [
                    cll.NullLevel("zip"),
                    cll.ExactMatchLevel("zip"),
                    cll.CustomLevel('substr("zip_l", 1, 3) = substr("zip_r", 1, 3)'),
                    cll.ElseLevel(),
                ],
                output_column_name="zip",
            ),
        }.items()
        if column in present
    ]


BLOCKING = [
    block_on("birth_date", "first_name"),
    block_on("birth_date", "last_name"),
    block_on("first_name", "last_name"),
    "l.birth_date = r.birth_date and l.first_name = r.last_name",
    "l.birth_date = r.birth_date and l.last_name = r.first_name",
    block_on("first_name", "zip"),
    block_on("last_name", "zip"),
    block_on("birth_date", "zip"),
    block_on("last_name", "substr(first_name, 1, 1)", "substr(birth_date, 1, 7)"),
    block_on("birth_date", "substr(first_name, 1, 1)", "substr(last_name, 1, 1)"),
    block_on("first_name", "last_word"),
    "l.birth_date = r.birth_date and list_has_any(l.last_words, r.last_words)",
]


def scored_pairs(left: pa.Table, right: pa.Table) -> list[tuple[float, str, str]]:
    """Match weight, left and right local ID of all pairs at or above the threshold."""
    present = {
        name
        for name in TYPES.names
        if left[name].null_count < len(left) and right[name].null_count < len(right)
    }
    database = DuckDBAPI()
    sources = [
        database.register(table, dataset_display_name=name)
        for name, table in (("left_roster", left), ("right_roster", right))
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=comparisons(present),
        blocking_rules_to_generate_predictions=BLOCKING,
    )
    linker = Linker(sources, settings)
    linker.training.estimate_probability_two_random_records_match(
        [
            block_on("first_name", "last_name", "birth_date"),
            block_on("first_name", "birth_date", "zip"),
            block_on("last_name", "birth_date", "zip"),
        ],
        recall=DETERMINISTIC_RECALL,
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS, seed=SEED)
    for rule in (block_on("first_name", "last_name"), block_on("birth_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=THRESHOLD).as_pyarrow_table()
    weights, sides = pairs["match_weight"].to_pylist(), pairs["source_dataset_l"].to_pylist()
    ids = zip(pairs["unique_id_l"].to_pylist(), pairs["unique_id_r"].to_pylist(), strict=True)
    # Splink orders the two sides of a pair by the names that it gave the sources.
    first = min(sides, default="")
    return [
        (weight, *(pair if side == first else pair[::-1]))
        for weight, side, pair in zip(weights, sides, ids, strict=True)
    ]


def one_to_one(pairs: list[tuple[float, str, str]]) -> set[tuple[str, str]]:
    """The pairs that are left when the likeliest go first and take both of their records."""
    taken_left: set[str] = set()
    taken_right: set[str] = set()
    accepted = set()
    for _, left, right in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if left not in taken_left and right not in taken_right:
            taken_left.add(left)
            taken_right.add(right)
            accepted.add((left, right))
    return accepted


def measured(accepted: set[tuple[str, str]], truth: set[tuple[str, str]]) -> dict[str, float]:
    """Precision, recall and F1, and the counts behind them."""
    right = len(accepted & truth)
    precision = right / len(accepted) if accepted else 0.0
    recall = right / len(truth) if truth else 0.0
    total = precision + recall
    return {
        "true_pairs": len(truth),
        "accepted_pairs": len(accepted),
        "precision": round(precision, 5),
        "recall": round(recall, 5),
        "f1": round(2 * precision * recall / total if total else 0.0, 5),
    }


def main() -> None:
    """Read the three files, link, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("left", "right", "truth"):
        parser.add_argument(name, type=Path, help=f"{name} CSV file")
    parser.add_argument("--pairs", type=Path, help="write the accepted pairs to this CSV file")
    paths = parser.parse_args()
    logging.disable(logging.WARNING)
    with paths.truth.open(encoding="utf-8", newline="") as stream:
        truth = {(row["left"], row["right"]) for row in csv.DictReader(stream)}
    sides = roster(paths.left), roster(paths.right)
    start = time.perf_counter()
    accepted = one_to_one(scored_pairs(*sides))
    seconds = time.perf_counter() - start
    if paths.pairs:
        with paths.pairs.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("left", "right"), *sorted(accepted)])
    print(json.dumps({**measured(accepted, truth), "seconds": seconds}, indent=2))


if __name__ == "__main__":
    main()
