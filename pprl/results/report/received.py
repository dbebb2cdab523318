"""The first part of a report: in brief, what was agreed, what was received, how complete it is."""

from __future__ import annotations

from collections.abc import Iterator

from pprl.page import Block, Bullets, Column, Heading, Table, Text, columns
from pprl.results.report.figures import Figures
from pprl.results.report.wording import HIDDEN, count, interval, share

_UNSTATED = "(not stated)"


def in_brief(figures: Figures) -> Iterator[Block]:
    """What a reader takes home, and how to read the counts."""
    quality, agreement = figures.quality, figures.agreement
    yield Heading("In brief")
    rate = {told.threshold: told.match_rate for told in figures.thresholds}[figures.threshold]
    yield Bullets(
        (
            f"{figures.institutions} institutions sent {count(figures.records)} records, none of "
            "which shows a name, a birth date or an ID.",
            f"Persons linked between two institutions, over all pairs of institutions: "
            f"{count(figures.links)}. Share of all records that have a match: {share(rate)}.",
            f"Expected precision {share(quality.precision)} (95% interval "
            f"{interval(quality.precision_low, quality.precision_high)}): so many of the links "
            "join records of one person.",
            f"Expected recall {share(quality.recall)} "
            f"({interval(quality.recall_low, quality.recall_high)}): so many of the pairs that "
            "are one person are linked. Whoever is not linked was not found among these "
            "institutions, which is no proof of not being there.",
            "Both are estimated without truth, from the links themselves.",
        )
    )
    yield Text(_how_counts_are_told(agreement.smallest_cell, figures.rounded_to))
    if agreement.trial:
        yield Text("The agreement is a trial: all persons are invented.")


def _how_counts_are_told(smallest: int, base: int) -> str:
    """The rule for counts."""
    if smallest == 1:
        return "The agreement hides no small counts; all counts are exact."
    rest = {
        0: "Persons found at an institution and elsewhere, or at so many institutions, are not "
        "told: small counts could be worked out from them.",
        smallest: "",
    }.get(
        base,
        f"Persons found at an institution and elsewhere, or at so many institutions, are rounded "
        f"down to multiples of {base}, or small counts could be worked out from them.",
    )
    return (
        f"Counts of pairs and persons are rounded down to multiples of {smallest}, the smallest "
        f"cell of the agreement; “{HIDDEN}” stands for fewer, and for what would tell fewer. Only "
        f"the institutions' own numbers of records are exact. The number of all links "
        "is the sum over pairs of institutions as told, so it may be below the counts by "
        f"probability. {rest}"
    ).strip()


def agreement(figures: Figures) -> Iterator[Block]:
    """What was agreed, and by whom."""
    agreed = figures.agreement
    yield Heading("Agreement and parties")
    rows = (
        ("Agreement", agreed.title),
        ("Runs the hub", agreed.convener),
        ("Purpose", agreed.purpose),
        ("Scope", agreed.scope),
        ("Ground", agreed.ground),
        ("Legal basis", agreed.legal_basis),
        ("In effect", f"{agreed.effective} to {agreed.expires}" if agreed.effective else ""),
        ("Profile", agreed.profile or "none: its own segments and passes"),
        ("Linked on", figures.made_on),
    )
    told = tuple((name, " ".join(text.split()) or _UNSTATED) for name, text in rows)
    yield Table("The agreement", (Column(""), Column("")), told)
    yield Table(
        "Parties, in the order of their ids",
        columns("Party", "Id", "Role", "Signed this text on", texts=4),
        tuple((p.name, p.id, p.role, p.signed or "not signed") for p in agreed.parties),
    )


def files(figures: Figures) -> Iterator[Block]:
    """The match files, and what each institution's records came to."""
    yield Heading("Files received")
    yield Text(
        "Persons found elsewhere are those that the links give a record at another institution. "
        "The running number counts an institution's different files."
    )
    yield Table(
        "Files by institution",
        columns("Institution", "Records", "Found elsewhere", "Share", "Running number"),
        tuple(
            (
                f"{file.institution}{' (earlier file)' if file.earlier else ''}",
                count(file.records),
                "" if file.earlier else count(file.found),
                "" if file.earlier else share(file.found_share),
                str(file.sequence),
            )
            for file in figures.files
        ),
    )


def completeness(figures: Figures) -> Iterator[Block]:
    """How complete the fields are, as the institutions say."""
    yield Heading("Fields and completeness")
    yield Text(f"Compared were: {', '.join(figures.agreement.fields)}.")
    if figures.agreement.apart:
        yield Text(
            f"Read and not compared: {', '.join(figures.agreement.apart)}. This only tells "
            "duplicates of one file apart and does not leave an institution; how complete it is "
            "does, with noise."
        )
    yield Text(
        "Share of records that have each field, as each institution's file states it: with noise "
        f"added there (differential privacy, epsilon {figures.agreement.epsilon:g} for all counts "
        "of a file together); the noise is as large as the last column says, on average. “In no "
        "pass” is the share of records that lack the fields of every pass and cannot be found."
    )
    names = sorted({name for file in figures.files for name in file.completeness})
    yield Table(
        "Completeness by institution, with noise",
        columns("Institution", *(name.replace("_", " ") for name in names), "in no pass", "noise"),
        tuple(
            (
                f"{file.institution}{' (earlier file)' if file.earlier else ''}",
                *(
                    share(file.completeness[name]) if name in file.completeness else ""
                    for name in names
                ),
                share(file.unplaced),
                share(file.noise),
            )
            for file in figures.files
        ),
    )
