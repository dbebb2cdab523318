"""Claims about the end of a partnership, and what can be said of it."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pprl import Agreement, SigningKey
from pprl.agreement import Party
from pprl.chain import Chain
from pprl.errors import AgreementError, CustodyError, PPRLError, SignatureError, UsageError
from pprl.exchange import closing as ending
from pprl.exchange import destruction
from pprl.exchange.closing import (
    Certificate,
    certificate_beside,
    close,
    files_of,
    refuse_certified,
    refuse_closed,
)
from pprl.exchange.destruction import NOT_GUARANTEED, destroy, digest_of

NOW = datetime.datetime(2030, 7, 1, 12, 0, tzinfo=datetime.UTC)
KEY = SigningKey(bytes(range(32)))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Chain]:
    """The log that stays."""
    with closing(Chain.open(tmp_path / "log.sqlite", "disclosure log")) as opened:
        yield opened


@pytest.fixture
def agreement() -> Agreement:
    """Two parties, one of which has a key."""
    return Agreement.students([Party("fresno", public_key=KEY.public_key), Party("reedley")])


@pytest.fixture
def things(tmp_path: Path) -> dict[str, list[Path]]:
    """A key, and a larger state with its journal."""
    (tmp_path / "compact.key").write_bytes(b"secret")
    (tmp_path / "fresno.state").write_bytes(bytes(3_000_000))
    (tmp_path / "fresno.state-journal").write_bytes(b"journal")
    return {
        "linkage-key": files_of(tmp_path / "compact.key"),
        "state": files_of(tmp_path / "fresno.state"),
    }


def ended(
    log: Chain, agreement: Agreement, things: dict[str, list[Path]], path: Path
) -> Certificate:
    """Close as fresno."""
    return close(log, agreement, "fresno", things, path, signing_key=KEY, now=NOW)


def test_what_the_agreement_says_is_gone_and_certified_with_its_digests(
    log: Chain, agreement: Agreement, things: dict[str, list[Path]], tmp_path: Path
) -> None:
    """Signed by its party; and it says what was not held and what nobody can promise."""
    digests = {p.name: digest_of(p) for paths in things.values() for p in paths}
    path = tmp_path / "compact.toml.closed"
    written = ended(log, agreement, things, path)
    assert not any(p.exists() for paths in things.values() for p in paths)
    assert {i["name"]: i["sha256"] for i in written.content["destroyed"]} == digests
    assert written.content["closed"] == "2030-07-01T12:00:00+00:00"
    assert written.content["linkage"] == agreement.linkage_digest
    assert "registry" in written.content["not_held"]
    assert "state" not in written.content["not_held"]
    assert written.content["not_guaranteed"] == list(NOT_GUARANTEED)
    assert Certificate.open(path, agreement) == written
    events = [link.body["event"] for link in log.links()]
    assert events == [ending.CLOSED, ending.CERTIFIED]
    assert list(log.links())[1].body["certificate"] == digest_of(path)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_changed_certificate_is_told(
    log: Chain, agreement: Agreement, things: dict[str, list[Path]], tmp_path: Path
) -> None:
    """Whether a digest is changed, the signature taken off, or another key put in."""
    path = tmp_path / "certificate"
    ended(log, agreement, things, path)
    sound = json.loads(path.read_bytes())
    other = SigningKey.generate()
    for change in (
        lambda c: c["certificate"]["destroyed"].pop(),
        lambda c: c.update(signature=""),
        lambda c: c.update(signature="00" * 64),
        lambda c: c["certificate"].update(signer="fresno", closed="2029-07-01"),
        lambda c: c.update(public_key=other.public_key),
    ):
        changed = json.loads(json.dumps(sound))
        change(changed)
        path.write_text(json.dumps(changed), encoding="utf-8")
        if changed["public_key"] != sound["public_key"]:
            # The agreement's key is what counts.
            assert Certificate.open(path, agreement)
            with pytest.raises(SignatureError):
                Certificate.open(path)
        else:
            with pytest.raises(SignatureError):
                Certificate.open(path, agreement)
    for content in ("", "{}", "[]", '{"certificate": 1}'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(CustodyError, match="is no certificate"):
            Certificate.open(path, agreement)


def test_later_runs_refuse(
    log: Chain, agreement: Agreement, things: dict[str, list[Path]], tmp_path: Path
) -> None:
    """By the log and by the certificate beside the agreement; another partnership goes on."""
    file = tmp_path / "compact.toml"
    refuse_closed(log, agreement)
    refuse_certified(file, agreement)
    ended(log, agreement, things, certificate_beside(file))
    with pytest.raises(AgreementError, match="was closed on 2030-07-01, as log"):
        refuse_closed(log, agreement)
    with pytest.raises(AgreementError, match="was closed on 2030-07-01"):
        refuse_certified(file, agreement)
    with pytest.raises(AgreementError, match="was closed before"):
        ended(log, agreement, things, tmp_path / "again")
    other = Agreement.students(["fresno", "clovis"])
    refuse_closed(log, other)
    refuse_certified(file, other)


def test_a_partnership_half_closed_is_refused_and_then_finished(
    log: Chain,
    agreement: Agreement,
    things: dict[str, list[Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was logged is what is destroyed and certified, whatever the second run names."""
    path = tmp_path / "certificate"
    digests = {p.name: digest_of(p) for paths in things.values() for p in paths}
    with monkeypatch.context() as patch:
        patch.setattr(ending, "destroy", _die_behind_the_first)
        with pytest.raises(KeyboardInterrupt):
            ended(log, agreement, things, path)
    assert not things["linkage-key"][0].exists() and things["state"][0].exists()
    with pytest.raises(AgreementError, match="was closed"):
        refuse_closed(log, agreement)
    things["state"][0].write_bytes(b"overwritten in part")
    written = ended(log, agreement, {}, path)
    assert not things["state"][0].exists()
    assert {i["name"]: i["sha256"] for i in written.content["destroyed"]} == digests
    assert written.content["not_held"] == [
        "match-files",
        "encodings",
        "id-maps",
        "registry",
        "payloads",
    ]


