"""A small linkage of three sources, linked once for all tests of what leaves the hub."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest

import pprl
from tests.rosters import crowded

TODAY = datetime.date(2027, 3, 1)
SOURCES = ("county-college", "fresno-usd", "reedley-college")


@pytest.fixture(scope="session")
def linked() -> pprl.Linkage:
    """Three sources: many students are at two of them, few at all three."""
    agreement = pprl.Agreement.students(SOURCES, "students-1-strict", title="A & B <compact>")
    key = pprl.LinkageKey(bytes(range(32)))
    students = crowded(420, seed=7)
    parts = (students.iloc[:220], students.iloc[60:300], students.iloc[214:420])
    submissions = [
        pprl.encode(part.reset_index(drop=True), agreement, key, name, progress=False).submission
        for name, part in zip(SOURCES, parts, strict=True)
    ]
    return pprl.link(submissions, agreement, progress=False)


@pytest.fixture(scope="session")
def groups(linked: pprl.Linkage) -> pd.DataFrame:
    """A report group for every record, one of them tiny."""
    table = linked.study_ids[["source", "record"]].copy()
    table["group"] = ["few" if i < 4 else "ab"[i % 2] for i in range(len(table))]
    return table
