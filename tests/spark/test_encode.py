"""Encoding with Spark gives the bits of `pprl.encode`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import pprl
from pprl.agreement import Agreement
from pprl.errors import StateError, StudentsError, UsageError
from pprl.exchange import Entries, Submission
from pprl.exchange.columns import filters, integers, words
from pprl.institution import State
from pprl.institution.identities import Identities, identify
from pprl.institution.keys import Keys
from pprl.institution.roster import record_numbers
from pprl.spark.institution.cutting import cut, identified_by
from pprl.spark.institution.emission import chosen, held_blocks
from pprl.spark.institution.filling import fill
from pprl.spark.institution.plan import Plan
from pprl.spark.institution.students import collapsed, latest_of_each, normalised
from pprl.spark.institution.withheld import first_blocks, levels_counted, sides_filled
from tests.rosters import agreement_on, varied
from tests.spark.scenes import KEY, in_buckets, needs_spark, one_executor_killed

PARTY = "fresno"
SECRET = b"s" * 32
PASSES = ("birth-date+first", "first-last", "birth-date", "name-sound+zip")
BUCKETS = 3


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    """Four passes, of which one is crowded and one has three slots."""
    return agreement_on(PASSES)


def numbered(students: pd.DataFrame) -> pd.DataFrame:
    """A roster with its rows' order as a column."""
    return students.reset_index(drop=True).assign(row=np.arange(len(students)))


def assert_same(one: Submission, other: Submission) -> None:
    """Two submissions are equal in every bit."""
    assert one.manifest == other.manifest
    for name, entries in one.passes.items():
        for mine, its in zip(
            vars(entries).values(), vars(other.passes[name]).values(), strict=True
        ):
            assert np.array_equal(mine, its), name


class WithoutSpark:
    """An encoding that goes through the executors' functions, the shuffles done by hand."""

    def __init__(self, students: pd.DataFrame, agreement: Agreement) -> None:
        """Collapse, cut and number the students."""
        state = State.in_memory(SECRET)
        self.keys = Keys.of(KEY, agreement.linkage.digest, PARTY, state)
        self.plan = Plan.of(agreement.linkage, self.keys, BUCKETS)
        rows = normalised("US", pa.Table.from_pandas(numbered(students), preserve_index=False))
        by_id = in_buckets(latest_of_each, (rows, hashed(rows, "local_id")))
        keys = ("first", "last", "year", "month", "day")
        met = in_buckets(collapsed, (by_id, hashed(by_id, *keys)))
        digests = in_buckets(lambda table: cut(self.plan, table), (met, np.arange(len(met)) % 4))
        mint = lambda ids, minted: state.mint(self.keys.context, ids, minted)  # noqa: E731
        identity = identify(Identities.none(), *identified_by(digests), mint).identity
        self.students = digests.append_column(
            "identity", pa.array(identity.view(np.int64))
        ).append_column("record", pa.array(record_numbers(identity).astype(np.int64)))

    def beside(self, work: Any, blocks: pa.Table) -> pa.Table:
        """What `pprl.spark.institution.emission.beside` does."""
        return in_buckets(
            lambda students, own: work(self.plan, students, own),
            (self.students, words(self.students["identity"]) % np.uint64(BUCKETS)),
            (blocks, words(blocks["identity"]) % np.uint64(BUCKETS)),
        )

    def emitted(self) -> pa.Table:
        """The real entries."""
        held = held_blocks(self.plan, self.students).to_pandas()
        alone = held[~held.duplicated(["pass", "token"], keep=False)]
        return self.beside(chosen, pa.Table.from_pandas(alone, preserve_index=False))

    def entries(self) -> dict[str, Entries]:
        """All entries, by pass."""
        table = self.beside(fill, self.emitted())
        passes = {}
        for item in self.plan.section.passes:
            own = table.filter(pa.compute.equal(table["pass"], item.name))
            rows = filters(own["filter"], self.plan.section.words_of(item))
            order = np.argsort(words(own["token"]))
            records = integers(own["record"]).astype(np.uint32)
            passes[item.name] = Entries(words(own["token"])[order], records[order], rows[order])
        return passes

    def levels(self) -> dict[tuple[int, str, int], int]:
        """The withheld pairs at each level."""
        first = first_blocks(self.plan, len(self.students), self.students).to_pandas()
        first = first.sort_values("local_id")
        by_block = first.groupby(["pass", "token"])
        first["side"] = by_block.cumcount() + 1
        two = first[by_block["token"].transform("size") == 2]
        sides = self.beside(sides_filled, pa.Table.from_pandas(two, preserve_index=False))
        counted = in_buckets(
            lambda table: levels_counted(self.plan, table),
            (sides, words(sides["token"]) % np.uint64(BUCKETS)),
        )
        summed = counted.to_pandas().groupby(["pass", "attribute", "level"])["pairs"].sum()
        return {key: int(pairs) for key, pairs in summed.items()}  # type: ignore[misc]


