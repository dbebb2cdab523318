"""A release as a folder: what may be published, and all that an attacker needs.

release.json     dimensions, tables, subsets, the rules that were applied
NAME.csv         a table: a column for each dimension, count (empty where hidden), hidden (0 or 1)
NAME.csv         rates: a column for each dimension, rate (83%, >95%, <5%; empty where hidden)
"""

from __future__ import annotations

import csv
import json
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from pprl.errors import UsageError
from pprl.exchange.container import replacing
from pprl.results.disclosure.dimension import Dimension
from pprl.results.disclosure.rates import RATE, RateTable
from pprl.results.disclosure.tables import COUNT, HIDDEN, CountTable, Release, check_tables
from pprl.results.folder import check_vacant

DESCRIPTION = "release.json"
FORMAT = "pprl-release-1"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


def write_release(release: Release, folder: str | os.PathLike[str]) -> None:
    """Write a release to a folder, which is there whole or not at all.

    The same release gives the same bytes.

    Raises:
        UsageError: the folder is there and not empty, or cannot be written; a table's name is no
            file's; a hidden count is there.
    """
    check_vacant(folder)
    names = [*(one.name for one in release.tables), *(one.name for one in release.rates)]
    for name in names:
        if not _NAME.fullmatch(name) or names.count(name) > 1:
            raise UsageError(
                f"The table {name!r} cannot be a file: names are lower-case letters, digits, '_' "
                "and '-', each once."
            )
    target = Path(folder).resolve()
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}.partial")
    try:
        partial.mkdir()
        with replacing(partial / DESCRIPTION) as file:
            file.write((json.dumps(_described(release), indent=2) + "\n").encode())
        for table in release.tables:
            rows = table.counts
            if rows.loc[rows[HIDDEN], COUNT].notna().any():
                raise UsageError(f"The table {table.name} has counts that are hidden. Mask it.")
            _write(rows.astype({HIDDEN: int}), partial / f"{table.name}.csv")
        for rates in release.rates:
            _write(rates.rates[[*rates.dimensions, RATE]], partial / f"{rates.name}.csv")
        if target.exists():
            target.rmdir()
        partial.rename(target)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror}).") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_release(folder: str | os.PathLike[str]) -> Release:
    """Read a release as it was written.

    Raises:
        UsageError: it is none, or a file of it is missing or faulty.
    """
    path = Path(folder) / DESCRIPTION
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise UsageError(
                f"{path}: is of the format {told['format']}, and this version reads {FORMAT}."
            )
        release = Release(
            tuple(
                Dimension(name, dict(one["parents"]), bool(one["is_outcome"]))
                for name, one in told["dimensions"].items()
            ),
            tuple(_read_table(Path(folder), name, one) for name, one in told["tables"].items()),
            tuple(_read_rates(Path(folder), name, one) for name, one in told["rates"].items()),
            {part: tuple(wholes) for part, wholes in told["subset_of"].items()},
            int(told["smallest"]),
            int(told["protection"]),
        )
    except OSError as error:
        raise UsageError(
            f"{error.filename}: cannot be read ({error.strerror}). Give a folder that was released."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{path}: is no release that pprl wrote, or was altered.") from None
    check_tables(release.tables, release.dimensions)
    return release


def _described(release: Release) -> dict[str, Any]:
    """What stands in the JSON file."""
    return {
        "format": FORMAT,
        "smallest": release.smallest,
        "protection": release.protection,
        "dimensions": {
            one.name: {"is_outcome": one.is_outcome, "parents": dict(sorted(one.parents.items()))}
            for one in release.dimensions
        },
        "tables": {
            one.name: {"measure": one.measure, "dimensions": list(one.dimensions)}
            for one in release.tables
        },
        "rates": {
            one.name: {
                "measure": one.measure,
                "dimensions": list(one.dimensions),
                "outcome": one.outcome,
                "numerator": one.numerator,
            }
            for one in release.rates
        },
        "subset_of": {part: list(wholes) for part, wholes in release.subset_of.items()},
    }


def _write(rows: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, the same bytes on every system."""
    with replacing(path) as file:
        rows.to_csv(file, index=False, mode="wb", encoding="utf-8", lineterminator="\n")


def _rows(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """A CSV file as text.

    Raises:
        ValueError: its name or its columns are others.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    if head != columns or any(len(row) != len(head) for row in rows):
        raise ValueError(name)
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _read_table(folder: Path, name: str, told: dict[str, Any]) -> CountTable:
    """One table."""
    dimensions = [str(one) for one in told["dimensions"]]
    rows = _rows(folder, name, [*dimensions, COUNT, HIDDEN])
    if (
        not rows[HIDDEN].isin(["0", "1"]).all()
        or not ((rows[COUNT] == "") == (rows[HIDDEN] == "1")).all()
    ):
        raise ValueError(name)
    rows[HIDDEN] = rows[HIDDEN] == "1"
    counts = rows[COUNT].where(~rows[HIDDEN], "0").astype("int64")
    rows[COUNT] = counts.astype("Int64").mask(rows[HIDDEN])
    return CountTable(name, str(told["measure"]), tuple(dimensions), rows)


def _read_rates(folder: Path, name: str, told: dict[str, Any]) -> RateTable:
    """One table of rates."""
    dimensions = [str(one) for one in told["dimensions"]]
    rows = _rows(folder, name, [*dimensions, RATE])
    return RateTable(
        name,
        str(told["measure"]),
        tuple(dimensions),
        str(told["outcome"]),
        str(told["numerator"]),
        rows,
    )
