"""What the partners signed: who, why, until when, which fields, which passes, which rules."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pprl.agreement.document import Table, read_toml, refuse
from pprl.agreement.linkage import LinkageSection
from pprl.agreement.party import IDENTIFIER, Party, read_party
from pprl.agreement.reading import read_linkage
from pprl.errors import AgreementError, UsageError

MINIMUM_RECORDS = 100
SMALLEST_CELL = 11
EPSILON = 1.0


@dataclass(frozen=True)
class RecordRules:
    """What a submission must be like.

    Attributes:
        minimum: students below which nothing is encoded or linked: a handful hides nobody.
        required_fields: roster fields that may not be empty throughout.
        epsilon: privacy-loss budget of all counts in one manifest together (Dwork and Roth 2014).
    """

    minimum: int = MINIMUM_RECORDS
    required_fields: tuple[str, ...] = ("first_name", "last_name", "birth_date")
    epsilon: float = EPSILON


@dataclass(frozen=True)
class OutputRules:
    """What may leave the hub.

    Attributes:
        smallest_cell: counts below this are hidden.
        rank_institutions: whether tables may compare institutions by name.
        reveal_matches: whether a crosswalk may tell which records were found elsewhere.
        common_study_ids: whether all recipients get the same study ID for a person.
    """

    smallest_cell: int = SMALLEST_CELL
    rank_institutions: bool = False
    reveal_matches: bool = False
    common_study_ids: bool = False


@dataclass(frozen=True)
class Agreement:
    """A data-sharing agreement, as far as software can read it.

    Parties, fields, passes, the rules of records and `common_study_ids` bind both sides' software.
    Dates and the other output rules are recorded and told; this version does not enforce them.

    Attributes:
        title: its name.
        parties: the institutions, in the order of the document.
        linkage: the linkage section.
        convener: who runs the hub.
        purpose: what the linkage is for.
        legal_basis: the exception or consent that it rests on.
        effective: first day, if dated.
        expires: last day, if dated.
        records: what a submission must be like.
        output: what may leave the hub.
    """

    title: str
    parties: tuple[Party, ...]
    linkage: LinkageSection
    convener: str = ""
    purpose: str = ""
    legal_basis: str = ""
    effective: datetime.date | None = None
    expires: datetime.date | None = None
    records: RecordRules = field(default_factory=RecordRules)
    output: OutputRules = field(default_factory=OutputRules)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Agreement:
        """Read an agreement from a TOML file.

        Raises:
            AgreementError: the file cannot be read or is faulty; all faults are listed, each with
                its place and the way out.
        """
        return _read(Table(read_toml(Path(path)), "", []), str(path))

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
        _check_parties(chosen, table)
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

    @property
    def linkage_digest(self) -> str:
        """SHA-256 of the linkage section alone, 64 hexadecimal digits: it survives a renewal."""
        return self.linkage.digest

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything in the agreement, 64 hexadecimal digits."""
        content = {
            "title": self.title,
            "convener": self.convener,
            "purpose": self.purpose,
            "legal_basis": self.legal_basis,
            "effective": self.effective.isoformat() if self.effective else "",
            "expires": self.expires.isoformat() if self.expires else "",
            "parties": [dataclasses.asdict(party) for party in self.parties],
            "records": dataclasses.asdict(self.records),
            "output": dataclasses.asdict(self.output),
            "linkage": self.linkage_digest,
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def _read(document: Table, source: str) -> Agreement:
    """Read every table of the document, then refuse it with all its faults, or return it."""
    head = document.table("agreement")
    parties = [read_party(table) for table in document.tables("party", "party")]
    _check_parties(parties, document)
    linkage_table = document.table("linkage")
    linkage = read_linkage(linkage_table)
    records = document.table("records", required=False)
    output = document.table("output", required=False)
    agreement = Agreement(
        title=head.text("title"),
        parties=tuple(parties),
        linkage=linkage,
        convener=head.text("convener", ""),
        purpose=head.text("purpose", ""),
        legal_basis=head.text("legal_basis", ""),
        effective=head.date("effective"),
        expires=head.date("expires"),
        records=RecordRules(
            minimum=records.whole("minimum", MINIMUM_RECORDS, least=2),
            required_fields=records.texts("required_fields", RecordRules.required_fields),
            epsilon=records.number("epsilon", EPSILON, above=0),
        ),
        output=OutputRules(
            smallest_cell=output.whole("smallest_cell", SMALLEST_CELL, least=1),
            rank_institutions=output.flag("rank_institutions", False),
            reveal_matches=output.flag("reveal_matches", False),
            common_study_ids=output.flag("common_study_ids", False),
        ),
    )
    if agreement.effective and agreement.expires and agreement.effective > agreement.expires:
        head.fault("expires", "lies before effective; set it to the last day of the agreement")
    for name in agreement.records.required_fields:
        if linkage.fields and name not in linkage.fields:
            records.fault("required_fields", f"{name!r} is not among the fields of [linkage]")
    for table in (head, linkage_table, records, output, document):
        table.finish()
    refuse(document.faults, source)
    return agreement


def _check_parties(parties: list[Party], document: Table) -> None:
    """Keep a fault for fewer than two parties and for each id that stands twice."""
    ids = [party.id for party in parties]
    if len(ids) < 2:
        document.fault("party", "an agreement has at least two parties; write a [[party]] for each")
    for identifier in sorted({i for i in ids if i and ids.count(i) > 1}):
        document.fault("party", f"{identifier!r} stands twice; ids must differ")
