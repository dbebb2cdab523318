"""The columns of a payload: declared in the agreement, like no identifier in name or content."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pprl.agreement.rules import column_fault
from pprl.errors import UsageError

STUDY_ID = "study_id"
_STUDY_ID_FORM = r"\A[A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z]{17}\z"
_FLAGS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_READ: Mapping[str, Callable[[str], object]] = {
    "text": str,
    "whole": int,
    "number": float,
    "date": datetime.date.fromisoformat,
    "flag": lambda text: _FLAGS[text.lower()],
}
_FEWEST_TO_JUDGE = 50
_SHARE_DISTINCT = 0.9
_LONG_NUMBER = 10**7


def typed(texts: Sequence[str], kind: str) -> list[object]:
    """A column of texts as values of a kind; "" is missing.

    Args:
        texts: as they stand in a CSV file.
        kind: one of `COLUMN_KINDS`. Dates are YYYY-MM-DD; flags true or false, yes or no, 1 or 0.

    Raises:
        UsageError: a text is no such value; the message tells in which row, and not the text.
    """
    read = _READ[kind]
    values: list[object] = []
    for text in texts:
        plain = text.strip()
        try:
            values.append(read(plain) if plain else None)
        except (ValueError, KeyError):
            break
    if len(values) < len(texts):
        raise UsageError(f"row {len(values) + 2} holds something other than {kind}.")
    return values


def named_faults(names: list[str], declared: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the names of a payload's columns."""
    if len(set(names)) < len(names):
        yield "a column stands twice"
    if STUDY_ID not in names:
        yield f"there is no column {STUDY_ID}"
    for name in names:
        if name != STUDY_ID and (reason := column_fault(name)):
            yield f"{name!a} {reason}"
        elif name not in (STUDY_ID, *declared):
            yield f"{name!a} is not declared under [payload] of the agreement"


def held_faults(table: pa.Table) -> Iterator[str]:
    """What is wrong with what a payload's columns hold."""
    ids = table.column(STUDY_ID)
    sound = pc.all(pc.match_substring_regex(ids, _STUDY_ID_FORM)).as_py()
    if ids.null_count or sound is False:
        yield f"{STUDY_ID}: holds something other than study IDs"
    for name in table.column_names:
        if name != STUDY_ID and _identifies(table.column(name)):
            yield (
                f"{name}: nearly every row has a value of its own, as with an identifier; "
                "group the values"
            )


def _identifies(column: pa.ChunkedArray) -> bool:
    """Whether a column's values are as distinct as identifiers: texts, or long whole numbers."""
    present = len(column) - column.null_count
    texts = pa.types.is_string(column.type)
    if present < _FEWEST_TO_JUDGE or not (texts or pa.types.is_int64(column.type)):
        return False
    if not texts and pc.mean(pc.greater_equal(pc.abs(column), _LONG_NUMBER)).as_py() < 0.5:
        return False
    distinct: int = pc.count_distinct(column, mode="only_valid").as_py()
    return bool(distinct > _SHARE_DISTINCT * present)
