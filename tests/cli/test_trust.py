"""The commands by which partners come to trust each other, from template to sealed files."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
from pathlib import Path

import pytest

import pprl
from pprl.agreement.signatures import read_signatures
from pprl.cli import passphrases, run
from pprl.errors import KeyFileError
from tests.cli.conftest import AGREEMENT, CANARY, check_refused
from tests.rosters import crowded

KEYS = {"fresno": "public_key", "reedley": "public_key"}


def told(arguments: str, capsys: pytest.CaptureFixture[str], code: int = 0) -> list[str]:
    """The lines that a command prints."""
    capsys.readouterr()
    assert run(shlex.split(arguments)) == code, capsys.readouterr().err
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both institutions' students."""
    monkeypatch.chdir(tmp_path)
    students = crowded(200, seed=4)
    students.loc[0, "last_name"] = CANARY
    students.iloc[:150].to_csv("fresno.csv", index=False)
    students.iloc[50:].to_csv("reedley.csv", index=False)
    return tmp_path


def agree(capsys: pytest.CaptureFixture[str], **changed: str) -> None:
    """Make everybody's keys and a complete agreement, and have all sign it."""
    lines = {}
    for name in ("fresno", "reedley"):
        lines[name] = told(f"key new {name}.signing --kind signing", capsys)[1]
        recipient = told(f"key new {name}.identity --kind identity", capsys)[1]
        lines[name] = f'id = "{name}"\npublic_key = "{lines[name]}"\nrecipient = "{recipient}"'
    hub = told("key new hub.identity --kind identity", capsys)[1]
    convener = told("key new hub.signing --kind signing", capsys)[1]
    text = AGREEMENT.replace(
        "trial = true",
        f'purpose = "p"\nexception = "school-official"\nconvener_key = "{convener}"\n'
        "effective = 2000-01-01\nexpires = 2999-12-31",
    ).replace("profile =", f'hub_key = "{hub}"\nprofile =')
    for name, line in lines.items():
        text = text.replace(f'id = "{name}"', line)
    for before, after in changed.items():
        text = re.sub(rf"(?m)^{before} = .*", f"{before} = {after}", text)
    Path("compact.toml").write_text(text, encoding="utf-8")
    for name in ("fresno", "reedley", "hub"):
        told(f"agreement sign compact.toml --party {name} --signing-key {name}.signing", capsys)


ENCODE = (
    "encode {0}.csv --agreement compact.toml --key {0}.key --institution {0} "
    "--signing-key {0}.signing --out {0}.pprl --id-map {0}-map.csv"
)
LINK = "link fresno.pprl reedley.pprl --agreement compact.toml --out linkage"


