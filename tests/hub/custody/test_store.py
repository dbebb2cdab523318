"""Claims about what the hub keeps of match files."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pprl import Agreement, Identity, Submission, link
from pprl.errors import (
    AgreementError,
    CustodyError,
    KeyFileError,
    MismatchError,
    SubmissionError,
    UsageError,
)
from pprl.exchange.closing import close
from pprl.hub.custody import CustodyKey, LinkageStore
from pprl.hub.custody.blinded_file import read_blinded
from pprl.hub.custody.ledger import DROPPED, PURGED, RECEIVED, SEALED, UNSEALED


def events(store: LinkageStore) -> list[str]:
    """What the ledger says happened."""
    return [str(entry.body["event"]) for entry in store.ledger.links()]


def taken_in(store: LinkageStore, files: Sequence[Path], agreement: Agreement) -> list[Submission]:
    """Take files in, and open what is kept."""
    for path in files:
        store.add(path, agreement)
    return store.submissions(agreement)


@pytest.mark.parametrize("threshold", [0.5, 0.1])
def test_links_from_the_store_are_those_from_the_files(
    store: LinkageStore,
    files: list[Path],
    keeping: Agreement,
    submissions: dict[str, Submission],
    threshold: float,
) -> None:
    """Every candidate pair with its probability, in the same order, and the same persons."""
    bare = link(list(submissions.values()), keeping, threshold=threshold, progress=False)
    kept = taken_in(store, files, keeping)
    blinded = link(kept, keeping, threshold=threshold, progress=False)
    assert len(bare.pairs) > 100
    assert blinded.candidates.equals(bare.candidates)
    for one, other in zip(
        dataclasses.astuple(blinded.quality), dataclasses.astuple(bare.quality), strict=True
    ):
        assert one.equals(other) if isinstance(one, pd.DataFrame) else one == other
    for one, other in ((bare, blinded), (blinded, bare)):
        joined = one.study_ids.merge(other.study_ids, on=["source", "record"])
        assert (joined.groupby("study_id_x")["study_id_y"].nunique() == 1).all()


def test_nothing_of_a_match_file_but_its_counts_is_in_the_store(
    store: LinkageStore, files: list[Path], keeping: Agreement, submissions: dict[str, Submission]
) -> None:
    """No token and no filter; the manifest's counts and the record numbers are."""
    kept = taken_in(store, files, keeping)
    stored = b"".join(path.read_bytes() for path in store.encodings())
    for submission in submissions.values():
        for entries in submission.passes.values():
            for token, row in zip(entries.tokens[:20], entries.filters[:20], strict=True):
                assert token.tobytes() not in stored
                assert row.tobytes() not in stored
    for submission in kept:
        bare = submissions[submission.institution]
        assert submission.manifest.records == bare.records
        for name, entries in submission.passes.items():
            assert (np.bincount(entries.records) == np.bincount(bare.passes[name].records)).all()


def test_match_files_are_deleted_where_that_was_agreed(
    store: LinkageStore, files: list[Path], students_agreement: Agreement
) -> None:
    """And the ledger says what came in, from whom, under which digest, and that it is gone."""
    received = store.add(files[0], students_agreement)
    assert received.dropped and not received.again
    assert not files[0].exists()
    assert events(store) == [RECEIVED, DROPPED]
    came, gone = (entry.body for entry in store.ledger.links())
    assert came["institution"] == received.institution == files[0].stem
    assert came["agreement"] == students_agreement.digest
    assert came["sha256"] == gone["sha256"]
    assert store.ledger.verify(store.ledger.head) == 2


def test_a_file_taken_in_before_changes_nothing(
    store: LinkageStore, files: list[Path], keeping: Agreement, students_agreement: Agreement
) -> None:
    """It is only deleted, if it was not yet."""
    store.add(files[0], keeping)
    before = store.encodings()[0].read_bytes()
    assert store.add(files[0], keeping).again
    assert events(store) == [RECEIVED]
    assert store.encodings()[0].read_bytes() == before
    assert store.add(files[0], students_agreement).again
    assert not files[0].exists()


