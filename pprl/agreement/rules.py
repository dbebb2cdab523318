"""What an agreement says beside the linkage: records, use, outcomes, output, destruction."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from pprl.agreement.document import Table
from pprl.agreement.linkage import FIELDS

MINIMUM_RECORDS = 100
SMALLEST_CELL = 11
EPSILON = 1.0

DESTROYABLE = (
    "linkage-key",
    "match-files",
    "encodings",
    "id-maps",
    "state",
    "registry",
    "payloads",
)
"""What an agreement can name for destruction. `encodings` is the hub's linkage store, `state` an
institution's secret and ledger, `registry` the hub's study IDs."""

COLUMN_KINDS = ("text", "whole", "number", "date", "flag")
"""What a payload's column can hold."""

NEVER_A_COLUMN = ("name", "record", "token", "filter", "id", "identifier")
IDENTIFYING = (
    *(field for field in FIELDS if field != "sex"),
    *("surname", "given_name", "family_name", "legal_name", "full_name", "name_suffix", "alias"),
    *("dob", "birthdate", "birthday", "local_id", "student_id", "ssn", "ssid", "social_security"),
    *("address", "street", "email", "phone", "postal_code", "latitude", "longitude"),
)
"""What a payload's column may not be called, alone or (`IDENTIFYING`) among other words, whatever
the agreement says: with it a study ID would stand beside an identifier or an encoding."""


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
class Use:
    """Who may see what, and for what.

    Attributes:
        may_see: one sentence a line: who, and what of it.
        limits: what it may not be used for.
    """

    may_see: tuple[str, ...] = ()
    limits: str = ""


@dataclass(frozen=True)
class Payload:
    """What may follow by study ID once records are linked.

    Attributes:
        columns: (name, one of `COLUMN_KINDS`), in order; none: no payload travels.
        report_groups: those of them that tables may be broken down by.
    """

    columns: tuple[tuple[str, str], ...] = ()
    report_groups: tuple[str, ...] = ()


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
class Destruction:
    """What is destroyed at the end, how and by when.

    Attributes:
        by: the last day on which it may still be there.
        method: how, in a sentence.
        items: what, of `DESTROYABLE`.
        match_files_on_ingest: whether the hub deletes a match file once it has taken it in.
    """

    by: datetime.date | None = None
    method: str = ""
    items: tuple[str, ...] = DESTROYABLE
    match_files_on_ingest: bool = True


def read_records(table: Table) -> RecordRules:
    """Read `[records]`."""
    rules = RecordRules(
        minimum=table.whole("minimum", MINIMUM_RECORDS, least=2),
        required_fields=table.texts("required_fields", RecordRules.required_fields),
        epsilon=table.number("epsilon", EPSILON, above=0),
    )
    table.finish()
    return rules


def read_use(table: Table) -> Use:
    """Read `[use]`."""
    use = Use(table.texts("may_see", ()), table.text("limits", ""))
    table.finish()
    return use


def read_output(table: Table) -> OutputRules:
    """Read `[output]`."""
    rules = OutputRules(
        smallest_cell=table.whole("smallest_cell", SMALLEST_CELL, least=1),
        rank_institutions=table.flag("rank_institutions", False),
        reveal_matches=table.flag("reveal_matches", False),
        common_study_ids=table.flag("common_study_ids", False),
    )
    table.finish()
    return rules


def read_destruction(table: Table) -> Destruction:
    """Read `[destruction]`."""
    items = table.texts("items", DESTROYABLE)
    for item in items:
        if item not in DESTROYABLE:
            table.fault("items", f"{item!r} is not known; known: {', '.join(DESTROYABLE)}")
    destruction = Destruction(
        by=table.date("by"),
        method=table.text("method", ""),
        items=items,
        match_files_on_ingest=table.flag("match_files_on_ingest", True),
    )
    table.finish()
    return destruction


def read_payload(table: Table) -> Payload:
    """Read `[payload]`: `columns.NAME = "kind"`, and which of them are report groups."""
    columns = table.table("columns", required=False)
    chosen = []
    for name in columns:
        kind = columns.text(name, choices=COLUMN_KINDS)
        if reason := column_fault(name):
            columns.fault(name, reason)
        chosen.append((name, kind))
    groups = table.texts("report_groups", ())
    for name in groups:
        if name not in dict(chosen):
            table.fault("report_groups", f"{name!r} is not among the columns")
    table.finish()
    return Payload(tuple(chosen), groups)


def column_fault(name: str) -> str:
    """Why a payload may not have a column of this name; "" if it may."""
    plain = name.lower()
    if not (name.isascii() and name.isidentifier() and name == plain and len(name) <= 64):
        return "must be lower-case letters, digits and '_', a letter first"
    if plain == "study_id":
        return "stands in every payload; it is not declared"
    if plain in NEVER_A_COLUMN:
        return "looks like an identifier; a payload holds none"
    parts = set(plain.split("_"))
    for word in IDENTIFYING:
        if set(word.split("_")) <= parts:
            return f"looks like an identifier ({word}); a payload holds none"
    return ""
