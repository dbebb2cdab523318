"""Claims about what an agreement refuses: before any work, on both sides, with the way out."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pprl
from pprl.agreement import Agreement, Destruction, Party, Use
from pprl.agreement.changes import changes
from pprl.agreement.enforcement import enforce, signature_fault
from pprl.agreement.legal import EXCEPTIONS
from pprl.agreement.signatures import (
    MOST_BYTES,
    SMALL_ORDER,
    lines,
    path_of,
    read_signatures,
)
from pprl.errors import AgreementError
from tests.partners import HUB, KEYS, SECTION, STRANGER, TODAY, UNSIGNED, signed, submission
from tests.rosters import crowded

ALLOWED = signed()


def faults(agreement: Agreement, *parties: str, today: datetime.date = TODAY) -> tuple[str, ...]:
    """What an agreement says against these parties' work; nothing if it allows it."""
    try:
        enforce(agreement, parties or ("fresno", "reedley"), today=today)
    except AgreementError as error:
        assert all(fault in str(error) for fault in error.faults)
        return error.faults
    return ()


def test_a_signed_complete_agreement_in_effect_allows_work() -> None:
    """On its first day and on its last, too."""
    for day in (TODAY, ALLOWED.effective, ALLOWED.expires):
        assert day is not None
        assert faults(ALLOWED, today=day) == ()


def test_a_trial_asks_for_its_parties_alone() -> None:
    """An agreement made in memory, for invented students."""
    trial = Agreement.students(["fresno", "reedley"])
    assert faults(trial, today=datetime.date(1900, 1, 1)) == ()
    with pytest.raises(AgreementError, match="is not a party"):
        enforce(trial, ["clovis"])


def test_a_file_is_no_trial_unless_it_says_so(tmp_path: Path) -> None:
    """Leaving the line out does not leave the rules out."""
    text = """
        [agreement]
        title = "x"
        [[party]]
        id = "fresno"
        role = "district"
        [[party]]
        id = "reedley"
        role = "college"
        [linkage]
        partnership = "6f1c2a0e-9d1b-4c56-8a53-3e0f7a1d9b42"
        profile = "students-1"
    """
    for line, is_trial in (("", False), ("trial = true", True), ("trial = false", False)):
        path = tmp_path / "a.toml"
        path.write_text(text.replace('title = "x"', f'title = "x"\n{line}'), encoding="utf-8")
        assert Agreement.load(path).trial == is_trial
        assert bool(faults(Agreement.load(path))) != is_trial


DAY = datetime.timedelta(days=1)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"exception": ""}, "[agreement] exception: is missing; state one of: school-official"),
    ({"purpose": ""}, "[agreement] purpose: is missing, and the exception 'studies' asks for it"),
    ({"scope": ""}, "[agreement] scope: is missing"),
    ({"effective": None}, "[agreement] effective: is missing"),
    ({"expires": None}, "[agreement] expires: is missing"),
    ({"expires": TODAY - DAY}, "[agreement] expires: it ended on 2027-02-28, and today is"),
    ({"effective": TODAY + DAY}, "[agreement] effective: it begins on 2027-03-02"),
    ({"use": Use(limits="x")}, "[use] may_see: is missing"),
    ({"use": Use(("x",))}, "[use] limits: is missing"),
    ({"destruction": Destruction(method="x")}, "[destruction] by: is missing"),
    ({"destruction": Destruction(TODAY)}, "[destruction] method: is missing"),
    ({"linkage": dataclasses.replace(SECTION, hub_key="")}, "[linkage] hub_key: is missing"),
    ({"exception": "other", "legal_basis": ""}, "[agreement] legal_basis: is missing"),
]


@pytest.mark.parametrize(("changed", "told"), REFUSED)
def test_an_incomplete_agreement_allows_nothing(changed: dict[str, Any], told: str) -> None:
    """Although all have signed it; the one fault is told, with its section."""
    (fault,) = faults(signed(**changed))
    assert fault.startswith(told)


