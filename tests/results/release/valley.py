"""Outcomes of a made-up region under the names of its persons, and an agreement to release them."""

from __future__ import annotations

import dataclasses

import pandas as pd

from pprl.agreement import Agreement, Party, Payload
from pprl.agreement.indicators import Definitions, customary
from pprl.results.indicators.linkage_error import LinkQuality
from pprl.results.indicators.rows import outcome_rows
from pprl.synthetic import outcomes, population

PERSONS = 3_000
SINCE = 2023
OUTCOMES = ("enrolled", "second_year", "persisted_two_year", "ready")


def rows() -> pd.DataFrame:
    """What institutions told, each person under its own number."""
    region = population(PERSONS, seed=4)
    tables = {
        name: table.merge(region.truth[region.truth["institution"] == name], on="local_id")
        .drop(columns=["local_id", "institution"])
        .assign(person=lambda known: known["person"].astype(str))
        for name, table in outcomes(region, seed=4).items()
    }
    return outcome_rows(tables)


def agreement(**output: bool) -> Agreement:
    """One that lets tables be broken down by income."""
    roles = population(10, seed=1).roles
    made = Agreement.students([Party(name, name, role) for name, role in roles.items()])
    return dataclasses.replace(
        made,
        payload=Payload((("income", "text"),), ("income",)),
        output=dataclasses.replace(made.output, **output),
    )


def nothing() -> Payload:
    """No report groups."""
    return Payload()


def some() -> Definitions:
    """A few of the customary definitions, so that tests are quick."""
    known = customary()
    flow = known.flows["after_high_school"]
    return Definitions(
        known.cohorts,
        {name: known.outcomes[name] for name in OUTCOMES},
        {name: one for name, one in known.indicators.items() if one.outcome in OUTCOMES},
        {flow.name: dataclasses.replace(flow, stages=flow.stages[:2])},
    )


def quality() -> LinkQuality:
    """Links of which 98 in 100 were found and 99 are right, between any two institutions."""
    names = sorted(population(10, seed=1).roles)
    row = {"pairs": 100, "expected_matches": 102, "precision": 0.99, "precision_low": 0.98}
    row |= {"precision_high": 0.995, "recall": 0.98, "recall_low": 0.97, "recall_high": 0.99}
    pairs = [(a, b) for a in names for b in names if a < b]
    return LinkQuality(pd.DataFrame([{"source_a": a, "source_b": b, **row} for a, b in pairs]))
