"""A hub with two match files of one population, and a store to take them in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from pprl import Agreement, LinkageKey, State, Submission, encode
from pprl.hub.custody import CustodyKey, LinkageStore

KEY = LinkageKey(bytes(range(32)))


@pytest.fixture(scope="session")
def keeping(students_agreement: Agreement) -> Agreement:
    """An agreement under which match files are kept."""
    rules = dataclasses.replace(students_agreement.destruction, match_files_on_ingest=False)
    return dataclasses.replace(students_agreement, destruction=rules)


@pytest.fixture(scope="session")
def submissions(
    rosters: dict[str, pd.DataFrame], students_agreement: Agreement
) -> dict[str, Submission]:
    """What each of the three institutions sends."""
    return {
        name: encode(
            rows.drop(columns="person"),
            students_agreement,
            KEY,
            name,
            state=State.in_memory(bytes([place]) * 32),
            progress=False,
        ).submission
        for place, (name, rows) in enumerate(rosters.items())
    }


@pytest.fixture
def files(submissions: dict[str, Submission], tmp_path: Path) -> list[Path]:
    """Their match files."""
    paths = []
    for name, submission in submissions.items():
        paths.append(tmp_path / f"{name}.pprl")
        submission.write(paths[-1])
    return paths


@pytest.fixture
def key() -> CustodyKey:
    """The store's key."""
    return CustodyKey(bytes(range(32)), "linkage store")


@pytest.fixture
def store(tmp_path: Path, key: CustodyKey) -> Iterator[LinkageStore]:
    """A new store, open."""
    with closing(LinkageStore.open(tmp_path / "store", key, make=True)) as opened:
        yield opened
