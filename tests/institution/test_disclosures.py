"""Claims about the log of what an institution disclosed."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from pprl import Agreement, Encoded, LinkageKey, State, encode
from pprl.agreement.rules import Payload as PayloadRules
from pprl.chain import Chain
from pprl.errors import AgreementError, ChainError, SubmissionError, UsageError
from pprl.exchange import Payload
from pprl.exchange.closing import close
from pprl.exchange.destruction import digest_of
from pprl.hub.study_ids import new_study_ids
from pprl.institution.disclosure import RELEASED, UNACCOUNTED, WITHDRAWN
from pprl.institution.disclosures import KIND, DisclosureLog
from pprl.institution.id_map import local_ids_of
from tests.rosters import agreement_on, crowded

ROWS = crowded(12, seed=5)


class Killed(BaseException):
    """Stands for a signal that no handler sees."""


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    """Two passes."""
    return agreement_on(["birth-date+first", "first+zip"])


@pytest.fixture(scope="module")
def encoded(agreement: Agreement) -> Encoded:
    """Twelve students."""
    return encode(
        ROWS, agreement, LinkageKey(bytes(32)), "fresno", state=State.in_memory(), progress=False
    )


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DisclosureLog]:
    """A new log, open."""
    with closing(DisclosureLog.open(tmp_path / "log.sqlite")) as opened:
        yield opened


def test_an_entry_says_what_left_when_and_under_which_agreement(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """And the file's digest is the file's."""
    path = tmp_path / "fresno.pprl"
    disclosure = log.release(encoded, agreement, path)
    assert disclosure == log.disclosures()[0]
    assert disclosure.sha256 == digest_of(path)
    assert disclosure.outcome == RELEASED
    assert disclosure.file == "fresno.pprl"
    assert (disclosure.what, disclosure.institution) == ("match file", "fresno")
    assert disclosure.agreement_digest == agreement.digest
    assert disclosure.fields == agreement.linkage.fields
    assert disclosure.records == encoded.submission.records
    assert log.verify() == 2
    assert repr(log) == "<DisclosureLog>"


def test_every_local_id_of_the_file_is_found_and_no_other(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """As the registrar writes it, spaces around it or not."""
    log.release(encoded, agreement, tmp_path / "fresno.pprl")
    for local_id in encoded.id_map["local_id"]:
        assert [item.number for item in log.of_student(f" {local_id} ")] == [1]
    assert log.of_student("S999") == [] == log.of_student("~")


def test_no_local_id_stands_in_the_log(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """A log that is lost is no list of students."""
    log.release(encoded, agreement, tmp_path / "fresno.pprl")
    content = (tmp_path / "log.sqlite").read_bytes()
    for column in ROWS.columns:
        for value in ROWS[column]:
            assert len(value) < 3 or value.encode() not in content


def test_the_same_file_again_is_no_second_disclosure(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """While it is there; once it is gone, it is written and logged again."""
    path = tmp_path / "fresno.pprl"
    first = log.release(encoded, agreement, path)
    assert log.release(encoded, agreement, path) == first
    assert len(log.disclosures()) == 1
    path.write_bytes(b"pprl match file, altered")
    assert log.release(encoded, agreement, path).number > first.number
    path.unlink()
    log.release(encoded, agreement, path)
    assert len(log.disclosures()) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fresno.pprl", "log.sqlite"]


def test_a_file_that_cannot_be_written_is_no_disclosure(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """Nothing is logged, and nothing is left of it."""
    with pytest.raises(SubmissionError, match="cannot be written"):
        log.release(encoded, agreement, tmp_path / "nowhere" / "fresno.pprl")
    assert log.disclosures() == []


def test_a_file_that_cannot_take_its_name_is_withdrawn(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """A parent is not told of a file that never was."""
    (tmp_path / "fresno.pprl").mkdir()
    with pytest.raises(SubmissionError, match="cannot be written"):
        log.release(encoded, agreement, tmp_path / "fresno.pprl")
    (disclosure,) = log.disclosures()
    assert disclosure.outcome == WITHDRAWN
    assert log.of_student(encoded.id_map["local_id"][0]) == []
    assert not list(tmp_path.glob(".*partial"))


def test_a_process_that_died_before_the_name_is_settled_as_withdrawn(
    log: DisclosureLog,
    encoded: Encoded,
    agreement: Agreement,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its partial file is there, which renaming would have taken away; it is deleted."""
    path = tmp_path / "fresno.pprl"
    with monkeypatch.context() as patch:
        patch.setattr(DisclosureLog, "_rename", _die)
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(Killed):
            log.release(encoded, agreement, path)
    assert len(list(tmp_path.glob(".*partial"))) == 1
    assert [item.outcome for item in log.disclosures()] == [UNACCOUNTED]
    again = log.release(encoded, agreement, path)
    assert [item.outcome for item in log.disclosures()] == [WITHDRAWN, RELEASED]
    assert log.of_student(encoded.id_map["local_id"][0]) == [again]
    assert not list(tmp_path.glob(".*partial"))


