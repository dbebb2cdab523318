"""What the partners signed: who, why, until when, which fields, which passes, which rules."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pprl.agreement.document import Table, read_toml, refuse
from pprl.agreement.indicators import Definitions, customary, joined, read_own
from pprl.agreement.legal import EXCEPTIONS
from pprl.agreement.linkage import LinkageSection
from pprl.agreement.party import HUB, IDENTIFIER, Party, check_parties, read_party, read_public_key
from pprl.agreement.reading import read_linkage
from pprl.agreement.rules import (
    MINIMUM_RECORDS,
    Destruction,
    OutputRules,
    Payload,
    RecordRules,
    Use,
    read_destruction,
    read_output,
    read_payload,
    read_records,
    read_use,
)
from pprl.agreement.signatures import (
    Signature,
    Signer,
    check_key,
    path_of,
    read_signatures,
    sign,
)
from pprl.canonical_json import canonical
from pprl.errors import AgreementError, UsageError


@dataclass(frozen=True)
class Agreement:
    """A data-sharing agreement, as far as software can read it.

    It binds both sides' software: `pprl.agreement.enforcement` says what is refused, and when.

    Attributes:
        title: its name.
        parties: the institutions, in the order of the document.
        linkage: the linkage section.
        convener: who runs the hub.
        convener_key: the convener's Ed25519 key as text; then it signs too, as "hub".
        purpose: what the linkage is for.
        scope: whose records, of which years, and what is done with them.
        exception: a key of `pprl.agreement.legal.EXCEPTIONS`, or "".
        legal_basis: the exception or consent that it rests on, in words.
        effective: first day, if dated.
        expires: last day, if dated.
        trial: of invented students only: neither dates nor purpose nor signatures are asked for.
            Agreements made in memory are trials; one in a file says so itself.
        use: who may see what.
        records: what a submission must be like.
        payload: what may follow by study ID.
        output: what may leave the hub.
        results: definitions of its own.
        destruction: what is destroyed at the end.
        signatures: those that lie beside the file, not checked yet; no part of the digest.
    """

    title: str
    parties: tuple[Party, ...]
    linkage: LinkageSection
    convener: str = ""
    convener_key: str = ""
    purpose: str = ""
    scope: str = ""
    exception: str = ""
    legal_basis: str = ""
    effective: datetime.date | None = None
    expires: datetime.date | None = None
    trial: bool = True
    use: Use = field(default_factory=Use)
    records: RecordRules = field(default_factory=RecordRules)
    payload: Payload = field(default_factory=Payload)
    output: OutputRules = field(default_factory=OutputRules)
    results: Definitions = field(default_factory=Definitions)
    destruction: Destruction = field(default_factory=Destruction)
    signatures: tuple[Signature, ...] = field(default=(), compare=False)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Agreement:
        """Read an agreement from a TOML file, and the signatures from the `.sig` file beside it.

        Raises:
            AgreementError: a file cannot be read or is faulty; all faults are listed, each with
                its place and the way out.
        """
        path = Path(path)
        agreement = _read(Table(read_toml(path), "", []), str(path))
        return dataclasses.replace(agreement, signatures=read_signatures(path_of(path)))

    @classmethod
    def students(
        cls,
        parties: Iterable[str | Party],
        profile: str = "students-1",
        *,
        title: str = "students",
        partnership: str | None = None,
        state_id: bool = False,
        country: str = "US",
        minimum: int = MINIMUM_RECORDS,
    ) -> Agreement:
        """An agreement under a named profile, for trials, tests and notebooks.

        Args:
            parties: ids, or whole parties.
            profile: "students-1", "students-1-strict" or "students-2".
            title: the agreement's name.
            partnership: a UUID; without one, it is derived from the title and the parties' ids, so
                that both sides of a trial agree.
            state_id: also read `state_id`; it tells probable duplicates of one file apart.
            country: two letters; ZIPs are padded only for "US".
            minimum: fewest students in a submission.

        Raises:
            AgreementError: a party's id or the profile is not acceptable, or an id stands twice.
            UsageError: `parties` is one text.
        """
        if isinstance(parties, str):
            raise UsageError('parties must be a list, such as ["orchard-usd", "county-college"].')
        chosen = [Party(p, p) if isinstance(p, str) else p for p in parties]
        name = "\n".join([title, *sorted(party.id for party in chosen)])
        content = {
            "partnership": partnership or str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "profile": profile,
            "country": country,
            **({"also": ["state_id"]} if state_id else {}),
        }
        table = Table({"linkage": content}, "", [])
        linkage = read_linkage(table.table("linkage"))
        for party in chosen:
            if not IDENTIFIER.fullmatch(party.id):
                table.fault(f"party {party.id!r}", "an id is lower case, digits, '-', '.', '_'")
        check_parties(chosen, table)
        refuse(table.faults, "agreement")
        return cls(title, tuple(chosen), linkage, records=RecordRules(minimum=minimum))

    def party(self, identifier: str) -> Party:
        """The party of that id.

        Raises:
            AgreementError: it is not in the agreement; the message lists those that are.
        """
        for party in self.parties:
            if party.id == identifier:
                return party
        known = ", ".join(party.id for party in self.parties)
        raise AgreementError(
            f"{identifier!r} is not a party to the agreement {self.title!r}. Parties: {known}."
        )

    def sign(self, signer: str, key: Signer, *, today: datetime.date | None = None) -> Signature:
        """A signer's signature under the agreement as it stands.

        Args:
            signer: a party's id, or "hub".
            key: its private key.
            today: the day; the machine's own if not given.

        Raises:
            AgreementError: it is no signer, or the key is not the one that stands in the agreement.
        """
        check_key(signer, key, self.signers)
        return sign(signer, self.digest, self.section_digests, key, today or datetime.date.today())

    @property
    def linkage_digest(self) -> str:
        """SHA-256 of the linkage section alone, 64 hexadecimal digits: it survives a renewal."""
        return self.linkage.digest

    @property
    def hub_key(self) -> str:
        """The hub's public key, to which match files are sealed; "" until keys are exchanged."""
        return self.linkage.hub_key

    @property
    def definitions(self) -> Definitions:
        """What may be counted: the customary definitions and its own."""
        return joined(customary(), self.results)

    @property
    def signers(self) -> Mapping[str, str]:
        """Who signs: party -> public key, "" where it has none yet; "hub" if it has a key."""
        keys = {party.id: party.public_key for party in self.parties}
        return keys | ({HUB: self.convener_key} if self.convener_key else {})

    @cached_property
    def sections(self) -> Mapping[str, Mapping[str, Any]]:
        """Everything in the agreement, section by section, as plain values."""
        head = {
            "title": self.title,
            "convener": self.convener,
            "convener_key": self.convener_key,
            "purpose": self.purpose,
            "scope": self.scope,
            "exception": self.exception,
            "legal_basis": self.legal_basis,
            "effective": _text(self.effective),
            "expires": _text(self.expires),
            "trial": self.trial,
        }
        return MappingProxyType(
            {
                "agreement": head,
                "party": {party.id: dataclasses.asdict(party) for party in self.parties},
                "use": dataclasses.asdict(self.use),
                "records": dataclasses.asdict(self.records),
                "payload": dataclasses.asdict(self.payload),
                "output": dataclasses.asdict(self.output),
                "destruction": {
                    **dataclasses.asdict(self.destruction),
                    "by": _text(self.destruction.by),
                },
                "linkage": json.loads(self.linkage.canonical()),
            }
            | ({"results": dataclasses.asdict(self.results)} if self.results else {})
        )

    @cached_property
    def section_digests(self) -> Mapping[str, str]:
        """SHA-256 of each section, 64 hexadecimal digits."""
        return {
            name: hashlib.sha256(canonical(content)).hexdigest()
            for name, content in self.sections.items()
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything in the agreement but its signatures, 64 hexadecimal digits."""
        return hashlib.sha256(canonical(dict(self.section_digests))).hexdigest()


def _text(date: datetime.date | None) -> str:
    """A date as text, "" for none."""
    return date.isoformat() if date else ""


def _read(document: Table, source: str) -> Agreement:
    """Read every table of the document, then refuse it with all its faults, or return it."""
    head = document.table("agreement")
    parties = [read_party(table) for table in document.tables("party", "party")]
    check_parties(parties, document)
    linkage_table = document.table("linkage")
    records_table = document.table("records", required=False)
    payload = read_payload(document.table("payload", required=False))
    agreement = Agreement(
        title=head.text("title"),
        parties=tuple(parties),
        linkage=read_linkage(linkage_table),
        convener=head.text("convener", ""),
        convener_key=read_public_key(head, "convener_key"),
        purpose=head.text("purpose", ""),
        scope=head.text("scope", ""),
        exception=head.text("exception", "", choices=("", *EXCEPTIONS)),
        legal_basis=head.text("legal_basis", ""),
        effective=head.date("effective"),
        expires=head.date("expires"),
        trial=head.flag("trial", False),
        use=read_use(document.table("use", required=False)),
        records=read_records(records_table),
        payload=payload,
        output=read_output(document.table("output", required=False)),
        results=read_own(document.table("results", required=False), dict(payload.columns)),
        destruction=read_destruction(document.table("destruction", required=False)),
    )
    if agreement.effective and agreement.expires and agreement.effective > agreement.expires:
        head.fault("expires", "lies before effective; set it to the last day of the agreement")
    fields = agreement.linkage.fields
    for name in agreement.records.required_fields:
        if fields and name not in fields:
            records_table.fault("required_fields", f"{name!r} is not among the fields of [linkage]")
    for table in (head, linkage_table, document):
        table.finish()
    refuse(document.faults, source)
    return agreement
