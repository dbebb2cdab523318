"""Claims about earlier files: who left is linked, and whoever is there counts once."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl.agreement import Agreement
from pprl.errors import MismatchError, UsageError
from pprl.exchange import Submission
from pprl.exchange.spool import Spool
from pprl.hub import earlier
from pprl.hub.earlier import with_departed
from pprl.hub.registry import Registry
from pprl.institution import LinkageKey, State

KEY = LinkageKey(bytes(range(32)))


@pytest.fixture(scope="module")
def states() -> Iterator[dict[str, State]]:
    """A secret and a ledger for each institution."""
    made = {
        name: State.in_memory(bytes([number] * 32))
        for number, name in enumerate(("city-college", "county-college", "orchard-usd"), 1)
    }
    yield made
    for state in made.values():
        state.close()


@pytest.fixture(scope="module")
def files(
    rosters: dict[str, pd.DataFrame], students_agreement: Agreement, states: dict[str, State]
) -> Callable[[str, slice], Submission]:
    """The submission of some of an institution's students, once encoded always the same."""
    made: dict[tuple[str, str], Submission] = {}

    def file(name: str, rows: slice) -> Submission:
        place = (name, str(rows))
        if place not in made:
            roster = rosters[name].iloc[rows].drop(columns="person")
            made[place] = pprl.encode(
                roster, students_agreement, KEY, name, state=states[name], progress=False
            ).submission
        return made[place]

    return file


def test_departed_students_come_after_those_who_are_there(
    files: Callable[[str, slice], Submission],
) -> None:
    """Each once; their entries join the others in the order of tokens."""
    then, now = files("orchard-usd", slice(0, 120)), files("orchard-usd", slice(60, 180))
    both = with_departed(now, [then])
    assert both.records == 180 and both.manifest.institution == "orchard-usd"
    blinded = with_departed(dataclasses.replace(now, blinding="e" * 32), [then])
    assert blinded.blinding == "e" * 32
    for name, entries in both.passes.items():
        assert (np.diff(entries.tokens.astype(object)) > 0).all()
        present = entries.records < 120
        assert np.array_equal(entries.tokens[present], now.passes[name].tokens)
        assert np.array_equal(entries.filters[present], now.passes[name].filters)
        assert set(entries.records.tolist()) == set(range(180))


def test_departed_students_may_lie_on_the_disk(
    files: Callable[[str, slice], Submission],
    students_agreement: Agreement,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same entries, put together a tile at a time, and the same links."""
    then, now = files("orchard-usd", slice(0, 120)), files("orchard-usd", slice(60, 180))
    college = files("county-college", slice(0, 120))
    monkeypatch.setattr(earlier, "TILE", 7)
    with contextlib.closing(Spool(tmp_path)) as spool:
        kept = with_departed(now, [then, then], spool)
        kept.let_go()
    both = with_departed(now, [then])
    assert kept.records == both.records
    for name, entries in both.passes.items():
        for column in ("tokens", "records", "filters"):
            assert np.array_equal(getattr(kept.passes[name], column), getattr(entries, column))
    in_memory, out_of_core = (
        pprl.link([now, college], students_agreement, earlier=[then], progress=False, **bound)
        for bound in ({}, {"memory": "300MiB", "work": tmp_path / "work"})
    )
    pd.testing.assert_frame_equal(in_memory.candidates, out_of_core.candidates, check_exact=True)


def test_nobody_departs_from_the_same_file(files: Callable[[str, slice], Submission]) -> None:
    """Nor from one whose students are all there, however often it is given."""
    now = files("orchard-usd", slice(60, 180))
    assert with_departed(now, [now, now]).records == now.records
    then = files("orchard-usd", slice(0, 120))
    once = with_departed(now, [then])
    assert with_departed(now, [then, then]).records == once.records


def test_who_left_school_is_found_at_college_under_the_same_study_id(
    files: Callable[[str, slice], Submission],
    rosters: dict[str, pd.DataFrame],
    students_agreement: Agreement,
    tmp_path: Path,
) -> None:
    """In the first year no college had them; in the second the district has them no more."""
    district, college = files("orchard-usd", slice(0, 120)), files("county-college", slice(0, 60))
    left, grown = files("orchard-usd", slice(60, 120)), files("county-college", slice(0, 120))
    path = tmp_path / "registry.sqlite"
    first = pprl.link([district, college], students_agreement, registry=path, progress=False)
    second = pprl.link(
        [left, grown], students_agreement, registry=path, earlier=[district], progress=False
    )
    assert second.records == {"county-college": 120, "orchard-usd": 60}
    assert len(second.study_ids) == 180
    assert second.candidates["record_b"].max() < 60
    again = set(first.study_ids["study_id"]) & set(second.study_ids["study_id"])
    without = pprl.link([left, grown], students_agreement, progress=False)
    departed = first.study_ids.query("source == 'orchard-usd'")["study_id"]
    kept = second.study_ids.query("source == 'orchard-usd'")["study_id"]
    moved_on = (
        again - set(kept) - set(first.study_ids.query("source == 'county-college'")["study_id"])
    )
    assert len(moved_on) > 5 and moved_on <= set(departed)
    assert len(without.study_ids) == len(second.study_ids)
    with Registry.open(path) as registry:
        table = registry.crosswalk("orchard-usd")
        assert len(table) == 60
        assert table["study_id"].tolist() == second.crosswalk("orchard-usd")["study_id"].tolist()


def test_a_registry_may_be_given_open(
    files: Callable[[str, slice], Submission], students_agreement: Agreement, tmp_path: Path
) -> None:
    """It stays open, and the same files again give the same names."""
    submissions = [files("orchard-usd", slice(0, 120)), files("county-college", slice(0, 60))]
    with Registry.open(tmp_path / "registry.sqlite") as registry:
        one = pprl.link(submissions, students_agreement, registry=registry, progress=False)
        two = pprl.link(submissions[::-1], students_agreement, registry=registry, progress=False)
        assert one.study_ids.equals(two.study_ids)
        assert len(registry.runs()) == 1


def test_an_earlier_file_of_who_sends_none_now_is_refused(
    files: Callable[[str, slice], Submission], students_agreement: Agreement
) -> None:
    """It can be given as the file of now."""
    now = [files("orchard-usd", slice(0, 120)), files("county-college", slice(0, 60))]
    with pytest.raises(UsageError, match="city-college: an earlier file of it is given"):
        pprl.link(now, students_agreement, earlier=[files("city-college", slice(0, 60))])


def test_an_earlier_file_of_another_key_is_refused(
    files: Callable[[str, slice], Submission],
    rosters: dict[str, pd.DataFrame],
    students_agreement: Agreement,
) -> None:
    """Its students would all seem to have left."""
    other = pprl.encode(
        rosters["orchard-usd"].head(60).drop(columns="person"),
        students_agreement,
        LinkageKey(bytes(32)),
        "orchard-usd",
        progress=False,
    ).submission
    now = [files("orchard-usd", slice(0, 120)), files("county-college", slice(0, 60))]
    with pytest.raises(MismatchError, match="linkage keys differ"):
        pprl.link(now, students_agreement, earlier=[other])
