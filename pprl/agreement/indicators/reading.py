"""Reading definitions from TOML, every fault told with its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pprl.agreement.document import Table, parse_toml, read_toml, refuse
from pprl.agreement.indicators.definitions import (
    LINKED,
    OTHERWISE,
    RESERVED,
    TOTAL,
    Code,
    Cohort,
    Condition,
    Definitions,
    Flow,
    Indicator,
    Outcome,
    Stage,
    Test,
)

_Defined = TypeVar("_Defined", Cohort, Outcome, Indicator, Flow)
_NOBODY = Cohort("", "", "", "", "")


@cache
def customary() -> Definitions:
    """The definitions that ship with the library."""
    text = files(__package__).joinpath("customary.toml").read_text(encoding="utf-8")
    table = Table(parse_toml(text, "customary.toml"), "", [])
    definitions = read_definitions(table, Definitions())
    refuse(table.faults, "customary.toml")
    return definitions


def with_file(path: str | os.PathLike[str], known: Definitions) -> Definitions:
    """The known definitions and those of a file.

    Raises:
        AgreementError: the file cannot be read or is faulty; all faults are listed.
    """
    table = Table(read_toml(Path(path)), "", [])
    definitions = joined(known, read_definitions(table, known))
    refuse(table.faults, str(path))
    return definitions


def read_own(table: Table, declared: Mapping[str, str]) -> Definitions:
    """Read the definitions of an agreement, which may use the customary ones.

    Args:
        table: where they stand.
        declared: the columns of its payloads.
    """
    definitions = read_definitions(table, customary())
    for column in definitions.columns:
        if column not in declared:
            table.fault(column, "is not among the columns of [payload]; declare it there")
    return definitions


def joined(known: Definitions, more: Definitions) -> Definitions:
    """Both together; no name is in both."""
    return Definitions(
        {**known.cohorts, **more.cohorts},
        {**known.outcomes, **more.outcomes},
        {**known.indicators, **more.indicators},
        {**known.flows, **more.flows},
    )


def read_definitions(table: Table, known: Definitions) -> Definitions:
    """Read `cohort.NAME`, `outcome.NAME`, `indicator.NAME` and `flow.NAME`.

    Args:
        table: where they stand.
        known: what they may refer to, and whose names they may not take.
    """
    cohorts: dict[str, Cohort] = {}
    outcomes: dict[str, Outcome] = {}
    indicators: dict[str, Indicator] = {}
    flows: dict[str, Flow] = {}
    for name, own in _named(table, "cohort", known.cohorts):
        cohorts[name] = _cohort(name, own, {**known.cohorts, **cohorts})
    for name, own in _named(table, "outcome", known.outcomes):
        outcomes[name] = _outcome(name, own, {**known.cohorts, **cohorts})
    for name, own in _named(table, "indicator", known.indicators):
        indicators[name] = _indicator(name, own, {**known.outcomes, **outcomes})
    for name, own in _named(table, "flow", known.flows):
        flows[name] = _flow(name, own, {**known.outcomes, **outcomes})
    table.finish()
    return Definitions(cohorts, outcomes, indicators, flows)


def _named(table: Table, kind: str, known: Mapping[str, object]) -> list[tuple[str, Table]]:
    """The tables of a kind, by name."""
    group = table.table(kind, required=False)
    found = []
    for name in group:
        own = group.table(name)
        own.place = f"[{kind}.{name}]"
        if not (name.isascii() and name.isidentifier() and name.islower()):
            group.fault(name, "must be lower-case letters, digits and '_', a letter first")
        elif name in RESERVED or name in known:
            group.fault(name, "is a name already taken; its meaning cannot change")
        found.append((name, own))
    return found


def _cohort(name: str, table: Table, known: Mapping[str, Cohort]) -> Cohort:
    """One cohort."""
    cohort = Cohort(
        name,
        title=table.text("title"),
        source=table.text("source"),
        date=table.text("date", ""),
        year=table.text("year", ""),
        where=_tests(table, "where"),
        part_of=table.text("part_of", "", choices=("", *known)),
    )
    if bool(cohort.date) == bool(cohort.year):
        table.fault("date", "name either a date column or, as year, a column of school years")
    table.finish()
    return cohort


def _outcome(name: str, table: Table, cohorts: Mapping[str, Cohort]) -> Outcome:
    """One outcome."""
    cohort = cohorts.get(table.text("cohort", choices=tuple(cohorts)), _NOBODY)
    codes: list[Code] = []
    for own in table.tables("code", f"[outcome.{name}] code"):
        sums = [code.name for code in codes if code.condition is None]
        codes.append(_code(own, sums, cohort))
    names = [code.name for code in codes]
    if len(set(names)) < len(names) or {TOTAL, OTHERWISE} & set(names):
        table.fault("code", f"names must differ, and be other than {TOTAL} and {OTHERWISE}")
    for code in codes:
        if code.condition is None and not any(part.parent == code.name for part in codes):
            table.fault("code", f"{code.name!r} has neither a condition nor, below it, a part")
    codes.append(Code(OTHERWISE, table.text("otherwise")))
    table_title = table.text("title")
    table.finish()
    return Outcome(name, table_title, cohort.name, tuple(codes))


def _code(table: Table, sums: list[str], cohort: Cohort) -> Code:
    """One code of an outcome; without a condition, it sums the later ones that are part of it."""
    name, title = table.text("name"), table.text("title")
    parent = table.text("part_of", TOTAL, choices=(TOTAL, *sums))
    condition = _condition(table, cohort) if table.has("where") or table.has("date") else None
    table.finish()
    return Code(name, title, parent, condition)


def _condition(table: Table, cohort: Cohort) -> Condition:
    """Who has a code."""
    condition = Condition(
        where=_tests(table, "where"),
        date=table.text("date", ""),
        from_months=table.whole("from_months", 0),
        until_months=table.whole("until_months", 0),
        first=table.flag("first", False),
    )
    if condition.date and condition.until_months <= condition.from_months:
        table.fault("until_months", "must be given, and greater than from_months")
    if not condition.date and (condition.until_months or condition.from_months or condition.first):
        table.fault("date", "is missing; name the date that lies in the window")
    if not condition.date and cohort.date:
        table.fault("date", f"is missing; the cohort {cohort.name!r} is one of a date")
    return condition


def _tests(table: Table, key: str) -> tuple[tuple[str, Test], ...]:
    """Columns and what they must hold: a value, a list of values, or `least` and `below`."""
    own = table.table(key, required=False)
    return tuple((column, _test(own, column)) for column in own)


def _test(table: Table, column: str) -> Test:
    """What one column must hold."""
    value = table.anything(column)
    if isinstance(value, Mapping):
        bounds = Table(value, f"{table.place} {column}", table.faults)
        test = Test(
            least=bounds.number("least", above=-1e300) if bounds.has("least") else None,
            below=bounds.number("below", above=-1e300) if bounds.has("below") else None,
        )
        bounds.finish()
        return test
    values: list[object] = value if isinstance(value, list) else [value]
    plain = tuple(item for item in values if isinstance(item, (str, int, float)))
    if not values or len(plain) < len(values):
        table.fault(column, "write a value, a list of values, or { least = 1, below = 2 }")
        return Test()
    return Test(any_of=plain)


def _indicator(name: str, table: Table, outcomes: Mapping[str, Outcome]) -> Indicator:
    """One indicator."""
    indicator = Indicator(
        name,
        title=table.text("title"),
        sentence=table.text("sentence"),
        outcome=table.text("outcome", choices=tuple(outcomes)),
        numerator=table.texts("numerator"),
        denominator=table.texts("denominator", (TOTAL,)),
        linked=table.text("linked", choices=LINKED),
    )
    if outcome := outcomes.get(indicator.outcome):
        above = _parts(table, "denominator", outcome, indicator.denominator)
        if not _parts(table, "numerator", outcome, indicator.numerator) < above:
            table.fault("numerator", "must be a part of the denominator, and not all of it")
    table.finish()
    return indicator


def _flow(name: str, table: Table, outcomes: Mapping[str, Outcome]) -> Flow:
    """One flow."""
    stages = []
    for own in table.tables("stage", f"[flow.{name}] stage"):
        stage = Stage(own.text("outcome", choices=tuple(outcomes)), own.texts("codes"))
        outcome = outcomes.get(stage.outcome)
        if outcome and _parts(own, "codes", outcome, stage.codes) != outcome.parts(TOTAL):
            own.fault("codes", f"leave somebody out; end with {OTHERWISE!r}")
        own.finish()
        stages.append(stage)
    names = [stage.outcome for stage in stages]
    if len(set(names)) < max(2, len(names)):
        table.fault("stage", "write two or more, of different outcomes")
    if len({outcomes[name].cohort for name in names if name in outcomes}) > 1:
        table.fault("stage", "names outcomes of different cohorts; a flow is one of a cohort")
    flow = Flow(name, table.text("title"), table.text("sentence"), tuple(stages))
    table.finish()
    return flow


def _parts(table: Table, key: str, outcome: Outcome, codes: tuple[str, ...]) -> frozenset[str]:
    """The codes that are tried of which some codes consist, each member once."""
    known = {TOTAL, *(code.name for code in outcome.codes)}
    for code in codes:
        if code not in known:
            table.fault(
                key, f"{code!r} is no code of {outcome.name}; one of: {', '.join(sorted(known))}"
            )
    parts = [outcome.parts(code) for code in codes if code in known]
    union = frozenset[str]().union(*parts)
    if len(union) < sum(map(len, parts)):
        table.fault(key, "names a code and a part of it; each person counts once")
    return union