@pytest.mark.parametrize(("changed", "told"), REFUSED)
def test_both_sides_refuse(changed: dict[str, Any], told: str) -> None:
    """Neither encodes nor opens nor links anything, and nothing is read before."""
    agreement = signed(**changed)
    key = pprl.LinkageKey(bytes(32))
    work: list[Callable[[], object]] = [
        lambda: pprl.encode(crowded(9, 1), agreement, key, "fresno", today=TODAY),
        lambda: pprl.Submission.open("none.pprl", identity=HUB, signers=agreement, today=TODAY),
        lambda: pprl.link([submission(agreement)] * 2, agreement, today=TODAY),
        lambda: pprl.Payload.of(crowded(9, 1), agreement, "fresno", today=TODAY),
        lambda: pprl.Payload.open("none.pprl", identity=HUB, signers=agreement, today=TODAY),
    ]
    for refused in work:
        with pytest.raises(AgreementError) as caught:
            refused()
        assert any(fault.startswith(told) for fault in caught.value.faults)


def test_today_is_the_machines_own_unless_given() -> None:
    """An agreement that ended in the last century is over."""
    over = signed(effective=datetime.date(1980, 1, 1), expires=datetime.date(1999, 12, 31))
    with pytest.raises(AgreementError, match="it ended on 1999-12-31"):
        enforce(over, ["fresno"])


def test_each_exception_asks_for_what_its_agreements_must_say() -> None:
    """Studies and audits ask for a date of destruction, and every ground for a purpose."""
    for name, exception in EXCEPTIONS.items():
        bare = signed(exception=name, purpose="", scope="", use=Use(), destruction=Destruction())
        missing = [f for f in faults(bare) if "is missing" in f]
        assert len(missing) == len(set(exception.lines) - {"effective", "expires", "legal_basis"})
    assert "destruction.by" in EXCEPTIONS["studies"].lines
    assert "destruction.by" in EXCEPTIONS["audit-or-evaluation"].lines


def test_a_party_that_has_not_signed_can_do_nothing_and_the_others_can() -> None:
    """Each party's work waits for its own signature."""
    half = dataclasses.replace(ALLOWED, signatures=ALLOWED.signatures[:1])
    assert faults(half, "fresno") == ()
    (fault,) = faults(half, "reedley")
    assert fault == "party reedley: has not signed; it runs pprl agreement sign"
    keyless = dataclasses.replace(
        ALLOWED, parties=(Party("fresno", role="district"), ALLOWED.parties[1])
    )
    assert faults(keyless, "fresno")[0].startswith("party fresno: has no public_key")


def test_the_hub_signs_too_if_it_has_a_key() -> None:
    """Then neither side works before it has."""
    agreement = signed(convener_key=STRANGER.public_key)
    (fault,) = faults(agreement, "fresno")
    assert fault.startswith("party hub: has not signed")
    both = (*agreement.signatures, agreement.sign("hub", STRANGER, today=TODAY))
    assert faults(dataclasses.replace(agreement, signatures=both)) == ()


@pytest.mark.parametrize(
    ("changed", "section"),
    [
        ({"purpose": "Another"}, "[agreement]"),
        ({"parties": (*UNSIGNED.parties, Party("clovis", role="other"))}, "[party]"),
        ({"use": dataclasses.replace(UNSIGNED.use, limits="none")}, "[use]"),
        ({"records": dataclasses.replace(UNSIGNED.records, minimum=2)}, "[records]"),
        ({"payload": dataclasses.replace(UNSIGNED.payload, report_groups=())}, "[payload]"),
        ({"output": dataclasses.replace(UNSIGNED.output, smallest_cell=5)}, "[output]"),
        (
            {"destruction": dataclasses.replace(UNSIGNED.destruction, method="fire")},
            "[destruction]",
        ),
        ({"linkage": dataclasses.replace(SECTION, country="CA")}, "[linkage]"),
    ],
)
def test_what_is_changed_after_signing_is_told_by_section(
    changed: dict[str, Any], section: str
) -> None:
    """And the signature stands no longer."""
    altered = dataclasses.replace(ALLOWED, **changed)
    (fault,) = faults(altered, "fresno")
    assert fault == (
        f"party fresno: signed another text on 2027-03-01; changed since: {section}. "
        "It runs pprl agreement sign again"
    )
    assert len(changes(ALLOWED, altered)) == 1
    assert changes(ALLOWED, altered)[0].startswith(section)