def _die_behind_the_first(paths: Iterator[Path]) -> None:
    """Destroy one file, and be killed."""
    destroy([next(iter(paths))])
    raise KeyboardInterrupt


def test_a_certificate_that_cannot_be_written_is_written_next_time(
    log: Chain, agreement: Agreement, things: dict[str, list[Path]], tmp_path: Path
) -> None:
    """All is destroyed and logged."""
    with pytest.raises(CustodyError, match="run again for the certificate"):
        ended(log, agreement, things, tmp_path / "nowhere" / "certificate")
    assert len(ended(log, agreement, {}, tmp_path / "certificate").content["destroyed"]) == 3


def test_only_what_the_agreement_names_is_destroyed(
    log: Chain, agreement: Agreement, things: dict[str, list[Path]], tmp_path: Path
) -> None:
    """Nor the log, nor the certificate, nor for somebody who cannot vouch for it."""
    narrow = dataclasses.replace(
        agreement, destruction=dataclasses.replace(agreement.destruction, items=("state",))
    )
    refusals: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
        ("does not say that 'linkage-key'", (log, narrow, "fresno", things), {"signing_key": KEY}),
        ("'clovis' is not one of", (log, agreement, "clovis", things), {"signing_key": KEY}),
        ("pass the signing key of fresno", (log, agreement, "fresno", things), {}),
        (
            "pass the signing key of fresno",
            (log, agreement, "fresno", things),
            {"signing_key": SigningKey.generate()},
        ),
        ("stays", (log, agreement, "reedley", {"state": [log.path]}), {}),
    ]
    for told, arguments, options in refusals:
        with pytest.raises(UsageError, match=told):
            close(*arguments, tmp_path / "certificate", **options)  # type: ignore[arg-type]
    assert all(p.exists() for paths in things.values() for p in paths)
    assert not list(log.links())


def test_a_party_without_a_key_closes_unsigned(
    log: Chain, agreement: Agreement, tmp_path: Path
) -> None:
    """As in trials; the certificate says nothing of who wrote it."""
    path = tmp_path / "certificate"
    written = close(log, agreement, "hub", {}, path)
    assert written.signature == b"" and written.public_key == ""
    assert Certificate.open(path, agreement) == written


def test_a_file_is_overwritten_before_it_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another name for the same blocks sees none of its bytes afterwards."""
    path, witness = tmp_path / "secret", tmp_path / "witness"
    path.write_bytes(b"the secret" * 500_000)
    witness.hardlink_to(path)
    told = digest_of(path)
    kept = b""

    def truncate_is_seen(descriptor: int) -> None:
        nonlocal kept
        kept = kept or witness.read_bytes()

    monkeypatch.setattr(destruction.os, "fsync", truncate_is_seen)
    (gone,) = destroy([path, tmp_path / "absent"])
    assert (gone.name, gone.bytes, gone.sha256) == ("secret", 5_000_000, told)
    assert len(kept) == 5_000_000 and b"the secret" not in kept
    assert witness.read_bytes() == b"" and not path.exists()


def test_what_was_left_half_destroyed_is_finished(tmp_path: Path) -> None:
    """A file that has its other name already, whole or in part."""
    path = tmp_path / "secret"
    destruction.doomed(path).write_bytes(b"the secret")
    assert destroy([path]) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_plain_file_is_not_destroyed(tmp_path: Path) -> None:
    """A link would be followed to something that nobody named."""
    (tmp_path / "file").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for path in (tmp_path / "link", tmp_path):
        with pytest.raises(CustodyError, match="no plain file"):
            destroy([path])
    assert (tmp_path / "file").read_bytes() == b"precious"


def test_a_file_that_cannot_be_destroyed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which, and why."""
    (tmp_path / "file").write_bytes(b"x")

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(CustodyError, match=r"file: cannot be destroyed \(Permission denied\)"):
        destroy([tmp_path / "file"])
    with pytest.raises(CustodyError, match="cannot be read"):
        destruction.described(tmp_path / "absent")


def test_a_folder_stands_for_all_files_in_it(tmp_path: Path) -> None:
    """Wherever in it; what is not there is told."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(b"")
    (tmp_path / "a" / "b" / "two").write_bytes(b"")
    assert [p.name for p in files_of(tmp_path / "a")] == ["two", "one"]
    with pytest.raises(PPRLError, match="is not there"):
        files_of(tmp_path / "absent")
