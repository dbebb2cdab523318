"""What an agreement does not allow, told before any work is done."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping

from pprl.agreement.agreement import Agreement
from pprl.agreement.legal import EXCEPTIONS
from pprl.agreement.party import HUB
from pprl.agreement.signatures import latest, verify
from pprl.errors import AgreementError, SignatureError

SIGN = "pprl agreement sign"


def enforce(
    agreement: Agreement, parties: Iterable[str], *, today: datetime.date | None = None
) -> None:
    """Refuse what the agreement does not allow these parties to do now.

    Args:
        agreement: the agreement.
        parties: ids of those whose students or files are about to be worked on.
        today: the day on which; the machine's own if not given.

    Raises:
        AgreementError: one is no party; or, unless it is a trial, a line that its legal exception
            asks for is empty, the hub has no key, it is not in effect, or one of the parties has
            not signed this very text. All reasons are listed, each with its way out.
    """
    chosen = list(parties)
    for party in chosen:
        agreement.party(party)
    if agreement.trial:
        return
    signers = [*chosen, HUB] if agreement.convener_key else chosen
    faults = [
        *missing_lines(agreement),
        *out_of_date(agreement, today or datetime.date.today()),
        *(fault for signer in signers if (fault := signature_fault(agreement, signer))),
    ]
    if faults:
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise AgreementError(
            f"The agreement {agreement.title!r} does not allow this:{listed}", faults
        )


def missing_lines(agreement: Agreement) -> Iterator[str]:
    """Lines without which nothing may be encoded or linked."""
    if not agreement.exception:
        yield f"[agreement] exception: is missing; state one of: {', '.join(EXCEPTIONS)}"
    else:
        exception = EXCEPTIONS[agreement.exception]
        for line in exception.lines:
            if not _value(agreement, line):
                section, _, key = line.rpartition(".")
                yield (
                    f"[{section or 'agreement'}] {key}: is missing, and the exception "
                    f"{agreement.exception!r} asks for it ({exception.citation})"
                )
    if not agreement.hub_key:
        yield "[linkage] hub_key: is missing; ask the hub for its public key (pprl key show)"


def out_of_date(agreement: Agreement, today: datetime.date) -> Iterator[str]:
    """Why the agreement is not in effect on a day."""
    if agreement.effective and today < agreement.effective:
        yield f"[agreement] effective: it begins on {agreement.effective}, and today is {today}"
    if agreement.expires and today > agreement.expires:
        yield (
            f"[agreement] expires: it ended on {agreement.expires}, and today is {today}. Renew "
            "it: new dates, signed anew, keep all study IDs"
        )


def signature_fault(agreement: Agreement, signer: str) -> str:
    """Why a signer's signature does not stand under this text of the agreement; "" if it does."""
    key = agreement.signers[signer]
    if not key:
        return f"party {signer}: has no public_key; add what its pprl key show prints"
    signature = latest(agreement.signatures, signer, agreement.digest)
    if signature is None:
        return f"party {signer}: has not signed; it runs {SIGN}"
    try:
        verify(key, "agreement", signature.content(), bytes.fromhex(signature.value))
    except SignatureError as error:
        return f"party {signer}: {error}; it runs {SIGN} again"
    if signature.digest != agreement.digest:
        changed = changed_sections(agreement, signature.sections)
        return (
            f"party {signer}: signed another text on {signature.signed}; changed since: "
            f"{', '.join(changed)}. It runs {SIGN} again"
        )
    return ""


def changed_sections(agreement: Agreement, signed: Mapping[str, str]) -> list[str]:
    """Names of the sections whose digest is not the one that was signed."""
    ours = agreement.section_digests
    return [f"[{name}]" for name in ours if signed.get(name) != ours[name]]


def _value(agreement: Agreement, line: str) -> object:
    """What stands at `section.key`, or at a key of `[agreement]`."""
    section, _, key = line.rpartition(".")
    return agreement.sections[section or "agreement"][key]