def test_a_renewal_of_dates_keeps_the_linkage_digest() -> None:
    """So study IDs stay; but it is signed anew, since it is another text."""
    renewed = signed(effective=datetime.date(2029, 7, 1), expires=datetime.date(2032, 6, 30))
    assert renewed.linkage_digest == ALLOWED.linkage_digest
    assert renewed.digest != ALLOWED.digest
    assert faults(renewed, today=datetime.date(2030, 1, 1)) == ()
    stale = dataclasses.replace(renewed, signatures=ALLOWED.signatures)
    assert "signed another text" in faults(stale, "fresno", today=datetime.date(2030, 1, 1))[0]
    assert changes(ALLOWED, renewed) == [
        "[agreement] effective: '2026-07-01' -> '2029-07-01'",
        "[agreement] expires: '2029-06-30' -> '2032-06-30'",
    ]


def test_a_forged_signature_is_told() -> None:
    """A stranger's in a party's name, one with another date, and one moved to another party."""
    genuine = ALLOWED.signatures[0]
    forgeries = [
        dataclasses.replace(genuine, value=STRANGER.sign("agreement", genuine.content()).hex()),
        dataclasses.replace(genuine, signed=TODAY + DAY),
        dataclasses.replace(genuine, sections={}),
    ]
    for forgery in forgeries:
        altered = dataclasses.replace(ALLOWED, signatures=(forgery,))
        assert "the signature is not the signer's" in signature_fault(altered, "fresno")
    moved = dataclasses.replace(genuine, party="reedley")
    assert "not the signer's" in signature_fault(
        dataclasses.replace(ALLOWED, signatures=(moved,)), "reedley"
    )


def test_of_several_signatures_the_one_under_this_text_counts() -> None:
    """Older ones may stay in the file."""
    older = signed(purpose="Before").signatures
    both = dataclasses.replace(ALLOWED, signatures=(*ALLOWED.signatures, *older))
    assert faults(both) == ()
    assert faults(dataclasses.replace(both, signatures=both.signatures[::-1])) == ()


def test_only_who_stands_in_the_agreement_signs_and_with_the_key_that_stands_there() -> None:
    """A key that the others do not know would be worth nothing to them."""
    with pytest.raises(AgreementError, match="Who does: fresno, reedley"):
        UNSIGNED.sign("clovis", STRANGER)
    with pytest.raises(AgreementError, match="this key is not the public key of fresno"):
        UNSIGNED.sign("fresno", STRANGER)
    assert UNSIGNED.sign("fresno", KEYS["fresno"]).signed >= TODAY - datetime.timedelta(days=9999)


def test_signatures_are_read_as_they_were_written(tmp_path: Path) -> None:
    """From the file beside the agreement; appended files are one file, and none is none."""
    path = path_of(tmp_path / "a.toml")
    assert path.name == "a.toml.sig"
    assert read_signatures(path) == ()
    one, other = (lines([signature]) for signature in ALLOWED.signatures)
    path.write_bytes(one + b"\n" + other)
    assert read_signatures(path) == ALLOWED.signatures
    assert lines([*ALLOWED.signatures, *ALLOWED.signatures]) == one + other


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"{}",
        b"7",
        b"\xff",
        b'{"party":"a"}',
        lines(ALLOWED.signatures[:1]).replace(b"fresno", b"fr\\u001bsno"),
        lines(ALLOWED.signatures[:1]).replace(b'"signature":"', b'"signature":"0'),
        lines(ALLOWED.signatures[:1]).replace(b"2027-03-01", b"yesterday"),
        lines(ALLOWED.signatures[:1]).replace(b'"party"', b'"more":1,"party"'),
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_signature_is_told(line: bytes, tmp_path: Path) -> None:
    """By file and line."""
    path = tmp_path / "a.toml.sig"
    path.write_bytes(lines(ALLOWED.signatures) + line + b"\n")
    with pytest.raises(AgreementError, match=r"a\.toml\.sig line 3: is no signature"):
        read_signatures(path)


