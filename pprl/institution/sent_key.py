"""The linkage key on its way from one institution to another, sealed and signed.

It is signed, because a hub that could slip a key of its own to the institutions could test guesses
on their files; and it names to whom and for which partnership it was sent, so that it cannot be
passed on in another's name. The sealed content begins like a linkage key, so that a hub to which it
was sealed by mistake refuses it as one.
"""

from __future__ import annotations

import base64
import io
import json

import pyrage

from pprl.agreement import Agreement
from pprl.agreement.signatures import SIGNATURE_BYTES, verify
from pprl.canonical_json import canonical
from pprl.errors import AgreementError, KeyFileError, SignatureError
from pprl.exchange.container import LINKAGE_KEY_MAGIC
from pprl.exchange.identity import Identity
from pprl.exchange.sealing import seal
from pprl.exchange.signing_key import SigningKey
from pprl.institution.linkage_key import LinkageKey

PURPOSE = "linkage key 1"
_FIRST_LINE = LINKAGE_KEY_MAGIC + b", sent 1\n"


def send_key(
    key: LinkageKey, agreement: Agreement, sender: str, receiver: str, signing_key: SigningKey
) -> bytes:
    """The linkage key as an age file for one party and nobody else.

    Args:
        key: the linkage key.
        agreement: the agreement, in which both have their keys.
        sender: the party that sends it.
        receiver: the party that is sent it.
        signing_key: the sender's.

    Raises:
        AgreementError: either is no party, the receiver has no `recipient` in the agreement or has
            the hub's, or the signing key is not the sender's there.
    """
    recipient = agreement.party(receiver).recipient
    if not recipient:
        raise AgreementError(
            f"party {receiver}: has no recipient key in the agreement; it runs "
            "pprl key new --kind identity and adds what pprl key show prints"
        )
    if recipient == agreement.hub_key:
        raise AgreementError(
            f"party {receiver}: has the hub's key as recipient. The hub must never hold the "
            "linkage key; give the party a key of its own."
        )
    if signing_key.public_key != agreement.party(sender).public_key:
        raise AgreementError(
            f"party {sender}: this is not its signing key. Use the one whose public_key stands in "
            "the agreement."
        )
    content = canonical(
        {
            "from": sender,
            "to": receiver,
            "partnership": agreement.linkage.partnership,
            "key": base64.b64encode(key.exported()).decode("ascii"),
        }
    )
    sealed = io.BytesIO()
    seal(sealed, [_FIRST_LINE, signing_key.sign(PURPOSE, content), content], recipient)
    return sealed.getvalue()


def receive_key(
    sealed: bytes, agreement: Agreement, receiver: str, identity: Identity
) -> tuple[LinkageKey, str]:
    """The linkage key that another party sent, and which party.

    Raises:
        AgreementError: the receiver is no party.
        KeyFileError: it is sealed to another key, damaged, signed by none of the other parties, or
            was sent to another party or for another partnership.
    """
    agreement.party(receiver)
    try:
        plain = bytes(pyrage.decrypt(sealed, [identity.age_key]))
    except (pyrage.DecryptError, ValueError, OSError):
        raise KeyFileError(
            "The sent key is damaged, or sealed to another identity. Ask for it again."
        ) from None
    signature = plain[len(_FIRST_LINE) : len(_FIRST_LINE) + SIGNATURE_BYTES]
    content = plain[len(_FIRST_LINE) + SIGNATURE_BYTES :]
    if not plain.startswith(_FIRST_LINE):
        raise KeyFileError("This is no linkage key sent by pprl key send.")
    for party in agreement.parties:
        try:
            verify(party.public_key, PURPOSE, content, signature)
        except SignatureError:
            continue
        return _opened(content, agreement, party.id, receiver), party.id
    raise KeyFileError(
        "The sent key is signed by none of the agreement's parties. Do not use it: whoever made it "
        "could read what you encode with it."
    )


def _opened(content: bytes, agreement: Agreement, sender: str, receiver: str) -> LinkageKey:
    """The key in what a party signed."""
    said = json.loads(content)
    if said != said | {
        "from": sender,
        "to": receiver,
        "partnership": agreement.linkage.partnership,
    }:
        raise KeyFileError(
            "The sent key was meant for another party or partnership. Ask for one of your own."
        )
    return LinkageKey(base64.b64decode(said["key"]))
