"""Signatures: who signed what, by keys that stand in the agreement (Ed25519, RFC 8032).

A key signs for one purpose at a time: what is signed begins with a line that names it, so that a
signature under an agreement can never pass for one under a match file. Signatures under an
agreement lie beside it, in `<agreement>.sig`, one JSON object a line: the files of all parties are
joined by appending them.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pprl.canonical_json import canonical
from pprl.errors import AgreementError, SignatureError

PUBLIC_KEY = re.compile(r"ed25519:[0-9a-f]{64}")
SUFFIX = ".sig"
SIGNATURE_BYTES = 64
MOST_BYTES = 1 << 20
SMALL_ORDER = frozenset(
    {
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    }
)
"""Points of small order, their sign apart: under some of them one signature fits any text."""
_PREFIX = "ed25519:"
_LINE = b"pprl signature 1: "


class Signer(Protocol):
    """What can sign: a private key."""

    @property
    def public_key(self) -> str:
        """The key as text, `ed25519:` and 64 hexadecimal digits."""

    def sign(self, purpose: str, content: bytes) -> bytes:
        """The signature of `message(purpose, content)`: 64 bytes."""


@dataclass(frozen=True)
class Signature:
    """One party's signature under one text of the agreement.

    Attributes:
        party: who signed.
        digest: of the whole agreement that was signed.
        sections: of each of its sections, so that what changed since can be told.
        signed: the day, as the signer's clock had it.
        value: the signature over the rest, 128 hexadecimal digits.
    """

    party: str
    digest: str
    sections: Mapping[str, str]
    signed: datetime.date
    value: str

    def content(self) -> bytes:
        """What is signed, as canonical JSON."""
        return canonical(self._signed())

    def line(self) -> str:
        """The signature as a line of a `.sig` file."""
        return canonical({**self._signed(), "signature": self.value}).decode("ascii")

    def _signed(self) -> dict[str, Any]:
        """Everything but the signature."""
        return {
            "party": self.party,
            "digest": self.digest,
            "sections": dict(self.sections),
            "signed": self.signed.isoformat(),
        }


def message(purpose: str, content: bytes) -> bytes:
    """What a key signs: a line naming the purpose, then the content."""
    return _LINE + purpose.encode("ascii") + b"\n" + content


def check_key(signer: str, key: Signer, known: Mapping[str, str]) -> None:
    """Check that others will know a signer by this key.

    Args:
        signer: a party's id, or "hub".
        key: its private key.
        known: who signs the agreement -> the public key that stands there.

    Raises:
        AgreementError: it is no signer, or the key is not the one that stands in the agreement.
    """
    if signer not in known:
        raise AgreementError(f"{signer!r} does not sign it. Who does: {', '.join(known)}.")
    if key.public_key != known[signer]:
        raise AgreementError(
            f"{signer}: this key is not the public key of {signer} in the agreement. Use that "
            f"key, or put this one there, and have all parties sign: {key.public_key}"
        )


def verify(public_key: str, purpose: str, content: bytes, signature: bytes) -> None:
    """Check a signature.

    Raises:
        SignatureError: the key is no key, or the signature is not that key's, for that purpose,
            over that content.
    """
    try:
        if not is_public_key(public_key):
            raise SignatureError("the public key is none (ed25519: and 64 hexadecimal digits)")
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key.removeprefix(_PREFIX)))
        key.verify(signature, message(purpose, content))
    except (InvalidSignature, ValueError):
        raise SignatureError(
            "the signature is not the signer's, or what it signs was altered"
        ) from None


def is_public_key(text: str) -> bool:
    """Whether a text has the form of a public key, of a point under which a signature binds."""
    if not PUBLIC_KEY.fullmatch(text):
        return False
    digits = bytearray.fromhex(text.removeprefix(_PREFIX))
    digits[-1] &= 0x7F
    return digits.hex() not in SMALL_ORDER


def sign(
    party: str,
    digest: str,
    sections: Mapping[str, str],
    key: Signer,
    today: datetime.date,
) -> Signature:
    """A party's signature under an agreement.

    Args:
        party: who signs.
        digest: `Agreement.digest`.
        sections: `Agreement.section_digests`.
        key: the party's signing key.
        today: the day.
    """
    unsigned = Signature(party, digest, dict(sections), today, "")
    value = key.sign("agreement", unsigned.content()).hex()
    return Signature(party, digest, dict(sections), today, value)


def lines(signatures: Iterable[Signature]) -> bytes:
    """Signatures as the content of a `.sig` file, each once, in order."""
    return "".join(f"{line}\n" for line in dict.fromkeys(s.line() for s in signatures)).encode()


def fingerprint(public_key: str) -> str:
    """Twenty digits of a public key's digest, in groups, to be compared by telephone."""
    digits = hashlib.sha256(public_key.encode("ascii")).hexdigest()[:20]
    return " ".join(digits[place : place + 4] for place in range(0, 20, 4))


def path_of(agreement: Path) -> Path:
    """Where the signatures under an agreement lie."""
    return agreement.with_name(agreement.name + SUFFIX)


def read_signatures(path: Path) -> tuple[Signature, ...]:
    """Read a `.sig` file, checking form only; none there, no signatures.

    Raises:
        AgreementError: it cannot be read, or a line of it is no signature.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise AgreementError(f"{path}: cannot be read ({error.strerror}).") from None
    if len(content) > MOST_BYTES:
        raise AgreementError(f"{path}: is too long to be the signatures under an agreement.")
    numbered = enumerate(content.splitlines(), 1)
    return tuple(_signature(line, f"{path} line {number}") for number, line in numbered if line)


def _signature(line: bytes, place: str) -> Signature:
    """One line of a `.sig` file."""
    try:
        tree = json.loads(line.decode("ascii"))
        sections = {str(k): _digits(v, 64) for k, v in dict(tree.pop("sections")).items()}
        signature = Signature(
            party=str(tree.pop("party")),
            digest=_digits(tree.pop("digest"), 64),
            sections=sections,
            signed=datetime.date.fromisoformat(str(tree.pop("signed"))),
            value=_digits(tree.pop("signature"), 2 * SIGNATURE_BYTES),
        )
        if tree or not signature.party.isprintable():
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise AgreementError(
            f"{place}: is no signature. Take the line out, and sign anew."
        ) from None
    return signature


def _digits(value: object, length: int) -> str:
    """So many hexadecimal digits."""
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{length}}}", value):
        raise ValueError
    return value


def latest(signatures: Iterable[Signature], party: str, digest: str) -> Signature | None:
    """A party's signature that matters: the one under this digest, else its latest."""
    own = [signature for signature in signatures if signature.party == party]
    return max(own, key=lambda s: (s.digest == digest, s.signed, s.value), default=None)
