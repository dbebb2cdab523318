"""A text column of a caller's DataFrame, whatever pandas keeps texts in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.errors import UsageError
from pprl.institution.students import REQUIRED_COLUMNS

Texts = npt.NDArray[np.object_]
"""`object[n]` of `str`, "" for missing."""


def text_column(students: pd.DataFrame, name: str) -> Texts:
    """Column `name` as `object[n]` of `str`; None and NaN are missing, "".

    Raises:
        UsageError: a needed column is absent, or a cell holds something other than text.
    """
    if name not in students.columns:
        if name in REQUIRED_COLUMNS:
            raise UsageError(f"the students have no column {name}. read_students makes one.")
        return np.full(len(students), "", dtype=object)
    column = students[name]
    values: Texts = column.astype(object).where(column.notna(), "").to_numpy(dtype=object)
    if values.ndim > 1:
        raise UsageError(f"the students have several columns {name}. Keep one of them.")
    if len(values) and pd.api.types.infer_dtype(values, skipna=False) != "string":
        raise UsageError(
            f"column {name} holds something other than text, which has lost what an ID or a ZIP "
            "needs. Read the file with read_students, or with dtype=str."
        )
    whole = "".join(values)
    if "\0" in whole:  # no part of any text, and pandas would take what follows it for nothing
        values[:] = [value.replace("\0", "") for value in values]
    try:
        whole.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(
            f"column {name} holds half a character, which is no text. Read the file with "
            "read_students."
        ) from None
    return values
