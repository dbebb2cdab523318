"""An agreement as a page for counsel: what leaves, what the hub can learn, what comes back."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from pprl.agreement.agreement import Agreement
from pprl.agreement.blocking import BlockingPart
from pprl.agreement.enforcement import signature_fault
from pprl.agreement.legal import EXCEPTIONS
from pprl.agreement.linkage import Pass
from pprl.page import Block, Bullets, Column, Heading, Table, Text

_Value = str | datetime.date | None
_UNSTATED = "(not stated)"
FIELD_WORDS = {
    "first_name": "first name",
    "middle_name": "middle name",
    "last_name": "last name",
    "birth_date": "date of birth",
    "sex": "sex",
    "zip": "ZIP code",
    "state_id": "state student ID",
}
_PART_WORDS = {
    "birth_date": "date of birth",
    "birth_month_day_sorted": "month and day of birth, in either order",
    "birth_year_month": "year and month of birth",
    "birth_year_day": "year and day of birth",
    "first_name": "first name (nicknames counted as the name)",
    "last_part": "a part of the last name",
    "name_part": "a part of any name",
    "first_last_pair": "first name and a part of the last name, in either order",
    "name_pair": "two parts of any names, in either order",
    "middle_initial": "middle initial",
    "sex": "sex",
    "zip": "ZIP code",
    "state_id": "state student ID",
}
NO_ADVICE = (
    "This page was made by software from the technical annex of the agreement. It is no legal "
    "advice, and does not say whether a disclosure is lawful; the signed document is the authority."
)


def page(agreement: Agreement) -> list[Block]:
    """The page, block by block; the agreement's title is its title."""
    return [*_who(agreement), *_what(agreement), *_back(agreement), *_end(agreement)]


def _who(agreement: Agreement) -> Iterator[Block]:
    """Ground, purpose, duration, parties, who may see what."""
    yield Text(NO_ADVICE)
    if agreement.trial:
        yield Text("A trial, for invented students only.")
    yield Heading("On what it rests, and for what")
    ground = EXCEPTIONS.get(agreement.exception)
    yield _table(
        "Ground, purpose and duration",
        ("", ""),
        ("Exception", f"{ground.name} ({ground.citation})" if ground else _UNSTATED),
        ("Legal basis", agreement.legal_basis),
        ("Purpose", agreement.purpose),
        ("Scope", agreement.scope),
        ("Begins", agreement.effective),
        ("Ends", agreement.expires),
        ("Runs the hub", agreement.convener),
    )
    if ground:
        yield Text(f"What this ground asks for: {ground.asks}")
    yield Heading("Parties, and who has signed this text")
    yield _table(
        "Parties",
        ("Party", "Role", "Also sends for", "Signed"),
        *(
            (
                party.name or party.id,
                party.role,
                ", ".join(party.submits_for) or "no other",
                "not yet" if signature_fault(agreement, party.id) else "yes",
            )
            for party in agreement.parties
        ),
    )
    yield Heading("Who may see what, and limits of use")
    yield Bullets(agreement.use.may_see or (_UNSTATED,))
    yield Text(f"Limits of use: {agreement.use.limits or _UNSTATED}")


