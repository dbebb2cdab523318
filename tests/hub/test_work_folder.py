"""Claims about work folders: what was done is kept, and nothing else is taken for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from pprl.errors import UsageError
from pprl.exchange import Submission
from pprl.hub import work_folder
from pprl.hub.comparison import PassPairs
from pprl.hub.kept_pairs import joined
from pprl.hub.ranges import Cut
from pprl.hub.sources import Sources
from pprl.hub.work_folder import WorkFolder, subject_of

SOURCES = Sources(["a", "b"], np.array([8, 5]), np.array([8, 5]), np.ones(2, bool))
CUT = Cut(((0, 1 << 60, 1 << 63), (0,)), 3, 100)


def pairs(seed: int, count: int = 20) -> PassPairs:
    """Pairs of the two sources."""
    rng = np.random.default_rng(seed)
    return PassPairs(
        np.zeros(count, np.int32),
        rng.integers(0, 8, count, np.uint32),
        rng.integers(0, 5, count, np.uint32),
        rng.integers(0, 1 << 64, count, np.uint64),
        rng.integers(0, 1000, count, np.int64),
    )


@pytest.fixture
def begun(tmp_path: Path) -> WorkFolder:
    """A work folder in which nothing was done."""
    return WorkFolder.open(tmp_path / "work", "subject", CUT, SOURCES)


def test_pairs_come_back_by_range_of_records(begun: WorkFolder) -> None:
    """All of them, each in its range, in the order in which they were."""
    kept = {place: pairs(seed) for seed, place in enumerate(CUT.places)}
    for place, own in kept.items():
        assert not begun.holds(place)
        begun.keep(place, own)
        assert begun.holds(place)
    for number, starts in enumerate(CUT.starts):
        whole = joined([kept[number, part] for part in range(len(starts))])
        place = CUT.record_range(whole, SOURCES)
        for own in range(CUT.record_ranges):
            found = joined(list(begun.pieces(number, own)))
            for name, column in vars(found).items():
                assert column.dtype == vars(whole)[name].dtype
                assert np.array_equal(column, vars(whole)[name][place == own])


def test_a_folder_is_gone_on_with_as_it_was_cut(begun: WorkFolder, tmp_path: Path) -> None:
    """Whatever the memory would allow now; what was being written when it was killed is deleted."""
    begun.keep((1, 0), pairs(1))
    (tmp_path / "work" / ".00-0000.arrow.0123456789ab.partial").write_bytes(b"half")
    again = WorkFolder.open(tmp_path / "work", "subject", Cut(((0,), (0,)), 1, 500), SOURCES)
    assert again.cut == CUT
    assert again.holds((1, 0)) and not again.holds((0, 0))
    assert {path.name for path in (tmp_path / "work").iterdir()} == {"work.json", "01-0000.arrow"}


def test_nobody_else_may_read_a_work_folder(begun: WorkFolder, tmp_path: Path) -> None:
    """It tells which records are alike."""
    begun.keep((1, 0), pairs(1))
    if os.name == "posix":
        for path in ((tmp_path / "work"), *(tmp_path / "work").iterdir()):
            assert not path.stat().st_mode & 0o077


@pytest.mark.parametrize(
    ("subject", "most", "told"),
    [("another", 100, "other submissions"), ("subject", 99, "more memory")],
)
def test_a_folder_of_another_linking_is_refused(
    subject: str, most: int, told: str, begun: WorkFolder, tmp_path: Path
) -> None:
    """And is left as it is."""
    begun.keep((1, 0), pairs(1))
    with pytest.raises(UsageError, match=told):
        WorkFolder.open(tmp_path / "work", subject, Cut(((0,),), 1, most), SOURCES)
    assert begun.holds((1, 0))


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    """Nothing in it is touched, nor when a work folder is removed."""
    (tmp_path / "theirs.csv").write_text("x", encoding="utf-8")
    (tmp_path / ".theirs.csv.partial").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="no work folder"):
        WorkFolder.open(tmp_path, "subject", CUT, SOURCES)
    WorkFolder.remove(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"theirs.csv", ".theirs.csv.partial"}


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"work": 2}', b'{"work": 1}'])
def test_a_damaged_description_is_told(content: bytes, begun: WorkFolder, tmp_path: Path) -> None:
    """With the way out."""
    assert begun.cut == CUT
    (tmp_path / "work" / "work.json").write_bytes(content)
    with pytest.raises(UsageError, match="Delete the folder"):
        WorkFolder.open(tmp_path / "work", "subject", CUT, SOURCES)


@pytest.mark.parametrize("length", [0, 5, 200, -8, -1])
def test_a_truncated_file_is_told(length: int, begun: WorkFolder, tmp_path: Path) -> None:
    """Deleted, it is a range that is not done."""
    begun.keep((1, 0), pairs(1))
    path = tmp_path / "work" / "01-0000.arrow"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UsageError, match=r"01-0000.arrow: is damaged. Delete it"):
        begun.holds((1, 0))
    with pytest.raises(UsageError, match=r"01-0000.arrow: is damaged. Delete it"):
        list(begun.pieces(1, 0))
    path.unlink()
    assert not begun.holds((1, 0))
    with pytest.raises(UsageError, match="cannot be read"):
        list(begun.pieces(1, 0))


def test_a_file_of_another_cut_is_told(begun: WorkFolder, tmp_path: Path) -> None:
    """It holds another number of ranges of records."""
    other = WorkFolder.open(tmp_path / "other", "s", Cut(CUT.starts, 2, 100), SOURCES)
    other.keep((1, 0), pairs(1))
    (tmp_path / "other" / "01-0000.arrow").rename(tmp_path / "work" / "01-0000.arrow")
    with pytest.raises(UsageError, match="is damaged"):
        list(begun.pieces(1, 0))


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    begun: WorkFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The range is not done; those that were done stay."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    begun.keep((1, 0), pairs(1))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        begun.keep((0, 0), pairs(2))
    assert not begun.holds((0, 0)) and begun.holds((1, 0))
    assert not list((tmp_path / "work").glob(".*"))


def test_a_work_folder_is_removed_with_all_that_is_its_own(
    begun: WorkFolder, tmp_path: Path
) -> None:
    """The folder too, once it is empty."""
    begun.keep((1, 0), pairs(1))
    WorkFolder.remove(tmp_path / "work")
    assert not (tmp_path / "work").exists()
    with pytest.raises(UsageError, match="deleted"):
        WorkFolder.remove(tmp_path / "work")


def test_a_linking_is_known_by_its_entries(
    two: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the order of its submissions; by the agreement and the version of pprl."""
    subject = subject_of(two, "d" * 64)
    assert subject == subject_of(two[::-1], "d" * 64)
    assert subject not in (subject_of(two[:1], "d" * 64), subject_of(two, "e" * 64))
    two[0].passes["birth"].filters[0, 0] ^= np.uint64(1)
    assert subject_of(two, "d" * 64) != subject
    two[0].passes["birth"].filters[0, 0] ^= np.uint64(1)
    monkeypatch.setattr(work_folder, "__version__", "another")
    assert subject_of(two, "d" * 64) != subject
