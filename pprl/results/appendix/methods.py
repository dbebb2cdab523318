"""The methods section: how the linkage was done, with its figures filled in."""

from __future__ import annotations

from collections.abc import Iterator

from pprl.page import Block, Bullets, Heading, Table, Text, columns
from pprl.results.appendix.guidance import guild_table, record_table
from pprl.results.appendix.references import (
    BANSAL,
    BENCHIMOL,
    BISHOP,
    DWORK,
    FELLEGI,
    GILBERT,
    REFERENCES,
    SCHNELL,
    WINKLER,
)
from pprl.results.report.citation import citation, software_citation
from pprl.results.report.figures import Figures
from pprl.results.report.figures_file import digest_of
from pprl.results.report.wording import count, interval, share

FILL_IN = "[To be filled in by the authors: "


def title(figures: Figures) -> str:
    """The appendix's title."""
    return f"Methods of linkage: {figures.agreement.title}"


def methods(figures: Figures) -> Iterator[Block]:
    """The appendix, block by block."""
    yield from _sources(figures)
    yield from _encoding(figures)
    yield from _classification(figures)
    yield from _quality(figures)
    yield from _results(figures)
    yield from _limits(figures)
    yield Heading("Software and digests")
    yield Text(
        f"{software_citation(figures)} The linkage was made on {figures.made_on} under the "
        f"agreement with SHA-256 {figures.agreement.digest}. The figures above are those of the "
        f"linkage report with SHA-256 {digest_of(figures)}, which is cited as: {citation(figures)}"
    )
    yield Heading("Reporting guidance")
    yield record_table()
    yield Text(f"RECORD: {BENCHIMOL.cited}. What the items ask for is told in our words.")
    yield guild_table()
    yield Text(
        f"GUILD: {GILBERT.cited}. It is mapped by its four steps; what they ask for is told in our "
        "words, and is no substitute for the guidance."
    )
    yield Heading("References")
    yield Bullets(tuple(map(str, REFERENCES)))


def _sources(figures: Figures) -> Iterator[Block]:
    """Who sent what, on what ground."""
    agreed = figures.agreement
    current = [file for file in figures.files if not file.earlier]
    yield Heading("Data sources")
    yield Text(
        f"{figures.institutions} institutions sent {count(figures.records)} records under the "
        f"agreement “{agreed.title}”"
        + (f" (purpose: {agreed.purpose})" if agreed.purpose else "")
        + (f", resting on {agreed.ground}" if agreed.ground else "")
        + f". Scope: {agreed.scope or FILL_IN + 'whose records, of which region and years]'}. "
        "Investigators at the hub had encodings only: no name, birth date or ID left an "
        "institution."
    )
    yield Table(
        "Records by institution",
        columns("Institution", "Records", "In no pass (with noise)"),
        tuple((file.institution, count(file.records), share(file.unplaced)) for file in current),
    )


def _encoding(figures: Figures) -> Iterator[Block]:
    """What an institution does before it sends."""
    agreed = figures.agreement
    yield Heading("Preparation and encoding")
    yield Text(
        f"Each institution normalised {', '.join(agreed.fields)} by the rules of the profile that "
        "the agreement fixes, joined its rows of one student, and encoded each student once for "
        f"each of {len(agreed.passes)} blocking passes: a keyed token of the block, and filters of "
        f"the fields' bigrams in the manner of {SCHNELL.cited}, whose bit positions are keyed by "
        "the block (HMAC-SHA-256 for texts, AES-256 for what is derived for an entry) and of which "
        "every one has the same number of bits set. An institution withholds an entry whose block "
        "two of its own students share, and sends decoys in place of what is missing, so that no "
        "two records of one file can be compared. A field that a student lacks is filled at random "
        "and compares like a stranger's. Counts that travel with a file are noised "
        f"(differential privacy, {DWORK.cited}; epsilon {agreed.epsilon:g})."
    )
    yield Table(
        "Blocking passes",
        columns("Pass", "Two records are compared if they agree on", texts=2),
        agreed.passes,
    )


