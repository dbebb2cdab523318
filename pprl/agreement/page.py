"""An agreement as a page for counsel: what leaves, what the hub can learn, what comes back."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pprl.agreement.agreement import Agreement
from pprl.agreement.blocking import BlockingPart
from pprl.agreement.enforcement import signature_fault
from pprl.agreement.legal import EXCEPTIONS

_UNSTATED = "(not stated)"
_FIELD_WORDS = {
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


@dataclass(frozen=True)
class Block:
    """A piece of the page.

    Attributes:
        kind: "title", "heading", "text", "list" or "table".
        lines: the text; the items; or the rows, cells apart by tabs, the header first.
    """

    kind: str
    lines: tuple[str, ...]


def page(agreement: Agreement) -> list[Block]:
    """The page, block by block."""
    return [*_who(agreement), *_what(agreement), *_back(agreement), *_end(agreement)]


def as_markdown(blocks: Iterable[Block]) -> str:
    """The page as Markdown."""
    written = []
    for block in blocks:
        lines = [markdown_text(line) for line in block.lines]
        if block.kind in ("title", "heading"):
            written.append(f"{'#' if block.kind == 'title' else '##'} {lines[0]}")
        elif block.kind == "list":
            written.append("\n".join(f"- {line}" for line in lines))
        elif block.kind == "table":
            rows = [f"| {' | '.join(line.split(chr(9)))} |" for line in lines]
            rows.insert(1, f"|{'---|' * (lines[0].count(chr(9)) + 1)}")
            written.append("\n".join(rows))
        else:
            written.append("\n\n".join(lines))
    return "\n\n".join(written) + "\n"


def as_html(blocks: Iterable[Block]) -> str:
    """The page as HTML that loads nothing."""
    body, title = [], ""
    for block in blocks:
        lines = [html.escape(line) for line in block.lines]
        if block.kind == "title":
            title = lines[0]
            body.append(f"<h1>{title}</h1>")
        elif block.kind == "heading":
            body.append(f"<h2>{lines[0]}</h2>")
        elif block.kind == "list":
            body.append(f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>")
        elif block.kind == "table":
            body.append(f"<table>{''.join(_html_rows(lines))}</table>")
        else:
            body.append("".join(f"<p>{line}</p>" for line in lines))
    style = (
        "body{font:16px/1.5 serif;max-width:46em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;"
        "text-align:left;vertical-align:top}"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{style}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _who(agreement: Agreement) -> Iterator[Block]:
    """Title, ground, purpose, duration, parties, who may see what."""
    yield Block("title", (agreement.title,))
    trial = ("A trial, for invented students only.",) if agreement.trial else ()
    yield Block("text", (NO_ADVICE, *trial))
    yield Block("heading", ("On what it rests, and for what",))
    ground = EXCEPTIONS.get(agreement.exception)
    yield _table(
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
        yield Block("text", (f"What this ground asks for: {ground.asks}",))
    yield Block("heading", ("Parties, and who has signed this text",))
    yield _table(
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
    yield Block("heading", ("Who may see what, and limits of use",))
    yield Block("list", agreement.use.may_see or (_UNSTATED,))
    yield Block("text", (f"Limits of use: {agreement.use.limits or _UNSTATED}",))


def _what(agreement: Agreement) -> Iterator[Block]:
    """What leaves an institution, and what the hub can learn."""
    section = agreement.linkage
    yield Block("heading", ("What leaves an institution",))
    size = sum(p.quota * (12 + 8 * section.words_of(p)) for p in section.passes)
    yield Block(
        "text",
        (
            "No name, birth date or ID leaves. From the data elements below, and no others, each "
            f"student is encoded into {section.entries_per_record} entries of random-looking bits, "
            f"{size:,} bytes in all. Some of them are decoys. Fewer than "
            f"{agreement.records.minimum} students are not encoded.",
        ),
    )
    yield Block("list", tuple(_FIELD_WORDS[field] for field in section.fields))
    yield Block(
        "text",
        (
            "Beside them the file states: the institution, the hub it is for, digests of this "
            "agreement, a value that tells whether all used one linkage key, the number of "
            "students, a running number, and, with noise (differential privacy, epsilon "
            f"{agreement.records.epsilon:g}), how complete each data element is and how alike "
            "different students of the institution are. It is signed by the institution and "
            "encrypted to the hub.",
            "Two students are compared only if they agree on one of these:",
        ),
    )
    yield Block("list", tuple(", and ".join(map(_in_words, p.block)) for p in section.passes))
    if agreement.payload.columns:
        yield Block("text", ("Later, by study ID and never with an encoding, may follow:",))
        yield _table(("Column", "Kind"), *agreement.payload.columns)
    yield Block("heading", ("What the hub can learn",))
    yield Block(
        "list",
        (
            "how many students each institution sent, and the counts above",
            "which entries of different institutions' files belong to one block, and how similar "
            "they are: that is what linking is for",
            "which records are probably the same person",
            "not, from the files alone, who anybody is. Whoever also holds the institutions' "
            "linkage key can test guesses, so it never goes to the hub, and an institution that "
            "colludes with the hub breaks the protection for all. Encodings are therefore personal "
            "information, pseudonymous and not anonymous.",
        ),
    )


def _back(agreement: Agreement) -> Iterator[Block]:
    """What comes back, and what may leave the hub."""
    output = agreement.output
    yield Block("heading", ("What comes back, and what may leave the hub",))
    shared = "the same for all parties" if output.common_study_ids else "different for each party"
    found = "does" if output.reveal_matches else "does not"
    rank = "may" if output.rank_institutions else "may not"
    yield Block(
        "list",
        (
            f"to each institution, for its own records, random study IDs, {shared}; the list "
            f"{found} tell which students were found elsewhere",
            f"tables in which counts below {output.smallest_cell} are hidden; they {rank} compare "
            "institutions by name",
            "tables may be broken down by: "
            + (", ".join(agreement.payload.report_groups) or "no group of students"),
        ),
    )


def _end(agreement: Agreement) -> Iterator[Block]:
    """Destruction, and what was signed."""
    destruction = agreement.destruction
    yield Block("heading", ("What is destroyed, by when and how",))
    ingest = "as soon as it has taken it in" if destruction.match_files_on_ingest else "at the end"
    yield _table(
        ("", ""),
        ("By", destruction.by),
        ("Method", destruction.method),
        ("What", ", ".join(destruction.items)),
        ("The hub deletes a match file", ingest),
    )
    yield Block("heading", ("Digests",))
    yield _table(
        ("", ""),
        ("This agreement", agreement.digest),
        ("Its linkage section", agreement.linkage_digest),
        ("The hub's key", agreement.hub_key),
    )


def _table(*rows: Sequence[str | datetime.date | None]) -> Block:
    """A table; cells that say nothing say so, apart from the header's."""
    header, *body = rows
    lines = ["\t".join(str(cell) for cell in header)]
    lines += ["\t".join(_cell(cell) for cell in row) for row in body]
    return Block("table", tuple(lines))


def _cell(value: str | datetime.date | None) -> str:
    """A cell on one line."""
    return " ".join(str(value).split()) if value else _UNSTATED


def _in_words(part: BlockingPart) -> str:
    """A part of a blocking key in words."""
    words = _PART_WORDS[part.source]
    if part.transform == "soundex":
        return f"the sound of {words}"
    return f"the first {part.transform} letters of {words}" if part.transform else words


def markdown_text(line: str) -> str:
    """A text in which no letter is taken for markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", line.replace("\n", " "))


def _html_rows(lines: Sequence[str]) -> Iterator[str]:
    """The rows of a table, its header left out if empty."""
    for place, line in enumerate(lines):
        cells = line.split("\t")
        tag = "td" if place else "th"
        if any(cells):
            yield f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"
