"""Linking with Spark gives the pairs, probabilities and persons of `pprl.link`."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import pprl
from pprl.errors import MismatchError, SubmissionError, UsageError
from pprl.exchange import Entries, Submission
from pprl.exchange.columns import integers
from pprl.exchange.entry_tables import entry_table
from pprl.hub import Linkage
from pprl.hub.assignment import gain_of_the_free, one_to_one
from pprl.hub.patterns import PatternCounts
from pprl.hub.scoring import Candidates
from pprl.hub.sources import Sources
from pprl.hub.sweeps import judge_counts
from pprl.spark.hub.admission import checked_filters
from pprl.spark.hub.candidates import compare
from pprl.spark.hub.persons import SOURCE_SHIFT, decide
from pprl.spark.hub.scoring import (
    combine_bucket,
    odds_of_first,
    shared_again,
    shared_once,
    still_free,
)
from tests.spark.scenes import (
    compact,
    in_buckets,
    needs_spark,
    one_executor_killed,
    submissions_of,
)

PAIR = ["source_a", "record_a", "source_b", "record_b"]


def joined(submissions: list[Submission]) -> pa.Table:
    """The join of the entries of all submissions, made by pandas."""
    frames = [
        entry_table(name, entries).to_pandas().assign(source=place)
        for place, item in enumerate(submissions)
        for name, entries in item.passes.items()
    ]
    every = pd.concat(frames, ignore_index=True)
    pairs = every.merge(every, on=["pass", "token"], suffixes=("_a", "_b"))
    pairs = pairs[pairs["source_a"] < pairs["source_b"]]
    return pa.Table.from_pandas(pairs.drop(columns="token"), preserve_index=False)


@pytest.mark.parametrize("sources", [2, 3])
def test_buckets_decide_as_the_whole_does(sources: int) -> None:
    """Every step that executors take, on three buckets each, ends where `pprl.link` does."""
    agreement = compact(sources)
    submissions = sorted(submissions_of(agreement, 150), key=lambda item: item.institution)
    memory = pprl.link(submissions, agreement, progress=False)
    places = Sources.of(submissions, [item.records for item in submissions], agreement)
    section = agreement.linkage
    found = compare(section, sources, joined(submissions))
    rows = {name: integers(found[name]) for name in ("pass", "group", "pattern")}
    counted = [
        PatternCounts.of(rows["group"][own], rows["pattern"][own], len(places.pairs))
        for own in (rows["pass"] == place for place in range(len(section.passes)))
    ]
    judged = judge_counts(counted, [item.manifest for item in submissions], agreement)

    def met(table: pa.Table, columns: list[str], work: Any, *fixed: object) -> pa.Table:
        """Work on buckets of rows whose columns are equal."""
        hashed = pd.util.hash_pandas_object(table.select(columns).to_pandas(), index=False)
        return in_buckets(lambda own: work(*fixed, own), (table, hashed.to_numpy() % np.uint64(3)))

    first, second = ["group", "left"], ["group", "right"]
    even = np.zeros((len(places.pairs), len(judged)))
    table = met(found, [*first, "right"], combine_bucket, judged)
    table = met(table, first, odds_of_first, even)
    table = met(table, second, shared_once, places.sole_sides)
    table = met(table, first, still_free, places.sole_sides)
    taken, total = even.copy(), even.copy()
    at = integers(table["group"]), integers(table["best"])
    np.add.at(taken, at, table["taken"].to_numpy())
    np.add.at(total, at, table["total"].to_numpy())
    gain = gain_of_the_free(taken, total)
    table = met(table, first, odds_of_first, gain)
    table = met(table, second, shared_again, (places.sole_sides, gain))
    for side, name in enumerate(("left", "right")):
        source = places.pairs[integers(table["group"]), side]
        node = (source << SOURCE_SHIFT) + integers(table[name])
        table = table.append_column(f"node_{'ab'[side]}", pa.array(node))
    likely = table.filter(pa.compute.greater_equal(table["probability"], 0.01))
    nodes, place = np.unique(
        np.concatenate([integers(likely[name]) for name in ("node_a", "node_b")]),
        return_inverse=True,
    )
    graph = coo_array((np.ones(len(likely)), np.split(place, 2)), shape=(len(nodes),) * 2)
    home = dict(zip(nodes.tolist(), connected_components(graph, directed=False)[1], strict=True))
    homes = [
        np.array([home.get(node, -1 - side) for node in integers(table[name]).tolist()])
        for side, name in enumerate(("node_a", "node_b"))
    ]
    within = pa.array(homes[0] == homes[1])
    decided = in_buckets(
        lambda own: decide(places.sole, places.pairs, memory.threshold, own),
        (table.filter(within), homes[0][within.to_numpy(zero_copy_only=False)] % 3),
    ).to_pandas()
    names = np.array(places.names, object)
    for side, name in enumerate(("left", "right")):
        decided[PAIR[2 * side]] = names[places.pairs[decided["group"], side]]
        decided[PAIR[2 * side + 1]] = decided[name]
    want = memory.candidates.astype({"record_a": "int64", "record_b": "int64"})
    both = want.merge(decided, on=PAIR, how="left", suffixes=("", "_here"))
    seen = both[both["accepted_here"].notna()]
    assert len(seen) > 50
    assert np.abs(seen["probability"] - seen["probability_here"]).max() < 1e-9
    assert (seen["accepted"] == seen["accepted_here"].astype(bool)).all()
    assert not both.loc[both["accepted_here"].isna(), "accepted"].any()
    assert_same_persons(decided, memory)


def assert_same_persons(decided: pd.DataFrame, memory: Linkage) -> None:
    """Records of pairs have one person here where they have one study ID there."""
    sides = [
        decided[[f"source_{x}", f"record_{x}", f"person_{x}"]].set_axis(
            ["source", "record", "person"], axis=1
        )
        for x in "ab"
    ]
    here = pd.concat(sides).drop_duplicates()
    there = memory.study_ids.astype({"record": "int64"})
    both = here.merge(there, on=["source", "record"])
    assert len(both) == len(here)
    assert (both.groupby("person")["study_id"].nunique() == 1).all()
    assert (both.groupby("study_id")["person"].nunique() == 1).all()


groups_of_rivals = st.lists(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.6, 0.8, 0.9])),
        min_size=1,
        max_size=8,
        unique_by=lambda pair: pair[:2],
    ),
    min_size=2,
    max_size=4,
)


@given(groups=groups_of_rivals)
def test_rivals_are_decided_alike_alone_and_among_others(
    groups: list[list[tuple[int, int, float]]],
) -> None:
    """The choice among pairs that hang together does not depend on other pairs, even in ties."""
    rows = [
        (4 * place + left, 4 * place + right, probability, place)
        for among in itertools.zip_longest(*groups)
        for place, pair in enumerate(among)
        if pair is not None
        for left, right, probability in [pair]
    ]
    left, right, probability, group = (np.array(column) for column in zip(*rows, strict=True))
    sole = np.ones((1, 2), bool)
    whole = one_to_one(_candidates(left, right), probability, 0.5, sole)
    for place in range(len(groups)):
        own = group == place
        alone = one_to_one(_candidates(left[own], right[own]), probability[own], 0.5, sole)
        assert np.array_equal(alone, whole[own])


def _candidates(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> Candidates:
    """Candidates of two sources, in the order of their tokens."""
    nothing = np.zeros(len(left), np.int64)
    return Candidates(
        nothing.astype(np.int32),
        left.astype(np.uint32),
        right.astype(np.uint32),
        np.arange(len(left), dtype=np.uint64),
        nothing.astype(np.float64),
        nothing,
        nothing,
    )


def test_a_filter_with_a_bit_too_many_is_refused() -> None:
    """And one of another length, by name of source and pass."""
    agreement = compact(2)
    submission = submissions_of(agreement, 30)[0]
    name, entries = next(iter(submission.passes.items()))
    whole = entry_table(name, entries)
    counted = checked_filters(agreement.linkage, "orchard-usd", whole)
    assert counted.to_pydict() == {"entries": [len(entries)]}
    forged = Entries(entries.tokens, entries.records, entries.filters | np.uint64(1 << 63))
    with pytest.raises(
        SubmissionError, match=f"orchard-usd pass {name!r}: a segment has more".replace("+", "[+]")
    ):
        checked_filters(agreement.linkage, "orchard-usd", entry_table(name, forged))
    short = Entries(entries.tokens, entries.records, entries.filters[:, 1:].copy())
    with pytest.raises(SubmissionError, match="another length"):
        checked_filters(agreement.linkage, "orchard-usd", entry_table(name, short))


@needs_spark
def test_spark_links_as_memory_does_though_an_executor_dies(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three sources: the same candidates, probabilities, decisions and persons."""
    import pprl.spark

    agreement = compact(3)
    submissions = submissions_of(agreement, 150)
    memory = pprl.link(submissions, agreement, progress=False)
    tables = [
        pprl.spark.unpack(cluster, item, str(tmp_path / item.institution)) for item in submissions
    ]
    with one_executor_killed(monkeypatch, "combine_bucket", tmp_path / "killed"):
        linked = pprl.spark.link(tables, agreement, str(tmp_path / "linked"), buckets=3)
    found, want = linked.pairs.toPandas(), memory.candidates
    want = want.astype({"record_a": "int64", "record_b": "int64"})
    both = found.merge(want, on=PAIR, how="outer", suffixes=("", "_want"), indicator=True)
    assert (both["_merge"] == "both").all()
    assert np.abs(both["probability"] - both["probability_want"]).max() < 1e-9
    assert (both["accepted"] == both["accepted_want"]).all()
    assert (both["n_passes"] == both["n_passes_want"]).all()
    every = linked.persons.toPandas()
    assert len(every) == sum(item.records for item in submissions)
    ids = every.merge(memory.study_ids.astype({"record": "int64"}), on=["source", "record"])
    assert len(ids) == len(every)
    assert (ids.groupby("person")["study_id"].nunique() == 1).all()
    assert (ids.groupby("study_id")["person"].nunique() == 1).all()
    ranged = pprl.link(submissions, agreement, memory="1GiB", workers=2, progress=False)
    pd.testing.assert_frame_equal(ranged.candidates, memory.candidates)
    gathered = pprl.spark.gather(tables, agreement, registry=tmp_path / "ids.registry")
    pd.testing.assert_frame_equal(gathered.candidates, memory.candidates)
    assert gathered.quality.recall_interval == memory.quality.recall_interval
    for file in tmp_path.glob("ids.registry*"):
        file.unlink()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*(item.institution for item in submissions), "linked", "killed"}


