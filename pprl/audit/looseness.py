"""How loose an agreement's passes are: what links strangers makes records tell-tale.

With a cap of one, a loose pass shows nothing in its own submission. But where two sources each hold
one student in a block, the hub sees the two share it, strangers though they are; and the web of
such links is what colour refinement reads. The figure here is the number of links to strangers
that a record has on average, to one other source of its own size, at the size where it is highest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from pprl.agreement import LinkageSection, Pass
from pprl.agreement.blocking import BlockingPart

SIZES = np.geomspace(100, 20_000, 61)

AGREEMENT_BY_CHANCE: Mapping[str, float] = MappingProxyType(
    {
        "birth_date": 0.00019,
        "birth_month_day_sorted": 0.0037,
        "birth_year_month": 0.0059,
        "birth_year_day": 0.0022,
        "first_name": 0.0016,
        "first_name:soundex": 0.0047,
        "first_name:1": 0.074,
        "first_name:2": 0.019,
        "first_name:3": 0.0053,
        "first_name:4": 0.0031,
        "first_name:5": 0.0023,
        "last_part": 0.0026,
        "last_part:soundex": 0.0045,
        "last_part:1": 0.083,
        "last_part:2": 0.019,
        "last_part:3": 0.0062,
        "last_part:4": 0.0036,
        "last_part:5": 0.0031,
        "name_part": 0.0078,
        "name_part:soundex": 0.021,
        "name_part:1": 0.44,
        "name_part:2": 0.1,
        "name_part:3": 0.026,
        "name_part:4": 0.014,
        "name_part:5": 0.01,
        "first_last_pair": 6.2e-06,
        "first_last_pair:soundex": 2.7e-05,
        "first_last_pair:1": 0.0093,
        "first_last_pair:2": 0.00052,
        "first_last_pair:3": 4.5e-05,
        "first_last_pair:4": 1.5e-05,
        "first_last_pair:5": 1.1e-05,
        "name_pair": 3.5e-05,
        "name_pair:soundex": 0.00014,
        "name_pair:1": 0.044,
        "name_pair:2": 0.0025,
        "name_pair:3": 0.00021,
        "name_pair:4": 7.1e-05,
        "name_pair:5": 5e-05,
        "middle_initial": 0.03,
        "sex": 0.49,
        "zip": 0.031,
        "state_id": 0,
    }
)
"""The mean number of values of a blocking part that two students of one region have in common; a
missing field has none. Measured on the synthetic region (`benchmarks/looseness_table.py`)."""


@dataclass(frozen=True)
class Looseness:
    """How many strangers' links the passes of an agreement make.

    Attributes:
        links: a record's links to strangers in one other source, at the worst size.
        size: that size, in students.
        by_pass: for each pass, its part of `links`.
    """

    links: float
    size: int
    by_pass: Mapping[str, float]


def looseness(section: LinkageSection) -> Looseness:
    """Estimate an agreement's links to strangers, before anything is encoded."""
    links = {p.name: _links(p) for p in section.passes}
    total = np.sum(list(links.values()), axis=0)
    worst = int(np.argmax(total))
    return Looseness(
        float(total[worst]),
        round(float(SIZES[worst])),
        {name: float(values[worst]) for name, values in links.items()},
    )


def chance_of(linkage_pass: Pass) -> float:
    """The probability that two strangers share a block of the pass, 0 to 1."""
    chance = 1.0
    for part in linkage_pass.block:
        chance *= _chance_of_part(part)
    return min(1.0, chance)


def _chance_of_part(part: BlockingPart) -> float:
    """The mean number of values of one part that two strangers share."""
    known = AGREEMENT_BY_CHANCE
    # Names longer than five letters hardly differ from their first five.
    return known[str(part)] if str(part) in known else known[f"{part.source}:5"]


def _links(linkage_pass: Pass) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Links to strangers at each of `SIZES`.

    With `x` strangers a block on average, a block of a record is emitted with probability
    `exp(-x)`, and exactly one stranger of the other source holds it with probability `x exp(-x)`.
    """
    x = SIZES * chance_of(linkage_pass)
    out: np.ndarray[tuple[int], np.dtype[np.float64]] = x * np.exp(-2 * x)
    return out
