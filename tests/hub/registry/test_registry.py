"""Claims about the registry: who keeps a study ID, what is told to whom, and what survives."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pprl.errors import KeyFileError, MismatchError, RegistryError, UsageError
from pprl.hub.registry import Linked, Registry, store
from pprl.hub.registry.store import Row, Store
from pprl.hub.study_ids import is_study_id

from .conftest import agreed, as_dict, linked, sent

ORCHARD = ["ann", "ben", "cleo"]
COUNTY = ["Ann", "Dan"]
YEAR = {"county-college": COUNTY, "orchard-usd": ORCHARD}
ANN = {"ann": "ann", "Ann": "ann"}


def told(registry: Registry, students: dict[str, list[str]]) -> dict[str, str]:
    """What the sources are told of all these students, who stand in the last rosters."""
    return {
        name: study_id
        for source, names in students.items()
        for name, study_id in as_dict(registry, source, names).items()
    }


def test_the_same_files_again_change_nothing(registry: Registry) -> None:
    """No run is added, and everybody is called as before."""
    first = registry.carry_on(linked(YEAR, ANN), agreed())
    again = registry.carry_on(linked(YEAR, ANN), agreed())
    assert again.run == first.run == 1
    assert again.study_id.tolist() == first.study_id.tolist()
    assert again.recipient_id.tolist() == first.recipient_id.tolist()
    assert len(registry.runs()) == 1


def test_persons_and_records_have_names_of_their_own(registry: Registry) -> None:
    """One person is one study ID at the hub and another at each source."""
    named = registry.carry_on(linked(YEAR, ANN), agreed())
    hub = dict(zip([*COUNTY, *ORCHARD], named.study_id, strict=True))
    assert hub["ann"] == hub["Ann"]
    assert len(set(hub.values())) == 4
    recipients = told(registry, YEAR)
    assert len(set(recipients.values())) == 5
    assert not set(recipients.values()) & set(hub.values())
    assert all(map(is_study_id, [*hub.values(), *recipients.values()]))


def test_a_crosswalk_is_what_the_linkage_said(registry: Registry) -> None:
    """The registry gives it again, for one source at a time."""
    named = registry.carry_on(linked(YEAR, ANN), agreed())
    table = registry.crosswalk("orchard-usd")
    assert table["record"].tolist() == [0, 1, 2]
    assert table["study_id"].tolist() == named.recipient_id[2:].tolist()
    with pytest.raises(UsageError, match=r"Sources: county-college, orchard-usd\."):
        registry.crosswalk("nowhere")


def test_last_years_students_are_found_again(registry: Registry) -> None:
    """In another order, with half of their entries changed, among newcomers."""
    registry.carry_on(linked(YEAR, ANN), agreed())
    before = told(registry, YEAR)
    later = {"county-college": ["Eva", "Dan'", "Ann"], "orchard-usd": ["cleo", "finn", "ann'"]}
    registry.carry_on(linked(later, {"ann'": "a", "Ann": "a"}), agreed())
    after = told(registry, later)
    assert after["ann'"] == before["ann"] and after["Ann"] == before["Ann"]
    assert after["Dan'"] == before["Dan"] and after["cleo"] == before["cleo"]
    assert not {after["Eva"], after["finn"]} & set(before.values())


def test_a_student_who_is_away_for_a_year_is_found_again(registry: Registry) -> None:
    """Blocks of all years are remembered."""
    registry.carry_on(linked(YEAR, ANN), agreed())
    before = told(registry, YEAR)
    registry.carry_on(linked({**YEAR, "orchard-usd": ["ben"]}, {}), agreed())
    registry.carry_on(linked(YEAR, ANN), agreed())
    assert told(registry, YEAR) == before


def test_a_source_that_sends_nothing_this_year_keeps_its_crosswalk(registry: Registry) -> None:
    """What it was told last still holds."""
    registry.carry_on(linked(YEAR, ANN), agreed())
    before = as_dict(registry, "county-college", COUNTY)
    registry.carry_on(linked({"orchard-usd": ORCHARD, "city-college": ["Zoe"]}, {}), agreed())
    assert as_dict(registry, "county-college", COUNTY) == before


def test_a_merge_is_logged_with_reason_and_date(registry: Registry) -> None:
    """The retired study ID points to its successor."""
    first = registry.carry_on(linked(YEAR, {}), agreed())
    second = registry.carry_on(linked(YEAR, ANN), agreed())
    (event,) = registry.log().itertuples(index=False)
    assert event.kind == "merge" and event.run == 2 and event.moment.endswith("Z")
    assert event.reason == (
        "records of county-college and orchard-usd match, probability 0.970, found by 7 passes"
    )
    assert {event.study_id, event.other} == {first.study_id[0], first.study_id[2]}
    assert registry.successor(event.study_id) == event.other
    assert registry.successor(event.other) == event.other
    assert second.study_id[0] == second.study_id[2] == event.other


def test_a_merge_is_not_told_to_sources(registry: Registry) -> None:
    """Neither sees that another partner's record was found to be its own student's."""
    registry.carry_on(linked(YEAR, {}), agreed())
    before = told(registry, YEAR)
    registry.carry_on(linked(YEAR, ANN), agreed())
    assert told(registry, YEAR) == before
    for source in YEAR:
        assert not len(registry.changes(source))


def test_a_merge_within_a_source_is_told_only_where_that_is_agreed(registry: Registry) -> None:
    """Two records of a pooling source that a college's record brings together."""
    pooled = {"city-college": ["Ann"], "orchard-usd": ["ann", "anna", "ben"]}
    secret, open_ = agreed(["orchard-usd"]), agreed(["orchard-usd"], reveal_matches=True)
    registry.carry_on(linked(pooled, {}), secret)
    before = told(registry, pooled)
    together = linked(pooled, {"Ann": "a", "ann": "a", "anna": "a"})
    hub = registry.carry_on(together, secret).study_id
    assert hub[0] == hub[1] == hub[2]
    assert told(registry, pooled) == before
    registry.carry_on(together, open_)
    after = told(registry, pooled)
    assert after["ann"] == after["anna"] and after["ben"] == before["ben"]
    (change,) = registry.changes("orchard-usd").itertuples(index=False)
    assert {change.retired, change.study_id} == {before["ann"], before["anna"]}


