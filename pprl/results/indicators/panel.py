"""A cohort's panel: a row for each person and year after. It stays at the hub."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pprl.agreement.indicators import Cohort
from pprl.results.indicators.cohorts import SINCE, YEAR, members
from pprl.results.indicators.rows import INSTITUTION, PERSON, days

COHORT = "cohort"
DEGREES = ("certificate", "associate", "bachelor")
"""From the lowest to the highest; others are not told."""
_MONTHS = 12


def cohort_panel(rows: pd.DataFrame, cohort: Cohort, years: int) -> pd.DataFrame:
    """Lay a cohort out by person and year.

    Args:
        rows: from `outcome_rows`, with `enrolled_on`, `level`, `degree_on` and `degree`.
        cohort: whose.
        years: how many years after the cohort's date.

    Returns:
        `person, cohort, institution, year, two_year, four_year, degree`, in order of person,
        cohort and year: the cohort's year, who put the person there, 1 for the twelve months from
        the cohort's date on and so forth, whether a term of either level began in the year, and the
        highest degree until its end, "" for none.
    """
    of_cohort = members(rows, cohort).rename(columns={YEAR: COHORT})
    panel = of_cohort.loc[of_cohort.index.repeat(years)].reset_index(drop=True)
    panel[YEAR] = np.tile(np.arange(1, years + 1), len(of_cohort))
    keys = [PERSON, COHORT, YEAR]
    begun = _in_years(rows.assign(day=days(rows, "enrolled_on")), of_cohort)
    for name, level in (("two_year", 2), ("four_year", 4)):
        found = pd.MultiIndex.from_frame(begun.loc[begun["level"] == level, keys])
        panel[name] = pd.MultiIndex.from_frame(panel[keys]).isin(found)
    told = rows[rows["degree"].isin(DEGREES)]
    given = _in_years(told.assign(day=days(told, "degree_on")), of_cohort)
    given["rank"] = given["degree"].map({name: n for n, name in enumerate(DEGREES, 1)})
    highest = panel.merge(given.groupby(keys)["rank"].max().reset_index(), on=keys, how="left")
    so_far = highest["rank"].fillna(0).astype(int).groupby([panel[PERSON], panel[COHORT]]).cummax()
    panel["degree"] = np.array(["", *DEGREES], dtype=object)[so_far.to_numpy()]
    return panel[[PERSON, COHORT, INSTITUTION, YEAR, "two_year", "four_year", "degree"]]


def _in_years(rows: pd.DataFrame, of_cohort: pd.DataFrame) -> pd.DataFrame:
    """Rows of members from the cohort's date on, with the year in which their day lies."""
    whose = of_cohort[[PERSON, COHORT, SINCE]]
    pairs = whose.merge(rows.drop(columns=[INSTITUTION]), on=PERSON)
    pairs = pairs[pairs["day"] >= pairs[SINCE]].copy()
    day, since = pairs["day"].dt, pairs[SINCE].dt
    months = _MONTHS * (day.year - since.year) + day.month - since.month
    pairs[YEAR] = (months - (day.day < since.day)) // _MONTHS + 1
    return pairs