def _what(agreement: Agreement) -> Iterator[Block]:
    """What leaves an institution, and what the hub can learn."""
    section = agreement.linkage
    yield Heading("What leaves an institution")
    size = sum(p.quota * (12 + 8 * section.words_of(p)) for p in section.passes)
    yield Text(
        "No name, birth date or ID leaves. From the data elements below, and no others, each "
        f"student is encoded into {section.entries_per_record} entries of random-looking bits, "
        f"{size:,} bytes in all. Some of them are decoys. Fewer than "
        f"{agreement.records.minimum} students are not encoded."
    )
    yield Bullets(tuple(FIELD_WORDS[field] for field in section.compared))
    if section.apart:
        yield Text(
            "Read besides, encoded nowhere and never compared between institutions: "
            f"{', '.join(FIELD_WORDS[field] for field in section.apart)}. This only tells "
            "duplicates of one institution apart; how complete it is leaves, as told next."
        )
    yield Text(
        "Beside them the file states: the institution, the hub it is for, digests of this "
        "agreement, a value that tells whether all used one linkage key, the number of "
        "students, a running number, and, with noise (differential privacy, epsilon "
        f"{agreement.records.epsilon:g}), how complete each data element is and how alike "
        "different students of the institution are. It is signed by the institution and "
        "encrypted to the hub."
    )
    yield Text("Two students are compared only if they agree on one of these:")
    yield Bullets(tuple(map(block_in_words, section.passes)))
    if agreement.payload.columns:
        yield Text("Later, by study ID and never with an encoding, may follow:")
        yield _table("Columns of the payload", ("Column", "Kind"), *agreement.payload.columns)
    yield Heading("What the hub can learn")
    yield Bullets(
        (
            "how many students each institution sent, and the counts above",
            "which entries of different institutions' files belong to one block, and how similar "
            "they are: that is what linking is for",
            "which records are probably the same person",
            "not, from the files alone, who anybody is. Whoever also holds the institutions' "
            "linkage key can test guesses, so it never goes to the hub, and an institution that "
            "colludes with the hub breaks the protection for all. Encodings are therefore personal "
            "information, pseudonymous and not anonymous.",
        )
    )


def _back(agreement: Agreement) -> Iterator[Block]:
    """What comes back, and what may leave the hub."""
    output = agreement.output
    yield Heading("What comes back, and what may leave the hub")
    shared = "the same for all parties" if output.common_study_ids else "different for each party"
    found = "does" if output.reveal_matches else "does not"
    rank = "may" if output.rank_institutions else "may not"
    yield Bullets(
        (
            f"to each institution, for its own records, random study IDs, {shared}; the list "
            f"{found} tell which students were found elsewhere",
            f"tables in which counts below {output.smallest_cell} are hidden; they {rank} compare "
            "institutions by name",
            "tables may be broken down by: "
            + (", ".join(agreement.payload.report_groups) or "no group of students"),
        )
    )


def _end(agreement: Agreement) -> Iterator[Block]:
    """Destruction, and what was signed."""
    destruction = agreement.destruction
    yield Heading("What is destroyed, by when and how")
    ingest = "as soon as it has taken it in" if destruction.match_files_on_ingest else "at the end"
    yield _table(
        "Destruction",
        ("", ""),
        ("By", destruction.by),
        ("Method", destruction.method),
        ("What", ", ".join(destruction.items)),
        ("The hub deletes a match file", ingest),
    )
    yield Heading("Digests")
    yield _table(
        "Digests and key",
        ("", Column("", "digest")),
        ("This agreement", agreement.digest),
        ("Its linkage section", agreement.linkage_digest),
        ("The hub's key", agreement.hub_key),
    )


def _table(caption: str, header: Sequence[str | Column], *rows: Sequence[_Value]) -> Table:
    """A table; cells that say nothing say so."""
    columns = tuple(name if isinstance(name, Column) else Column(name) for name in header)
    return Table(caption, columns, tuple(tuple(map(_cell, row)) for row in rows))


def _cell(value: _Value) -> str:
    """A cell on one line."""
    return " ".join(str(value).split()) if value else _UNSTATED


def block_in_words(linkage_pass: Pass) -> str:
    """What two students must agree on to be compared in a pass."""
    return ", and ".join(map(_in_words, linkage_pass.block))


def _in_words(part: BlockingPart) -> str:
    """A part of a blocking key in words."""
    words = _PART_WORDS[part.source]
    if part.transform == "soundex":
        return f"the sound of {words}"
    if part.transform == "1":
        return f"the first letter of {words}"
    return f"the first {part.transform} letters of {words}" if part.transform else words
