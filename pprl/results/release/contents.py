"""An indicator report as blocks of a page: charts, the tables beneath them, definitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pprl.page import Block, Bullets, Column, Details, Heading, Picture, Table, Text, columns
from pprl.results.release.figures import (
    Breakdown,
    FlowFigures,
    IndicatorFigures,
    IndicatorReport,
    Rate,
    senders_told,
)
from pprl.results.release.pictures import comparison, shown, trend
from pprl.results.release.sankey import sankey

HIDDEN = "hidden"
FEWEST_FOR_A_TREND = 2
_LINE = "The line is the rate, the band around it what linkage error could make of it."
_BARS = "The bars are what linkage error could make of each rate."
_COLUMNS = ("counted", "of", "rate", "with linkage error")
_LINKED = {
    "none": "Rests on the rows of one institution; links between institutions do not decide it.",
    "numerator": "Who is counted rests on links between institutions.",
    "both": "Who is counted, and of whom, rests on links between institutions.",
}


def contents(report: IndicatorReport, *, drawn: bool = True) -> list[Block]:
    """The page, without its title.

    Args:
        report: its figures.
        drawn: whether it has charts; without them, no extra is needed.

    Raises:
        UsageError: charts are wanted and the extra `report` is not installed.
    """
    return [
        *_head(report),
        *(block for one in report.indicators for block in _indicator(one, drawn)),
        *(block for one in _latest(report.flows) for block in _flow(one, report.flows, drawn)),
        *_foot(report),
    ]


def _head(report: IndicatorReport) -> Iterator[Block]:
    """What it is, and how to read it."""
    yield Text(
        f"Outcomes until {report.through}. {report.told:,} counts are told and {report.hidden:,} "
        f"hidden: those of 1 to {report.smallest - 1} persons, what would give them away, and "
        "zeros that would tell something of everybody in a group."
    )
    yield Heading("How to read it")
    yield Bullets(
        (
            *senders_told(report),
            "A rate is rounded to whole per cents; above 95% and below 5% it is told as such.",
            "“With linkage error” says from where to where the rate may lie, as links between "
            "institutions miss some persons and join some that are two: 95 such bands in 100 "
            "should hold the truth. It says nothing of chance from year to year.",
            "Who is not found among participating colleges may well be enrolled elsewhere.",
            "Groups and institutions stand in the order of the alphabet. Differences between "
            "institutions say first whom they serve.",
        )
    )


def _indicator(one: IndicatorFigures, drawn: bool) -> Iterator[Block]:
    """An indicator: of all over the years, then by group."""
    yield Heading(one.title)
    yield Text(one.sentence)
    whole, *groups = one.breakdowns
    name = f"{one.title}, all"
    table = _rates_table(name, whole.rates, by_year=True)
    if drawn and len(shown(whole.rates)) >= FEWEST_FOR_A_TREND:
        yield Picture(trend(whole.rates, name), name, _trend_told(whole.rates), table)
    else:
        yield table
    for group in groups:
        yield from _group(one, group, drawn)


def _group(one: IndicatorFigures, group: Breakdown, drawn: bool) -> Iterator[Block]:
    """One report group: the last year that tells something, then all years."""
    years = sorted({rate.year for rate in group.rates}, reverse=True)
    told = [year for year in years if shown([r for r in group.rates if r.year == year])]
    year = (told or years)[0]
    rates = [rate for rate in group.rates if rate.year == year]
    name = f"{one.title}, by {group.by}, {year}"
    table = _rates_table(name, rates, by_year=False)
    if drawn and told:
        yield Picture(comparison(rates, name), name, _comparison_told(rates), table)
    else:
        yield table
    if len(years) > 1:
        rest = [rate for rate in group.rates if rate.year != year]
        tables = tuple(
            _rates_table(
                f"{one.title}, by {group.by}, {other}",
                [rate for rate in rest if rate.year == other],
                by_year=False,
            )
            for other in years
            if other != year
        )
        yield Details(f"By {group.by}, other years", tables)


def _rates_table(caption: str, rates: Sequence[Rate], *, by_year: bool) -> Table:
    """Rates as a table."""
    rows = tuple((rate.year if by_year else rate.code, *(cells_of(rate))) for rate in rates)
    return Table(caption, columns("year" if by_year else "group", *_COLUMNS), rows)


def cells_of(rate: Rate) -> tuple[str, str, str, str]:
    """A rate as it is read: counted, of, rate, band."""
    counted, of = (HIDDEN if n is None else f"{n:,}" for n in (rate.counted, rate.of))
    band = "" if rate.low is None or rate.high is None else f"{rate.low}% to {rate.high}%"
    return counted, of, rate.rate or (HIDDEN if rate.of != 0 else "nobody"), band


def _trend_told(rates: Sequence[Rate]) -> str:
    """What a trend shows, in a sentence."""
    first, last = shown(rates)[0], shown(rates)[-1]
    told = f"From {first.rate} in {first.year} to {last.rate} in {last.year}."
    return f"{told} {_LINE}" if _has_band(rates) else told


def _comparison_told(rates: Sequence[Rate]) -> str:
    """What a comparison shows, in a sentence."""
    listed = "; ".join(f"{rate.code} {rate.rate}" for rate in shown(rates))
    return f"{listed}. {_BARS}" if _has_band(rates) else f"{listed}."


def _has_band(rates: Sequence[Rate]) -> bool:
    """Whether links decide any of the rates, and not one institution's own rows."""
    return any(rate.low is not None for rate in rates)


