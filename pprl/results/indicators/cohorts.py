"""Who is counted, under which year, and with which code of an outcome."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

from pprl.agreement.indicators import OTHERWISE, Cohort, Condition, Outcome
from pprl.results.indicators.rows import INSTITUTION, PERSON, Flags, days, in_window, passing

YEAR = "year"
SINCE = "since"
SCHOOL_YEAR_MONTHS = 12
_BEGINS = "-07-01"
"""A school year named 2027 begins on 1 July 2026."""


def members(rows: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """The members of a cohort.

    Args:
        rows: from `outcome_rows`, with the cohort's columns.
        cohort: the cohort.

    Returns:
        `person, year, since, institution`, in order of person and year: the year under which the
        person is counted (int64), the day from which months count (`datetime64[s]`), and the
        institution that told so, the first in alphabetical order if several did.
    """
    if cohort.date:
        day = days(rows, cohort.date)
        chosen = (day == day.groupby(rows[PERSON]).transform("min")) & passing(rows, cohort.where)
        since = day[chosen]
        year = since.dt.year
    else:
        chosen = pd.Series(passing(rows, cohort.where), rows.index) & rows[cohort.year].notna()
        year = rows.loc[chosen, cohort.year].astype("int64")
        since = pd.to_datetime((year - 1).astype(str) + _BEGINS).astype("datetime64[s]")
    own = rows.loc[chosen, [PERSON, INSTITUTION]]
    found = own.assign(**{YEAR: year.astype("int64"), SINCE: since})
    found = found.sort_values([PERSON, YEAR, INSTITUTION], ignore_index=True)
    return found.drop_duplicates([PERSON, YEAR], ignore_index=True)[
        [PERSON, YEAR, SINCE, INSTITUTION]
    ]


def codes(
    rows: pd.DataFrame, cohort: Cohort, of_cohort: pd.DataFrame, outcome: Outcome
) -> pd.Series:
    """Each member's code of an outcome: the first whose condition holds, else `OTHERWISE`.

    Args:
        rows: from `outcome_rows`, with the outcome's columns.
        cohort: the cohort.
        of_cohort: its members.
        outcome: one of its outcomes.
    """
    numbered = of_cohort[[PERSON, YEAR, SINCE]].rename_axis("member").reset_index()
    wanted = [PERSON, *dict.fromkeys((*outcome.columns, *((cohort.year,) if cohort.year else ())))]
    pairs = numbered.merge(rows[wanted], on=PERSON, how="inner")
    code = np.full(len(of_cohort), OTHERWISE, dtype=object)
    open_yet = np.ones(len(of_cohort), bool)
    for one in outcome.codes:
        if one.condition is None:
            continue
        has_it = np.zeros(len(of_cohort), bool)
        has_it[pairs.loc[_holds(pairs, cohort, one.condition), "member"]] = True
        code[has_it & open_yet] = one.name
        open_yet &= ~has_it
    return pd.Series(code, of_cohort.index, dtype=object, name=outcome.name)


def _holds(pairs: pd.DataFrame, cohort: Cohort, condition: Condition) -> Flags:
    """For which pairs of member and row a condition holds: `bool[n]`."""
    holds = passing(pairs, condition.where)
    if not condition.date:
        same: Flags = (pairs[cohort.year] == pairs[YEAR]).to_numpy()
        return holds & same
    day = days(pairs, condition.date)
    within = in_window(day, pairs[SINCE], condition)
    if condition.first:
        first = day.where(within).groupby(pairs["member"]).transform("min")
        within = within & (day == first).to_numpy()
    return holds & within


def closed_years(of_cohort: pd.DataFrame, outcome: Outcome, through: datetime.date) -> list[int]:
    """The years of which every member's windows lie before the end of what was sent.

    Args:
        of_cohort: the members.
        outcome: the outcome whose windows they are.
        through: the last day that all payloads cover.
    """
    months = max(condition.until_months or SCHOOL_YEAR_MONTHS for condition in outcome.conditions)
    last = of_cohort.groupby(YEAR)[SINCE].max() + pd.DateOffset(months=months)
    closed = last <= pd.Timestamp(through) + pd.Timedelta(days=1)
    return sorted(int(year) for year in last.index[closed])