@pytest.mark.parametrize("sent", [False, True])
def test_a_process_that_died_behind_the_name_is_settled_by_what_is_there(
    log: DisclosureLog,
    encoded: Encoded,
    agreement: Agreement,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sent: bool,
) -> None:
    """The file is released if it is still there; if not, it may have been sent, and counts."""
    path = tmp_path / "fresno.pprl"
    with monkeypatch.context() as patch:
        patch.setattr(DisclosureLog, "_conclude", _die)
        with pytest.raises(Killed):
            log.release(encoded, agreement, path)
    assert path.exists()
    if sent:
        path.unlink()
    log.recover()
    outcome = UNACCOUNTED if sent else RELEASED
    assert [item.outcome for item in log.disclosures()] == [outcome]
    assert log.of_student(encoded.id_map["local_id"][0])[0].outcome == outcome
    log.recover()
    assert log.verify() == 2


def test_a_process_taken_for_dead_writes_nothing(
    log: DisclosureLog,
    encoded: Encoded,
    agreement: Agreement,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another one that came between settled its entry: it is told, and may run again."""
    rename = DisclosureLog._rename

    def late(self: DisclosureLog, *arguments: object) -> None:
        with closing(DisclosureLog.open(tmp_path / "log.sqlite")) as other:
            other.recover()
        rename(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(DisclosureLog, "_rename", late)
    with pytest.raises(ChainError, match="took this one for dead"):
        log.release(encoded, agreement, tmp_path / "fresno.pprl")
    assert not (tmp_path / "fresno.pprl").exists()
    assert [item.outcome for item in log.disclosures()] == [WITHDRAWN]


def test_nothing_leaves_under_a_closed_agreement(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """Another partnership goes on."""
    other = agreement_on(["birth-date"])
    close(log.chain, other, "fresno", {}, tmp_path / "other.closed")
    log.release(encoded, agreement, tmp_path / "fresno.pprl")
    close(log.chain, agreement, "fresno", {}, tmp_path / "this.closed")
    with pytest.raises(AgreementError, match="was closed on"):
        log.release(encoded, agreement, tmp_path / "again.pprl")
    assert len(log.disclosures()) == 1


def test_an_altered_list_of_students_breaks_the_chain(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """Nobody is taken off the log unseen."""
    log.release(encoded, agreement, tmp_path / "fresno.pprl")
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as database:
        database.execute("DROP TRIGGER no_update")
        database.execute("UPDATE link SET attached = substr(attached, 9) WHERE number = 1")
        database.commit()
    with pytest.raises(ChainError, match="breaks at link 1 "):
        log.verify()


STUDY_IDS = new_study_ids(3)


def payload_of(study_ids: list[str], agreement: Agreement) -> Payload:
    """Outcomes by study ID."""
    rules = dataclasses.replace(agreement, payload=PayloadRules((("graduated", "flag"),)))
    rows = pd.DataFrame({"study_id": study_ids, "graduated": [True] * len(study_ids)})
    return Payload.of(rows, rules, "fresno")


def test_outcomes_are_logged_for_those_whose_they_are(
    log: DisclosureLog, encoded: Encoded, agreement: Agreement, tmp_path: Path
) -> None:
    """By their local ids, though the file holds study IDs alone."""
    encoded.write_id_map(tmp_path / "id-map.csv")
    crosswalk = pd.DataFrame({"record": [0, 1, 2], "study_id": STUDY_IDS})
    crosswalk.to_csv(tmp_path / "crosswalk.csv", index=False)
    whose = local_ids_of(STUDY_IDS[:2], tmp_path / "id-map.csv", tmp_path / "crosswalk.csv")
    records = encoded.id_map.set_index("local_id")["record"]
    assert records[whose].tolist() in ([0, 1], [1, 0])
    payload = payload_of(STUDY_IDS[:2], agreement)
    disclosure = log.release_payload(payload, whose, agreement, tmp_path / "outcomes.pprl")
    assert (disclosure.what, disclosure.records) == ("payload file", 2)
    assert disclosure.fields == ("study_id", "graduated")
    assert digest_of(tmp_path / "outcomes.pprl") == disclosure.sha256
    for local_id, record in records.items():
        assert bool(log.of_student(str(local_id))) == (record in (0, 1))


def test_whose_outcomes_they_are_must_be_known(encoded: Encoded, tmp_path: Path) -> None:
    """From the id map and the crosswalk of one submission; no study ID is named."""
    id_map, crosswalk = tmp_path / "id-map.csv", tmp_path / "crosswalk.csv"
    encoded.write_id_map(id_map)
    crosswalk.write_text(f"record,study_id\n0,{STUDY_IDS[0]}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="1 of 2 study IDs are not in") as caught:
        local_ids_of(STUDY_IDS[:2], id_map, crosswalk)
    assert STUDY_IDS[1] not in str(caught.value)
    for path, told in (
        (id_map, "other columns than record,study_id"),
        (tmp_path / "absent", "cannot be read"),
    ):
        with pytest.raises(UsageError, match=told):
            local_ids_of(STUDY_IDS, id_map, path)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(UsageError, match="empty: is not a CSV file in UTF-8"):
        local_ids_of(STUDY_IDS, id_map, tmp_path / "empty")


def test_a_log_of_another_kind_is_refused(tmp_path: Path) -> None:
    """The hub's, for example; and one that is not there is not made to be read."""
    Chain.open(tmp_path / "hub", "hub ledger").close()
    with pytest.raises(ChainError, match=f"is no pprl {KIND}"):
        DisclosureLog.open(tmp_path / "hub")
    with pytest.raises(ChainError, match="is not there"):
        DisclosureLog.open(tmp_path / "absent", make=False)


def _die(*_: object) -> None:
    """Be killed."""
    raise Killed