def test_the_hub_translates_what_a_source_is_told(registry: Registry) -> None:
    """Of all students it ever sent, absent ones and replaced IDs included."""
    pooled = {"city-college": ["Ann"], "orchard-usd": ["ann", "anna", "ben"]}
    open_ = agreed(["orchard-usd"], reveal_matches=True)
    first = registry.carry_on(linked(pooled, {}), open_)
    second = registry.carry_on(
        linked({**pooled, "orchard-usd": ["ann", "anna"]}, {"Ann": "a", "ann": "a", "anna": "a"}),
        open_,
    )
    known = dict(registry.translation("orchard-usd").itertuples(index=False))
    ann, anna, ben = first.recipient_id[1:]
    assert known[ann] == known[anna] == second.study_id[0]
    assert known[ben] == first.study_id[3]
    assert len(known) == 3
    assert not len(registry.translation("nowhere"))


def test_a_split_is_logged_and_each_source_keeps_its_name(registry: Registry) -> None:
    """One of the two records goes on as the person, the other as a new one."""
    registry.carry_on(linked(YEAR, ANN), agreed())
    before = told(registry, YEAR)
    hub = registry.carry_on(linked(YEAR, {}), agreed()).study_id
    assert hub[0] != hub[2]
    assert told(registry, YEAR) == before
    (event,) = registry.log().itertuples(index=False)
    assert event.kind == "split"
    assert "no longer match, probability 0.030" in event.reason
    assert {event.study_id, event.other} == {hub[0], hub[2]}


def test_a_split_that_no_pair_explains_says_so(registry: Registry) -> None:
    """No pass finds the records any more: a name and a birth date were corrected."""
    registry.carry_on(linked(YEAR, ANN), agreed())
    apart = linked(YEAR, {})
    registry.carry_on(
        Linked(apart.submissions, apart.current, apart.cluster, linked({}, {}).evidence), agreed()
    )
    assert registry.log()["reason"].tolist() == ["no pass finds its records alike any more"]


