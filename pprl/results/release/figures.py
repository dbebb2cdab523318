"""The figures of an indicator report: what all of its forms tell, and nothing else.

Everything in them is a function of what disclosure control let through and of the linkage report.
None stands for what is hidden.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

FORMAT = "pprl-indicators-1"


@dataclass(frozen=True)
class Rate:
    """One rate.

    Attributes:
        year: of the cohort.
        code: of the report group; "total" for all.
        counted: persons in the numerator.
        of: persons in the denominator.
        rate: as it is told, such as "83%" or ">95%"; "" if hidden or of nobody.
        low: from which rate, in whole per cents, the linkage-error band reaches;
        high: to which. None where no count is told, or the rate rests on no link.
    """

    year: str
    code: str
    counted: int | None
    of: int | None
    rate: str
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Breakdown:
    """An indicator by a report group, or (`by` is "") of all."""

    by: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True)
class IndicatorFigures:
    """One indicator, its definition in words, and its rates.

    Attributes:
        name: what files call it.
        title: for the reader.
        sentence: what the rate says.
        numerator: who is counted.
        denominator: of whom.
        sources: the payload columns that it is made from.
        linked: which of its counts rest on links.
        breakdowns: all, then each report group, then institutions where the agreement allows.
    """

    name: str
    title: str
    sentence: str
    numerator: str
    denominator: str
    sources: tuple[str, ...]
    linked: str
    breakdowns: tuple[Breakdown, ...]


@dataclass(frozen=True)
class FlowLink:
    """How many go from one code of a stage to a code of the next; None if hidden."""

    step: int
    source: str
    target: str
    persons: int | None


@dataclass(frozen=True)
class FlowNode:
    """How many are at a code of a stage; None if hidden."""

    stage: int
    code: str
    title: str
    persons: int | None


@dataclass(frozen=True)
class FlowFigures:
    """A flow of one cohort year.

    Attributes:
        name: what files call it.
        title: for the reader.
        sentence: what it shows.
        year: of the cohort.
        stages: titles, in their order in time; as many as have closed for that year.
        nodes: of each stage, in the order of its codes.
        links: of each step, in the order of both codes.
    """

    name: str
    title: str
    sentence: str
    year: str
    stages: tuple[str, ...]
    nodes: tuple[FlowNode, ...]
    links: tuple[FlowLink, ...]


@dataclass(frozen=True)
class IndicatorReport:
    """A whole report.

    Attributes:
        title: the agreement's.
        agreement: its digest.
        software: what made it.
        through: the last day that the outcomes cover, as an ISO text.
        smallest: counts from 1 to below it are hidden.
        hidden: how many counts are.
        told: how many are told.
        indicators: in the order of their definitions.
        flows: one for each definition and year.
        left_out: title and reason of each outcome that was not counted.
        sent_by: parties whose outcomes were counted in the last release, as an alphabet has them.
        silent: the parties that sent none, likewise.
    """

    title: str
    agreement: str
    software: str
    through: str
    smallest: int
    hidden: int
    told: int
    indicators: tuple[IndicatorFigures, ...]
    flows: tuple[FlowFigures, ...]
    left_out: tuple[tuple[str, str], ...]
    sent_by: tuple[str, ...]
    silent: tuple[str, ...]
    format: str = FORMAT


def senders_told(report: IndicatorReport) -> list[str]:
    """Who sent outcomes and who did not, in sentences."""
    told = [f"Outcomes were sent by {', '.join(report.sent_by)}."]
    if report.silent:
        told.append(
            f"Nothing was sent by {', '.join(report.silent)}: students whom only they could tell "
            "of count as not found, or are not counted."
        )
    return told


def as_json(report: IndicatorReport) -> str:
    """The figures, for programs."""
    return json.dumps(dataclasses.asdict(report), indent=1, ensure_ascii=False) + "\n"
