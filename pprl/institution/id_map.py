"""The id map as a file: what turns the hub's answer back into students."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pprl.errors import UsageError
from pprl.exchange.container import replacing
from pprl.institution.text_csv import read_text_csv


def id_map_bytes(id_map: pd.DataFrame) -> bytes:
    """The map as CSV, the same bytes on every system."""
    text: str = id_map.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")


def check_vacant(path: str | os.PathLike[str], id_map: pd.DataFrame) -> None:
    """Check that no other map would be lost.

    A crosswalk names records by number, and numbers change with the students: joined by the map of
    another submission it would give students each other's study IDs.

    Raises:
        UsageError: there is a file of that name with other content.
    """
    if Path(path).exists() and Path(path).read_bytes() != id_map_bytes(id_map):
        raise UsageError(
            f"{path}: is the id map of another submission, whose crosswalk cannot be read without "
            "it, so it is not overwritten. Name another file, such as one with the year in it."
        )


def write_id_map(id_map: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write the map, readable by its owner alone.

    Raises:
        UsageError: there is a file of that name with other content, or it cannot be written.
    """
    try:
        check_vacant(path, id_map)
        with replacing(path) as file:
            file.write(id_map_bytes(id_map))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None


def read_id_map(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A map that `write_id_map` wrote: `record` (`int64`) and `local_id` (text).

    Raises:
        UsageError: it cannot be read, or is no id map.
    """
    return _numbered(path, "id map", "local_id")


def local_ids_of(
    study_ids: Iterable[str], id_map: str | os.PathLike[str], crosswalk: str | os.PathLike[str]
) -> list[str]:
    """The local ids that study IDs stand for.

    Args:
        study_ids: those of a payload.
        id_map: the file of the submission that was linked: `record, local_id`.
        crosswalk: the file that the hub gave back: `record, study_id`.

    Raises:
        UsageError: a file is not as it should be, or a study ID is not in the crosswalk.
    """
    wanted = set(study_ids)
    known = read_id_map(id_map).merge(_numbered(crosswalk, "crosswalk", "study_id"), on="record")
    if missing := len(wanted - set(known["study_id"])):
        raise UsageError(
            f"{missing} of {len(wanted)} study IDs are not in {crosswalk} or its records not in "
            f"{id_map}. Name the files of one submission."
        )
    return sorted(known.loc[known["study_id"].isin(wanted), "local_id"])


def _numbered(path: str | os.PathLike[str], what: str, column: str) -> pd.DataFrame:
    """A table of record numbers (`int64`) and one column of text, and what it is called.

    Raises:
        UsageError: it cannot be read, or is no such table.
    """
    table = read_text_csv(path)
    if list(table.columns) != ["record", column]:
        raise UsageError(f"{path}: is no {what}: it has other columns than record,{column}.")
    if table.empty or not table["record"].str.fullmatch("[0-9]{1,10}").all():
        raise UsageError(f"{path}: is no {what}: its column record does not hold numbers.")
    return table.astype({"record": "int64"})
