"""Splink clusters our pairs, and it and DuckDB compare our filters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pprl.errors import UsageError
from pprl.interop import Clks
from pprl.interop.splink import dice_comparison, dice_sql, nodes, predictions

PAIRS = pd.DataFrame(
    [["a", 0, "b", 1, 0.99, 3], ["b", 1, "c", 0, 0.9, 2], ["a", 1, "c", 1, 0.2, 1]],
    columns=["source_a", "record_a", "source_b", "record_b", "probability", "n_passes"],
)


def test_predictions_have_splinks_columns() -> None:
    """Weights are the log2 of the odds, and finite for certainties too."""
    made = predictions(PAIRS)
    assert list(made) == [
        "match_weight",
        "match_probability",
        "source_dataset_l",
        "unique_id_l",
        "source_dataset_r",
        "unique_id_r",
        "record_id_l",
        "record_id_r",
    ]
    assert made["match_weight"].tolist() == pytest.approx([6.6294, 3.1699, -2.0], abs=1e-4)
    assert made["record_id_r"].tolist() == ["b-__-1", "c-__-0", "c-__-1"]
    certain = predictions(PAIRS.assign(probability=[0.0, 1.0, 0.5]))
    assert certain["match_weight"].tolist() == pytest.approx([-39.86, 39.86, 0], abs=0.01)
    with pytest.raises(UsageError, match="lack the columns probability"):
        predictions(PAIRS.drop(columns="probability"))


def test_nodes_are_every_record() -> None:
    """Those that are in no pair too."""
    made = nodes({"a": 2, "b": 1})
    assert made.to_dict("list") == {
        "source_dataset": ["a", "a", "b"],
        "unique_id": [0, 1, 0],
        "record_id": ["a-__-0", "a-__-1", "b-__-0"],
    }
    assert len(nodes({})) == 0


def test_splink_clusters_the_predictions() -> None:
    """Into the connected components of the pairs that are likely enough."""
    pytest.importorskip("splink")
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    clusters = cluster_pairwise_predictions_at_threshold(
        nodes({"a": 2, "b": 2, "c": 2}),
        predictions(PAIRS),
        DuckDBAPI(),
        node_id_column_name="record_id",
        threshold_match_probability=0.5,
    )
    found: dict[str, set[str]] = {}
    for row in clusters.as_record_list():
        found.setdefault(row["cluster_id"], set()).add(row["record_id"])
    assert sorted(map(sorted, found.values())) == [
        ["a-__-0", "b-__-1", "c-__-0"],
        ["a-__-1"],
        ["b-__-0"],
        ["c-__-1"],
    ]


def filters() -> Clks:
    """A few random ones, and an empty one."""
    made = np.random.default_rng(5).integers(0, 2**63, (6, 2), dtype=np.uint64)
    made[3] = 0
    return Clks(made, 128)


def test_duckdb_computes_the_dice_coefficient() -> None:
    """Of BLOBs; that of two empty filters is NULL."""
    duckdb = pytest.importorskip("duckdb")
    clks = filters()
    table = pd.DataFrame({"number": range(6), "clk": clks.to_series()})
    sql = f"SELECT l.number, r.number, {dice_sql('l.clk', 'r.clk')} FROM t l, t r ORDER BY 1, 2"
    connection = duckdb.connect()
    connection.register("t", table)
    for i, j, score in connection.execute(sql).fetchall():
        a, b = clks.filters[i], clks.filters[j]
        common, ones = (int(np.bitwise_count(x).sum()) for x in (a & b, np.append(a, b)))
        assert score == (2 * common / ones if ones else None)


def test_splink_takes_the_comparison_of_filters() -> None:
    """A null level, the thresholds from the top, and all other."""
    pytest.importorskip("splink")
    from splink import DuckDBAPI, Linker, SettingsCreator

    comparison = dice_comparison("clk", (0.5, 0.9))
    labels = [level["label_for_charts"] for level in comparison["comparison_levels"]]
    assert labels == ["missing", "Dice at least 0.9", "Dice at least 0.5", "all other"]
    table = pd.DataFrame({"unique_id": range(6), "clk": filters().to_series()})
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=["1=1"],
        comparisons=[comparison],
    )
    api = DuckDBAPI()
    linker = Linker(api.register(table), settings)
    scored = linker.inference.predict().as_record_list()
    assert len(scored) == 15
