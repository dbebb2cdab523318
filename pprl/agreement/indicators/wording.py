"""Definitions in words: the table of the documentation, made of the definitions themselves."""

from __future__ import annotations

from collections.abc import Iterator

from pprl.agreement.indicators.definitions import TOTAL, Condition, Definitions, Indicator, Test


def definitions_table(definitions: Definitions) -> str:
    """All indicators as a table in Markdown."""
    rows = (_row(one, definitions) for one in definitions.indicators.values())
    return "\n".join(
        ["| indicator | counted | of | columns | links |", "|---|---|---|---|---|", *rows]
    )


def _row(one: Indicator, definitions: Definitions) -> str:
    """One indicator."""
    outcome = definitions.outcomes[one.outcome]
    cohort = definitions.cohort_of(one.outcome)
    above = [outcome.title_of(code) for code in one.denominator if code != TOTAL]
    whole = f"those {cohort.title}" + (f": {' or '.join(above)}" if above else "")
    told = [
        condition_told(code.condition, cohort.year)
        for code in outcome.codes
        if code.condition and code.name in frozenset().union(*map(outcome.parts, one.numerator))
    ]
    columns = ", ".join(f"`{name}`" for name in definitions.columns_of(one.outcome))
    counted = f"{outcome.title}: {' or '.join(map(outcome.title_of, one.numerator))}"
    counted += f" ({'; or '.join(told)})"
    return f"| **{one.title}** `{one.name}` | {counted} | {whole} | {columns} | {one.linked} |"


def condition_told(condition: Condition, year: str) -> str:
    """A condition in words."""
    return ", ".join(_parts(condition, year))


def _parts(condition: Condition, year: str) -> Iterator[str]:
    """The window, and each test."""
    if condition.date:
        first = "the first " if condition.first else ""
        window = f"{condition.from_months} to {condition.until_months}"
        yield f"{first}`{condition.date}` in months {window}"
    else:
        yield f"in the same `{year}`"
    for column, test in condition.where:
        yield f"`{column}` {_test(test)}"


def _test(test: Test) -> str:
    """A test in words."""
    values = " or ".join(
        str(value).lower() if isinstance(value, bool) else str(value) for value in test.any_of
    )
    bounds = [f"at least {test.least:g}"] if test.least is not None else []
    bounds += [f"below {test.below:g}"] if test.below is not None else []
    return values or " and ".join(bounds)