def _classification(figures: Figures) -> Iterator[Block]:
    """How pairs are judged and persons made."""
    how = (
        f"a probability of {figures.threshold:g} or more"
        if figures.objective == "threshold"
        else f"a probability of {figures.threshold:g} or more, chosen for {figures.objective}"
    )
    yield Heading("Comparison and classification")
    yield Text(
        "Records of different institutions that share a block were compared field by field, each "
        "at one of several levels of agreement. In each pass the shares of the levels among "
        f"matches (m) and other pairs (u) were learned by the model of {FELLEGI.cited}, fitted by "
        f"EM with Dirichlet priors ({WINKLER.cited}), without any pair known to be a match; "
        "institutions' own withheld pairs, counted with noise, informed u. A pair's log-odds are a "
        "mean of the two passes that judge it highest, the highest counted twice. Rivals for one "
        "record share what is left where an institution holds each person once, and pairs that a "
        "third institution's records contradict lose. Accepted were pairs with "
        f"{how}, and records were grouped into persons by correlation clustering "
        f"({BANSAL.cited})."
    )


def _quality(figures: Figures) -> Iterator[Block]:
    """How good the links are."""
    quality = figures.quality
    yield Heading("Quality")
    yield Text(
        "Precision is estimated as the mean probability of the accepted pairs, recall as the "
        "expected matches among them over all expected matches. Matches that no pass found are "
        f"estimated by a log-linear model of the fields on which matches agree ({BISHOP.cited}): "
        f"{count(figures.unseen)} of {count(quality.matches)}. Expected precision is "
        f"{share(quality.precision)} (95% interval "
        f"{interval(quality.precision_low, quality.precision_high)}) and expected recall "
        f"{share(quality.recall)} ({interval(quality.recall_low, quality.recall_high)}). Intervals "
        "hold chance and what the model may be off by."
    )
    for caption, parts in (
        ("Expected quality by pair of institutions", figures.by_sources),
        ("Expected quality by group", figures.by_group),
    ):
        if parts:
            yield Table(
                caption,
                columns("", "Links", "Precision", "Recall", "95% interval of recall"),
                tuple(
                    (
                        " – ".join(part.of),
                        count(part.links),
                        share(part.precision),
                        share(part.recall),
                        interval(part.recall_low, part.recall_high),
                    )
                    for part in parts
                ),
            )


def _results(figures: Figures) -> Iterator[Block]:
    """The flow from records to persons."""
    yield Heading("Results")
    rows = [
        ("Records received", count(figures.records)),
        ("Pairs of records compared", count(figures.candidates)),
        ("Persons linked between two institutions, over all pairs of them", count(figures.links)),
        *(
            (f"Persons with records at {told.institutions} institutions", count(told.persons))
            for told in figures.persons
        ),
    ]
    yield Table("Flow of the linkage", columns("Stage", "Number"), tuple(rows))
    smallest = figures.agreement.smallest_cell
    if smallest > 1:
        yield Text(
            f"Numbers of pairs and persons are rounded down to multiples of {smallest} or more; "
            "“hidden” stands for fewer, and for what would tell fewer."
        )
    yield Table(
        "Records found elsewhere",
        columns("Institution", "Persons found elsewhere", "Share of records"),
        tuple(
            (file.institution, count(file.found), share(file.found_share))
            for file in figures.files
            if not file.earlier
        ),
    )


def _limits(figures: Figures) -> Iterator[Block]:
    """What the links cannot tell, and privacy."""
    yield Heading("Limitations")
    yield Text(
        "A record without a link was not found among these institutions; the person may be "
        "elsewhere, or the link may have been missed. Quality is estimated from the model's own "
        "probabilities and is as good as its likeness to these data; groups whose names or birth "
        "dates are recorded less carefully are missed more often. A rate among linked persons may "
        "be off by as much as missed and false links allow. "
        + FILL_IN
        + "what this does to the results]"
    )
    yield Heading("Privacy")
    audit = figures.audit
    yield Text(
        "Encodings are pseudonymous personal data. The institutions share the linkage key and the "
        "hub never has it; whoever holds it and the files can test guesses. "
        + (
            f"An audit by simulated attacks found: {audit.headline}"
            if audit
            else "No audit by simulated attacks was given to this appendix."
        )
    )
