"""The last part of a report: parameters, attacks, software and digests, how to cite."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from pprl.page import Block, Bullets, Column, Details, Heading, Table, Text, columns
from pprl.results.report.citation import citation, software_citation
from pprl.results.report.figures import Figures
from pprl.results.report.figures_file import digest_of
from pprl.results.report.wording import bits, share

_LIGHTS = {"green": "as designed", "amber": "know this", "red": "stop"}


def parameters(figures: Figures) -> Iterator[Block]:
    """M and u of each level, pass by pass."""
    yield Heading("Parameters learned")
    yield Text(
        "For each pass, how often matches (m) and other pairs (u) agree at each level; the weight "
        "is the logarithm of m over u to base 2. They were learned from the pairs themselves, by "
        "EM with prior counts, without any pair known to be a match. Shares are rounded as counts "
        "are, and weights are made from the rounded shares; where a pass has few matches or few "
        "other pairs, nothing of these is told. Levels of which nothing is told are left out."
    )
    if not figures.levels:
        yield Text("The linkage did not keep them.")
    header = columns("Level", "m", "u", "Weight")
    for name, levels in groupby(figures.levels, key=lambda told: told.on):
        rows = tuple(
            (f"{told.attribute}: {told.level}", share(told.m), share(told.u), bits(told.bits))
            for told in levels
            if told.m is not None or told.u is not None
        )
        inside = (
            Table(f"Levels of the pass {name}", header, rows) if rows else Text("Too few pairs.")
        )
        yield Details(f"Pass {name}", (inside,))


def attacks(figures: Figures) -> Iterator[Block]:
    """What an attacker could learn."""
    yield Heading("What an attacker could learn")
    yield Text(
        "The files hold pseudonymous personal data, not anonymous data. Whoever holds the "
        "institutions' linkage key and the files can test guesses; the hub is not given the key."
    )
    audit = figures.audit
    if audit is None:
        yield Text(
            "The files were not audited for this report. To have the findings here, run pprl audit "
            "on them and give this report its JSON file."
        )
        return
    yield Text(f"{_LIGHTS.get(audit.light, audit.light).capitalize()}. {audit.headline}")
    yield Table(
        "Attacks that were tried",
        columns("Attack", "Result", "Light", "Threshold", "Meaning", texts=5),
        tuple(
            (
                told.name,
                told.figure,
                _LIGHTS.get(told.light, told.light),
                told.threshold,
                told.meaning,
            )
            for told in audit.findings
        ),
    )
    if audit.notes:
        yield Text("Not examined:")
        yield Bullets(audit.notes)


def software(figures: Figures) -> Iterator[Block]:
    """What made it, and the digests by which files and texts can be recognised."""
    yield Heading("Software and digests")
    yield Text(f"Linked by {figures.software} on {figures.made_on}.")
    header = (Column(""), Column("SHA-256", "digest"))
    rows = (
        ("The agreement", figures.agreement.digest),
        ("Its linkage section", figures.agreement.linkage_digest),
        ("These figures, as in the JSON form", digest_of(figures)),
    )
    yield Table("Digests of the agreement and of this report", header, rows)
    yield Table(
        "Digests of the files' manifests",
        (Column("File"), Column("Written by"), Column("SHA-256", "digest")),
        tuple(
            (f"{file.institution}, number {file.sequence}", file.software, file.sha256)
            for file in figures.files
        ),
    )


def how_to_cite(figures: Figures) -> Iterator[Block]:
    """How to cite the linkage and the software."""
    yield Heading("How to cite")
    yield Bullets((citation(figures), software_citation(figures)))
    yield Text(
        "pprl appendix writes a methods section from these figures, with references and with a "
        "table that maps the items of the GUILD guidance and of the RECORD statement."
    )
