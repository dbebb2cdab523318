"""The id map is private, and no map is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from pprl.errors import UsageError
from pprl.institution.id_map import read_id_map, write_id_map

MAP = pd.DataFrame({"record": [0, 1, 1, 2], "local_id": ["0017", "Ñ, 2", "NA", "null"]})


def test_a_map_reads_back_as_it_was(tmp_path: Path) -> None:
    """Leading zeros, commas, letters and "NA" survive; only the owner may read it."""
    path = tmp_path / "map.csv"
    write_id_map(MAP, path)
    assert read_id_map(path).to_dict("list") == MAP.to_dict("list")
    assert os.name != "posix" or path.stat().st_mode & 0o077 == 0


def test_the_same_map_may_be_written_again(tmp_path: Path) -> None:
    """Running a job twice does no harm."""
    path = tmp_path / "map.csv"
    write_id_map(MAP, path)
    write_id_map(MAP, path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_map_of_another_submission_is_not_overwritten(tmp_path: Path) -> None:
    """Its crosswalk would give students each other's study IDs."""
    path = tmp_path / "map.csv"
    write_id_map(MAP, path)
    with pytest.raises(UsageError, match="is the id map of another submission"):
        write_id_map(MAP.iloc[:1], path)
    assert read_id_map(path).to_dict("list") == MAP.to_dict("list")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The cause is named."""
    with pytest.raises(UsageError, match="cannot be written"):
        write_id_map(MAP, tmp_path / "none" / "map.csv")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("record,student\n0,7\n", "other columns than record,local_id"),
        ("record,local_id\n", "does not hold numbers"),
        ("record,local_id\nseven,7\n", "does not hold numbers"),
        ("record,local_id\n99999999999999999999,7\n", "does not hold numbers"),
        ('record,local_id\n"0,7\n', "is not a CSV file in UTF-8"),
    ],
)
def test_what_is_no_id_map_is_told(text: str, told: str, tmp_path: Path) -> None:
    """By the file's name; no local id is shown."""
    path = tmp_path / "map.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told) as caught:
        read_id_map(path)
    assert "map.csv" in str(caught.value)
    assert "seven" not in str(caught.value)
