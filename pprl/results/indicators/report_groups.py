"""A person's report groups, where institutions may tell them differently.

The rule is one for all persons and knows no order of files or rows. For each report group:

1. An institution tells of a person the value that stands on most of its rows of the person.
2. Districts are asked before colleges: they told of the person first, and under the categories that
   cohorts are reported by.
3. Among those asked together, the value that most institutions tell is taken.
4. If two values are told equally often, at 1 or at 3, the one is taken that more persons are told
   to have, and if these are as many, the first in the alphabet. A code of its own for the few who
   are told of differently would be a small cell in every table, and hide a large one beside it.

Who is told of by nobody is `NOT_TOLD`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pprl.results.indicators.rows import INSTITUTION, PERSON

NOT_TOLD = "not told"
FIRST_ASKED = "district"


def report_groups(
    rows: pd.DataFrame, names: Sequence[str], roles: Mapping[str, str]
) -> pd.DataFrame:
    """Each person's report groups.

    Args:
        rows: from `outcome_rows`.
        names: columns of it; those that are not there are told by nobody.
        roles: institution -> its role.

    Returns:
        a row for each person, indexed by it in order, a text column for each name.
    """
    persons = pd.Index(np.sort(rows[PERSON].unique()), name=PERSON)
    return pd.DataFrame(
        {name: _group(rows, name, roles, persons) for name in names}, index=persons, dtype=object
    )


def _group(rows: pd.DataFrame, name: str, roles: Mapping[str, str], persons: pd.Index) -> pd.Series:
    """One report group of each person."""
    if name not in rows:
        return pd.Series(NOT_TOLD, persons, dtype=object)
    told = rows.loc[rows[name].notna(), [PERSON, INSTITUTION, name]]
    told = told.assign(value=[_text(value) for value in told[name]])
    told = told[told["value"] != ""]
    # The rank of each value: those that more persons are told to have come first.
    persons_of = told.drop_duplicates([PERSON, "value"])["value"].value_counts()
    order = sorted(persons_of.index, key=lambda value: (-persons_of[value], value))
    told["rank"] = told["value"].map({value: place for place, value in enumerate(order)})
    by_institution = _most_often(told, [PERSON, INSTITUTION])
    asked_first = np.array(
        [roles.get(institution) == FIRST_ASKED for institution in by_institution[INSTITUTION]], bool
    )
    first, then = (
        _most_often(part, [PERSON]).set_index(PERSON)["rank"].reindex(persons)
        for part in (by_institution[asked_first], by_institution[~asked_first])
    )
    taken = first.where(first.notna(), then)
    return taken.map(dict(enumerate(order))).astype(object).fillna(NOT_TOLD)


def _most_often(told: pd.DataFrame, of: list[str]) -> pd.DataFrame:
    """The rank told most often of each; of several, the first."""
    counts = told.groupby([*of, "rank"], as_index=False).size()
    counts = counts.sort_values(["size", "rank"], ascending=[False, True], kind="stable")
    return counts.drop_duplicates(of)[[*of, "rank"]]


def _text(value: object) -> str:
    """A value as a code."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value).strip()
