"""What institutions told of persons: all payloads as one table of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from pprl.agreement.indicators import Condition, Test
from pprl.errors import SubmissionError, UsageError
from pprl.exchange import Payload
from pprl.hub.custody import AnalysisStore

PERSON = "person"
INSTITUTION = "institution"
STUDY_ID = "study_id"
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def outcome_rows(tables: Mapping[str, pd.DataFrame | pa.Table]) -> pd.DataFrame:
    """The rows of all institutions, one below the other.

    Args:
        tables: institution -> `person` (or `study_id`, the hub's own) and the columns of its
            payload.

    Returns:
        `person`, `institution` and all other columns; what an institution does not tell is
        missing.

    Raises:
        UsageError: a table has neither `person` nor `study_id`.
    """
    frames = []
    for institution in sorted(tables):
        table = tables[institution]
        frame = table.to_pandas(date_as_object=False) if isinstance(table, pa.Table) else table
        if PERSON not in frame and STUDY_ID in frame:
            frame = frame.rename(columns={STUDY_ID: PERSON})
        if PERSON not in frame:
            raise UsageError(f"{institution}: its table has no column {STUDY_ID}.")
        # What is empty throughout is not sent: it has no type of its own.
        told = frame.drop(columns=frame.columns.intersection([INSTITUTION])).dropna(
            axis="columns", how="all"
        )
        if len(told):
            frames.append(told.assign(**{INSTITUTION: institution}))
    if not frames:
        raise UsageError("There are no outcomes: no institution sent a payload with rows.")
    rows: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return rows


def rows_of_payloads(payloads: Iterable[Payload], study_ids: pd.DataFrame) -> pd.DataFrame:
    """The rows of payloads, by the hub's own study IDs.

    Args:
        payloads: one an institution.
        study_ids: `source, study_id, recipient_id`, from the linkage that the payloads follow.

    Raises:
        SubmissionError: two payloads of one institution, or a study ID that it was not given.
    """
    tables = {}
    for payload in payloads:
        if payload.institution in tables:
            raise SubmissionError(f"{payload.institution}: two payloads of it. Give the later.")
        own = study_ids[study_ids["source"] == payload.institution]
        names = own.drop_duplicates("recipient_id").set_index("recipient_id")["study_id"]
        frame = payload.table.to_pandas(date_as_object=False)
        frame[PERSON] = frame.pop(STUDY_ID).map(names)
        if missing := int(frame[PERSON].isna().sum()):
            raise SubmissionError(
                f"{payload.institution}: {missing} of {len(frame)} rows have study IDs that are "
                "not in its crosswalk. Ask for the payload made with the last crosswalk."
            )
        tables[payload.institution] = frame
    return outcome_rows(tables)


def rows_of_store(store: AnalysisStore) -> pd.DataFrame:
    """The rows of an analysis store, by its names of persons.

    Raises:
        CustodyError: a table was altered, or is under another key.
        UsageError: it is empty.
    """
    return outcome_rows({name: store.table(name) for name in store.institutions()})


def passing(rows: pd.DataFrame, where: Iterable[tuple[str, Test]]) -> Flags:
    """Which rows pass all tests: `bool[n]`; a missing value passes none."""
    passes = np.ones(len(rows), bool)
    for column, test in where:
        values = rows[column]
        passes &= values.notna().to_numpy()
        if test.any_of:
            passes &= values.isin(list(test.any_of)).to_numpy()
        for bound, is_least in ((test.least, True), (test.below, False)):
            if bound is not None:
                numbers = pd.to_numeric(values, errors="coerce").to_numpy(float)
                passes &= numbers >= bound if is_least else numbers < bound
    return passes


def days(rows: pd.DataFrame, column: str) -> pd.Series:
    """A column of dates, `datetime64[s]`, missing where there is none.

    Raises:
        UsageError: it holds something else.
    """
    try:
        return pd.to_datetime(rows[column]).astype("datetime64[s]")
    except (TypeError, ValueError):
        raise UsageError(f"{column}: holds something other than dates.") from None


def in_window(day: pd.Series, since: pd.Series, condition: Condition) -> Flags:
    """Which days lie in the window of a condition: `bool[n]`."""
    begins = since + pd.DateOffset(months=condition.from_months)
    ends = since + pd.DateOffset(months=condition.until_months)
    within: Flags = ((day >= begins) & (day < ends)).to_numpy()
    return within
