"""Claims about key files: known answers, for their owner alone, never overwritten, never shown."""

from __future__ import annotations

import copy
import errno
import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pprl.agreement.party import is_recipient
from pprl.agreement.signatures import SMALL_ORDER, fingerprint, message, verify
from pprl.errors import KeyFileError, SignatureError, UsageError
from pprl.exchange import Identity, SigningKey
from pprl.exchange.identity import age_recipient
from pprl.exchange.key_file import is_locked
from pprl.institution import LinkageKey
from tests import age_oracle

TEXT = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"
KEYS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "signing": (SigningKey, lambda: SigningKey(bytes(range(32)))),
    "identity": (Identity, lambda: Identity(TEXT)),
    "linkage": (LinkageKey, lambda: LinkageKey(bytes(range(32)))),
}
KINDS = pytest.mark.parametrize("kind", KEYS)

RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
"""Section 7.1, tests 1 to 3: secret key, public key, message, signature."""


def public(key: Any) -> str:
    """What makes two keys of one kind the same."""
    for name in ("public_key", "recipient"):
        if hasattr(key, name):
            return str(getattr(key, name))
    return str(key.check_value("0" * 64))


@pytest.mark.parametrize(("seed", "expected", "text", "signature"), RFC_8032)
def test_signatures_are_those_of_rfc_8032(
    seed: str, expected: str, text: str, signature: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the line that names the purpose, they are the published ones."""
    from pprl.agreement import signatures
    from pprl.exchange import signing_key

    for module in (signatures, signing_key):
        monkeypatch.setattr(module, "message", lambda _, content: content)
    key = SigningKey(bytes.fromhex(seed))
    assert key.public_key == f"ed25519:{expected}"
    assert key.sign("", bytes.fromhex(text)).hex() == signature
    verify(key.public_key, "", bytes.fromhex(text), bytes.fromhex(signature))


def test_what_is_signed_begins_with_its_purpose() -> None:
    """So a signature for one purpose is none for another."""
    assert message("agreement", b"x") == b"pprl signature 1: agreement\nx"
    key = SigningKey(bytes(32))
    signature = key.sign("agreement", b"x")
    verify(key.public_key, "agreement", b"x", signature)
    for changed in (
        (key.public_key, "match file 1", b"x", signature),
        (key.public_key, "agreement", b"y", signature),
        (key.public_key, "agreement", b"x", signature[:-1]),
        (key.public_key, "agreement", b"x", b""),
        (SigningKey(b"2" * 32).public_key, "agreement", b"x", signature),
        ("", "agreement", b"x", signature),
        ("ed25519:00", "agreement", b"x", signature),
    ):
        with pytest.raises(SignatureError):
            verify(*changed)


P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def decoded(encoding: bytes) -> Point | None:
    """The point of edwards25519 that 32 bytes encode, y taken modulo p; None if there is none."""
    number = int.from_bytes(encoding, "little")
    y, sign = number % 2**255 % P, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    return (P - x if x and x % 2 != sign else x), y


def doubled(point: Point) -> Point:
    """Twice a point (RFC 8032, section 5.1.4, in affine coordinates)."""
    x, y = point
    product = D * x * x * y * y
    return (
        2 * x * y * pow(1 + product, -1, P) % P,
        (y * y + x * x) * pow(1 - product, -1, P) % P,
    )


@pytest.mark.parametrize("digits", sorted(SMALL_ORDER))
@pytest.mark.parametrize("sign", [0, 0x80])
def test_a_key_of_small_order_is_none(digits: str, sign: int) -> None:
    """Under some of them one signature stands under any text: its holder could deny what it signed.

    Eight times the point is the neutral one, and RFC 8032 does not ask a verifier to refuse it.
    """
    encoding = bytearray.fromhex(digits)
    encoding[31] |= sign
    point = decoded(bytes(encoding))
    assert point is not None
    for _ in range(3):
        point = doubled(point)
    assert point == (0, 1)
    signature = bytes([1]) + bytes(63)
    for number in range(16):
        with pytest.raises(SignatureError):
            verify(f"ed25519:{encoding.hex()}", "agreement", b"%d" % number, signature)


def test_all_points_of_small_order_are_known() -> None:
    """There are eight; three of their y have a second encoding, beyond p."""
    points = {decoded(bytes.fromhex(digits)) for digits in SMALL_ORDER}
    points |= {(-x % P, y) for x, y in points if (x, y) != (0, 1)}  # type: ignore[misc]
    assert len(points) == 8
    ys = {int.from_bytes(bytes.fromhex(digits), "little") for digits in SMALL_ORDER}
    assert ys == {y for _, y in points} | {P, P + 1}  # type: ignore[misc]


@KINDS
def test_a_key_survives_its_file(kind: str, tmp_path: Path) -> None:
    """Saved and loaded, it is the same key; line ends of another system do no harm."""
    cls, make = KEYS[kind]
    make().save(tmp_path / "key")
    assert public(cls.load(tmp_path / "key")) == public(make())
    content = (tmp_path / "key").read_bytes()
    (tmp_path / "key").write_bytes(content.replace(b"\n", b"\r\n"))
    assert public(cls.load(tmp_path / "key")) == public(make())


def test_a_locked_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    """The file holds nothing of the key in clear."""
    key = SigningKey(bytes(range(32)))
    key.save(tmp_path / "key", "correct horse")
    key.save(tmp_path / "open")
    assert is_locked(tmp_path / "key") and not is_locked(tmp_path / "open")
    assert not is_locked(tmp_path / "none")
    secret = (tmp_path / "open").read_bytes().split(b"\n")[1]
    assert secret not in (tmp_path / "key").read_bytes()
    assert SigningKey.load(tmp_path / "key", "correct horse").public_key == key.public_key
    with pytest.raises(KeyFileError, match=r"is locked\. Give its passphrase"):
        SigningKey.load(tmp_path / "key")
    with pytest.raises(KeyFileError, match="passphrase is empty"):
        key.save(tmp_path / "third", "")
    assert not (tmp_path / "third").exists()


@KINDS
def test_any_locked_key_is_opened_and_a_wrong_passphrase_told(kind: str, tmp_path: Path) -> None:
    """Whoever locked it: here another implementation of age."""
    cls, make = KEYS[kind]
    make().save(tmp_path / "open")
    content = (tmp_path / "open").read_bytes()
    first = content.split(b"\n", 1)[0] + b", locked\n"
    for name, plain in (("key", content), ("odd", b"x" + content)):
        (tmp_path / name).write_bytes(first + age_oracle.locked(plain, "correct horse"))
        (tmp_path / name).chmod(0o600)
    assert public(cls.load(tmp_path / "key", "correct horse")) == public(make())
    with pytest.raises(KeyFileError, match="the passphrase is wrong"):
        cls.load(tmp_path / "key", "horse")
    with pytest.raises(KeyFileError, match="is damaged"):
        cls.load(tmp_path / "odd", "correct horse")


def test_a_lock_that_would_take_hours_is_told(tmp_path: Path) -> None:
    """The machine is not kept busy by what a file announces."""
    lock = age_oracle.locked(b"pprl signing key 1\n", "correct horse", told=40)
    (tmp_path / "key").write_bytes(b"pprl signing key 1, locked\n" + lock)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(KeyFileError, match="would take too long"):
        SigningKey.load(tmp_path / "key", "correct horse")


@KINDS
@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_a_key_file_is_its_owners_alone(kind: str, tmp_path: Path) -> None:
    """It is made so, and refused otherwise."""
    cls, make = KEYS[kind]
    make().save(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(KeyFileError, match="Run: chmod 600"):
        cls.load(tmp_path / "key")


@KINDS
def test_a_key_file_is_never_overwritten(kind: str, tmp_path: Path) -> None:
    """Not even through a link."""
    _, make = KEYS[kind]
    (tmp_path / "key").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "none")
    for name in ("key", "link"):
        with pytest.raises(KeyFileError, match="not overwritten"):
            make().save(tmp_path / name)
    assert (tmp_path / "key").read_bytes() == b"precious"
    assert not (tmp_path / "none").exists()


@KINDS
def test_a_key_that_cannot_be_written_leaves_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder, and a disk that is full."""
    _, make = KEYS[kind]
    with pytest.raises(KeyFileError, match="cannot be written"):
        make().save(tmp_path / "none" / "key")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError, match="No space left"):
        make().save(tmp_path / "key")
    assert list(tmp_path.iterdir()) == []


