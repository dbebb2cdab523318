"""A file is written whole or not at all, and never over another."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pprl.cli import outputs
from pprl.cli.outputs import CROSSWALK, check_output, write_bytes, write_csv
from pprl.errors import UsageError

TABLE = pd.DataFrame({"record": [0, 1], "study_id": ["Ä", "B"]})


def test_a_table_is_the_same_bytes_on_every_system(tmp_path: Path) -> None:
    """UTF-8, one line feed a row, no index."""
    write_csv(TABLE, tmp_path / "a.csv")
    expected = "record,study_id\n0,Ä\n1,B\n".encode()
    assert (tmp_path / "a.csv").read_bytes() == expected


def test_a_table_that_cannot_be_finished_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is told with the file's own name, and what was there stays."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_csv(TABLE, tmp_path / "a.csv")
    before = (tmp_path / "a.csv").read_bytes()
    monkeypatch.setattr(outputs, "csv_into", fail)
    with pytest.raises(UsageError, match=r"a\.csv: cannot be written \(No space left"):
        write_csv(TABLE.head(1), tmp_path / "a.csv")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_bytes_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    """As a table is."""
    with pytest.raises(UsageError, match="cannot be written"):
        write_bytes(b"x", tmp_path / "none" / "a")


def test_one_file_under_two_names_is_one_file(tmp_path: Path) -> None:
    """A path that goes round about is recognised."""
    (tmp_path / "a").mkdir()
    with pytest.raises(UsageError, match="is the linkage key"):
        check_output(
            tmp_path / "a" / ".." / "key", "id map", b"", {"linkage key": tmp_path / "key"}
        )


def test_a_file_of_the_same_kind_may_be_replaced(tmp_path: Path) -> None:
    """A crosswalk may take a crosswalk's place, and nothing else's."""
    path = tmp_path / "a.csv"
    check_output(path, "crosswalk", CROSSWALK, {})
    path.write_bytes(b"record,study_id\r\n0,A\r\n")
    check_output(path, "crosswalk", CROSSWALK, {})
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="is no crosswalk"):
        check_output(path, "crosswalk", CROSSWALK, {})
