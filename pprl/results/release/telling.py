"""What a release tells, read off its tables: rates with bands, and flows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import pandas as pd

from pprl.agreement.indicators import TOTAL, Definitions, Flow, Indicator
from pprl.results.disclosure import CountTable, Release, rounded
from pprl.results.indicators.linkage_error import LinkError, LinkQuality, band
from pprl.results.release.figures import (
    Breakdown,
    FlowFigures,
    FlowLink,
    FlowNode,
    IndicatorFigures,
    Rate,
)

Counted = Mapping[tuple[str, ...], int | None]
ToldBy = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


def indicators_told(
    release: Release,
    definitions: Definitions,
    by: Sequence[str],
    told_by: ToldBy,
    quality: LinkQuality,
) -> Iterator[IndicatorFigures]:
    """The indicators whose outcome stands in a release.

    Args:
        release: what may leave.
        definitions: of the indicators.
        by: the report groups, in the order in which they are told.
        told_by: outcome -> whose rows make the cohort, and whose the outcome.
        quality: how good the links are.
    """
    tables = {table.name: table for table in release.tables}
    coded = {
        table.name: dict(
            zip(
                zip(*(table.rates[name] for name in table.dimensions), strict=True),
                table.rates["rate"],
                strict=True,
            )
        )
        for table in release.rates
    }
    for indicator in definitions.indicators.values():
        name = indicator.outcome
        own = [group for group in by if table_name(name, group) in tables]
        if not own and name not in tables:
            continue
        outcome = definitions.outcomes[name]
        breakdowns: list[Breakdown] = []
        for group in own or [""]:
            table = tables[table_name(name, group)]
            rates = tuple(
                _rates(
                    indicator,
                    group,
                    table,
                    coded.get(rate_name(indicator.name, group), {}),
                    told_by[name],
                    quality,
                )
            )
            if not breakdowns:
                breakdowns.append(
                    Breakdown("", tuple(rate for rate in rates if rate.code == TOTAL))
                )
            if group:
                breakdowns.append(
                    Breakdown(group, tuple(rate for rate in rates if rate.code != TOTAL))
                )
        cohort = definitions.cohort_of(name)
        whole = f"those {cohort.title}"
        above = [outcome.title_of(code) for code in indicator.denominator if code != TOTAL]
        yield IndicatorFigures(
            indicator.name,
            indicator.title,
            indicator.sentence,
            f"{outcome.title}: {' or '.join(map(outcome.title_of, indicator.numerator))}",
            f"{whole}, with {outcome.title}: {' or '.join(above)}" if above else whole,
            definitions.columns_of(name),
            indicator.linked,
            tuple(breakdowns),
        )


def table_name(outcome: str, group: str) -> str:
    """What the table of an outcome by a group is called; of no group: by year alone."""
    return f"{outcome}_by_{group}" if group else outcome


def rate_name(indicator: str, group: str) -> str:
    """What the rates of an indicator by a group are called."""
    return f"rate_{table_name(indicator, group)}"


def _rates(
    indicator: Indicator,
    group: str,
    table: CountTable,
    coded: Mapping[tuple[str, ...], str],
    told_by: tuple[tuple[str, ...], tuple[str, ...]],
    quality: LinkQuality,
) -> Iterator[Rate]:
    """The rates of one table, by year, "total" first and then codes as an alphabet has them."""
    counted = _counted(table)
    keys = list(dict.fromkeys(key[:-1] for key in counted))
    for key in sorted(keys, key=lambda key: (key[0], key[1:] != (TOTAL,), key)):
        counts, of = (
            _sum([counted[*key, code] for code in codes])
            for codes in (indicator.numerator, indicator.denominator)
        )
        text = coded.get(key, "")
        low = high = None
        if counts is not None and of:
            text = rounded(counts, of)
            if indicator.linked != "none" and (error := quality.of(*told_by, group, key[-1])):
                low, high = _band(counts, of, indicator.linked, error)
        yield Rate(key[0], key[1] if group else TOTAL, counts, of, text, low, high)


def _band(counts: int, of: int, linked: str, error: LinkError) -> tuple[int, int]:
    """The band in whole per cents, outwards."""
    low, high = band(counts, of, linked, error)
    return math.floor(round(100 * low, 6)), math.ceil(round(100 * high, 6))


def _sum(counts: Sequence[int | None]) -> int | None:
    """A sum; None if a part is hidden."""
    told = [count for count in counts if count is not None]
    return sum(told) if len(told) == len(counts) else None


def _counted(table: CountTable) -> dict[tuple[str, ...], int | None]:
    """Codes -> the count, None if hidden."""
    rows = table.counts
    return {
        tuple(map(str, key)): None if hidden else int(count)
        for *key, count, hidden in zip(
            *(rows[name] for name in table.dimensions),
            rows["count"].fillna(0),
            rows["hidden"],
            strict=True,
        )
    }


def flows_told(release: Release, definitions: Definitions) -> Iterator[FlowFigures]:
    """Each flow of each year, as far as its stages have closed."""
    tables = {table.name: table for table in release.tables}
    for flow in definitions.flows.values():
        steps = []
        for number in range(1, len(flow.stages)):
            if step_name(flow.name, number) not in tables:
                break
            steps.append(_counted(tables[step_name(flow.name, number)]))
        for year in sorted({key[0] for key in steps[0]} if steps else ()):
            closed = [step for step in steps if any(key[0] == year for key in step)]
            yield _flow(flow, year, closed, definitions)


def step_name(flow: str, number: int) -> str:
    """What the table of a step of a flow is called."""
    return f"{flow}_step_{number}"


def _flow(flow: Flow, year: str, steps: Sequence[Counted], definitions: Definitions) -> FlowFigures:
    """One flow of one year."""
    stages = flow.stages[: len(steps) + 1]
    nodes = []
    for number, stage in enumerate(stages):
        outcome = definitions.outcomes[stage.outcome]
        for code in stage.codes:
            key = (year, TOTAL, code) if number else (year, code, TOTAL)
            count = steps[max(0, number - 1)][key]
            nodes.append(FlowNode(number, code, outcome.title_of(code), count))
    links = [
        FlowLink(number, one, other, step[year, one, other])
        for number, (step, (here, there)) in enumerate(zip(steps, pairwise(stages), strict=True))
        for one in here.codes
        for other in there.codes
    ]
    titles = tuple(definitions.outcomes[stage.outcome].title for stage in stages)
    return FlowFigures(
        flow.name, flow.title, flow.sentence, year, titles, tuple(nodes), tuple(links)
    )


def hidden_and_told(release: Release) -> tuple[int, int]:
    """How many distinct counts are hidden, and how many told."""
    cells = pd.concat(
        [
            table.counts.assign(measure=table.measure).drop(columns="count")
            for table in release.tables
        ]
    ).fillna(TOTAL)
    distinct = cells.drop_duplicates()
    hidden = int(distinct["hidden"].sum())
    return hidden, len(distinct) - hidden
