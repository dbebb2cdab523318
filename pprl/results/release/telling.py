"""What a release tells, read off its tables: rates with bands, and flows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from typing import TypeVar

import pandas as pd

from pprl.agreement.indicators import TOTAL, Definitions, Flow, Indicator
from pprl.results.disclosure import CountTable, RateTable, Release, rounded
from pprl.results.indicators.counting import step_stem, table_stem
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
_Named = TypeVar("_Named", CountTable, RateTable)
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
    tables = _by_year(release.tables)
    coded = _by_year(release.rates)
    for indicator in definitions.indicators.values():
        name = indicator.outcome
        own = [group for group in by if table_stem(name, group) in tables]
        if not own and name not in tables:
            continue
        outcome = definitions.outcomes[name]
        breakdowns: list[Breakdown] = []
        for group in own or [""]:
            texts = coded.get(rate_stem(indicator.name, group), {})
            rates = [
                rate
                for year, table in sorted(tables[table_stem(name, group)].items())
                for rate in _rates(
                    indicator, group, year, table, texts.get(year), told_by.get(name), quality
                )
            ]
            if not breakdowns:
                whole = tuple(rate for rate in rates if rate.code == TOTAL)
                breakdowns.append(Breakdown("", whole))
            if group:
                codes = tuple(rate for rate in rates if rate.code != TOTAL)
                breakdowns.append(Breakdown(group, codes))
        cohort = definitions.cohort_of(name)
        persons = f"those {cohort.title}"
        above = [outcome.title_of(code) for code in indicator.denominator if code != TOTAL]
        yield IndicatorFigures(
            indicator.name,
            indicator.title,
            indicator.sentence,
            f"{outcome.title}: {' or '.join(map(outcome.title_of, indicator.numerator))}",
            f"{persons}, with {outcome.title}: {' or '.join(above)}" if above else persons,
            definitions.columns_of(name),
            indicator.linked,
            tuple(breakdowns),
        )


def rate_stem(indicator: str, group: str) -> str:
    """What the rates of an indicator by a group are called before their year."""
    return f"rate_{table_stem(indicator, group)}"


def _by_year(tables: Iterable[_Named]) -> dict[str, dict[str, _Named]]:
    """What tables are called before their year -> year -> the table."""
    named: dict[str, dict[str, _Named]] = {}
    for table in tables:
        stem, _, year = table.name.rpartition("_")
        named.setdefault(stem, {})[year] = table
    return named


def _rates(
    indicator: Indicator,
    group: str,
    year: str,
    table: CountTable,
    coded: RateTable | None,
    told_by: tuple[tuple[str, ...], tuple[str, ...]] | None,
    quality: LinkQuality,
) -> Iterator[Rate]:
    """The rates of one table: "total" first, then codes as an alphabet has them."""
    counted = _counted(table)
    texts = {} if coded is None else dict(zip(coded.rates[group], coded.rates["rate"], strict=True))
    keys = {key[:-1] for key in counted}
    for key in sorted(keys, key=lambda key: (key != (TOTAL,), key)):
        code = key[0] if group else TOTAL
        counts, of = (
            _sum([counted[*key, part] for part in parts])
            for parts in (indicator.numerator, indicator.denominator)
        )
        text = texts.get(code, "")
        low = high = None
        if counts is not None and of:
            text = rounded(counts, of)
            linked = indicator.linked != "none"
            error = quality.of(*told_by, group, code) if linked and told_by else None
            if error:
                low, high = _band(counts, of, indicator.linked, error)
        yield Rate(year, code, counts, of, text, low, high)


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
    tables = _by_year(release.tables)
    for flow in definitions.flows.values():
        steps = [tables.get(step_stem(flow.name, n), {}) for n in range(1, len(flow.stages))]
        for year in sorted(steps[0]):
            of_year = [step.get(year) for step in steps]
            closed = [_counted(table) for table in takewhile(bool, of_year) if table]
            yield _flow(flow, year, closed, definitions)


def _flow(flow: Flow, year: str, steps: Sequence[Counted], definitions: Definitions) -> FlowFigures:
    """One flow of one year."""
    stages = flow.stages[: len(steps) + 1]
    nodes = []
    for number, stage in enumerate(stages):
        outcome = definitions.outcomes[stage.outcome]
        for code in stage.codes:
            key = (TOTAL, code) if number else (code, TOTAL)
            count = steps[max(0, number - 1)][key]
            nodes.append(FlowNode(number, code, outcome.title_of(code), count))
    links = [
        FlowLink(number, one, other, step[one, other])
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
