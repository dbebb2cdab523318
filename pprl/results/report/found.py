"""The middle part of a report: what the passes found, and how good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pprl.page import Block, Heading, Picture, Table, Text, columns
from pprl.results.report import pictures
from pprl.results.report.figures import Figures, QualityFigures
from pprl.results.report.wording import HIDDEN, band_name, count, interval, part_name, share

Draw = Callable[[Callable[[Figures, str], str], str], str]
"""Draws one of `pprl.results.report.pictures` under a name; "" where nothing is drawn."""


def passes(figures: Figures, draw: Draw) -> Iterator[Block]:
    """The passes and what each found."""
    yield Heading("Passes and what each found")
    yield Text(
        "Two records are compared only if they agree on the fields of one of these passes. An "
        "institution holds back what two of its own students share, so what one pass misses "
        "another may find. “By it alone” are accepted pairs that no other pass found; “recall "
        "alone” is the share of all expected matches that this pass would have found by itself."
    )
    agree = dict(figures.agreement.passes)
    table = Table(
        "Pairs by pass",
        columns(
            "Pass", "Agree on", "Pairs found", "Accepted", "By it alone", "Recall alone", texts=2
        ),
        tuple(
            (
                told.name,
                agree[told.name],
                count(told.pairs),
                count(told.accepted),
                count(told.alone),
                share(told.recall),
            )
            for told in figures.passes
        ),
    )
    title = "Accepted pairs that each pass found"
    yield Picture(
        draw(pictures.passes, title),
        title,
        f"Candidate pairs in all: {count(figures.candidates)}. {_range(figures)}",
        table,
    )


def _range(figures: Figures) -> str:
    """The least and the most that a pass found."""
    found = [told.accepted for told in figures.passes if told.accepted is not None]
    if not found:
        return "No pass found as many as may be told."
    return f"A pass found from {min(found):,} to {max(found):,} of the accepted pairs."


def probabilities(figures: Figures, draw: Draw) -> Iterator[Block]:
    """The distribution of the probabilities, and what was accepted."""
    yield Heading("Match probabilities and the accepted band")
    how = (
        "as given"
        if figures.objective == "threshold"
        else f"chosen for {figures.objective}, as expected"
    )
    low, high = figures.doubtful
    yield Text(
        f"Pairs of a probability of {figures.threshold:g} and more are accepted ({how}), unless a "
        "likelier pair of the same record stands against it. A closer look pays between "
        f"{low:g} and {high:g}: {count(figures.doubtful_pairs)} pairs lie there."
    )
    title = "Candidate pairs by match probability"
    first, last = figures.bands[0], figures.bands[-1]
    yield Picture(
        draw(pictures.bands, title),
        title,
        f"Not accepted, with a probability below {first.high:g}: {count(first.rejected)} pairs; "
        f"accepted, with {last.low:g} or more: {count(last.accepted)}. The scale grows tenfold at "
        "each step, so that small bars can be seen; hidden counts have no bar.",
        Table(
            "Pairs by band of probability",
            columns("Probability", "Accepted", "Not accepted"),
            tuple((band_name(b), count(b.accepted), count(b.rejected)) for b in figures.bands),
        ),
    )


def quality(figures: Figures, draw: Draw) -> Iterator[Block]:
    """Precision and recall, of all links and of parts of them."""
    yield Heading("Expected precision and recall")
    yield Text(
        "Precision is the mean probability of the accepted pairs. Recall is the matches expected "
        "among them over all expected matches, those included that no pass found: "
        f"{count(figures.unseen)} of {count(figures.quality.matches)}. Intervals are of 95% and "
        "hold chance and what the model may be off by."
    )
    yield _quality_table("Quality of all links", "", [("all links", figures.quality)])
    yield Heading("By pair of institutions", 3)
    pairs = [(part_name(told), told) for told in figures.by_sources]
    yield _quality_picture("by pair of institutions", "Institutions", pairs, draw)
    if figures.by_group:
        yield Heading("By group", 3)
        groups = [(part_name(told), told) for told in figures.by_group]
        yield _quality_picture("by group", "Group", groups, draw)


def _quality_picture(
    by: str, header: str, parts: Sequence[tuple[str, QualityFigures]], draw: Draw
) -> Picture:
    """Quality of parts, as a chart and a table."""
    title = f"Expected precision and recall {by}"
    told = [quality.recall for _, quality in parts if quality.recall is not None]
    return Picture(
        draw(lambda _, name: pictures.quality(parts, name), title),
        title,
        f"Expected recall lies between {min(told):.4f} and {max(told):.4f}. The order is that of "
        "the alphabet and ranks nobody."
        if told
        else "No part has as many links as may be told.",
        _quality_table(f"Quality {by}", header, parts),
    )


def _quality_table(caption: str, header: str, parts: Sequence[tuple[str, QualityFigures]]) -> Table:
    """Quality of parts."""
    return Table(
        caption,
        columns(header, "Links", "Matches", "Precision", "95% interval", "Recall", "95% interval"),
        tuple(
            (
                name,
                count(told.links),
                count(told.matches),
                share(told.precision),
                interval(told.precision_low, told.precision_high),
                share(told.recall),
                interval(told.recall_low, told.recall_high),
            )
            for name, told in parts
        ),
    )


def thresholds(figures: Figures, draw: Draw) -> Iterator[Block]:
    """What other decisions would bring."""
    yield Heading("What another decision would change")
    title = "Precision, recall and match rate by threshold"
    rates = [told.match_rate for told in figures.thresholds if told.match_rate is not None]
    yield Picture(
        draw(pictures.thresholds, title),
        title,
        f"The dotted rule is the decision, {figures.threshold:g}. From a threshold of "
        f"{figures.thresholds[0].threshold:g} to one of {figures.thresholds[-1].threshold:g} the "
        f"match rate goes from {share(max(rates, default=None))} to "
        f"{share(min(rates, default=None))}.",
        Table(
            "Other thresholds",
            columns("Threshold", "Pairs", "Precision", "Recall", "Match rate"),
            tuple(
                (
                    f"{told.threshold:g}"
                    + (" (decision)" if told.threshold == figures.threshold else ""),
                    count(told.pairs),
                    share(told.precision),
                    share(told.recall),
                    share(told.match_rate),
                )
                for told in figures.thresholds
            ),
        ),
    )


def persons(figures: Figures, draw: Draw) -> Iterator[Block]:
    """Persons by number of institutions."""
    yield Heading("Persons by number of institutions")
    if not figures.rounded_to:
        yield Text("Not told: small counts could be worked out from these.")
        return
    title = "Persons with records at several institutions"
    told = [p.institutions for p in figures.persons if p.persons]
    yield Picture(
        draw(pictures.persons, title),
        title,
        f"The most institutions at which as many persons as may be told have records: "
        f"{max(told) if told else HIDDEN}.",
        Table(
            "Persons by number of institutions",
            columns("Institutions", "Persons"),
            tuple((str(p.institutions), count(p.persons)) for p in figures.persons),
        ),
    )