def test_a_partnership_from_keys_to_crosswalks(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command in its order; what the hub holds names nobody and no linkage key."""
    agree(capsys)
    assert "No faults. In effect." in told("agreement check compact.toml", capsys)
    told("key new fresno.key", capsys)
    told(
        "key send fresno.key --agreement compact.toml --from fresno --to reedley "
        "--signing-key fresno.signing --out for-reedley.age",
        capsys,
    )
    received = told(
        "key receive for-reedley.age --agreement compact.toml --institution reedley "
        "--identity reedley.identity --out reedley.key",
        capsys,
    )
    assert "signed by fresno" in received[0]
    shown = [
        told(f"key show {name}.key --agreement compact.toml", capsys)
        for name in ("fresno", "reedley")
    ]
    assert shown[0] == shown[1] and shown[0][-1] == received[1]
    secret = pprl.LinkageKey.load("fresno.key").exported()
    for name in ("fresno", "reedley"):
        assert told(ENCODE.format(name), capsys)[-1] == f"{name}.pprl"
        assert told(ENCODE.format(name), capsys)[-1] == f"{name}.pprl"
    told(f"{LINK} --identity hub.identity", capsys)
    at_the_hub = [here / "fresno.pprl", here / "for-reedley.age"]
    at_the_hub += [path for path in (here / "linkage").rglob("*") if path.is_file()]
    for path in at_the_hub:
        content = path.read_bytes()
        assert CANARY.lower().encode() not in content.lower()
        assert secret not in content
    assert len(list((here / "linkage" / "crosswalks").iterdir())) == 2


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (ENCODE.format("fresno"), "party fresno: signed another text"),
        (f"{LINK} --identity hub.identity", "party hub: signed another text"),
    ],
)
def test_nothing_is_done_under_an_agreement_changed_after_signing(
    command: str, why: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both commands refuse before they read anything, and say which section changed."""
    agree(capsys)
    path = here / "compact.toml"
    changed = path.read_text(encoding="utf-8").replace("minimum = 2", "minimum = 3")
    path.write_text(changed, encoding="utf-8")
    before = {p.name for p in here.iterdir()}
    assert run(shlex.split(command)) == 1
    error = capsys.readouterr().err
    assert why in error and "changed since: [records]" in error
    assert {p.name for p in here.iterdir()} == before
    assert "not yet      party fresno: signed another" in "\n".join(
        told("agreement check compact.toml", capsys, 1)
    )


def test_an_expired_agreement_is_told_by_check_and_by_encode(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the day on which it ended."""
    agree(capsys, expires="2001-01-01")
    lines = told("agreement check compact.toml", capsys, 1)
    assert "expires      2001-01-01 (expired)" in lines
    assert lines[-1] == "Not in effect: 1 to do."
    assert run(shlex.split(ENCODE.format("fresno"))) == 1
    assert "it ended on 2001-01-01" in capsys.readouterr().err


def test_what_goes_to_the_hub_is_signed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a signing key nothing is encoded under an agreement with a hub."""
    agree(capsys)
    told("key new fresno.key", capsys)
    assert (
        run(shlex.split(ENCODE.format("fresno").replace("--signing-key fresno.signing", ""))) == 1
    )
    assert "pass --signing-key" in capsys.readouterr().err
    assert not (here / "fresno.pprl").exists()


def test_the_hub_needs_its_identity_and_no_linkage_key(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Handed the linkage key in its place, it refuses to go on and says why."""
    agree(capsys)
    told("key new fresno.key", capsys)
    shutil.copy("fresno.key", "reedley.key")
    for name in ("fresno", "reedley"):
        told(ENCODE.format(name), capsys)
    for option, why in (
        ("", "fresno.pprl: is sealed. Open it with the identity"),
        ("--identity fresno.key", "is a linkage key. The hub must never hold it"),
        ("--identity fresno.identity", "is sealed to another key"),
        ("--identity fresno.signing", "is not a pprl identity"),
    ):
        assert run(shlex.split(f"{LINK} {option}")) == 1
        assert why in capsys.readouterr().err
        assert not (here / "linkage").exists()


def test_files_made_before_a_renewal_are_linked_under_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the agreement that was renewed is named too; without it, and for a store, it is told."""
    agree(capsys)
    told("key new fresno.key", capsys)
    shutil.copy("fresno.key", "reedley.key")
    for name in ("fresno", "reedley"):
        told(ENCODE.format(name), capsys)
    text = Path("compact.toml").read_text(encoding="utf-8")
    renewed = text.replace("expires = 2999-12-31", "expires = 2999-12-30")
    Path("renewed.toml").write_text(renewed, encoding="utf-8")
    for name in ("fresno", "reedley", "hub"):
        told(f"agreement sign renewed.toml --party {name} --signing-key {name}.signing", capsys)
    link = f"{LINK.replace('compact', 'renewed')} --identity hub.identity"
    assert run(shlex.split(link)) == 1
    assert "If this one renews that, give that one too" in capsys.readouterr().err
    stored = "link --store store --agreement renewed.toml --renews compact.toml --out linkage"
    assert run(shlex.split(stored)) == 1
    assert "--renews goes with match files" in capsys.readouterr().err
    assert not (here / "linkage").exists()
    told(f"{link} --renews compact.toml", capsys)
    assert (here / "linkage").is_dir()


def test_changes_between_agreements_are_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what becomes of study IDs."""
    agree(capsys)
    text = Path("compact.toml").read_text(encoding="utf-8")
    Path("renewed.toml").write_text(text.replace("2999-12-31", "2998-12-31"), encoding="utf-8")
    Path("other.toml").write_text(text.replace("students-1-strict", "students-1"), encoding="utf-8")
    assert told("agreement compare compact.toml renewed.toml", capsys) == [
        "[agreement] expires: '2999-12-31' -> '2998-12-31'",
        "The linkage section is the same: encodings and study IDs stay.",
    ]
    assert told("agreement compare compact.toml other.toml", capsys)[-1].startswith(
        "The linkage section differs"
    )
    assert told("agreement compare compact.toml compact.toml", capsys)[0] == "Nothing changed."


def test_a_template_and_its_page_are_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The template never over another file, the page over an older page."""
    told("agreement new mine.toml --exception audit-or-evaluation --party a --party b", capsys)
    assert "[agreement]" in Path("mine.toml").read_text(encoding="utf-8")
    for arguments, why in (
        ("agreement new mine.toml", "not overwritten"),
        ("agreement new absent/mine.toml", "cannot be written"),
        ("agreement new x.toml --exception research", "'research' is not known"),
        ("agreement show mine.toml --out mine.toml", "is the agreement. Name another file"),
    ):
        assert run(shlex.split(arguments)) == 1
        assert why in capsys.readouterr().err
    assert told("agreement show mine.toml", capsys)[0] == "# Our compact"
    for _ in range(2):
        told("agreement show mine.toml --form html --out page.html", capsys)
    assert Path("page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_signing_twice_adds_one_signature(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On one day the same text gives the same line."""
    agree(capsys)
    before = read_signatures(here / "compact.toml.sig")
    told("agreement sign compact.toml --party hub --signing-key hub.signing", capsys)
    assert len(before) == 3
    assert len(read_signatures(here / "compact.toml.sig")) == 3
    assert run(shlex.split("agreement sign compact.toml --party hub --signing-key fresno.signing"))
    assert "this key is not the public key of hub" in capsys.readouterr().err


def test_what_may_be_told_of_a_key_is_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The public part and a fingerprint; nothing of a linkage key without an agreement."""
    agree(capsys)
    told("key new compact.key", capsys)
    shown = told("key show fresno.signing", capsys)
    assert shown[1] == pprl.SigningKey.load("fresno.signing").public_key
    assert re.fullmatch(r"[0-9a-f]{4}( [0-9a-f]{4}){4}", shown[3])
    assert told("key show hub.identity", capsys)[1] == pprl.Identity.load("hub.identity").recipient
    for arguments, why in (
        ("key show compact.key", "Pass --agreement to see its check value"),
        ("key show fresno.csv", "is no key file of pprl"),
        ("key show absent", "cannot be read"),
        (
            "key receive absent --agreement compact.toml --institution fresno "
            "--identity fresno.identity --out x.key",
            "absent: cannot be read",
        ),
        (
            "key send compact.key --agreement compact.toml --from fresno --to hub "
            "--signing-key fresno.signing --out x.age",
            "'hub' is not a party",
        ),
    ):
        assert run(shlex.split(arguments)) == 1
        assert why in capsys.readouterr().err


def test_a_locked_key_asks_for_its_passphrase(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment, or from a terminal; without either it is told."""
    from pprl.exchange import key_file

    class Lock:
        """A lock that takes no time."""

        @staticmethod
        def encrypt(content: bytes, passphrase: str, armored: bool) -> bytes:
            """Join both."""
            return passphrase.encode() + content

        @staticmethod
        def decrypt(content: bytes, passphrase: str) -> bytes:
            """Take them apart."""
            if not content.startswith(passphrase.encode()):
                raise ValueError
            return content.removeprefix(passphrase.encode())

    monkeypatch.setattr(key_file.pyrage, "passphrase", Lock)
    monkeypatch.setenv(passphrases.VARIABLE, "secret")
    told("key new my.signing --kind signing --locked", capsys)
    assert Path("my.signing").read_bytes().startswith(b"pprl signing key 1, locked\nsecret")
    assert told("key show my.signing", capsys)[1].startswith("ed25519:")
    monkeypatch.delenv(passphrases.VARIABLE)
    for arguments in ("key show my.signing", "key new your.signing --kind signing --locked"):
        assert run(shlex.split(arguments)) == 1
        assert "PPRL_PASSPHRASE" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(passphrases.typer, "prompt", lambda *_, **__: "secret")
    assert passphrases.passphrase_of(Path("my.signing")) == "secret"
    assert passphrases.new_passphrase() == "secret"
    with pytest.raises(KeyFileError, match="the passphrase is wrong"):
        pprl.SigningKey.load("my.signing", "guess")


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_keys_are_their_owners_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of every kind."""
    for kind in ("linkage", "signing", "identity"):
        told(f"key new {kind}.key --kind {kind}", capsys)
        assert stat.S_IMODE(Path(f"{kind}.key").stat().st_mode) == 0o600


def test_a_data_map_is_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From any export, in both forms, with nobody's name in it."""
    command = "data-map fresno.csv --institution fresno --out"
    assert told(f"{command} map.json", capsys)[-1] == "map.json"
    assert told(f"{command} map.md --form markdown", capsys)[-1] == "map.md"
    tree = json.loads(Path("map.json").read_text(encoding="utf-8"))
    assert [e["name"] for e in tree["elements"]][:2] == ["local_id", "first_name"]
    for name in ("map.json", "map.md"):
        text = Path(name).read_text(encoding="utf-8")
        assert CANARY.lower() not in text.lower() and "Garcia" not in text
    told(f"{command} map.json", capsys)
    Path("latin.csv").write_bytes("id\tname\tgpa\nS1\tMu\xf1oz\t3.5\n".encode("cp1252"))
    told("data-map latin.csv --institution fresno --out latin.md --form markdown", capsys)
    Path("halves.csv").write_bytes("id^name^id\nS1^Muñoz^7\n".encode("utf-16"))
    told("data-map halves.csv --institution fresno --out halves.json", capsys)
    tree = json.loads(Path("halves.json").read_text(encoding="utf-8"))
    assert [e["name"] for e in tree["elements"]] == ["id", "name", "id (column 3)"]
    Path("odd.csv").write_bytes(b'a,b\n"1,2\n3')
    for arguments, why in (
        ("data-map absent.csv --institution x --out y", "cannot be read"),
        ("data-map odd.csv --institution x --out y", "a quotation mark"),
        ("data-map fresno.csv --institution x --out fresno.csv", "is the export. Name another"),
        ("data-map fresno.csv --institution x --out reedley.csv", "is no data map"),
        ("data-map fresno.csv --institution x --out y --year sex", "something other than years"),
    ):
        assert run(shlex.split(arguments)) == 1
        assert why in capsys.readouterr().err


def test_outcomes_are_sent_as_declared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a CSV file, every value of its column's kind; anything else is told by row."""
    agree(capsys)
    path = here / "compact.toml"
    kinds = '[payload.columns]\nterm = "text"\nunits = "number"\ncourses = "whole"\n'
    kinds += 'on = "date"\npell = "flag"\n[linkage]'
    path.write_text(path.read_text("utf-8").replace("[linkage]", kinds), encoding="utf-8")
    for name in ("fresno", "reedley", "hub"):
        told(f"agreement sign compact.toml --party {name} --signing-key {name}.signing", capsys)
    header = "study_id,term,units,courses,on,pell\n"
    row = "K7Q2M0ZJ4X8R1TBW5G,fall,3.5,2,2026-08-24,yes\n"
    Path("rows.csv").write_text(f"{header}{row}B7Q2M0ZJ4X8R1TBW5G,,,,,\n", encoding="utf-8")
    command = (
        "payload rows.csv --agreement compact.toml --institution reedley --out out.pprl "
        "--sequence 4 --signing-key reedley.signing"
    )
    for _ in range(2):
        assert told(command, capsys)[-1] == "out.pprl"
    agreement = pprl.Agreement.load("compact.toml")
    identity = pprl.Identity.load("hub.identity")
    read = pprl.Payload.open("out.pprl", signers=agreement, identity=identity)
    assert read.sequence == 4
    assert read.table["pell"].to_pylist() == [True, None]
    assert read.table["courses"].to_pylist() == [2, None]
    for text, why in (
        (header + row.replace("3.5", CANARY), "rows.csv units row 2 holds something other than n"),
        (header + row + row.replace("yes", CANARY), "pell row 3 holds something other than flag"),
        (header.replace("term", "name") + row, "'name' looks like an identifier"),
        (header.replace("term", "gpa") + row, "'gpa' is not declared"),
        ('a,b\n"1,2\n3', "is not a CSV file"),
    ):
        Path("rows.csv").write_text(text, encoding="utf-8")
        assert run(shlex.split(command)) == 1
        error = capsys.readouterr().err
        assert why in error and CANARY not in error
    assert run(shlex.split(command.replace("rows.csv", "none.csv"))) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert run(shlex.split(command.replace("out.pprl", "rows.csv"))) == 1
    assert "is the rows. Name another file" in capsys.readouterr().err


def test_a_key_that_the_agreement_does_not_know_signs_no_file(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither match file nor payload, which the hub would refuse; nothing is read or made."""
    agree(capsys)
    told("key new fresno.key", capsys)
    told("key new other.signing --kind signing", capsys)
    Path("outcomes.csv").write_text("study_id\n", encoding="utf-8")
    for arguments in (
        ENCODE.format("fresno").replace("fresno.signing", "other.signing"),
        "payload outcomes.csv --agreement compact.toml --institution fresno "
        "--signing-key other.signing --out outcomes.pprl",
    ):
        check_refused(arguments, 1, "this key is not the public key of fresno", here, capsys)


def test_in_a_trial_without_keys_nothing_is_signed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hub would refuse it; the message says to leave the key out, and so it goes."""
    Path("compact.toml").write_text(AGREEMENT, encoding="utf-8")
    told("key new fresno.key", capsys)
    told("key new fresno.signing --kind signing", capsys)
    signed = ENCODE.format("fresno")
    check_refused(signed, 1, "In a trial leave --signing-key out", here, capsys)
    unsigned = signed.replace("--signing-key fresno.signing ", "")
    assert told(unsigned, capsys)[-1] == "fresno.pprl"
