"""The tables of a release: cohorts laid out by year, report group and outcome."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

import pandas as pd

from pprl.agreement.indicators import TOTAL, Definitions, Outcome, Stage
from pprl.results.disclosure import CountTable, Dimension
from pprl.results.indicators.cohorts import YEAR, closed_years, codes, members
from pprl.results.indicators.report_groups import report_groups
from pprl.results.indicators.rows import INSTITUTION, PERSON

_COUNT = "count"


@dataclass(frozen=True, eq=False)
class Counts:
    """What was counted, before disclosure control: nothing of it leaves.

    Attributes:
        tables: one a year, outcome and report group; the measure is the year's cohort.
        dimensions: the report groups, the outcomes and, if asked for, `institution`.
        subset_of: measure -> measures that include all of its persons.
        told_by: outcome -> the institutions whose rows put members into the cohort, and those
            whose rows may tell of the outcome.
        left_out: outcome -> why it was not counted, in a sentence.
    """

    tables: tuple[CountTable, ...]
    dimensions: tuple[Dimension, ...]
    subset_of: Mapping[str, tuple[str, ...]]
    told_by: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    left_out: Mapping[str, str]


def count(
    rows: pd.DataFrame,
    definitions: Definitions,
    through: datetime.date,
    *,
    since: int = 0,
    groups: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
    by_institution: bool = False,
    known_codes: Mapping[str, Sequence[str]] | None = None,
) -> Counts:
    """Count every indicator and flow.

    A year is counted once the windows of all members have closed. Outcomes whose columns nobody
    sent, or of which no year has closed, are left out and said to be.

    Args:
        rows: from `outcome_rows`.
        definitions: what to count.
        through: the last day that all payloads cover.
        since: the first year that is counted.
        groups: the report groups, columns of `rows`.
        roles: institution -> its role, for report groups that are told differently.
        by_institution: also by the institution that put the person into the cohort.
        known_codes: report group -> codes that earlier releases told of.
    """
    own = report_groups(rows, groups, roles or {})
    by = (*groups, *((INSTITUTION,) if by_institution else ()))
    laid_out, left_out = _laid_out(rows, definitions, since, through, own)
    # Every table has all codes that any has: the parts of a total are told all, or none.
    before = known_codes or {}
    by_codes = {
        name: sorted(
            {code for frame in laid_out.values() for code in frame[name].unique()}
            | set(before.get(name, ()))
        )
        for name in by
    }
    tables: list[CountTable] = []
    for name in dict.fromkeys(one.outcome for one in definitions.indicators.values()):
        if name in laid_out:
            tables += _by_each(name, laid_out[name], definitions.outcomes[name], by_codes)
    for flow in definitions.flows.values():
        counted = list(takewhile(lambda stage: stage.outcome in laid_out, flow.stages))
        tables += _flow_tables(flow.name, counted, laid_out, definitions)
    sent = [name for name in definitions.outcomes if not _absent(rows, definitions, name)]
    return Counts(
        tuple(tables),
        tuple(_dimensions(tables, definitions, by_codes)),
        _subsets(tables, definitions),
        {name: _told_by(rows, definitions, name) for name in sent},
        left_out,
    )


def _laid_out(
    rows: pd.DataFrame,
    definitions: Definitions,
    since: int,
    through: datetime.date,
    groups: pd.DataFrame,
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Outcome -> its cohort with `year`, groups and the outcome's code; or why it was left out."""
    laid_out, left_out = {}, {}
    for name, outcome in definitions.outcomes.items():
        if absent := _absent(rows, definitions, name):
            left_out[name] = f"nobody sent {', '.join(absent)}"
            continue
        cohort = definitions.cohort_of(name)
        everyone = members(rows, cohort)
        years = [year for year in closed_years(everyone, outcome, through) if year >= since]
        if not years:
            left_out[name] = f"there is no year of which all time has passed by {through}"
            continue
        chosen = everyone[everyone[YEAR].isin(years)].reset_index(drop=True)
        frame = chosen.join(groups, on=PERSON)
        laid_out[name] = frame.assign(
            **{YEAR: frame[YEAR].astype(str), name: codes(rows, cohort, chosen, outcome)}
        )
    return laid_out, left_out


def _absent(rows: pd.DataFrame, definitions: Definitions, outcome: str) -> list[str]:
    """The columns of an outcome that nobody sent."""
    return [column for column in definitions.columns_of(outcome) if column not in rows]


def _by_each(
    name: str, frame: pd.DataFrame, outcome: Outcome, by: Mapping[str, Sequence[str]]
) -> Iterator[CountTable]:
    """A table by year and outcome, and one for each group besides; none twice."""
    sums = outcome.down_to([code.name for code in outcome.codes])
    if not by:
        yield from _yearly(name, outcome.cohort, frame, {name: sums})
    for group, values in by.items():
        every = {TOTAL: frozenset(values)} | {value: frozenset({value}) for value in values}
        yield from _yearly(
            table_stem(name, group), outcome.cohort, frame, {group: every, name: sums}
        )


