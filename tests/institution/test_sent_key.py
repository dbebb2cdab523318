"""Claims about the linkage key on its way: to one institution, from a known one, never a hub."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest

from pprl.agreement import Agreement
from pprl.canonical_json import canonical
from pprl.errors import AgreementError, KeyFileError, SubmissionError
from pprl.exchange import Identity, Submission
from pprl.exchange.sealing import seal
from pprl.institution import LinkageKey
from pprl.institution.sent_key import PURPOSE, receive_key, send_key
from tests.partners import HUB, KEYS, OTHER_HUB, SECTION, STRANGER, UNSIGNED

RECEIVER = OTHER_HUB
AGREEMENT = dataclasses.replace(
    UNSIGNED,
    parties=(
        UNSIGNED.parties[0],
        dataclasses.replace(UNSIGNED.parties[1], recipient=RECEIVER.recipient),
    ),
)
KEY = LinkageKey(bytes(range(32)))


def sent(agreement: Agreement = AGREEMENT) -> bytes:
    """The key, sent from fresno to reedley."""
    return send_key(KEY, agreement, "fresno", "reedley", KEYS["fresno"])


def test_what_fresno_sends_reedley_receives() -> None:
    """The same key, and by whom it was sent."""
    received, sender = receive_key(sent(), AGREEMENT, "reedley", RECEIVER)
    assert received.exported() == KEY.exported()
    assert sender == "fresno"
    assert KEY.exported() not in sent()


def test_the_key_is_never_sent_to_the_hub() -> None:
    """Not even if a party gives the hub's key as its own."""
    swapped = dataclasses.replace(
        AGREEMENT,
        parties=(
            AGREEMENT.parties[0],
            dataclasses.replace(AGREEMENT.parties[1], recipient=HUB.recipient),
        ),
    )
    with pytest.raises(AgreementError, match="has the hub's key as recipient"):
        sent(swapped)
    with pytest.raises(AgreementError, match="is not a party"):
        send_key(KEY, AGREEMENT, "fresno", "hub", KEYS["fresno"])


def test_a_sent_key_that_reaches_the_hub_is_refused_as_one(tmp_path: Path) -> None:
    """Sealed to the hub by some other program, it is told for what it is."""
    sealed = io.BytesIO()
    seal(sealed, [b"pprl linkage key, sent 1\n" + bytes(64) + b"{}"], HUB.recipient)
    (tmp_path / "f.pprl").write_bytes(sealed.getvalue())
    with pytest.raises(SubmissionError, match=r"is a linkage key.*The hub must never hold it"):
        Submission.open(tmp_path / "f.pprl", identity=HUB, allow_unverified=True)


def test_both_must_stand_in_the_agreement_with_their_keys() -> None:
    """The receiver's to seal to, the sender's to sign with."""
    with pytest.raises(AgreementError, match="party reedley: has no recipient key"):
        sent(UNSIGNED)
    with pytest.raises(AgreementError, match="party fresno: this is not its signing key"):
        send_key(KEY, AGREEMENT, "fresno", "reedley", STRANGER)


def forged(signer: str | None, **said: str) -> bytes:
    """A key file that somebody made and signed, as fresno or as a stranger."""
    content = {"from": "fresno", "to": "reedley", "partnership": SECTION.partnership}
    text = canonical(content | {"key": "A" * 43 + "="} | said)
    key = KEYS[signer] if signer else STRANGER
    sealed = io.BytesIO()
    pieces = [b"pprl linkage key, sent 1\n", key.sign(PURPOSE, text), text]
    seal(sealed, pieces, RECEIVER.recipient)
    return sealed.getvalue()


def test_a_key_that_a_stranger_slips_in_is_refused() -> None:
    """A hub could test guesses on what is encoded under a key of its own."""
    assert receive_key(forged("fresno"), AGREEMENT, "reedley", RECEIVER)[1] == "fresno"
    with pytest.raises(KeyFileError, match="signed by none of the agreement's parties"):
        receive_key(forged(None), AGREEMENT, "reedley", RECEIVER)


@pytest.mark.parametrize(
    "said", [{"to": "fresno"}, {"from": "reedley"}, {"partnership": "another"}]
)
def test_a_key_meant_for_another_is_refused(said: dict[str, str]) -> None:
    """Passed on in the sender's name, or from another partnership."""
    with pytest.raises(KeyFileError, match="meant for another party or partnership"):
        receive_key(forged("fresno", **said), AGREEMENT, "reedley", RECEIVER)


def test_a_damaged_or_foreign_file_is_told() -> None:
    """Cut anywhere, sealed to somebody else, or no such file."""
    whole = sent()
    for length in range(0, len(whole), 7):
        with pytest.raises(KeyFileError, match="is damaged"):
            receive_key(whole[:length], AGREEMENT, "reedley", RECEIVER)
    with pytest.raises(KeyFileError, match="sealed to another identity"):
        receive_key(whole, AGREEMENT, "reedley", Identity.generate())
    sealed = io.BytesIO()
    seal(sealed, [b"hello"], RECEIVER.recipient)
    with pytest.raises(KeyFileError, match="no linkage key sent by pprl key send"):
        receive_key(sealed.getvalue(), AGREEMENT, "reedley", RECEIVER)
