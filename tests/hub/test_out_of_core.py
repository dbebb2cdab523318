"""Claims about linking out of core: the same linkage, whatever the memory and the workers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl import Agreement, Linkage, Submission
from pprl.errors import UsageError
from pprl.exchange import Entries
from pprl.hub import sweeps
from pprl.hub.comparison import PassPairs, compare_pass
from pprl.hub.memory import PROGRAM

LITTLE = PROGRAM + 700_000


def same(one: Linkage, other: Linkage) -> None:
    """Everything that came out is the same, bit for bit, but the study IDs' letters."""
    pd.testing.assert_frame_equal(one.candidates, other.candidates, check_exact=True)
    pd.testing.assert_frame_equal(one.pairs, other.pairs, check_exact=True)
    for told in ("study_id", "recipient_id"):
        persons = [pd.factorize(linkage.study_ids[told])[0] for linkage in (one, other)]
        assert np.array_equal(*persons)
    for field in dataclasses.fields(one.quality):
        ours, theirs = (getattr(linkage.quality, field.name) for linkage in (one, other))
        if isinstance(ours, pd.DataFrame):
            pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
        else:
            assert ours == theirs
    assert one.summary() == other.summary()
    assert str(one.explain(one.pairs.iloc[0])) == str(other.explain(other.pairs.iloc[0]))
    pd.testing.assert_frame_equal(one.review().questions, other.review().questions)


@pytest.mark.parametrize("workers", [1, 5])
def test_a_linking_in_ranges_is_the_one_in_memory(
    workers: int, submissions: list[Submission], students_agreement: Agreement, linked: Linkage
) -> None:
    """Pairs, probabilities, persons, quality, reasons: the same bits."""
    ranges: list[int] = []
    again = pprl.link(
        submissions[::-1],
        students_agreement,
        memory=LITTLE,
        workers=workers,
        progress=lambda _step, _done, of: ranges.append(of),
    )
    assert ranges[0] > len(students_agreement.linkage.passes)
    same(linked, again)


def test_workers_change_nothing_in_memory(
    submissions: list[Submission], students_agreement: Agreement, linked: Linkage
) -> None:
    """Passes are compared side by side, and judged in their order."""
    same(linked, pprl.link(submissions, students_agreement, workers=3, progress=False))


def test_a_linking_that_was_broken_off_goes_on(
    submissions: list[Submission],
    students_agreement: Agreement,
    linked: Linkage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Again and again; no range is compared twice, and the linkage is the unbroken one."""
    compared: list[int] = []

    def breaking(tables: Sequence[Entries], *rest: Any) -> PassPairs:
        if len(compared) % 6 == 5:
            compared.append(0)
            raise KeyboardInterrupt
        compared.append(1)
        return compare_pass(tables, *rest)

    def go_on() -> Linkage:
        return pprl.link(
            submissions,
            students_agreement,
            memory=LITTLE,
            work=tmp_path / "work",
            workers=1,
            progress=False,
        )

    monkeypatch.setattr(sweeps, "compare_pass", breaking)
    broken = 0
    while True:
        try:
            again = go_on()
            break
        except KeyboardInterrupt:
            broken += 1
    assert broken > 1
    same(linked, again)
    assert sum(compared) == len(list((tmp_path / "work").glob("*.arrow")))
    before = sum(compared)
    same(linked, go_on())
    assert sum(compared) == before


def test_a_work_folder_serves_another_threshold(
    submissions: list[Submission], students_agreement: Agreement, tmp_path: Path
) -> None:
    """Comparing does not hang on it; without a bound a pass is a range."""
    told: list[int] = []
    for threshold in (0.5, 0.9):
        again = pprl.link(
            submissions,
            students_agreement,
            threshold=threshold,
            work=tmp_path / "work",
            progress=lambda _step, _done, of: told.append(of),
        )
        plain = pprl.link(submissions, students_agreement, threshold=threshold, progress=False)
        same(plain, again)
    assert set(told) == {len(students_agreement.linkage.passes)}
    with pytest.raises(UsageError, match="other submissions"):
        pprl.link(submissions[:2], students_agreement, work=tmp_path / "work", progress=False)


def test_a_registry_remembers_what_was_linked_in_ranges(
    submissions: list[Submission], students_agreement: Agreement, tmp_path: Path
) -> None:
    """The same students have the same IDs in memory."""
    little = PROGRAM + 1_100_000
    first, second = (
        pprl.link(
            submissions,
            students_agreement,
            registry=tmp_path / "registry.sqlite",
            memory=memory,
            progress=False,
        )
        for memory in (little, None)
    )
    assert first.study_ids.equals(second.study_ids)


@pytest.mark.parametrize("memory", ["200MiB", PROGRAM + 200_000])
def test_too_little_memory_is_told(
    memory: str | int, submissions: list[Submission], students_agreement: Agreement
) -> None:
    """Before anything is compared, or once it is known how many candidates there are."""
    with pytest.raises(UsageError, match="at the least"):
        pprl.link(submissions, students_agreement, memory=memory, workers=1, progress=False)