def test_a_split_within_a_source_must_be_told(registry: Registry) -> None:
    """Two records that had one ID and are two persons do not share it any longer."""
    pooled = {"city-college": ["Ann", "Abe"], "orchard-usd": ["ann", "abe"]}
    everyone = dict.fromkeys(["Ann", "ann", "abe"], "a")
    registry.carry_on(linked(pooled, everyone), agreed(["orchard-usd"]))
    before = told(registry, pooled)
    assert before["ann"] == before["abe"]
    apart = linked(pooled, {"Ann": "a", "ann": "a", "Abe": "b", "abe": "b"})
    registry.carry_on(apart, agreed(["orchard-usd"]))
    after = told(registry, pooled)
    assert after["ann"] == before["ann"] and after["abe"] != before["abe"]
    assert registry.changes("orchard-usd")["study_id"].tolist() == [after["abe"]]
    (event,) = registry.log().itertuples(index=False)
    assert event.reason == (
        "records of city-college and orchard-usd no longer match, probability 0.030, "
        "found by 7 passes"
    )


def test_a_merge_through_a_third_record_says_so(registry: Registry) -> None:
    """Where no pair of the two persons' own records was found."""
    registry.carry_on(linked({"county-college": ["Dan"], "orchard-usd": ["ann"]}, {}), agreed())
    students = {"city-college": ["X"], "county-college": ["Dan"], "orchard-usd": ["ann"]}
    merged = linked(students, dict.fromkeys(["X", "Dan", "ann"], "p"))
    direct = (merged.evidence.left == 1) & (merged.evidence.right == 2)
    evidence = type(merged.evidence)(*(c[~direct] for c in vars(merged.evidence).values()))
    registry.carry_on(
        Linked(merged.submissions, merged.current, merged.cluster, evidence), agreed()
    )
    (event,) = registry.log().itertuples(index=False)
    assert event.reason == "both match a record of city-college"


def test_two_students_that_a_source_sends_as_one_merge(registry: Registry) -> None:
    """The record holds the entries of both."""
    registry.carry_on(linked(YEAR, {}), agreed())
    one = linked(YEAR, {})
    both = sent("orchard-usd", ["ann", "cleo"])
    joined = {
        name: type(e)(e.tokens, np.zeros(len(e.tokens), np.uint32), e.filters)
        for name, e in both.passes.items()
    }
    manifest = sent("orchard-usd", ["x"]).manifest
    submissions = [one.submissions[0], type(both)(manifest, joined)]
    registry.carry_on(
        Linked(submissions, [2, 1], np.array([0, 1, 2]), linked({}, {}).evidence), agreed()
    )
    (event,) = registry.log().itertuples(index=False)
    assert event.kind == "merge"
    assert event.reason == "a source sent their records as one student"


def test_common_ids_are_common_and_their_changes_are_told(registry: Registry) -> None:
    """Where the agreement asks for one ID for all, a merge retires one of two."""
    common = agreed(common_study_ids=True)
    registry.carry_on(linked(YEAR, {}), common)
    before = told(registry, YEAR)
    named = registry.carry_on(linked(YEAR, ANN), common)
    after = told(registry, YEAR)
    assert after["ann"] == after["Ann"] == named.recipient_id[0] == named.study_id[0]
    changes = pd.concat([registry.changes(source) for source in YEAR])
    assert changes["study_id"].tolist() == [after["ann"]]
    assert changes["retired"].isin([before["ann"], before["Ann"]]).all()


def test_another_rule_for_names_is_a_run(registry: Registry) -> None:
    """What sources are told changes, and back again, though nobody was met or parted."""
    own = registry.carry_on(linked(YEAR, ANN), agreed()).recipient_id
    common = registry.carry_on(linked(YEAR, ANN), agreed(common_study_ids=True)).recipient_id
    back = registry.carry_on(linked(YEAR, ANN), agreed()).recipient_id
    assert own.tolist() == back.tolist() != common.tolist()
    assert registry.runs()["run"].tolist() == [1, 2, 3]


def test_an_absent_student_follows_a_merge_only_if_it_may(registry: Registry) -> None:
    """Orchard sends ann no more; her college record turns out to be ben's, whom it does send."""
    registry.carry_on(linked(YEAR, ANN), agreed())
    before = told(registry, YEAR)
    later = {"county-college": COUNTY, "orchard-usd": ["ben"]}
    registry.carry_on(linked(later, {"Ann": "b", "ben": "b"}), agreed())
    assert registry.log()["kind"].tolist() == ["split"]
    registry.carry_on(linked(YEAR, {"Ann": "b", "ben": "b"}), agreed())
    after = told(registry, YEAR)
    assert after == before


