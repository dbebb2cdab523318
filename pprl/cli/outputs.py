"""Files that a command writes: checked before the work is done, whole or not there at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pprl.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

ID_MAP = b"record,local_id"
CROSSWALK = b"record,study_id"
PAGE = (b"<!doctype html>", b"<!DOCTYPE html>")
"""How a page begins, and how one that an earlier version wrote may begin."""
_MOST_MAGIC = 64


def check_output(
    path: Path, kind: str, begins: bytes | tuple[bytes, ...], others: Mapping[str, Path]
) -> None:
    """Check that a file can be written where it is wanted.

    Args:
        path: the file.
        kind: what it is, such as "match file".
        begins: the first bytes of such a file, or several that it may begin with; one of that name
            that begins otherwise is some other file, and is not overwritten.
        others: the command's other files, which it may not be: what each is -> its path.

    Raises:
        UsageError: it cannot.
    """
    for other, taken in others.items():
        if path.resolve() == taken.resolve():
            raise UsageError(f"{path}: is to be the {kind} and is the {other}. Name another file.")
    if not path.resolve().parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.resolve().parent}. Make it first.")
    if path.is_dir():
        raise UsageError(f"{path}: is a folder. Name a file for the {kind}.")
    try:
        with path.open("rb") as file:
            found = file.read(_MOST_MAGIC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
    if not found.startswith(begins):
        raise UsageError(
            f"{path}: exists already and is no {kind}, so it is not overwritten. "
            "Name another file, or move this one away."
        )


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table, readable by its owner alone, replacing one of that name once it is complete.

    Raises:
        UsageError: it cannot be written.
    """
    from pprl.exchange.container import replacing

    try:
        with replacing(path) as file:
            csv_into(file, table)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file, readable by its owner alone, replacing one of that name once it is complete.

    Raises:
        UsageError: it cannot be written.
    """
    from pprl.exchange.container import replacing

    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}).") from None


def csv_into(file: BinaryIO, table: pd.DataFrame) -> None:
    """Write a table to an open file as CSV, the same bytes on every system."""
    table.to_csv(file, index=False, mode="wb", encoding="utf-8", lineterminator="\n")
    file.flush()