@KINDS
def test_a_damaged_or_foreign_key_file_is_told(kind: str, tmp_path: Path) -> None:
    """Another kind of key, a changed letter, a lost line, no file."""
    cls, make = KEYS[kind]
    path = tmp_path / "key"
    with pytest.raises(KeyFileError, match="cannot be read"):
        cls.load(path)
    for other, (_, make_other) in KEYS.items():
        if other != kind:
            make_other().save(tmp_path / other)
            with pytest.raises(KeyFileError, match=r"is not a pprl|is a linkage key"):
                cls.load(tmp_path / other)
    make().save(path)
    whole = path.read_bytes()
    first, rest = whole.split(b"\n", 1)
    for damaged in (
        first + b"\n",
        whole.replace(b"A", b"B", 3),
        whole + rest,
        first + b"\n" + rest[:-12] + b"\n",
        first + b", locked\n" + rest,
    ):
        path.write_bytes(damaged)
        with pytest.raises(KeyFileError):
            cls.load(path, "passphrase")


def test_a_hub_that_is_handed_the_linkage_key_is_told(tmp_path: Path) -> None:
    """Locked or not, in the place of its own identity."""
    LinkageKey(bytes(32)).save(tmp_path / "open")
    (tmp_path / "locked").write_bytes(b"pprl linkage key 1, locked\n-----BEGIN AGE")
    for name in ("open", "locked"):
        with pytest.raises(KeyFileError, match=r"is a linkage key\. The hub must never hold it"):
            Identity.load(tmp_path / name)