def test_a_registry_goes_back_to_any_run(registry: Registry) -> None:
    """What held after that run holds again; later runs stay in the log, undone."""
    registry.carry_on(linked(YEAR, {}), agreed())
    first = told(registry, YEAR)
    state = repr(registry)
    later = {"county-college": [*COUNTY, "Eva"], "orchard-usd": ["ann", "cleo'"]}
    second = registry.carry_on(linked(later, ANN), agreed())
    registry.rollback(1)
    assert repr(registry) == state
    assert told(registry, YEAR) == first
    runs = registry.runs()
    assert runs["undone"].map(bool).tolist() == [False, True]
    again = registry.carry_on(linked(later, ANN), agreed())
    assert again.run == 3
    kept = dict(zip([*COUNTY, "Eva", "ann", "cleo'"], again.recipient_id, strict=True))
    assert kept["ann"] == first["ann"] and kept["cleo'"] == first["cleo"]
    assert kept["Eva"] not in second.recipient_id.tolist()
    with pytest.raises(UsageError, match="withdrawn by a rollback"):
        registry.successor(second.study_id[2])


def test_a_rollback_makes_retired_persons_live_again(registry: Registry) -> None:
    """Their study IDs point to nobody else any more."""
    first = registry.carry_on(linked(YEAR, {}), agreed())
    registry.carry_on(linked(YEAR, ANN), agreed())
    registry.rollback(1)
    assert [registry.successor(name) for name in first.study_id] == first.study_id.tolist()
    registry.rollback(0)
    assert repr(registry) == "<Registry of 0 persons: 0 students of 0 sources>"
    assert registry.carry_on(linked(YEAR, {}), agreed()).run == 3


@pytest.mark.parametrize("run", [2, 4, -1])
def test_a_rollback_to_no_standing_run_is_refused(registry: Registry, run: int) -> None:
    """The message lists those that stand."""
    registry.carry_on(linked(YEAR, {}), agreed())
    registry.carry_on(linked(YEAR, ANN), agreed())
    registry.rollback(1)
    with pytest.raises(UsageError, match=r"Runs: 0, 1\."):
        registry.rollback(run)


def test_what_is_no_study_id_of_the_hub_has_no_successor(registry: Registry) -> None:
    """A source's own ID is not the hub's."""
    named = registry.carry_on(linked(YEAR, {}), agreed())
    with pytest.raises(UsageError, match="is none of the hub's study IDs"):
        registry.successor(named.recipient_id[0])


def test_another_key_or_linkage_section_is_refused(registry: Registry) -> None:
    """Everybody would be new."""
    registry.carry_on(linked(YEAR, {}), agreed())
    with pytest.raises(MismatchError, match="under another linkage key"):
        registry.carry_on(linked(YEAR, {}, key_check="d" * 32), agreed())


def test_blinded_entries_and_match_files_do_not_share_a_registry(registry: Registry) -> None:
    """Their tokens never meet: last year's people would all be new."""
    year = linked(YEAR, {})
    registry.carry_on(year, agreed())
    blinded = [dataclasses.replace(item, blinding="e" * 32) for item in year.submissions]
    with pytest.raises(MismatchError, match="another store, or from match files"):
        registry.carry_on(dataclasses.replace(year, submissions=blinded), agreed())


def test_a_source_that_lost_its_state_is_told(registry: Registry) -> None:
    """Many students whose entries are spread over several records now."""
    many = [f"s{number}" for number in range(60)]
    registry.carry_on(linked({**YEAR, "orchard-usd": many}, {}), agreed())
    torn = linked({**YEAR, "orchard-usd": [f"s{number}" for number in range(60)]}, {})
    orchard = torn.submissions[1]
    passes = dict(orchard.passes)
    names = passes["names"]
    passes["names"] = type(names)(names.tokens, (names.records + 1) % 60, names.filters)
    submissions = [torn.submissions[0], type(orchard)(orchard.manifest, passes)]
    before = repr(registry)
    with pytest.raises(MismatchError, match="orchard-usd: 60 students"):
        registry.carry_on(Linked(submissions, torn.current, torn.cluster, torn.evidence), agreed())
    assert repr(registry) == before


class Stopped(BaseException):
    """What ends a process, and no program catches."""