def _flow_tables(
    name: str,
    stages: Sequence[Stage],
    laid_out: Mapping[str, pd.DataFrame],
    definitions: Definitions,
) -> Iterator[CountTable]:
    """A table for each step of a flow, of the years that are closed for both of its stages."""
    for number, (one, other) in enumerate(pairwise(stages), 1):
        both = laid_out[one.outcome].merge(
            laid_out[other.outcome][[PERSON, YEAR, other.outcome]], on=[PERSON, YEAR]
        )
        sums = {
            stage.outcome: definitions.outcomes[stage.outcome].down_to(stage.codes)
            for stage in (one, other)
        }
        if len(both):
            cohort = definitions.outcomes[one.outcome].cohort
            yield from _yearly(step_stem(name, number), cohort, both, sums)


def table_stem(outcome: str, group: str) -> str:
    """What the tables of an outcome by a group are called before their year; "": of all."""
    return f"{outcome}_by_{group}" if group else outcome


def step_stem(flow: str, number: int) -> str:
    """What the tables of a step of a flow are called before their year."""
    return f"{flow}_step_{number}"


def measure_of(cohort: str, year: str) -> str:
    """What the persons of a cohort's year are called."""
    return f"{cohort} {year}"


def _yearly(
    stem: str, cohort: str, frame: pd.DataFrame, sums: Mapping[str, Mapping[str, frozenset[str]]]
) -> Iterator[CountTable]:
    """A table for each year; the cohort of a year is a measure of its own.

    No year is a part of a total, because which years are released differs from release to release.
    """
    for year, counts in _counted(frame, sums).groupby(YEAR):
        table = counts.drop(columns=YEAR).reset_index(drop=True)
        yield CountTable(f"{stem}_{year}", measure_of(cohort, str(year)), tuple(sums), table)


def _counted(frame: pd.DataFrame, sums: Mapping[str, Mapping[str, frozenset[str]]]) -> pd.DataFrame:
    """Persons by year and the columns of `sums`: each year with each code, a code's parts summed.

    Args:
        frame: a row for each member, with `year` and the columns.
        sums: column -> code -> the values of which it consists.
    """
    counts = frame.groupby([YEAR, *sums], as_index=False).size().rename(columns={"size": _COUNT})
    for column, parts in sums.items():
        pairs = pd.DataFrame(
            [(value, code) for code, values in parts.items() for value in values],
            columns=[column, "_code"],
            dtype=object,
        )
        counts = counts.merge(pairs, on=column).drop(columns=column)
        counts = counts.rename(columns={"_code": column})
        counts = counts.groupby([YEAR, *sums])[_COUNT].sum().reset_index()
    every = pd.MultiIndex.from_product(
        [sorted(frame[YEAR].unique()), *(list(parts) for parts in sums.values())],
        names=[YEAR, *sums],
    )
    table = counts.set_index([YEAR, *sums])[_COUNT].reindex(every, fill_value=0)
    return table.astype("int64").reset_index()


def _dimensions(
    tables: Sequence[CountTable], definitions: Definitions, by: Mapping[str, Sequence[str]]
) -> Iterator[Dimension]:
    """The dimensions that tables name, in order of name."""
    for name in sorted({name for table in tables for name in table.dimensions}):
        if name in by:
            yield Dimension(name, dict.fromkeys(by[name], TOTAL))
        else:
            codes_of = definitions.outcomes[name].codes
            yield Dimension(name, {code.name: code.parent for code in codes_of}, is_outcome=True)


def _subsets(tables: Sequence[CountTable], definitions: Definitions) -> dict[str, tuple[str, ...]]:
    """Measures of cohorts that are a part of another -> those of the other, of the same year."""
    subsets: dict[str, tuple[str, ...]] = {}
    for measure in sorted({table.measure for table in tables}):
        cohort, _, year = measure.rpartition(" ")
        if whole := definitions.cohorts[cohort].part_of:
            subsets[measure] = (measure_of(whole, year),)
    return subsets


def _told_by(
    rows: pd.DataFrame, definitions: Definitions, outcome: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who put members into the cohort, and who tells of the outcome."""
    of_cohort, of_outcome = (
        tuple(sorted(rows.loc[rows[list(columns)].notna().all(axis=1), INSTITUTION].unique()))
        for columns in (
            definitions.cohort_of(outcome).columns,
            definitions.outcomes[outcome].columns,
        )
    )
    return of_cohort, of_outcome