def test_a_file_taken_in_and_deleted_may_be_named_again(
    store: LinkageStore,
    files: list[Path],
    keeping: Agreement,
    students_agreement: Agreement,
    tmp_path: Path,
) -> None:
    """As when a command is run again; one that never came is told, even if another was deleted."""
    first = store.add(files[0], students_agreement)
    again = store.add(files[0], students_agreement)
    assert again == dataclasses.replace(first, again=True)
    assert events(store) == [RECEIVED, DROPPED]
    with pytest.raises(SubmissionError, match="cannot be read"):
        store.add(tmp_path / "never.pprl", students_agreement)
    with pytest.raises(SubmissionError, match="cannot be read"):
        store.add(files[0], keeping)


def test_a_process_that_died_before_it_deleted_is_followed_by_one_that_does(
    store: LinkageStore,
    files: list[Path],
    students_agreement: Agreement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether the file is there still or was deleted unlogged."""
    for path in files[:2]:
        with monkeypatch.context() as patch:
            patch.setattr("pprl.hub.custody.store.destroy", _die)
            with pytest.raises(KeyboardInterrupt):
                store.add(path, students_agreement)
    files[1].unlink()
    assert events(store) == [RECEIVED, RECEIVED]
    for path in files[:2]:
        assert store.add(path, students_agreement).again
        assert not path.exists()
    assert events(store) == [RECEIVED, RECEIVED, DROPPED, DROPPED]


def _die(*_: object) -> None:
    """Be killed."""
    raise KeyboardInterrupt


def numbered(submission: Submission, sequence: int, path: Path, **changed: object) -> Path:
    """A submission under another number."""
    manifest = dataclasses.replace(submission.manifest, sequence=sequence, **changed)
    Submission(manifest, submission.passes).write(path)
    return path


def test_an_older_file_is_refused_with_the_way_out(
    store: LinkageStore,
    keeping: Agreement,
    submissions: dict[str, Submission],
    tmp_path: Path,
) -> None:
    """And so is another one of the same number; going back must be meant, and is logged."""
    submission = submissions["orchard-usd"]
    newer = numbered(submission, 3, tmp_path / "3.pprl")
    older = numbered(submission, 2, tmp_path / "2.pprl")
    other = numbered(submission, 3, tmp_path / "other.pprl", unplaced=0.5)
    store.add(newer, keeping)
    for path, told in ((older, "after submission 3"), (other, "two different submissions")):
        with pytest.raises(MismatchError, match=f"{told}.*allow_older=True"):
            store.add(path, keeping)
    assert events(store) == [RECEIVED]
    store.add(older, keeping, allow_older=True)
    assert [e.body["older"] for e in store.ledger.links()] == [False, True]
    (kept,) = store.submissions(keeping)
    assert kept.manifest.sequence == 2


def test_the_last_submission_of_each_institution_is_linked(
    store: LinkageStore,
    files: list[Path],
    keeping: Agreement,
    submissions: dict[str, Submission],
    tmp_path: Path,
) -> None:
    """All of them or those that are named."""
    taken_in(store, files, keeping)
    store.add(numbered(submissions["orchard-usd"], 2, tmp_path / "2.pprl"), keeping)
    found = {item.institution: item.manifest.sequence for item in store.submissions(keeping)}
    assert found == {"city-college": 1, "county-college": 1, "orchard-usd": 2}
    before = {item.institution: item.manifest.sequence for item in store.earlier(keeping)}
    assert before == {"orchard-usd": 1}
    assert store.earlier(keeping, ["city-college"]) == []
    named = store.submissions(keeping, ["orchard-usd"])
    assert [item.institution for item in named] == ["orchard-usd"]
    with pytest.raises(CustodyError, match="holds nothing of 'riverbend-usd'"):
        store.submissions(keeping, ["riverbend-usd"])


def test_submissions_under_another_linkage_key_lie_beside_each_other(
    store: LinkageStore, keeping: Agreement, submissions: dict[str, Submission], tmp_path: Path
) -> None:
    """Numbers begin anew with a new key; nothing is overwritten."""
    submission = submissions["orchard-usd"]
    for key_check in ("a" * 32, "b" * 32):
        path = numbered(submission, 1, tmp_path / f"{key_check[0]}.pprl", key_check=key_check)
        assert not store.add(path, keeping).again
    assert len(store.encodings()) == 2
    assert store.earlier(keeping) == []
    (kept,) = store.submissions(keeping)
    assert kept.manifest.key_check == "b" * 32


def test_a_file_that_is_not_as_agreed_is_not_kept(
    store: LinkageStore, keeping: Agreement, submissions: dict[str, Submission], tmp_path: Path
) -> None:
    """Its filters are looked at before they are covered."""
    submission = submissions["orchard-usd"]
    name, entries = next(iter(submission.passes.items()))
    filters = entries.filters.copy()
    filters[0] = 0
    passes = {**submission.passes, name: dataclasses.replace(entries, filters=filters)}
    path = tmp_path / "empty.pprl"
    dataclasses.replace(submission, passes=passes).write(path)
    with pytest.raises(SubmissionError, match="more or fewer bits than agreed"):
        store.add(path, keeping)
    assert path.exists() and not store.encodings() and events(store) == []


def test_sealed_encodings_are_neither_linked_nor_added_to(
    store: LinkageStore, files: list[Path], keeping: Agreement
) -> None:
    """Until they are unsealed with a key that lies elsewhere; then they are what they were."""
    before = taken_in(store, files[:2], keeping)
    identity = Identity.generate()
    assert store.is_open
    assert len(store.seal(identity.recipient)) == 2
    assert not store.is_open
    assert all(p.read_bytes().startswith(b"age-encryption.org") for p in store.encodings())
    with pytest.raises(CustodyError, match="was sealed or destroyed"):
        store.submissions(keeping)
    with pytest.raises(CustodyError, match="is sealed"):
        store.add(files[2], keeping)
    with pytest.raises(SubmissionError, match="sealed to another key"):
        store.unseal(Identity.generate())
    assert len(store.unseal(identity)) == 2
    after = store.submissions(keeping)
    for one, other in zip(before, after, strict=True):
        assert one.manifest == other.manifest
    assert events(store)[2:] == [SEALED, UNSEALED]
    assert store.seal(identity.recipient) and store.seal(identity.recipient) == []


def test_a_recipient_that_is_no_key_seals_nothing(
    store: LinkageStore, files: list[Path], keeping: Agreement
) -> None:
    """The encodings lie as they lay."""
    store.add(files[0], keeping)
    with pytest.raises(UsageError, match="no age key"):
        store.seal("somebody")
    assert store.is_open and events(store) == [RECEIVED]


def test_purged_encodings_are_gone_and_the_ledger_stays(
    store: LinkageStore, files: list[Path], keeping: Agreement
) -> None:
    """It says which; the same file may be taken in again."""
    store.add(files[0], keeping)
    (gone,) = store.purge()
    assert store.encodings() == [] and not store.is_open
    assert events(store) == [RECEIVED, PURGED]
    assert list(store.ledger.links())[1].body["files"] == [
        {"file": gone.name, "sha256": gone.sha256}
    ]
    assert not store.add(files[0], keeping).again
    assert len(store.submissions(keeping)) == 1


def test_another_key_than_the_stores_is_refused(
    store: LinkageStore, files: list[Path], keeping: Agreement, tmp_path: Path
) -> None:
    """Half a store under each of two keys could not be linked."""
    store.add(files[0], keeping)
    other = CustodyKey.generate("linkage store")
    with pytest.raises(CustodyError, match="was filled under another key"):
        LinkageStore.open(store.folder, other)
    with closing(LinkageStore.open(store.folder)) as keyless:
        assert len(keyless.submissions(keeping)) == 1
        with pytest.raises(CustodyError, match="needs the store's key"):
            keyless.add(files[1], keeping)


def test_blinded_submissions_are_linked_with_their_own_kind_alone(
    store: LinkageStore,
    files: list[Path],
    keeping: Agreement,
    submissions: dict[str, Submission],
    tmp_path: Path,
) -> None:
    """Nothing of a file meets what is blinded, nor of two stores; and they do not travel."""
    (kept,) = taken_in(store, files[:1], keeping)
    with pytest.raises(MismatchError, match="of their own store alone"):
        link([kept, submissions["city-college"]], keeping, progress=False)
    with pytest.raises(UsageError, match="is not written to travel"):
        kept.write(tmp_path / "again.pprl")


def test_an_altered_file_in_the_store_is_told(
    store: LinkageStore, files: list[Path], keeping: Agreement
) -> None:
    """Wherever it was altered; so is one that was put in another's place."""
    taken_in(store, files[:2], keeping)
    first, second = store.encodings()
    content = bytearray(first.read_bytes())
    for place in (100, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        first.write_bytes(changed)
        with pytest.raises(SubmissionError):
            store.submissions(keeping)
    first.write_bytes(second.read_bytes())
    with pytest.raises(SubmissionError, match="not the file that the ledger says"):
        store.submissions(keeping)
    first.write_bytes(files[0].read_bytes())
    with pytest.raises(SubmissionError):
        read_blinded(first, "")


def test_a_closed_partnership_is_refused(
    store: LinkageStore, files: list[Path], keeping: Agreement, tmp_path: Path
) -> None:
    """Nothing is taken in, nothing is linked; the encodings are gone and the ledger is not."""
    store.add(files[0], keeping)
    things = {"encodings": store.encodings()}
    close(store.ledger.chain, keeping, "hub", things, tmp_path / "certificate")
    assert store.encodings() == []
    for refused in (lambda: store.add(files[1], keeping), lambda: store.submissions(keeping)):
        with pytest.raises(AgreementError, match="was closed on"):
            refused()


def test_a_store_that_is_not_there_is_told(tmp_path: Path, key: CustodyKey) -> None:
    """And none is made where none can be."""
    with pytest.raises(CustodyError, match="is no linkage store"):
        LinkageStore.open(tmp_path, key)
    with pytest.raises(CustodyError, match="cannot be made"):
        LinkageStore.open(tmp_path / "a" / "b", key, make=True)


def test_a_key_file_comes_back_and_is_for_one_kind_of_store(tmp_path: Path) -> None:
    """It shows in no repr, and is refused for the other store."""
    made = CustodyKey.generate("linkage store")
    made.save(tmp_path / "store.key")
    again = CustodyKey.load(tmp_path / "store.key", "linkage store")
    assert again.check_value == made.check_value
    assert again.derive("ab", "x") != again.derive("ab", "y") != again.derive("cd", "y")
    assert repr(made) == "<CustodyKey of a linkage store>"
    with pytest.raises(KeyFileError, match="not the key of a pprl analysis store"):
        CustodyKey.load(tmp_path / "store.key", "analysis store")
    with pytest.raises(KeyFileError, match="32 bytes, not 5"):
        CustodyKey(b"short", "linkage store")
    with pytest.raises(KeyFileError, match="not pickled"):
        made.__reduce__()


def test_a_damaged_key_file_is_told(tmp_path: Path) -> None:
    """Before anything is blinded under what is left of it."""
    path = tmp_path / "store.key"
    CustodyKey.generate("linkage store").save(path)
    lines = path.read_bytes().split(b"\n")
    for damaged in ([lines[0], lines[1][::-1], lines[2]], lines[:2]):
        path.write_bytes(b"\n".join(damaged) + b"\n")
        with pytest.raises(KeyFileError, match="is damaged"):
            CustodyKey.load(path, "linkage store")