def test_a_file_that_cannot_be_the_signatures_is_told(tmp_path: Path) -> None:
    """Too long, or no file."""
    path = tmp_path / "a.toml.sig"
    path.write_bytes(b"\n" * (MOST_BYTES + 1))
    with pytest.raises(AgreementError, match="too long"):
        read_signatures(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(AgreementError, match="cannot be read"):
        read_signatures(path)


HEAD = """
[agreement]
title = "x"
{head}
[[party]]
id = "{party}"
role = "district"
{keys}
[[party]]
id = "reedley"
role = "college"
{more}
{tables}
[linkage]
partnership = "6f1c2a0e-9d1b-4c56-8a53-3e0f7a1d9b42"
profile = "students-1"
{linkage}
"""
KEY = KEYS["fresno"].public_key


@pytest.mark.parametrize(
    ("place", "text", "told"),
    [
        ("head", 'exception = "research"', "exception: 'research' is not known; one of: "),
        ("head", 'convener_key = "age1"', "convener_key: is no signing key"),
        ("head", "trial = 1", "trial: must be true or false"),
        ("keys", 'public_key = "x"', "party 1 public_key: is no signing key; copy the line"),
        ("keys", f'public_key = "ed25519:{sorted(SMALL_ORDER)[1]}"', "is no signing key"),
        ("keys", 'recipient = "x"', "party 1 recipient: is no age key"),
        ("party", "hub", "party: 'hub' is what the convener is called"),
        ("linkage", 'hub_key = "x"', "[linkage] hub_key: is no age key"),
        ("tables", '[use]\nmay_see = "all"', "[use] may_see: must be a list"),
        ("tables", "[use]\nwho = 1", "[use] who: is not known here; known: limits, may_see"),
        ("tables", '[destruction]\nitems = ["x"]', "[destruction] items: 'x' is not known"),
        ("tables", '[destruction]\nby = "2027"', "[destruction] by: must be a date"),
        ("tables", '[payload]\nreport_groups = ["x"]', "report_groups: 'x' is not among"),
        ("tables", '[payload.columns]\nx = "list"', "[columns] x: 'list' is not known; one of:"),
        ("tables", '[payload.columns]\nsurname = "text"', "looks like an identifier (surname)"),
        ("tables", '[payload.columns]\nX = "text"', "[columns] X: must be lower-case letters"),
        ("tables", '[payload.columns]\nstudy_id = "text"', "stands in every payload"),
    ],
)
def test_faults_of_the_new_lines_are_told_with_their_places(
    place: str, text: str, told: str, tmp_path: Path
) -> None:
    """As all others are."""
    parts = {"head": "", "party": "fresno", "keys": "", "more": "", "tables": "", "linkage": ""}
    path = tmp_path / "a.toml"
    path.write_text(HEAD.format(**{**parts, place: text}), encoding="utf-8")
    with pytest.raises(AgreementError) as caught:
        Agreement.load(path)
    (fault,) = caught.value.faults
    assert told in fault


def test_two_parties_do_not_share_a_key(tmp_path: Path) -> None:
    """Else one could sign in the other's name."""
    key = f'public_key = "{KEY}"'
    text = HEAD.format(head="", party="fresno", keys=key, more=key, tables="", linkage="")
    path = tmp_path / "a.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AgreementError, match="two have one public_key"):
        Agreement.load(path)


def test_what_changed_is_told_shortly_and_without_control_characters() -> None:
    """A long text is cut; a new party and an absent value are told."""
    altered = dataclasses.replace(
        UNSIGNED,
        purpose="\x1b[2J" + "x" * 200,
        expires=None,
        parties=(UNSIGNED.parties[0], Party("clovis")),
    )
    told = changes(UNSIGNED, altered)
    assert any(line.endswith("...") and "\x1b" not in line for line in told)
    assert "[agreement] expires: '2029-06-30' -> nothing" in told
    assert any(line.startswith("[party] clovis: nothing -> ") for line in told)
    assert any(line.startswith("[party] reedley: ") and line.endswith("nothing") for line in told)
    assert changes(UNSIGNED, UNSIGNED) == []
