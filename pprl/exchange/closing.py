"""Closing a partnership: what the agreement says is destroyed, and a certificate says that it was.

What will be destroyed is logged first, with its digests, in the log that stays (an institution's
disclosure log, the hub's custody ledger). From then on that log refuses the agreement, and a
process that dies is followed by one that finishes what it began.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pprl._version import __version__
from pprl.agreement import Agreement
from pprl.agreement.signatures import verify
from pprl.canonical_json import canonical
from pprl.chain import Chain
from pprl.errors import AgreementError, CustodyError, UsageError
from pprl.exchange.container import replacing
from pprl.exchange.destruction import NOT_GUARANTEED, described, destroy, seen_from
from pprl.exchange.signing_key import SigningKey

CLOSED = "closed"
CERTIFIED = "certified"
PURPOSE = "certificate of destruction 1"
SUFFIX = ".closed"
_MOST_BYTES = 16 << 20
_BESIDE_DATABASES = ("-journal", "-wal", "-shm")


@dataclass(frozen=True)
class Certificate:
    """What was destroyed, by whom and when.

    Attributes:
        content: as it is signed.
        signature: Ed25519; b"" in trials without keys.
        public_key: of the signer, "" if unsigned.
    """

    content: Mapping[str, Any]
    signature: bytes
    public_key: str

    def to_bytes(self) -> bytes:
        """The certificate as JSON for people and programs."""
        whole = {
            "certificate": self.content,
            "signature": self.signature.hex(),
            "public_key": self.public_key,
        }
        return json.dumps(whole, indent=2, sort_keys=True).encode("ascii") + b"\n"

    @classmethod
    def open(cls, path: Path, agreement: Agreement | None = None) -> Certificate:
        """Read a certificate, and check its signature.

        Args:
            path: the file.
            agreement: if given, the key must be the signer's in it.

        Raises:
            CustodyError: it is no certificate.
            SignatureError: the signature does not stand.
        """
        try:
            with path.open("rb") as file:
                whole = json.loads(file.read(_MOST_BYTES))
            content, public_key = whole["certificate"], str(whole["public_key"])
            signature = bytes.fromhex(whole["signature"])
            signer = str(content["signer"])
        except (OSError, ValueError, KeyError, TypeError):
            raise CustodyError(f"{path}: is no certificate of destruction.") from None
        if agreement is not None:
            public_key = agreement.signers.get(signer, "") or public_key
        if signature or public_key:
            verify(public_key, PURPOSE, canonical(content), signature)
        return cls(content, signature, public_key)


def close(
    log: Chain,
    agreement: Agreement,
    signer: str,
    things: Mapping[str, Sequence[Path]],
    certificate: Path,
    *,
    signing_key: SigningKey | None = None,
    now: datetime.datetime | None = None,
) -> Certificate:
    """Destroy what the agreement says, and write a signed certificate of it.

    Args:
        log: the log that stays.
        agreement: what is closed.
        signer: the party's id, or "hub".
        things: for each of the agreement's items that is held here, its files.
        certificate: the file to write.
        signing_key: the signer's; without one the certificate is unsigned, as in trials.
        now: the time; the machine's own if not given.

    Raises:
        UsageError: an item is not the agreement's, a file is one that stays, or the signer's key is
            missing.
        AgreementError: the partnership was closed before.
        CustodyError: a file cannot be read or destroyed, or the certificate cannot be written; run
            again, and it goes on.
        ChainError: the log cannot be written.
    """
    _check(log, agreement, signer, things, certificate, signing_key)
    begun = _closing(log, agreement.linkage_digest)
    if begun is not None and begun.get("certificate"):
        raise AgreementError(
            f"{agreement.title}: was closed before; its certificate has the digest "
            f"{begun['certificate'][:16]}."
        )
    if begun is None:
        begun = _plan(log, agreement, signer, things, now or datetime.datetime.now(datetime.UTC))
        log.append({"event": CLOSED, **begun})
    destroy(log.path.parent / item["path"] for item in begun["files"])
    content = {
        "agreement": agreement.title,
        "agreement_digest": begun["agreement"],
        "linkage": begun["linkage"],
        "signer": begun["signer"],
        "closed": begun["closed"],
        "method": "overwritten once with random bytes, cut to nothing, deleted",
        "asked_for": agreement.destruction.method,
        "destroyed": [
            {key: item[key] for key in ("item", "name", "bytes", "sha256")}
            for item in begun["files"]
        ],
        "not_held": begun["not_held"],
        "stays": f"{log.path.name}, the log that says so",
        "not_guaranteed": list(NOT_GUARANTEED),
        "software": f"pprl {__version__}",
    }
    signature = signing_key.sign(PURPOSE, canonical(content)) if signing_key else b""
    written = Certificate(content, signature, signing_key.public_key if signing_key else "")
    try:
        with replacing(certificate) as file:
            file.write(written.to_bytes())
    except OSError as error:
        raise CustodyError(
            f"{certificate}: cannot be written ({error.strerror}). All is destroyed and logged; "
            "run again for the certificate."
        ) from None
    log.append(
        {
            "event": CERTIFIED,
            "linkage": begun["linkage"],
            "certificate": described(certificate).sha256,
        }
    )
    return written


def has_begun(log: Chain, agreement: Agreement) -> bool:
    """Whether a log says that the agreement's partnership is being closed, or was."""
    return _closing(log, agreement.linkage_digest) is not None


