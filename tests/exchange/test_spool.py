"""Claims about entries that wait on the disk."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

import pprl
from pprl import LinkageKey, State
from pprl.errors import SubmissionError
from pprl.exchange import Entries
from pprl.exchange.spool import Spool
from tests.rosters import agreement_on, varied


def entries(count: int, words: int, seed: int) -> Entries:
    """Random ones."""
    rng = np.random.default_rng(seed)
    return Entries(
        np.unique(rng.integers(0, 1 << 64, count, np.uint64)),
        rng.integers(0, 1 << 32, count, np.uint32),
        rng.integers(0, 1 << 64, (count, words), np.uint64),
    )


def same(one: Entries, other: Entries) -> bool:
    """Whether all three arrays are equal."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("tokens", "records", "filters")
    )


def test_entries_come_back_as_they_were_even_after_the_spool_is_closed(tmp_path: Path) -> None:
    """Several tables, an empty one among them; no file of any name is to be seen."""
    tables = [entries(count, words, count) for count, words in ((7, 3), (0, 2), (1000, 11))]
    spool = Spool(tmp_path)
    kept = [spool.keep(table) for table in tables]
    spool.close()
    assert all(same(one, other) for one, other in zip(tables, kept, strict=True))
    assert not kept[2].filters.flags.writeable
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_with_the_way_out(tmp_path: Path) -> None:
    """Not a traceback from the system."""
    with pytest.raises(SubmissionError, match=r"cannot be kept there .*TMPDIR"):
        Spool(tmp_path / "absent")


def test_a_large_submission_is_the_same_as_one_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where its entries lie differs."""
    rows, agreement = varied(60, seed=2), agreement_on(["birth-date", "first-last"])
    key = LinkageKey(bytes(32))

    def encoded() -> pprl.Submission:
        state = State.in_memory(bytes(32))
        return pprl.encode(rows, agreement, key, "fresno", state=state, progress=False).submission

    small = encoded()
    encoding = importlib.import_module("pprl.institution.encode")
    monkeypatch.setattr(encoding, "MOST_IN_MEMORY", 0)
    large = encoded()
    assert large.manifest == small.manifest
    assert all(same(small.passes[name], large.passes[name]) for name in small.passes)
    assert not large.passes["first-last"].filters.flags.writeable