class Halting:
    """A store that stops at one of its calls, as a process that is killed would."""

    def __init__(self, inner: Store, after: int) -> None:
        """Let this many calls through."""
        self.transaction, self.close = inner.transaction, inner.close
        self._inner, self._left = inner, after

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run a statement, or stop."""
        return self._next().rows(statement, parameters)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows, or stop."""
        self._next().insert(table, rows)

    def _next(self) -> Store:
        """The store itself, while calls are left."""
        self._left -= 1
        if self._left < 0:
            raise Stopped
        return self._inner


def test_a_run_that_stops_anywhere_leaves_nothing_behind(place: str, key_file: Path) -> None:
    """Interrupted at each call in turn, until one comes through."""
    later = {"county-college": [*COUNTY, "Eva"], "orchard-usd": ["ann", "cleo'"]}
    with Registry.open(place, key_file) as registry:
        registry.carry_on(linked(YEAR, {}), agreed())
        before, state, log = told(registry, YEAR), repr(registry), registry.runs()
        inner = registry._store
        for calls in range(100):
            registry._store = Halting(inner, calls)
            try:
                registry.carry_on(linked(later, ANN), agreed())
            except Stopped:
                registry._store = inner
                assert repr(registry) == state
                assert told(registry, YEAR) == before
                assert registry.runs().equals(log)
            else:
                break
        registry._store = inner
        assert 10 < calls < 99
        assert len(registry.runs()) == 2


KILLED = """
import os, signal, sys
from pprl.hub.registry.store import open_store
store = open_store(sys.argv[1])
with store.transaction():
    store.rows("UPDATE members SET recipient_id = 'wrong'")
    store.rows("DELETE FROM persons")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_process_killed_in_the_middle_changes_nothing(place: str, key_file: Path) -> None:
    """Nothing is half-written, and the registry is free for the next."""
    with Registry.open(place, key_file) as registry:
        registry.carry_on(linked(YEAR, ANN), agreed())
        before, state = told(registry, YEAR), repr(registry)
    ended = subprocess.run([sys.executable, "-c", KILLED, place], check=False)
    assert ended.returncode == -signal.SIGKILL
    with Registry.open(place, key_file) as registry:
        assert repr(registry) == state
        assert told(registry, YEAR) == before
        assert registry.carry_on(linked(YEAR, ANN), agreed()).run == 1


def test_of_two_at_once_the_second_waits(place: str, key_file: Path) -> None:
    """And finds what the first wrote."""
    with Registry.open(place, key_file) as one:
        begun, outcome = threading.Event(), []

        def second() -> None:
            with Registry.open(place, key_file) as other:
                begun.set()
                outcome.append(other.carry_on(linked(YEAR, ANN), agreed()))

        thread = threading.Thread(target=second)
        opened = Registry.open(place, key_file)
        opened.close()
        thread.start()
        assert begun.wait(30)
        first = one.carry_on(linked(YEAR, ANN), agreed())
        thread.join(30)
        assert outcome[0].study_id.tolist() == first.study_id.tolist()
        assert len(one.runs()) == 1


def test_who_waits_too_long_is_told(
    place: str, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is changed."""
    monkeypatch.setattr(store, "PATIENCE", 0.05)
    with (
        Registry.open(place, key_file) as one,
        Registry.open(place, key_file) as other,
        one._store.transaction(),
        pytest.raises(RegistryError, match="in use by another process"),
    ):
        other.carry_on(linked(YEAR, ANN), agreed())


def test_a_registry_shows_counts_only(registry: Registry) -> None:
    """Its repr holds no study ID."""
    registry.carry_on(linked(YEAR, ANN), agreed())
    assert repr(registry) == "<Registry of 4 persons: 5 students of 2 sources>"


def test_no_token_and_no_filter_is_kept(tmp_path: Path) -> None:
    """Tokens are blinded under a key in another file."""
    path = tmp_path / "registry.sqlite"
    linkage = linked(YEAR, ANN)
    with Registry.open(path) as registry:
        registry.carry_on(linkage, agreed())
    content = path.read_bytes()
    for submission in linkage.submissions:
        for entries in submission.passes.values():
            assert not any(token.tobytes() in content for token in entries.tokens)
    assert (tmp_path / "registry.sqlite.key").read_bytes().startswith(b"pprl registry key 1\n")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Path]:
    """An SQLite registry with one run, closed."""
    path = tmp_path / "registry.sqlite"
    with Registry.open(path) as registry:
        registry.carry_on(linked(YEAR, ANN), agreed())
    yield path