def _latest(flows: Sequence[FlowFigures]) -> list[FlowFigures]:
    """Of each flow, the last year of those with the most stages."""
    chosen: dict[str, FlowFigures] = {}
    for flow in flows:
        known = chosen.get(flow.name)
        if known is None or (len(flow.stages), flow.year) >= (len(known.stages), known.year):
            chosen[flow.name] = flow
    return list(chosen.values())


def _flow(one: FlowFigures, flows: Sequence[FlowFigures], drawn: bool) -> Iterator[Block]:
    """A flow: one year as a chart, the others as tables."""
    yield Heading(one.title)
    yield Text(one.sentence)
    name = f"{one.title}, {one.year}"
    if drawn:
        yield Picture(sankey(one, name), name, _flow_told(one), _flow_table(one, name))
    else:
        yield _flow_table(one, name)
    others = tuple(
        _flow_table(other, f"{other.title}, {other.year}")
        for other in reversed(flows)
        if other.name == one.name and other.year != one.year
    )
    if others:
        yield Details("Other years", others)


def _flow_table(flow: FlowFigures, caption: str) -> Table:
    """A flow as a table: from where, to where, how many."""
    titles = {(node.stage, node.code): node for node in flow.nodes}
    rows = [
        (flow.stages[node.stage], node.title, "", _persons(node.persons))
        for node in flow.nodes
        if node.stage == 0
    ]
    for link in flow.links:
        source, target = titles[link.step, link.source], titles[link.step + 1, link.target]
        stage = f"{flow.stages[link.step]} → {flow.stages[link.step + 1]}"
        rows.append((stage, source.title, target.title, _persons(link.persons)))
    head = (Column("stage"), Column("from"), Column("to"), Column("persons", "number"))
    return Table(caption, head, tuple(rows))


def _flow_told(flow: FlowFigures) -> str:
    """What a flow shows, in a few sentences."""
    said = []
    for stage, title in enumerate(flow.stages):
        nodes = [node for node in flow.nodes if node.stage == stage]
        listed = "; ".join(f"{node.title} {_persons(node.persons)}" for node in nodes)
        said.append(f"{title}: {listed}.")
    hidden = sum(link.persons is None for link in flow.links)
    if hidden:
        said.append(f"{hidden} of {len(flow.links)} ribbons are hidden and not drawn.")
    return " ".join(said)


def _persons(count: int | None) -> str:
    """A count as it is read."""
    return HIDDEN if count is None else f"{count:,}"


def _foot(report: IndicatorReport) -> Iterator[Block]:
    """Definitions, what was left out, what it was made from."""
    yield Heading("Definitions")
    for one in report.indicators:
        yield Details(
            one.title,
            (
                Bullets(
                    (
                        f"Counted: {one.numerator}",
                        f"Of: {one.denominator}",
                        f"Columns of the payloads: {', '.join(one.sources)}",
                        _LINKED[one.linked],
                    )
                ),
            ),
        )
    if report.left_out:
        yield Heading("Not counted")
        yield Bullets(tuple(f"{title}: {reason}" for title, reason in report.left_out))
    yield Heading("Source")
    yield Text(f"Made by {report.software} under the agreement {report.agreement}.", soft=True)
