"""Candidates made by a warehouse's SQL are those of the hub, and come to the same linkage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pprl.agreement import Agreement
from pprl.agreement.levels import Comparison
from pprl.errors import SubmissionError, UsageError
from pprl.exchange import Submission
from pprl.exchange.entry_tables import entries_of, entry_table, export_tables
from pprl.hub import Linkage
from pprl.hub.comparison import compare_pass, source_pairs
from pprl.hub.warehouse import link_joined

duckdb = pytest.importorskip("duckdb")

PAGE = Path(__file__).parents[2] / "docs" / "warehouse.md"
TEXT = PAGE.read_text(encoding="utf-8")
TABLES, REPEATED, JOIN = re.findall(r"```sql\n(.*?)```", TEXT, re.S)
EXPORT, LINK = re.findall(r"```python\n(.*?)```", TEXT, re.S)
PAIR = ["pass", "source_a", "record_a", "source_b", "record_b"]


@pytest.fixture(scope="module")
def warehouse(submissions: list[Submission], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A database into which three submissions were loaded as the page says."""
    folder = tmp_path_factory.mktemp("tables")
    exec(EXPORT, {"submissions": submissions, "folder": folder})
    connection = duckdb.connect()
    connection.execute(TABLES.replace("FOLDER", str(folder)))
    yield connection
    connection.close()


@pytest.fixture
def rows(warehouse: Any) -> pa.Table:
    """The join."""
    return warehouse.sql(JOIN).to_arrow_table()


def test_a_join_in_sql_makes_the_hubs_candidates(
    rows: pa.Table, submissions: list[Submission], students_agreement: Agreement
) -> None:
    """Pass by pass, the same pairs of records."""
    ordered = sorted(submissions, key=lambda item: item.institution)
    names = np.array([item.institution for item in ordered], object)
    pairs = np.array(source_pairs(len(names)))
    section, want = students_agreement.linkage, set()
    for item in section.passes:
        tables = [submission.passes[item.name] for submission in ordered]
        found = compare_pass(tables, Comparison.of(section, item))
        first, second = names[pairs[found.group]].T
        want |= set(
            zip([item.name] * len(found), first, found.left, second, found.right, strict=True)
        )
    assert len(want) > 1000
    assert set(rows.select(PAIR).to_pandas().itertuples(index=False, name=None)) == want


def test_what_sql_joined_is_linked_as_the_files_are(
    warehouse: Any, submissions: list[Submission], students_agreement: Agreement, linked: Linkage
) -> None:
    """The same table of candidates, quality and persons, though rows come in small batches."""
    manifests = [item.manifest for item in reversed(submissions)]
    page = {"warehouse": warehouse, "JOIN": JOIN, "manifests": manifests}
    page["agreement"] = students_agreement
    exec(LINK.replace("1_000_000", "500"), page)
    again = page["linkage"]
    pd.testing.assert_frame_equal(again.candidates, linked.candidates)
    assert again.quality.expected_recall == linked.quality.expected_recall
    both = again.study_ids.merge(linked.study_ids, on=["source", "record"])
    assert (both.groupby("study_id_x")["study_id_y"].nunique() == 1).all()
    assert both["study_id_x"].nunique() == both["study_id_y"].nunique()


def test_honest_tables_have_no_token_twice(warehouse: Any) -> None:
    """The page's check finds nothing, and finds what is forged."""
    assert warehouse.sql(REPEATED).fetchall() == []
    forged = warehouse.cursor()
    forged.execute("CREATE TEMP TABLE entries AS FROM memory.main.entries")
    forged.execute("INSERT INTO temp.entries FROM memory.main.entries LIMIT 1")
    assert (
        len(forged.execute(REPEATED.replace("FROM entries", "FROM temp.entries")).fetchall()) == 1
    )


def forgeries(rows: pa.Table) -> Iterator[tuple[pa.Table, str]]:
    """Joins that are not what they should be, and what is said of them."""
    frame = rows.to_pandas()
    yield pd.concat([frame, frame[:1]]), "more candidates than entries"
    yield frame.assign(source_a="stranger"), "source_a: names a source"
    yield frame.assign(record_b=10**6), "record_b: is beyond"
    yield frame.assign(record_a=-1), "record_a: is beyond"
    yield frame.assign(**{"pass": "none"}), "pass: names one"
    yield frame.assign(filter_a=b"short"), "filter: has another length"
    swapped = {f"{c}_{x}": frame[f"{c}_{y}"] for c in ("source", "record") for x, y in ("ab", "ba")}
    yield frame.assign(**swapped), "must come before source_b"


def test_a_forged_join_is_refused(
    rows: pa.Table, submissions: list[Submission], students_agreement: Agreement
) -> None:
    """By column, and with no traceback of Arrow's or NumPy's."""
    manifests = [item.manifest for item in submissions]
    for forged, said in forgeries(rows):
        table = pa.Table.from_pandas(forged, preserve_index=False)
        with pytest.raises(SubmissionError, match=said):
            link_joined([table], manifests, students_agreement)


def test_a_join_of_nothing_is_a_linkage_without_pairs(
    submissions: list[Submission], students_agreement: Agreement
) -> None:
    """Every record is a person of its own."""
    linkage = link_joined([], [item.manifest for item in submissions], students_agreement)
    assert not len(linkage.candidates)
    assert linkage.study_ids["study_id"].is_unique


def test_tables_give_back_the_entries(submissions: list[Submission]) -> None:
    """In whatever order their rows come."""
    for name, entries in submissions[0].passes.items():
        shuffled = entry_table(name, entries).take(
            np.random.default_rng(1).permutation(len(entries))
        )
        again = entries_of(shuffled, entries.filters.shape[1])
        for mine, its in zip(vars(entries).values(), vars(again).values(), strict=True):
            assert np.array_equal(mine, its)


def test_a_folder_of_tables_is_whole_or_not_there(
    submissions: list[Submission], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is there stays; a full disk leaves nothing; a blinded submission is not exported."""
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        export_tables(submissions[0], tmp_path / "there")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(UsageError, match="No space left"):
        patch.setattr("pyarrow.parquet.write_table", full)
        export_tables(submissions[0], tmp_path / "out")
    blinded = Submission(submissions[0].manifest, submissions[0].passes, "b" * 32)
    with pytest.raises(UsageError, match="blinded"):
        export_tables(blinded, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