@KINDS
def test_a_key_shows_in_nothing(kind: str) -> None:
    """Not in its repr, nor pickled, nor copied unseen."""
    _, make = KEYS[kind]
    assert repr(make()) in ("<SigningKey>", "<Identity>", "<LinkageKey>")
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(KeyFileError, match="not pickled"):
            copied(make())


def test_new_keys_differ() -> None:
    """They are random."""
    assert SigningKey.generate().public_key != SigningKey.generate().public_key
    assert Identity.generate().recipient != Identity.generate().recipient


def test_what_is_no_key_is_refused() -> None:
    """Wrong lengths and texts."""
    with pytest.raises(KeyFileError, match="32 bytes, not 31"):
        SigningKey(bytes(31))
    with pytest.raises(KeyFileError, match="no age key"):
        Identity("AGE-SECRET-KEY-1")
    with pytest.raises(UsageError, match="no age key"):
        age_recipient("age1qqqq")


def test_a_mistyped_age_key_is_told_from_a_right_one() -> None:
    """Any one wrong letter, by the checksum, before anything is encoded for it."""
    for _ in range(20):
        right = Identity.generate().recipient
        assert is_recipient(right)
    for place in range(4, len(right)):
        wrong = "q" if right[place] != "q" else "p"
        assert not is_recipient(right[:place] + wrong + right[place + 1 :])
    assert not is_recipient(right.upper()) and not is_recipient(right[:-1])


def test_an_unlocked_identity_is_an_identity_file_of_age(tmp_path: Path) -> None:
    """Comments, then the key on a line of its own."""
    Identity(TEXT).save(tmp_path / "key")
    lines = (tmp_path / "key").read_text(encoding="ascii").splitlines()
    assert lines == ["# pprl identity 1", f"# public key: {Identity(TEXT).recipient}", TEXT]


def test_a_fingerprint_can_be_read_out() -> None:
    """Five groups of four digits, of the key's text."""
    assert fingerprint("ed25519:" + "00" * 32) == "2414 be14 a0ea 7ff3 1e76"