@needs_spark
def test_a_token_a_million_times_is_refused_before_the_join(cluster: Any, tmp_path: Path) -> None:
    """A forged submission cannot make the join explode, and nothing is left half-written."""
    import pprl.spark

    agreement = compact(2)
    honest = submissions_of(agreement, 60)
    tables = [pprl.spark.unpack(cluster, item, str(tmp_path / item.institution)) for item in honest]
    name = agreement.linkage.passes[0].name
    entries = tables[0].entries
    crowd = entries.where(entries["pass"] == name).limit(1).selectExpr("token", "filter")
    records = cluster.range(1_000_000).selectExpr(f"'{name}' AS pass", "id AS record")
    forged = entries.where(entries["pass"] != name).unionByName(records.crossJoin(crowd))
    manifest = dataclasses.replace(tables[0].manifest, records=1_000_000)
    liar = dataclasses.replace(tables[0], entries=forged, manifest=manifest)
    with pytest.raises(SubmissionError, match="city-college pass"):
        pprl.spark.link([liar, tables[1]], agreement, str(tmp_path / "linked"))
    alone = dataclasses.replace(
        agreement,
        linkage=dataclasses.replace(agreement.linkage, passes=agreement.linkage.passes[:1]),
    )
    crowded = dataclasses.replace(
        liar,
        entries=records.crossJoin(crowd).select(*entries.columns),
        manifest=dataclasses.replace(manifest, linkage=alone.linkage_digest),
    )
    other = dataclasses.replace(
        tables[1],
        entries=tables[1].entries.where(f"pass = '{name}'"),
        manifest=dataclasses.replace(tables[1].manifest, linkage=alone.linkage_digest),
    )
    with pytest.raises(SubmissionError, match="tokens repeat"):
        pprl.spark.link([crowded, other], alone, str(tmp_path / "linked"))
    assert {path.name for path in tmp_path.iterdir()} == {item.institution for item in honest}
    with pytest.raises(SubmissionError, match="holds no tables"):
        pprl.spark.SubmissionTables.open(cluster, str(tmp_path))
    with pytest.raises(UsageError, match="at least two"):
        pprl.spark.link([], agreement, str(tmp_path / "linked"))
    with pytest.raises(MismatchError, match="two submissions of one institution"):
        pprl.spark.link([tables[0], tables[0]], agreement, str(tmp_path / "linked"))


