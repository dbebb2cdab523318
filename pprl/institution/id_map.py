"""The id map as a file: what turns the hub's answer back into students."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from pprl.errors import UsageError
from pprl.exchange.container import replacing


def id_map_bytes(id_map: pd.DataFrame) -> bytes:
    """The map as CSV, the same bytes on every system."""
    text: str = id_map.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")


def check_vacant(path: str | os.PathLike[str], content: bytes) -> None:
    """Check that no other map would be lost.

    A crosswalk names records by number, and numbers change with the students: joined by the map of
    another submission it would give students each other's study IDs.

    Raises:
        UsageError: there is a file of that name with other content.
    """
    if Path(path).exists() and Path(path).read_bytes() != content:
        raise UsageError(
            f"{path}: is the id map of another submission, whose crosswalk cannot be read without "
            "it, so it is not overwritten. Name another file, such as one with the year in it."
        )


def write_id_map(id_map: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write the map, readable by its owner alone.

    Raises:
        UsageError: there is a file of that name with other content, or it cannot be written.
    """
    content = id_map_bytes(id_map)
    try:
        check_vacant(path, content)
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None