def hashed(table: pa.Table, *columns: str) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A bucket for each row, by some of its columns."""
    frame = table.select(list(columns)).to_pandas()
    return pd.util.hash_pandas_object(frame, index=False).to_numpy() % np.uint64(BUCKETS)


@pytest.fixture(scope="module")
def by_hand(agreement: Agreement) -> WithoutSpark:
    """A varied roster, encoded in buckets."""
    return WithoutSpark(varied(240, 5), agreement)


@pytest.fixture(scope="module")
def in_memory(agreement: Agreement) -> pprl.Encoded:
    """The same, by `pprl.encode`."""
    state = State.in_memory(SECRET)
    return pprl.encode(varied(240, 5), agreement, KEY, PARTY, state=state, progress=False)


def test_buckets_make_the_entries_of_the_whole(
    by_hand: WithoutSpark, in_memory: pprl.Encoded
) -> None:
    """Students in three buckets emit, decoys included, what they emit together."""
    passes = by_hand.entries()
    assert_same(in_memory.submission, Submission(in_memory.submission.manifest, passes))


def test_buckets_count_the_withheld_pairs_of_the_whole(
    by_hand: WithoutSpark, agreement: Agreement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every level of every attribute, before noise."""
    counted: dict[str, Any] = {}
    monkeypatch.setattr(
        "pprl.institution.published.noised_profile",
        lambda section, item, counts, *_: (
            counted.setdefault(item.name, counts) and pprl.exchange.PassProfile(0, {})
        ),
    )
    pprl.encode(
        varied(240, 5), agreement, KEY, PARTY, state=State.in_memory(SECRET), progress=False
    )
    want = {
        (place, name, level): pairs
        for place, item in enumerate(agreement.linkage.passes)
        for name, row in counted[item.name].items()
        for level, pairs in enumerate(row)
        if pairs
    }
    assert by_hand.levels() == want
    assert sum(want.values()) > 100


def test_a_plan_holds_no_master_key(by_hand: WithoutSpark) -> None:
    """Executors get derived keys: neither the linkage key nor the institution's secret."""
    sent = [
        *by_hand.plan.segments,
        *(key for item in by_hand.plan.passes for key in vars(item).values()),
        by_hand.plan.block_values,
        by_hand.plan.block_pairs,
        by_hand.plan.local_ids,
        by_hand.plan.traits,
    ]
    assert len(set(sent)) == len(sent)
    assert not {KEY.exported(), SECRET} & set(sent)
    assert "Plan object" in repr(by_hand.plan)


def test_rows_of_one_local_id_without_an_order_are_refused() -> None:
    """Which of them is the latest is not guessed."""
    rows = numbered(varied(30, 5)).assign(row=0)
    table = normalised("US", pa.Table.from_pandas(rows, preserve_index=False))
    with pytest.raises(StudentsError, match="2 rows repeat a local_id"):
        latest_of_each(table)


def test_blank_local_ids_are_refused() -> None:
    """They are counted, whoever they are."""
    rows = numbered(varied(30, 5)).assign(local_id=" ")
    table = normalised("US", pa.Table.from_pandas(rows, preserve_index=False))
    with pytest.raises(StudentsError, match="blank in 32 rows"):
        latest_of_each(table)


def frame_of(cluster: Any, students: pd.DataFrame) -> Any:
    """A roster on a cluster, its rows dealt out."""
    return cluster.createDataFrame(numbered(students)).repartition(3)


