"""From outcomes to what may leave: counted, protected, tried by the attacker, told."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from pprl._version import __version__
from pprl.agreement import Agreement
from pprl.agreement.indicators import TOTAL, Definitions
from pprl.errors import ReleaseError, UsageError
from pprl.progress import Progress
from pprl.results.disclosure import CountTable, Protected, RateTable, Release, attack, protect
from pprl.results.indicators.counting import Counts, count, table_stem
from pprl.results.indicators.linkage_error import LinkQuality
from pprl.results.indicators.rows import INSTITUTION
from pprl.results.release.figures import IndicatorReport
from pprl.results.release.telling import (
    flows_told,
    hidden_and_told,
    indicators_told,
    rate_stem,
)

_Cells = dict[tuple[str, ...], int]


@dataclass(frozen=True, eq=False)
class Compilation:
    """A release that the attacker found nothing in.

    Attributes:
        release: what may leave; a year that an earlier release told is not in it again.
        protected: what it was made from; stays at the hub.
        report: what all releases together tell, this one and those before.
    """

    release: Release
    protected: Protected
    report: IndicatorReport


def compile_release(
    rows: pd.DataFrame,
    agreement: Agreement,
    quality: LinkQuality,
    through: datetime.date,
    *,
    since: int = 0,
    definitions: Definitions | None = None,
    earlier: Sequence[Release] = (),
    progress: Progress = False,
) -> Compilation:
    """Make a release of outcomes.

    What was released stays: a year that an earlier release told of an outcome is taken from there,
    and an outcome that is new is told of an earlier year only if its cohort still counts as it
    was released. Numbers that were revised would say who came and went.

    Args:
        rows: from `outcome_rows`.
        agreement: report groups, smallest cell, and whether institutions may be told apart.
        quality: how good the links are.
        through: the last day that all payloads cover.
        since: the first year that is counted.
        definitions: in place of the agreement's.
        earlier: every release before, oldest first.
        progress: whether to show a bar, or a function to tell.

    Raises:
        UsageError: nothing can be counted.
        ReleaseError: something that is to be hidden could be worked out, from this release or from
            it and earlier ones.
    """
    chosen = definitions or agreement.definitions
    counts = count(
        rows,
        chosen,
        through,
        since=since,
        groups=agreement.payload.report_groups,
        roles={party.id: party.role for party in agreement.parties},
        by_institution=agreement.output.rank_institutions,
        known_codes=_codes_of(earlier),
    )
    kept, revised = _not_told_before(counts.tables, earlier)
    if not kept:
        raise UsageError(_nothing_to_release(counts, chosen))
    by = (
        *agreement.payload.report_groups,
        *((INSTITUTION,) if agreement.output.rank_institutions else ()),
    )
    used = {name for table in kept for name in table.dimensions}
    protected = protect(
        kept,
        [dimension for dimension in counts.dimensions if dimension.name in used],
        subset_of=counts.subset_of,
        rates=list(_coded_rates(kept, chosen, by)),
        smallest=agreement.output.smallest_cell,
        earlier=earlier,
        progress=progress,
    )
    refuse_unsafe(protected, earlier, progress)
    shown = _together([*earlier, protected.release])
    hidden, told = hidden_and_told(shown)
    outcomes = chosen.outcomes
    senders = set(rows[INSTITUTION])
    sending = [party for party in agreement.parties if party.id in senders]
    report = IndicatorReport(
        title=agreement.title,
        agreement=agreement.digest,
        software=f"pprl {__version__}",
        through=through.isoformat(),
        smallest=agreement.output.smallest_cell,
        hidden=hidden,
        told=told,
        indicators=tuple(indicators_told(shown, chosen, by, counts.told_by, quality)),
        flows=tuple(flows_told(shown, chosen)),
        left_out=tuple(
            (f"{outcomes[name].title}, of those {chosen.cohort_of(name).title}", reason)
            for name, reason in {**counts.left_out, **revised}.items()
            if _is_expected(name, agreement, chosen)
        ),
        sent_by=tuple(sorted(party.name or party.id for party in sending)),
        silent=tuple(
            sorted(party.name or party.id for party in agreement.parties if party not in sending)
        ),
    )
    return Compilation(protected.release, protected, report)


def _is_expected(outcome: str, agreement: Agreement, chosen: Definitions) -> bool:
    """Whether an outcome that was not counted is missed: its columns are agreed, or it was added.

    Of the customary outcomes many are about columns that no party is to send.
    """
    agreed = {name for name, _ in agreement.payload.columns}
    added = outcome not in agreement.definitions.outcomes
    return added or agreed.issuperset(chosen.columns_of(outcome))


def refuse_unsafe(
    protected: Protected, earlier: Sequence[Release], progress: Progress = False
) -> None:
    """Have the attacker try a release, together with all before it.

    Raises:
        ReleaseError: something could not be protected, or the attacker worked something out.
    """
    if len(protected.unprotectable):
        first = protected.unprotectable.iloc[0]
        raise ReleaseError(
            f"{len(protected.unprotectable)} small counts cannot be hidden, such as one of "
            f"{first['measure']}: it {first['why']}. Leave out the year, group or outcome."
        )
    found = attack(
        [*earlier, protected.release], reasons=protected.reasons, exact=False, progress=progress
    )
    if at_risk := int(found["at_risk"].sum()):
        raise ReleaseError(
            f"{at_risk} of {len(found):,} hidden counts can be worked out, so nothing was "
            "released. Leave out a year, group or outcome, and tell the authors of pprl."
        )


def _nothing_to_release(counts: Counts, definitions: Definitions) -> str:
    """Why there is nothing to release, and what to do."""
    if counts.tables:
        return "There is nothing new: all of it was released before. Give payloads of a later year."
    reasons = {
        f"{definitions.outcomes[name].title}: {reason}" for name, reason in counts.left_out.items()
    }
    return "Nothing can be counted. " + "; ".join(sorted(reasons)[:3]) + "."


def _not_told_before(
    tables: Iterable[CountTable], earlier: Sequence[Release]
) -> tuple[list[CountTable], dict[str, str]]:
    """Tables that were not released, and outcomes of which a count was revised since.

    Returns:
        what is to be released, and outcome -> why a year of it is not.
    """
    before = {table.name: table for release in earlier for table in release.tables}
    cells = {key: n for table in before.values() for key, n in _told_cells(table).items()}
    kept, revised = [], {}
    for table in tables:
        if table.name in before:
            continue
        if any(cells.get(key, n) != n for key, n in _told_cells(table).items()):
            reason = f"{table.measure}: counts otherwise than was released before"
            revised[table.dimensions[-1]] = reason
        else:
            kept.append(table)
    return kept, revised


def _told_cells(table: CountTable) -> _Cells:
    """Measure and the codes other than "total" -> the count, where it is told."""
    cells = {}
    for row in table.counts[table.counts["count"].notna()].to_dict("records"):
        names = sorted(name for name in table.dimensions if row[name] != TOTAL)
        cells[(table.measure, *(f"{name}={row[name]}" for name in names))] = int(row["count"])
    return cells


def _codes_of(releases: Sequence[Release]) -> dict[str, list[str]]:
    """Dimension -> the codes that releases told of."""
    codes: dict[str, list[str]] = {}
    for release in releases:
        for dimension in release.dimensions:
            codes.setdefault(dimension.name, []).extend(dimension.parents)
    return codes


def _coded_rates(
    tables: Sequence[CountTable], definitions: Definitions, by: Sequence[str]
) -> Iterator[RateTable]:
    """The rates that may be told coded where a count is hidden: of one code, of a whole cohort."""
    for indicator in definitions.indicators.values():
        if len(indicator.numerator) > 1 or indicator.denominator != (TOTAL,):
            continue
        for group in by:
            for table in tables:
                stem, _, year = table.name.rpartition("_")
                if stem == table_stem(indicator.outcome, group):
                    yield RateTable(
                        f"{rate_stem(indicator.name, group)}_{year}",
                        table.measure,
                        (group,),
                        indicator.outcome,
                        indicator.numerator[0],
                        table.counts[[group]].drop_duplicates(ignore_index=True),
                    )


def _together(releases: Sequence[Release]) -> Release:
    """All tables and rates of several releases."""
    return replace(
        releases[-1],
        tables=tuple(table for release in releases for table in release.tables),
        rates=tuple(rates for release in releases for rates in release.rates),
    )
