"""Whose file it is, for whom, and under which text of the agreement: checked before it is read."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pprl.agreement import Agreement
from pprl.agreement.enforcement import enforce, signature_fault
from pprl.agreement.signatures import verify
from pprl.errors import MismatchError, SignatureError, SubmissionError, UsageError
from pprl.exchange.container import Head
from pprl.exchange.identity import Identity, age_recipient
from pprl.exchange.manifest import Manifest
from pprl.exchange.signing_key import SigningKey

MATCH_FILE = "match file 1"
PAYLOAD_FILE = "payload file 1"
"""The purposes for which files are signed."""


class Bound(Protocol):
    """What every manifest says of where its file comes from and goes to."""

    @property
    def institution(self) -> str:
        """The party's id."""

    @property
    def recipient(self) -> str:
        """The hub's public key."""

    @property
    def agreement(self) -> str:
        """The digest of the whole agreement."""


def checked_recipient(bound: str, asked: str, signing_key: SigningKey | None) -> str:
    """To whom a file is sealed.

    Args:
        bound: the hub's key in the agreement, "" in trials.
        asked: the key that the caller gave, or "".
        signing_key: by which it will be signed.

    Raises:
        UsageError: another hub is asked for than the agreement's, or sealed without signing.
    """
    if bound and asked not in ("", bound):
        raise UsageError(
            "The recipient is not the hub of the agreement (its hub_key). Leave recipient out."
        )
    recipient = bound or asked
    if recipient:
        age_recipient(recipient)
        if signing_key is None:
            raise UsageError(
                "What goes to the hub is signed: pass signing_key (pprl key new --kind signing)."
            )
    return recipient


@dataclass(frozen=True)
class Origin:
    """Who vouches for a file.

    Attributes:
        party: whose key signed it; "" if it is not verified.
        agreements: those in which that key is the party's; if it is not verified, all.
    """

    party: str
    agreements: tuple[Agreement, ...]


def origin_of(
    head: Head,
    purpose: str,
    name: str,
    agreements: Sequence[Agreement],
    allow_unverified: bool,
) -> Origin:
    """Who signed a file.

    The signature is held against every party's key before the manifest is read, so that nothing of
    a stranger's is parsed.

    Args:
        head: what stands before the parts.
        purpose: for which it must be signed.
        name: what messages call the file.
        agreements: the agreement, then those that it renews; none: nobody is known.
        allow_unverified: take what nobody vouches for.

    Raises:
        SubmissionError: it is not signed by one of the parties.
    """
    unverified = Origin("", tuple(agreements))
    if not head.signature:
        if allow_unverified or (agreements and agreements[0].trial):
            return unverified
        raise SubmissionError(
            f"{name}: is not signed. Ask for a signed file; for a trial, pass a trial agreement "
            "as signers, or allow_unverified=True."
        )
    signers: dict[str, list[Agreement]] = {}
    for agreement in agreements:
        for party in agreement.parties:
            try:
                verify(party.public_key, purpose, head.manifest, head.signature)
            except SignatureError:
                continue
            signers.setdefault(party.id, []).append(agreement)
    for party_id, known in signers.items():
        return Origin(party_id, tuple(known))
    if allow_unverified:
        return unverified
    if not agreements:
        raise SubmissionError(f"{name}: is signed. Pass signers=agreement to check by whom.")
    raise SubmissionError(
        f"{name}: is signed by none of the agreement's parties, or was altered. Ask for it again, "
        "and compare the sender's public key with the agreement's."
    )


def check_made_for(
    manifest: Bound,
    origin: Origin,
    agreement: Agreement,
    name: str,
    today: datetime.date | None = None,
) -> None:
    """Check a manifest against its signer and the agreement.

    Raises:
        AgreementError: the institution is no party, or has not signed the agreement.
        SubmissionError: it says it is another party's than its signer's.
        MismatchError: it was made for another hub, or under a text of the agreement that is neither
            this one nor one that this one renews and the institution signed with that key; or it
            tells of a field or pass that the agreement does not have.
    """
    institution = manifest.institution
    if origin.party and institution != origin.party:
        raise SubmissionError(
            f"{name}: says it comes from {institution}, and is signed by {origin.party}."
        )
    enforce(agreement, (institution,), today=today)
    if isinstance(manifest, Manifest):
        _check_declared(manifest, agreement, name)
    if agreement.trial:
        return
    if manifest.recipient != agreement.hub_key:
        raise MismatchError(f"{name}: was made for another hub. Ask for one made for this hub.")
    texts = {
        text.digest
        for text in origin.agreements
        if text.digest == agreement.digest
        or (institution in text.signers and not signature_fault(text, institution))
    }
    if manifest.agreement not in texts:
        raise MismatchError(
            f"{name}: was made under another text of the agreement ({manifest.agreement[:12]}, "
            f"here {agreement.digest[:12]}). If this one renews that, give that one too; else "
            "encode again under this one: the same students give the same encodings unless "
            "[linkage] changed."
        )


def check_recipient(recipient: str, identity: Identity | None, name: str) -> None:
    """Check that what was sealed to us was also made for us.

    Raises:
        MismatchError: it names another hub: somebody passed it on.
    """
    if identity is not None and recipient != identity.recipient:
        raise MismatchError(f"{name}: was made for another hub and passed on. It is not ours.")


def check_newer(institution: str, sequence: int, content: str, known: tuple[int, str]) -> None:
    """Check that a file is no replay of an older one.

    Args:
        institution: whose file.
        sequence: its manifest's sequence number.
        content: a digest of what it holds: of its manifest.
        known: the highest sequence number that was ever taken in from the institution under this
            linkage section and linkage key, and the digest that came with it; (0, "") if none.

    Raises:
        MismatchError: it is older, or another file under a number that was taken in already.
    """
    last, last_content = known
    if sequence < last:
        raise MismatchError(
            f"{institution}: sent submission {sequence} after submission {last}: an older file "
            "was sent again. Ask for the newest one."
        )
    if sequence == last and content != last_content:
        raise MismatchError(
            f"{institution}: sent two different submissions numbered {sequence}. It has two state "
            "files, or lost one: ask it to restore the state of its last submission."
        )


def _check_declared(manifest: Manifest, agreement: Agreement, name: str) -> None:
    """Fields and passes that the agreement does not have."""
    passes = {linkage_pass.name for linkage_pass in agreement.linkage.passes}
    told = {
        "field": set(manifest.completeness) - set(agreement.linkage.fields),
        "pass": ({p.pass_name for p in manifest.parts} | set(manifest.non_match_profile)) - passes,
    }
    for kind, undeclared in told.items():
        if undeclared and manifest.linkage == agreement.linkage_digest:
            listed = ", ".join(ascii(item) for item in sorted(undeclared))
            raise MismatchError(
                f"{name}: tells of a {kind} that the agreement does not declare: {listed}."
            )
