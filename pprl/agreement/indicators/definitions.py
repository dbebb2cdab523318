"""What is to be counted: cohorts, outcomes, indicators and flows, as data.

A *cohort* is who is counted, an *outcome* lays its members out by codes that exclude each other, an
*indicator* divides one cell of the outcomes by another, a *flow* follows the cohort from outcome to
outcome. As the indicators of an outcome are cells of one layout, disclosure control knows which
published numbers add up to which: what is nested (within 12 months, within 16) stands in one
outcome, not in two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

TOTAL = "total"
OTHERWISE = "otherwise"
LINKED = ("none", "numerator", "both")
RESERVED = ("year", "institution", "count", "hidden", TOTAL, OTHERWISE)

Value = str | int | float | bool


@dataclass(frozen=True)
class Test:
    """What a column must hold; a missing value passes no test.

    Attributes:
        any_of: one of these values; none: any value.
        least: at least this.
        below: less than this.
    """

    __test__ = False

    any_of: tuple[Value, ...] = ()
    least: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class Condition:
    """Which rows of a person count.

    Attributes:
        where: column and test; a row must pass all.
        date: the column of the date in which the window lies; "": the cohort's school year.
        from_months: the window begins so many months after the cohort's date.
        until_months: and ends before so many.
        first: only the rows of the first date in the window are looked at.
    """

    where: tuple[tuple[str, Test], ...] = ()
    date: str = ""
    from_months: int = 0
    until_months: int = 0
    first: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (*((self.date,) if self.date else ()), *(column for column, _ in self.where))


@dataclass(frozen=True)
class Cohort:
    """Who is counted, and under which year.

    Attributes:
        name: what definitions call it.
        title: completes "Of those ...".
        source: who sends the rows that put a person into it.
        date: a date column: the person's first such date decides the year, and months count from
            it. Or "".
        year: a column of school years, named by the year in which they end: a person is counted in
            each, and months count from 1 July before. Or "".
        where: tests that a row must pass; with `date`, a row of that first date.
        part_of: a cohort to whose members these all belong, or "".
    """

    name: str
    title: str
    source: str
    date: str
    year: str
    where: tuple[tuple[str, Test], ...] = ()
    part_of: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.date or self.year, *(column for column, _ in self.where))


@dataclass(frozen=True)
class Code:
    """One code of an outcome.

    Attributes:
        name: as it stands in tables.
        title: for the reader.
        parent: the code of which it is a part, or "total".
        condition: who has it; None for a code that only sums its parts.
    """

    name: str
    title: str
    parent: str = TOTAL
    condition: Condition | None = None


@dataclass(frozen=True)
class Outcome:
    """How a cohort is laid out: each member has the first code whose condition holds.

    Attributes:
        name: the dimension that it is in tables.
        title: for the reader.
        cohort: whose.
        codes: in the order in which they are tried; `OTHERWISE` last.
    """

    name: str
    title: str
    cohort: str
    codes: tuple[Code, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All that is asked."""
        return tuple(code.condition for code in self.codes if code.condition is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        read = chain.from_iterable(condition.columns for condition in self.conditions)
        return tuple(dict.fromkeys(read))

    def parts(self, name: str) -> frozenset[str]:
        """The codes that are tried and are this code, or parts of it; of "total" all."""
        below = frozenset[str]().union(
            *(self.parts(code.name) for code in self.codes if code.parent == name)
        )
        return below or frozenset({name})

    def down_to(self, codes: Sequence[str]) -> dict[str, frozenset[str]]:
        """These codes and all above them, "total" first -> their `parts`."""
        parents = {code.name: code.parent for code in self.codes}
        wanted = {TOTAL}
        for code in codes:
            while code not in wanted:
                wanted.add(code)
                code = parents[code]
        return {name: self.parts(name) for name in (TOTAL, *parents) if name in wanted}

    def title_of(self, name: str) -> str:
        """A code for the reader."""
        return next(code.title for code in self.codes if code.name == name)


@dataclass(frozen=True)
class Indicator:
    """A rate: the members with some codes of an outcome over those with others.

    Attributes:
        name: what files call it.
        title: for the reader.
        sentence: what the rate says, in a sentence.
        outcome: of which outcome.
        numerator: codes, none a part of another.
        denominator: codes of which the numerator's are parts; the whole cohort if not given.
        linked: which of its two counts rest on links between institutions, one of `LINKED`.
    """

    name: str
    title: str
    sentence: str
    outcome: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...] = (TOTAL,)
    linked: str = "numerator"


@dataclass(frozen=True)
class Stage:
    """One stage of a flow.

    Attributes:
        outcome: of which outcome.
        codes: such that each member of the cohort has exactly one.
    """

    outcome: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Flow:
    """Where a cohort goes, from outcome to outcome.

    Attributes:
        name: what files call it.
        title: for the reader.
        sentence: what it shows.
        stages: two or more, of different outcomes of one cohort, in their order in time.
    """

    name: str
    title: str
    sentence: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Definitions:
    """A set of definitions, by name, each kind in the order of its file."""

    cohorts: Mapping[str, Cohort] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is defined."""
        return any((self.cohorts, self.outcomes, self.indicators, self.flows))

    @property
    def columns(self) -> tuple[str, ...]:
        """The payload columns that any of them reads."""
        read = chain(
            chain.from_iterable(cohort.columns for cohort in self.cohorts.values()),
            chain.from_iterable(outcome.columns for outcome in self.outcomes.values()),
        )
        return tuple(dict.fromkeys(read))

    def cohort_of(self, outcome: str) -> Cohort:
        """The cohort that an outcome lays out."""
        return self.cohorts[self.outcomes[outcome].cohort]

    def columns_of(self, outcome: str) -> tuple[str, ...]:
        """The payload columns that an outcome of its cohort is told by."""
        read = (*self.cohort_of(outcome).columns, *self.outcomes[outcome].columns)
        return tuple(dict.fromkeys(read))
