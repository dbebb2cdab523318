"""The methods section: how the linkage was done, with its figures filled in."""

from __future__ import annotations

from collections.abc import Iterator

from pprl.hub.quality import DOUBT, DOUBT_OF_MISSED, DRAWS, TOO_FEW
from pprl.page import Block, Bullets, Heading, Table, Text, columns
from pprl.results.appendix.guidance import guild_table, record_table
from pprl.results.appendix.references import (
    BANSAL,
    BENCHIMOL,
    BISHOP,
    CANONNE,
    CHANDRA_SEKAR,
    DWORK,
    FELLEGI,
    GILBERT,
    REFERENCES,
    SCHNELL,
    SCHNELL_2011,
    WINKLER,
)
from pprl.results.report.citation import citation, software_citation
from pprl.results.report.figures import AgreementFigures, AuditFigures, Figures
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
        f"agreement with SHA-256 {figures.agreement.digest}; what decides encodings is its linkage "
        f"section, with SHA-256 {figures.agreement.linkage_digest}. The figures above are those of "
        f"the linkage report with SHA-256 {digest_of(figures)}, which is cited as: "
        f"{citation(figures)}"
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
        + _resting_on(agreed)
        + f". Scope: {agreed.scope or FILL_IN + 'whose records, of which region and years]'}. "
        "Investigators at the hub had encodings only: no name, birth date or ID left an "
        "institution." + (" This was a trial with invented students." if agreed.trial else "")
    )
    yield Table(
        "Records by institution",
        columns("Institution", "Records", "In no pass (with noise)", "Mean size of that noise"),
        tuple(
            (file.institution, count(file.records), share(file.unplaced), share(file.noise))
            for file in current
        ),
    )
    yield Text(
        "A share within about three times its noise says nothing; the noise protects single "
        "students."
    )


def _resting_on(agreed: AgreementFigures) -> str:
    """The ground of the agreement and its legal basis, as the rest of a sentence."""
    if not agreed.ground:
        return f", resting on {agreed.legal_basis}" if agreed.legal_basis else ""
    basis = f" ({agreed.legal_basis})" if agreed.legal_basis else ""
    return f", resting on {agreed.ground}{basis}"


def _encoding(figures: Figures) -> Iterator[Block]:
    """What an institution does before it sends."""
    agreed = figures.agreement
    profile = f" (profile {agreed.profile})" if agreed.profile else ""
    yield Heading("Preparation and encoding")
    yield Text(
        f"Each institution normalised {', '.join(agreed.fields)} by the rules that the agreement "
        f"fixes{profile}, joined its rows of one student, and encoded each student once for "
        f"each of {len(agreed.passes)} blocking passes: a keyed token of the block, and filters of "
        "the fields' tokens (bigrams of names, parts of dates and ZIP codes) in the manner of "
        f"{SCHNELL.cited} and {SCHNELL_2011.cited}, whose bit positions are keyed by the block "
        "(HMAC-SHA-256 for texts, AES-256 for what is derived for an entry), each filter of a "
        "field with the same number of bits set at every record. Of two students of one "
        "institution who share a block, none is sent with it, or only the one who was before. "
        "Decoys stand in place of what is missing, so that no two records of one institution can "
        "be compared. A field that a student lacks is filled at random and compares like a "
        f"stranger's. Counts that travel with a file are noised (differential privacy, "
        f"{DWORK.cited}, by the sampler of {CANONNE.cited}; epsilon {agreed.epsilon:g} for all "
        "counts of one file together; a student in several files, or years, spends it in each)."
        + (
            f" Read and encoded nowhere: {', '.join(agreed.apart)}, to tell duplicates of one file "
            "apart."
            if agreed.apart
            else ""
        )
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
        "record share what is left where an institution holds each person once, a pair whose "
        "records are matched nowhere else gains, and pairs that a third institution's records "
        "contradict lose. Accepted were pairs with "
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
        "estimated from what one pass finds of the matches that others found "
        f"({CHANDRA_SEKAR.cited}) and a log-linear model of the fields on which matches agree "
        f"({BISHOP.cited}), and multiplied by {TOO_FEW:.2f}, because on development data the model "
        f"was about a fifth too low: {count(figures.unseen)} of {count(quality.matches)}. "
        f"Expected precision is {share(quality.precision)} (95% interval "
        f"{interval(quality.precision_low, quality.precision_high)}) and expected recall "
        f"{share(quality.recall)} ({interval(quality.recall_low, quality.recall_high)}). The "
        f"intervals are the middle 95% of {DRAWS} simulated outcomes: chance in the pairs and in "
        "the passes that found them, a common shift of all log-odds (standard deviation "
        f"{DOUBT:g}), and a factor on the missed matches (log-normal, standard deviation "
        f"{DOUBT_OF_MISSED:g})."
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
            "“hidden” stands for fewer, and for what would tell fewer. Totals over pairs of "
            "institutions are sums of rounded numbers, so that tables need not add up."
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
    yield Text(
        "Encodings are pseudonymous personal data. The institutions share the linkage key and the "
        "hub is not given it; whoever holds it and the files can test guesses. Of one file the hub "
        "learns, under the usual assumptions on HMAC and AES, no more than the number of its "
        "records, a running number and a few counts with noise; of several files, which records of "
        "different institutions share a block and how alike they are, and of files of one "
        "institution, which of its entries persist. Somebody who also holds the institutions' "
        "rosters can use that pattern to find records again. All this supposes that each "
        "institution keeps its state, and that none gives the key to the hub."
    )
    if figures.audit is None:
        yield Text("No audit by simulated attacks was given to this appendix.")
    else:
        yield from _audited(figures.audit)


def _audited(audit: AuditFigures) -> Iterator[Block]:
    """What simulated attacks found beyond the design, and which were not run."""
    told = [finding for finding in audit.findings if finding.light != "green"]
    within = len(audit.findings) - len(told)
    yield Text(
        f"Of {len(audit.findings)} questions that an audit put to the files, by simulated attacks "
        f"among others, {within} found no more than the limits set beforehand. "
        f"{'The others:' if told else ''}".strip()
    )
    if told:
        yield Table(
            "Findings of the audit beyond the first limit",
            columns("Question", "Result", "Light", "Limits", texts=4),
            tuple((found.name, found.figure, found.light, found.threshold) for found in told),
        )
    if audit.notes:
        yield Text("Not examined:")
        yield Bullets(audit.notes)