@needs_spark
def test_stars_find_the_components_that_scipy_finds(cluster: Any, tmp_path: Path) -> None:
    """Paths, cycles, stars, cliques and random graphs, each component by its least node."""
    from pprl.spark.hub.components import components

    rng = np.random.default_rng(3)
    edges = [(0, 1), *((k, k + 1) for k in range(10, 40)), *((50, k) for k in range(51, 60))]
    edges += [(70, 71), (71, 72), (72, 70), *((i, j) for i in range(80, 85) for j in range(80, i))]
    edges += [(int(a), int(b)) for a, b in rng.integers(100, 400, (220, 2)) if a != b]
    shuffled = rng.permutation(400) * 7 - 1000
    edges = [(int(shuffled[a]), int(shuffled[b])) for a, b in edges]
    rounds = iter(range(100))

    def keep(frame: Any) -> Any:
        path = str(tmp_path / str(next(rounds)))
        frame.write.parquet(path)
        return cluster.read.parquet(path)

    frame = cluster.createDataFrame(edges, "node bigint, least bigint")
    found = {row["node"]: row["least"] for row in components(frame, keep).collect()}
    nodes, place = np.unique(np.array(edges), return_inverse=True)
    ends = place.reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges)), (ends[0], ends[1])), shape=(len(nodes),) * 2)
    label = connected_components(graph, directed=False)[1]
    least = {c: int(nodes[label == c].min()) for c in np.unique(label)}
    want = {int(node): least[c] for node, c in zip(nodes, label, strict=True) if node != least[c]}
    assert found == want
