"""From the tables of a TOML document to a linkage section, with every fault kept."""

from __future__ import annotations

import uuid
from typing import Any

from pprl.agreement.blocking import BlockingPart
from pprl.agreement.document import Table
from pprl.agreement.levels import CUTS, Comparison
from pprl.agreement.linkage import (
    FIELDS,
    NICKNAMES,
    NORMALISER,
    PHONETIC,
    SEGMENT_FIELDS,
    LinkageSection,
    Pass,
    Segment,
)
from pprl.agreement.party import read_recipient
from pprl.agreement.profiles import PROFILES, profile

MOST_BITS = 4096
MOST_QUOTA = 16
MOST_PASSES = 64


def read_linkage(table: Table) -> LinkageSection:
    """Read `[linkage]`: either `profile = "..."`, or fields, segments and passes spelled out."""
    partnership = table.text("partnership")
    try:
        partnership = str(uuid.UUID(partnership))
    except ValueError:
        if partnership:
            table.fault("partnership", "is not a UUID; make one with uuidgen")
    country = table.text("country", "US")
    if len(country) != 2 or not (country.isascii() and country.isalpha() and country.isupper()):
        table.fault("country", 'must be two capital letters, such as "US"')
    hub_key = read_recipient(table, "hub_key")
    optional_fields = table.texts("also", ()) if table.has("profile") else ()
    section = _spelled(table, _content(table), optional_fields)
    return LinkageSection(
        partnership=partnership,
        country=country,
        hub_key=hub_key,
        normaliser=table.text("normaliser", NORMALISER, (NORMALISER,)),
        nicknames=table.text("nicknames", NICKNAMES, (NICKNAMES,)),
        phonetic=table.text("phonetic", PHONETIC, (PHONETIC,)),
        **section,
    )


def profile_of(section: LinkageSection) -> str:
    """The profile whose segments and passes a section has; "" if it has its own."""
    for name in PROFILES:
        table = Table({"profile": name}, "", [])
        named = _spelled(table, _content(table), ())
        if (named["segments"], named["passes"]) == (section.segments, section.passes):
            return name
    return ""


def _content(table: Table) -> Table:
    """The table that spells the section out: the named profile's, or this one."""
    if not table.has("profile"):
        return table
    name = table.text("profile", choices=PROFILES)
    return Table(profile(name) if name in PROFILES else {}, f"profile {name}", table.faults)


def _spelled(table: Table, content: Table, also: tuple[str, ...]) -> dict[str, Any]:
    """Fields, segments and passes, checked one by one and against each other."""
    known = not (table is not content and not content.has("fields"))
    if not known:
        return {"fields": (), "segments": (), "passes": ()}
    fields = (*content.texts("fields"), *also)
    for name in fields:
        if name not in FIELDS:
            content.fault("fields", f"{name!r} is not known; known: {', '.join(FIELDS)}")
    segments = tuple(_segment(item) for item in content.tables("segment", "segment"))
    passes = tuple(_pass(item, fields) for item in content.tables("pass", "pass"))
    for segment in segments:
        for field in SEGMENT_FIELDS.get(segment.name, ()):
            if field not in fields:
                content.fault("fields", f"lacks {field!r}, which segment {segment.name!r} needs")
    _unique(list(fields), content, "fields")
    _unique([segment.name for segment in segments], content, "segment")
    _unique([item.name for item in passes], content, "pass")
    if not segments:
        content.fault("segment", "there is none; write at least one [[linkage.segment]]")
    if not 1 <= len(passes) <= MOST_PASSES:
        content.fault("pass", f"there must be 1 to {MOST_PASSES} of them")
    section = LinkageSection("", fields, segments, passes)
    for item in passes if segments else ():
        if not Comparison.of(section, item).attributes:
            content.fault("pass", f"{item.name!r} leaves nothing to compare")
    return {"fields": fields, "segments": segments, "passes": passes}


def _segment(table: Table) -> Segment:
    """One segment; its lengths bounded so that a filter can be filled."""
    name = table.text("name", choices=tuple(SEGMENT_FIELDS))
    bits = table.whole("bits")
    insertions = table.whole("insertions", least=1)
    cuts = table.wholes("cuts")
    if not 64 <= bits <= MOST_BITS or bits & (bits - 1):
        table.fault("bits", f"must be a power of two from 64 to {MOST_BITS}")
    if insertions > bits // 2:
        table.fault("insertions", "must be at most half of bits")
    if not cuts or list(cuts) != sorted(set(cuts), reverse=True) or cuts[0] > insertions:
        table.fault("cuts", "must fall, starting at most at insertions, such as [16, 9]")
    elif cuts[-1] < 1 or len(cuts) != CUTS.get(name, len(cuts)):
        table.fault("cuts", f"must be {CUTS.get(name)} numbers of at least 1")
    table.finish()
    return Segment(name, bits, insertions, cuts)


def _pass(table: Table, fields: tuple[str, ...]) -> Pass:
    """One pass; its blocking key made of known parts of declared fields."""
    name = table.text("name")
    quota = table.whole("quota", least=1)
    if quota > MOST_QUOTA:
        table.fault("quota", f"must be at most {MOST_QUOTA}")
    block = []
    for text in table.texts("block"):
        try:
            part = BlockingPart.parse(text)
        except ValueError as error:
            table.fault("block", str(error))
            continue
        for field in set(part.fields) - set(fields):
            table.fault("block", f"{text!r} needs the field {field!r}, which is not in fields")
        block.append(part)
    if not block and table.has("block"):
        table.fault("block", 'is empty; write parts such as ["birth_date", "first_name"]')
    table.finish()
    return Pass(name, tuple(block), quota)


def _unique(names: list[str], table: Table, key: str) -> None:
    """Keep a fault for each name that stands twice."""
    for name in sorted({name for name in names if names.count(name) > 1}):
        table.fault(key, f"{name!r} stands twice; names must differ")