def test_only_its_owner_reads_a_registry(made: Path) -> None:
    """The file and its key."""
    if os.name == "posix":
        assert made.stat().st_mode & 0o777 == 0o600
        assert Path(f"{made}.key").stat().st_mode & 0o777 == 0o600


def test_a_registry_without_its_key_is_refused(made: Path) -> None:
    """It would find nobody again."""
    Path(f"{made}.key").unlink()
    with pytest.raises(KeyFileError, match="restore the key from a backup"):
        Registry.open(made)


def test_another_registrys_key_is_refused(made: Path, tmp_path: Path) -> None:
    """Even one in good order."""
    Registry.open(tmp_path / "other.sqlite").close()
    with pytest.raises(RegistryError, match="is another registry's key"):
        Registry.open(made, tmp_path / "other.sqlite.key")


@pytest.mark.parametrize("content", [b"", b"pprl linkage key 1\n", b"pprl registry key 1\nAAAA\n"])
def test_a_file_that_is_no_key_is_refused(made: Path, content: bytes) -> None:
    """Empty, foreign or cut short."""
    key = Path(f"{made}.key")
    key.write_bytes(content)
    with pytest.raises(KeyFileError, match="is not a registry key"):
        Registry.open(made)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_a_registry_open_to_others_is_refused(made: Path) -> None:
    """The message says how to close it."""
    made.chmod(0o640)
    with pytest.raises(RegistryError, match="chmod 600"):
        Registry.open(made)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_a_key_open_to_others_is_refused(made: Path) -> None:
    """The message says how to close it."""
    Path(f"{made}.key").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        Registry.open(made)


def test_a_key_shows_nothing_of_itself(made: Path) -> None:
    """And a key that cannot be written is told."""
    with Registry.open(made) as registry:
        assert repr(registry._key) == "<RegistryKey>"
    with pytest.raises(KeyFileError, match="cannot be written"):
        Registry.open(made.with_name("new.sqlite"), made.parent / "nowhere" / "key")


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be one" * 30, None])
def test_a_file_that_is_no_registry_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Other bytes, or another program's database."""
    path = tmp_path / "other.sqlite"
    path.touch(0o600)
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE about (name TEXT, content TEXT)")
        connection.close()
    else:
        path.write_bytes(content)
    with pytest.raises(RegistryError, match="is no registry, is damaged"):
        Registry.open(path)


def test_a_registry_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """No such folder."""
    with pytest.raises(RegistryError, match="cannot be opened"):
        Registry.open(tmp_path / "nowhere" / "registry.sqlite")


def test_a_registry_of_a_newer_version_is_refused(place: str, key_file: Path) -> None:
    """It may hold what this version would break."""
    with Registry.open(place, key_file) as registry:
        registry._store.rows("UPDATE about SET content = '2' WHERE name = 'version'")
    with pytest.raises(RegistryError, match="of another version"):
        Registry.open(place, key_file)


def test_a_database_that_fails_is_told_without_its_words(place: str, key_file: Path) -> None:
    """What it says may hold an address or an ID."""
    with Registry.open(place, key_file) as registry:
        registry._store.rows("DROP TABLE events")
        with pytest.raises(RegistryError, match=r"cannot be written \(\w+\)") as caught:
            registry.carry_on(linked(YEAR, ANN), agreed())
        assert "events" not in str(caught.value)
        assert repr(registry).startswith("<Registry of 0 persons")


def test_an_address_needs_a_key_file_and_a_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server has no place beside it where a key could lie."""
    with pytest.raises(UsageError, match="needs a key file"):
        Registry.open("postgresql://127.0.0.1/compact")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"pprl-edu\[postgresql\]"):
        Registry.open("postgresql://127.0.0.1/compact", tmp_path / "key")


@pytest.mark.postgresql
def test_a_server_that_does_not_answer_is_told_without_its_address(tmp_path: Path) -> None:
    """The address may hold a password."""
    address = "postgresql://registrar:hunter2@127.0.0.1:1/compact"
    with pytest.raises(RegistryError, match="database cannot be used") as caught:
        Registry.open(address, tmp_path / "key")
    assert "hunter2" not in str(caught.value)
