"""The same people linked twice: with Splink, which sees their names, and with pprl, which does not.

Needs Splink, in an environment of its own or not:

    pip install "pprl-edu" splink
    python examples/beside_splink.py

Splink's model is a plain one, as its tutorial leads to, for a small file; the one in
`benchmarks/against_splink.py` tries harder, and takes each record once. Here both lists of pairs go
through Splink's own clustering as they are. The truth, which neither has seen, is for the scores.
"""

from __future__ import annotations

import logging

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.clustering import cluster_pairwise_predictions_at_threshold

import pprl
from pprl.interop.splink import nodes, predictions
from pprl.synthetic import Roster, population

PERSONS = 2_000
THRESHOLD = 0.5


def without_names(sides: dict[str, Roster]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scored pairs from encodings alone, in Splink's columns; and whose record is whose."""
    agreement = pprl.Agreement.students(sorted(sides))
    key = pprl.LinkageKey.generate()
    encoded = {
        name: pprl.encode(side.students, agreement, key, name) for name, side in sides.items()
    }
    linkage = pprl.link([one.submission for one in encoded.values()], agreement)
    people = pd.concat(
        one.id_map.merge(sides[name].truth, on="local_id").assign(source=name)
        for name, one in encoded.items()
    )
    records = nodes(linkage.records).merge(
        people, left_on=["source_dataset", "unique_id"], right_on=["source", "record"]
    )
    return predictions(linkage.candidates), records[["record_id", "person"]]


def spelt_alike(students: pd.DataFrame) -> pd.DataFrame:
    """Students with names in capitals, without accents and punctuation, as pprl spells them too."""
    table = students.rename(columns={"local_id": "unique_id"})
    for name in ("first_name", "middle_name", "last_name"):
        plain = table[name].str.normalize("NFD").str.upper().str.replace("-", " ")
        table[name] = plain.str.replace(r"[^A-Z ]", "", regex=True).str.strip()
    return table.replace("", None)


def with_names(sides: dict[str, Roster]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scored pairs from names, birth dates, sex and ZIP codes; and whose record is whose."""
    database = DuckDBAPI()
    tables = [spelt_alike(side.students) for side in sides.values()]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("last_name"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.JaroWinklerAtThresholds("middle_name"),
            cl.ExactMatch("sex"),
            cl.ExactMatch("zip"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("birth_date"),
            block_on("first_name", "last_name"),
            block_on("first_name", "zip"),
            block_on("last_name", "zip"),
        ],
    )
    sources = [
        database.register(table, dataset_display_name=name)
        for name, table in zip(sides, tables, strict=True)
    ]
    linker = Linker(sources, settings)
    rule = block_on("first_name", "last_name", "birth_date")
    linker.training.estimate_probability_two_random_records_match([rule], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for blocked in (block_on("first_name", "last_name"), block_on("birth_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(blocked)
    pairs = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    for side in ("l", "r"):
        pairs[f"record_id_{side}"] = pairs[f"unique_id_{side}"]
    people = pd.concat(side.truth for side in sides.values())
    return pairs, people.rename(columns={"local_id": "record_id"})[["record_id", "person"]]


def score(pairs: pd.DataFrame, records: pd.DataFrame) -> pprl.Evaluation:
    """Cluster the pairs with Splink and hold the clusters against the truth."""
    clusters = cluster_pairwise_predictions_at_threshold(
        records[["record_id"]],
        pairs[["record_id_l", "record_id_r", "match_probability"]],
        DuckDBAPI(),
        node_id_column_name="record_id",
        threshold_match_probability=THRESHOLD,
    ).as_pandas_dataframe()
    known = clusters.merge(records, on="record_id")

    def pairs_within(*columns: str) -> int:
        """Pairs of records that agree in all of these."""
        sizes = known.groupby(list(columns)).size()
        return int((sizes * (sizes - 1) // 2).sum())

    return pprl.Evaluation(
        pairs_within("person"), pairs_within("cluster_id"), pairs_within("person", "cluster_id")
    )


def main() -> None:
    """Link the students of a synthetic region both ways."""
    logging.disable(logging.WARNING)
    region = population(PERSONS, seed=11)
    sides = {"district": region.pool("district"), "college": region.pool("college")}
    print(f"Splink, which sees names:   {score(*with_names(sides))}")
    print(f"pprl, which sees bits only: {score(*without_names(sides))}")


if __name__ == "__main__":
    main()
