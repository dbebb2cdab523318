"""A linkage's folder is there whole or not at all, and every source gets its own IDs back."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pprl import Agreement, Linkage
from pprl.errors import UsageError
from pprl.hub import Quality
from pprl.hub.study_ids import new_study_ids
from pprl.results import folder as linkage_folder
from pprl.results import read_crosswalk, write_linkage

RECORDS = {"a": 3, "b": 2}


@pytest.fixture
def linkage() -> Linkage:
    """Two sources of which record 1 and record 0 are one person."""
    persons = new_study_ids(4)
    study_ids = pd.DataFrame(
        {
            "source": np.array(["a", "a", "a", "b", "b"], object),
            "record": np.array([0, 1, 2, 0, 1], np.uint32),
            "study_id": np.array([persons[i] for i in (0, 1, 2, 1, 3)], object),
            "recipient_id": np.array(new_study_ids(5), object),
        }
    )
    return Linkage(
        agreement=Agreement.students(list(RECORDS)),
        threshold=0.5,
        records=RECORDS,
        candidates=pd.DataFrame(
            {
                "source_a": ["a", "a"],
                "record_a": [1, 2],
                "source_b": ["b", "b"],
                "record_b": [0, 1],
                "probability": [0.987654321, 0.2],
                "n_passes": [7, 1],
                "accepted": [True, False],
            }
        ),
        study_ids=study_ids,
        quality=Quality(0.99, 0.98, 1.2, 0.0),
    )


def test_a_crosswalk_is_read_as_the_linkage_gives_it(linkage: Linkage, tmp_path: Path) -> None:
    """What a source is given comes back from the folder unchanged."""
    write_linkage(linkage, tmp_path / "out")
    for source in RECORDS:
        read = read_crosswalk(tmp_path / "out", source)
        given = linkage.crosswalk(source)
        assert read["record"].tolist() == given["record"].tolist()
        assert read["study_id"].tolist() == given["study_id"].tolist()
        assert read["record"].dtype == np.uint32


def test_the_hub_keeps_both_names_of_a_person(linkage: Linkage, tmp_path: Path) -> None:
    """`study-ids.csv` tells the hub's own IDs from those that each recipient is given."""
    write_linkage(linkage, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "study-ids.csv")
    assert list(table.columns) == ["source", "record", "study_id", "recipient_id"]
    assert table["study_id"].tolist() == linkage.study_ids["study_id"].tolist()
    recipient = [*linkage.crosswalk("a")["study_id"], *linkage.crosswalk("b")["study_id"]]
    assert table["recipient_id"].tolist() == recipient
    assert set(table["recipient_id"]).isdisjoint(table["study_id"])


def test_only_accepted_pairs_are_written(linkage: Linkage, tmp_path: Path) -> None:
    """A rejected candidate is in no file, and the summary is what the linkage says."""
    write_linkage(linkage, tmp_path / "out")
    assert (tmp_path / "out" / "pairs.csv").read_text(encoding="utf-8").splitlines() == [
        "source_a,record_a,source_b,record_b,probability,n_passes",
        "a,1,b,0,0.987654,7",
    ]
    summary = (tmp_path / "out" / "summary.txt").read_text(encoding="utf-8")
    assert summary == linkage.summary() + "\n"


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_nobody_else_can_read_the_folder(linkage: Linkage, tmp_path: Path) -> None:
    """Folders are for the owner alone, and so is every file."""
    write_linkage(linkage, tmp_path / "out")
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path.name


def test_study_ids_are_never_overwritten(linkage: Linkage, tmp_path: Path) -> None:
    """A folder that holds anything is refused and left as it is."""
    write_linkage(linkage, tmp_path / "out")
    before = (tmp_path / "out" / "study-ids.csv").read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        write_linkage(linkage, tmp_path / "out")
    assert (tmp_path / "out" / "study-ids.csv").read_bytes() == before


def test_an_empty_folder_is_filled(linkage: Linkage, tmp_path: Path) -> None:
    """A folder made beforehand serves as well as none."""
    (tmp_path / "out").mkdir()
    write_linkage(linkage, tmp_path / "out")
    assert len(read_crosswalk(tmp_path / "out", "a")) == 3


def test_a_file_in_the_folders_place_is_left_alone(linkage: Linkage, tmp_path: Path) -> None:
    """What is no folder is not replaced by one."""
    (tmp_path / "out").write_text("notes", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        write_linkage(linkage, tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "notes"


def test_a_missing_parent_is_told(linkage: Linkage, tmp_path: Path) -> None:
    """No chain of folders is made on account of a misspelt path."""
    with pytest.raises(UsageError, match="there is no folder"):
        write_linkage(linkage, tmp_path / "absent" / "out")


def test_a_failure_leaves_nothing_behind(
    linkage: Linkage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk fills up half-way, neither the folder nor its partial twin remains."""
    written: list[Path] = []

    def fail(table: pd.DataFrame, path: Path) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append(path)
        path.write_bytes(b"something")

    monkeypatch.setattr(linkage_folder, "_write_table", fail)
    with pytest.raises(UsageError, match=r"cannot be written \(No space left on device\)"):
        write_linkage(linkage, tmp_path / "out")
    assert written
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_source_is_told_which_there_are(linkage: Linkage, tmp_path: Path) -> None:
    """The sources are listed, and no path is made from what was asked for."""
    write_linkage(linkage, tmp_path / "out")
    for name in ("c", "../study-ids", "", "A"):
        with pytest.raises(UsageError, match="Sources: a, b"):
            read_crosswalk(tmp_path / "out", name)


def test_any_other_folder_is_told_from_a_linkage(tmp_path: Path) -> None:
    """A folder without crosswalks, or none at all, is named as what it is not."""
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UsageError, match="is no linkage folder"):
            read_crosswalk(folder, "a")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"record,study_id,name\n",
        b"record;study_id\n",
        b"record,study_id\n0,K7Q2M0ZJ4X8R1TBW5\n",
        b"record,study_id\n0\n",
        b"record,study_id\n\xff\xfe\n",
        b'record,study_id\n"0,\n',
    ],
)
def test_a_crosswalk_that_was_altered_is_refused(
    content: bytes, linkage: Linkage, tmp_path: Path
) -> None:
    """A file that lost a column, a symbol or its encoding gives no IDs."""
    write_linkage(linkage, tmp_path / "out")
    path = tmp_path / "out" / "crosswalks" / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="Restore it from a backup"):
        read_crosswalk(tmp_path / "out", "a")


def test_rows_that_were_sorted_or_taken_out_are_noticed(linkage: Linkage, tmp_path: Path) -> None:
    """Records stand in their order from 0, as they were written."""
    write_linkage(linkage, tmp_path / "out")
    path = tmp_path / "out" / "crosswalks" / "a.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    for altered in (rows[::-1], rows[1:]):
        path.write_text("\n".join([header, *altered]), encoding="utf-8")
        with pytest.raises(UsageError, match="Restore it"):
            read_crosswalk(tmp_path / "out", "a")