def refuse_closed(log: Chain, agreement: Agreement) -> None:
    """Check that a log does not say that the agreement's partnership was closed.

    Raises:
        AgreementError: it does.
    """
    begun = _closing(log, agreement.linkage_digest)
    if begun is not None:
        raise AgreementError(
            f"{agreement.title}: was closed on {begun['closed'][:10]}, as {log.path.name} says; "
            "nothing more is done under it. Make a new agreement."
        )


def refuse_certified(path: Path, agreement: Agreement) -> None:
    """Check that no certificate beside the agreement's file says that it was closed.

    Args:
        path: the agreement's file.
        agreement: what it holds.

    Raises:
        AgreementError: one does.
    """
    beside = certificate_beside(path)
    if beside.exists():
        content = Certificate.open(beside).content
        if content.get("linkage") == agreement.linkage_digest:
            raise AgreementError(
                f"{path}: was closed on {str(content.get('closed'))[:10]}, as {beside.name} says; "
                "nothing more is done under it. Make a new agreement."
            )


def certificate_beside(agreement: Path) -> Path:
    """Where the certificate lies unless another place is named."""
    return agreement.with_name(agreement.name + SUFFIX)


def files_of(path: Path) -> list[Path]:
    """A thing's files: those in a folder, or a file and what SQLite keeps beside it.

    Raises:
        UsageError: there is nothing of that name.
    """
    if path.is_dir():
        return sorted(found for found in path.rglob("*") if found.is_file())
    if not path.is_file():
        raise UsageError(f"{path}: is not there.")
    beside = [path.with_name(path.name + suffix) for suffix in _BESIDE_DATABASES]
    return [path, *(found for found in beside if found.is_file())]


def _check(
    log: Chain,
    agreement: Agreement,
    signer: str,
    things: Mapping[str, Sequence[Path]],
    certificate: Path,
    signing_key: SigningKey | None,
) -> None:
    """Refuse what would destroy something else, or could not be vouched for."""
    known = dict(agreement.signers)
    known.setdefault("hub", "")
    if signer not in known:
        raise UsageError(f"{signer!r} is not one of: {', '.join(known)}.")
    if known[signer] and (signing_key is None or signing_key.public_key != known[signer]):
        raise UsageError(f"The certificate is signed: pass the signing key of {signer}.")
    stay = {log.path.resolve(), certificate.resolve()}
    for item, paths in things.items():
        if item not in agreement.destruction.items:
            listed = ", ".join(agreement.destruction.items)
            raise UsageError(f"The agreement does not say that {item!r} is destroyed: {listed}.")
        for path in paths:
            if path.resolve() in stay:
                raise UsageError(f"{path}: stays; it says what was destroyed.")


def _plan(
    log: Chain,
    agreement: Agreement,
    signer: str,
    things: Mapping[str, Sequence[Path]],
    now: datetime.datetime,
) -> dict[str, Any]:
    """What will be destroyed, keys and other small files first."""
    files = [
        {
            "item": item,
            "name": told.name,
            "bytes": told.bytes,
            "sha256": told.sha256,
            "path": seen_from(log.path.parent, path),
        }
        for item, paths in things.items()
        for path in paths
        for told in [described(path)]
    ]
    return {
        "linkage": agreement.linkage_digest,
        "agreement": agreement.digest,
        "signer": signer,
        "closed": now.astimezone(datetime.UTC).isoformat(timespec="seconds"),
        "files": sorted(files, key=lambda item: (item["bytes"], item["path"])),
        "not_held": [item for item in agreement.destruction.items if not things.get(item)],
    }


def _closing(log: Chain, linkage: str) -> dict[str, Any] | None:
    """What a log says of the closing of a partnership, with its certificate's digest if written."""
    found: dict[str, Any] | None = None
    for link in log.links():
        body = link.body
        if body.get("event") == CLOSED and body.get("linkage") == linkage:
            found = {**body}
            found.pop("event")
        elif body.get("event") == CERTIFIED and body.get("linkage") == linkage and found:
            found["certificate"] = body["certificate"]
    return found