@needs_spark
def test_spark_makes_the_bits_of_memory_year_after_year(
    cluster: Any, agreement: Agreement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries, manifest, ledger and id map, of two years on one ledger, though executors die."""
    import pprl.spark

    first = varied(120, 5)
    second = pd.concat([first.iloc[20:], varied(60, 9).assign(local_id=lambda t: "T" + t.local_id)])
    mine, its = State.in_memory(SECRET), State.in_memory(SECRET)
    for year, students in enumerate((first, second)):
        here = pprl.encode(students, agreement, KEY, PARTY, state=mine, progress=False)
        targets = str(tmp_path / f"{year}"), str(tmp_path / f"{year}-ids")
        rows = frame_of(cluster, students)
        with one_executor_killed(monkeypatch, ("fill", "chosen")[year], tmp_path / f"dead-{year}"):
            there = pprl.spark.encode(rows, agreement, KEY, PARTY, *targets, state=its, slices=2)
        assert_same(here.submission, there.submission.submission(agreement.linkage))
        ids = cluster.read.parquet(there.id_map).toPandas().astype({"record": "uint32"})
        order = ["record", "local_id"]
        pd.testing.assert_frame_equal(
            ids.sort_values(order, ignore_index=True),
            here.id_map.sort_values(order, ignore_index=True),
            check_dtype=False,
        )
        context = Keys.of(KEY, agreement.linkage.digest, PARTY, mine).context
        for item in agreement.linkage.passes:
            one, other = (state.ledger(context, item.name) for state in (mine, its))
            assert np.array_equal(one.tokens, other.tokens)
            assert np.array_equal(one.holders, other.holders)


@needs_spark
def test_a_refused_roster_leaves_no_folder_and_no_ledger(
    cluster: Any, agreement: Agreement, tmp_path: Path
) -> None:
    """An executor's error comes back as what it was, and nothing is half-written."""
    import pprl.spark

    students = varied(60, 5)
    students.loc[7, "local_id"] = students.loc[8, "local_id"]
    students.loc[7, ["first_name", "last_name", "birth_date"]] = ["Uma", "Canary", "2001-02-03"]
    state = State.in_memory(SECRET)
    with pytest.raises(StudentsError, match="one local_id, but neither") as caught:
        pprl.spark.encode(
            frame_of(cluster, students),
            agreement,
            KEY,
            PARTY,
            str(tmp_path / "out"),
            str(tmp_path / "ids"),
            state=state,
        )
    assert "anary" not in str(caught.value) and caught.value.__cause__ is None
    assert not list(tmp_path.iterdir())
    context = Keys.of(KEY, agreement.linkage.digest, PARTY, state).context
    assert not len(state.identities(context))
    state.serve("reedley")  # the refused run did not even take the state for its party


@needs_spark
def test_renumbered_local_ids_are_refused(cluster: Any) -> None:
    """Most blocks of a pass sent for others: counted over all partitions, pass by pass."""
    from pprl.spark.institution.emission import refuse_lost

    schema = "pass int, token int, holders int, identity int, holder int"
    kept = [(0, k, 1, k, k if k <= 40 else None) for k in range(1, 81)]
    half = [(1, k, 1, k, k if k <= 30 else -1) for k in range(1, 61)]
    refuse_lost(cluster.createDataFrame([*kept, *half], schema))
    with pytest.raises(StudentsError, match="30 of 59 blocks sent earlier"):
        refuse_lost(cluster.createDataFrame([*kept, *half[1:]], schema))


@needs_spark
def test_columns_that_are_no_text_are_refused(
    cluster: Any, agreement: Agreement, tmp_path: Path
) -> None:
    """A ZIP that was a number has lost its zeros; a folder that is there is not written over."""
    import pprl.spark

    targets = str(tmp_path / "out"), str(tmp_path / "ids")
    rows = frame_of(cluster, varied(30, 5))
    with pytest.raises(UsageError, match="column zip holds something other than text"):
        numbers = rows.withColumn("zip", rows["row"])
        pprl.spark.encode(numbers, agreement, KEY, PARTY, *targets)
    with pytest.raises(UsageError, match="no column last_name"):
        pprl.spark.encode(rows.drop("last_name"), agreement, KEY, PARTY, *targets)
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        pprl.spark.encode(rows, agreement, KEY, PARTY, *targets)
    other = State.in_memory(SECRET)
    other.serve("reedley")
    with pytest.raises(StateError, match="cannot serve 'fresno'"):
        (tmp_path / "out").rmdir()
        pprl.spark.encode(rows, agreement, KEY, PARTY, *targets, state=other)
