"""A linkage as a folder: what stays at the hub, and the crosswalk that each source is given.

study-ids.csv            source, record, study_id, recipient_id     stays at the hub
pairs.csv                the accepted pairs                         stays at the hub
summary.txt              what `Linkage.summary` says
figures.json             what a linkage report tells; may leave the hub
crosswalks/<source>.csv  record, study_id                           for that source alone
"""

from __future__ import annotations

import csv
import os
import secrets
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from pprl.errors import UsageError
from pprl.exchange.container import replacing
from pprl.hub import Linkage
from pprl.hub.study_ids import is_study_id
from pprl.results.report.account import account
from pprl.results.report.figures_file import as_json

STUDY_IDS = "study-ids.csv"
PAIRS = "pairs.csv"
SUMMARY = "summary.txt"
FIGURES = "figures.json"
CROSSWALKS = "crosswalks"
CROSSWALK_COLUMNS = ("record", "study_id")
ROWS = 1 << 17
"""Rows of a table that are written at a time."""
_FOR_THE_OWNER = 0o700


def write_linkage(linkage: Linkage, folder: str | os.PathLike[str]) -> None:
    """Write a linkage to a folder that only its owner can read.

    It is written beside its destination and renamed, so that a folder is there whole or not at all.

    Raises:
        UsageError: the folder is there and not empty, or it cannot be written.
    """
    check_vacant(folder)
    target = Path(folder).resolve()
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}.partial")
    try:
        partial.mkdir(_FOR_THE_OWNER)
        (partial / CROSSWALKS).mkdir(_FOR_THE_OWNER)
        _write_table(linkage.study_ids, partial / STUDY_IDS)
        _write_table(linkage.pairs, partial / PAIRS)
        for source in linkage.records:
            _write_table(linkage.crosswalk(source), partial / CROSSWALKS / f"{source}.csv")
        with replacing(partial / SUMMARY) as file:
            file.write(f"{linkage.summary()}\n".encode())
        with replacing(partial / FIGURES) as file:
            file.write(as_json(account(linkage)).encode())
        if target.exists():
            target.rmdir()
        partial.rename(target)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror}).") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_vacant(folder: str | os.PathLike[str]) -> None:
    """Check that a linkage could be written to a folder, before any work is done.

    Raises:
        UsageError: something other than an empty folder is there, or there is no folder around it.
    """
    target = Path(folder).resolve()
    if not target.parent.is_dir():
        raise UsageError(f"{folder}: there is no folder {target.parent} to put it in. Make it.")
    try:
        vacant = not target.exists() or (target.is_dir() and not any(target.iterdir()))
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read ({error.strerror}).") from None
    if not vacant:
        raise UsageError(
            f"{folder}: exists already, and study IDs are never overwritten. "
            "Name another folder, or move this one away."
        )


def read_crosswalk(folder: str | os.PathLike[str], source: str) -> pd.DataFrame:
    """Read one source's crosswalk: `record` (uint32), `study_id` (object), as it was written.

    Raises:
        UsageError: no linkage folder, no such source in it (those there are listed), or a file that
            was altered since.
    """
    crosswalks = Path(folder) / CROSSWALKS
    try:
        paths = {path.stem: path for path in sorted(crosswalks.glob("*.csv"))}
        if not paths:
            raise UsageError(f"{folder}: is no linkage folder. Give the one that pprl link wrote.")
        if source not in paths:
            raise UsageError(f"{source!r} is not in {folder}. Sources: {', '.join(paths)}.")
        with paths[source].open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except OSError as error:
        raise UsageError(f"{crosswalks}: cannot be read ({error.strerror}).") from None
    except (csv.Error, UnicodeDecodeError):
        header, rows = [], []
    sound = tuple(header) == CROSSWALK_COLUMNS and all(
        len(row) == 2 and row[0] == str(place) and is_study_id(row[1])
        for place, row in enumerate(rows)
    )
    if not sound:
        raise UsageError(
            f"{paths[source]}: is not a crosswalk as pprl link wrote it. Restore it from a backup."
        )
    return pd.DataFrame(
        {
            "record": np.arange(len(rows), dtype=np.uint32),
            "study_id": pd.Series([study_id for _, study_id in rows], dtype=object),
        }
    )


def _write_table(table: pd.DataFrame, path: Path) -> None:
    """A table as CSV, the same bytes on every system."""
    with replacing(path) as file:
        for start in range(0, max(1, len(table)), ROWS):
            table.iloc[start : start + ROWS].to_csv(
                file,
                index=False,
                header=start == 0,
                mode="wb",
                encoding="utf-8",
                lineterminator="\n",
                float_format="%.6f",
            )
