"""Claims about the linkage key, and the known answers of what keys are derived with."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from pprl import LinkageKey
from pprl.errors import KeyFileError
from pprl.exchange.container import LINKAGE_KEY_MAGIC
from pprl.institution.linkage_key import derive
from tests.oracle import hkdf
from tests.rosters import agreement_on

SECRET = bytes(range(32))

RFC_5869 = {
    "case 1": (
        b"\x0b" * 22,
        bytes(range(13)),
        bytes(range(0xF0, 0xFA)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    "case 2": (
        bytes(range(0x50)),
        bytes(range(0x60, 0xB0)),
        bytes(range(0xB0, 0x100)),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e5"
        "90e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    "case 3": (
        b"\x0b" * 22,
        b"",
        b"",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
}

RFC_4231 = {
    "case 1": (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    "case 2": (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "case 3": (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    "case 4": (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    "case 6": (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    "case 7": (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. "
        b"The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
}


@pytest.mark.parametrize("case", RFC_5869)
def test_hkdf_gives_the_answers_of_rfc_5869(case: str) -> None:
    """The library's HKDF-SHA-256, and the plain one that the slow encoder uses."""
    secret, salt, context, expected = RFC_5869[case]
    length = len(expected) // 2
    assert HKDF(SHA256(), length, salt, context).derive(secret).hex() == expected
    assert hkdf(secret, salt, context, length).hex() == expected


@pytest.mark.parametrize("case", RFC_4231)
def test_hmac_gives_the_answers_of_rfc_4231(case: str) -> None:
    """The standard library's HMAC-SHA-256, which digests tokens and block values."""
    key, message, expected = RFC_4231[case]
    assert hmac.digest(key, message, "sha256").hex() == expected


@given(
    secret=st.binary(min_size=32, max_size=32),
    salt=st.binary(min_size=32, max_size=32),
    purpose=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    length=st.integers(1, 80),
)
def test_a_key_is_derived_by_hkdf_under_a_versioned_purpose(
    secret: bytes, salt: bytes, purpose: str, length: int
) -> None:
    """The purpose stands behind "pprl/1/" in the context of RFC 5869."""
    expected = hkdf(secret, salt, b"pprl/1/" + purpose.encode(), length)
    assert derive(secret, salt, purpose, length) == expected


def test_the_digest_of_the_linkage_section_is_the_salt() -> None:
    """So that no two partnerships, and no two versions of a section, share a key."""
    linkage = agreement_on().linkage
    salt = hashlib.sha256(linkage.canonical()).digest()
    derived = LinkageKey(SECRET).derive(linkage.digest, "segment/zip")
    assert derived == hkdf(SECRET, salt, b"pprl/1/segment/zip", 32)
    assert derived != LinkageKey(SECRET).derive(agreement_on(["birth-date"]).linkage.digest, "zip")


def test_the_check_value_differs_with_the_key_and_with_the_agreement() -> None:
    """And is no key that anything is encoded with."""
    digest, other = "00" * 32, "11" * 32
    key = LinkageKey(SECRET)
    assert key.check_value(digest) == hkdf(SECRET, bytes(32), b"pprl/1/check", 16).hex()
    assert key.check_value(digest) == LinkageKey(SECRET).check_value(digest)
    assert key.check_value(digest) != key.check_value(other)
    assert key.check_value(digest) != LinkageKey(bytes(32)).check_value(digest)


def test_a_saved_key_is_the_key_that_is_loaded(tmp_path: Path) -> None:
    """Known by its check value, since it shows nothing else."""
    path = tmp_path / "compact.key"
    key = LinkageKey.generate()
    key.save(path)
    assert LinkageKey.load(path).check_value("00" * 32) == key.check_value("00" * 32)
    assert LinkageKey.load(str(path)).check_value("00" * 32) == key.check_value("00" * 32)


def test_no_two_generated_keys_are_the_same() -> None:
    """They come from the operating system's random numbers."""
    checks = {LinkageKey.generate().check_value("00" * 32) for _ in range(20)}
    assert len(checks) == 20


def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Mode 0600 from the first byte on, under a line that the hub knows to refuse."""
    path = tmp_path / "compact.key"
    LinkageKey(SECRET).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(LINKAGE_KEY_MAGIC)


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    """The only copy of a key may be in it."""
    path = tmp_path / "compact.key"
    LinkageKey(SECRET).save(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="exists already and is not overwritten"):
        LinkageKey.generate().save(path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With the operating system's reason."""
    with pytest.raises(KeyFileError, match=r"cannot be written \(No such file or directory\)"):
        LinkageKey(SECRET).save(tmp_path / "nowhere" / "compact.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_key_file_that_others_may_open_is_refused(mode: int, tmp_path: Path) -> None:
    """With the command that closes it."""
    path = tmp_path / "compact.key"
    LinkageKey(SECRET).save(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=r"is open to other users\. Run: chmod 600 "):
        LinkageKey.load(path)


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a roster."""
    with pytest.raises(KeyFileError, match=r"cannot be read \(No such file or directory\)"):
        LinkageKey.load(tmp_path / "missing.key")
    with pytest.raises(KeyFileError, match="cannot be read"):
        LinkageKey.load(tmp_path)
    foreign = tmp_path / "students.csv"
    foreign.write_text("local_id,first_name\n", encoding="utf-8")
    with pytest.raises(KeyFileError, match="is not a pprl linkage key"):
        LinkageKey.load(foreign)


@given(place=st.integers(0, 52), mask=st.integers(1, 255))
def test_a_key_file_with_a_damaged_byte_is_refused(
    place: int, mask: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A key mistyped or cut off would link nothing, a year later and unexplained."""
    path = tmp_path_factory.mktemp("keys") / "compact.key"
    LinkageKey(SECRET).save(path)
    content = bytearray(path.read_bytes())
    start = content.index(b"\n") + 1
    assert len(content) == start + 44 + 1 + 8 + 1
    content[start + place] ^= mask
    path.write_bytes(bytes(content))
    try:
        loaded = LinkageKey.load(path)
    except KeyFileError as error:
        assert "is damaged" in str(error)
    else:
        assert loaded.check_value("00" * 32) == LinkageKey(SECRET).check_value("00" * 32)


@pytest.mark.parametrize("kept", [20, 40, -2, -10])
def test_a_key_file_that_was_cut_off_is_refused(kept: int, tmp_path: Path) -> None:
    """Behind its first line, at any place."""
    path = tmp_path / "compact.key"
    LinkageKey(SECRET).save(path)
    content = path.read_bytes()
    path.write_bytes(content[:kept])
    with pytest.raises(KeyFileError, match="is damaged"):
        LinkageKey.load(path)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    """256 bits, no more and no less."""
    with pytest.raises(KeyFileError, match="A linkage key has 32 bytes"):
        LinkageKey(bytes(length))


def test_a_key_shows_nothing_of_itself() -> None:
    """Neither in its text nor to a debugger that prints what an object holds."""
    key = LinkageKey(b"k" * 32)
    assert repr(key) == str(key) == f"{key}" == "<LinkageKey>"
    assert not hasattr(key, "__dict__")


def test_a_key_does_not_travel_in_a_pickle() -> None:
    """Not into a file, nor to another process, nor by copying."""
    key = LinkageKey(SECRET)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(KeyFileError, match="is not pickled"):
            pickle.dumps(key, protocol)
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(KeyFileError, match="is not pickled"):
            duplicate(key)
