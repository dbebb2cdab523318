"""CSV files that pprl, the hub or an institution's own report wrote, every cell as text."""

from __future__ import annotations

import os

import pandas as pd

from pprl.errors import UsageError


def read_text_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A CSV file in UTF-8 with a header row: columns of `str`, "" for an empty cell.

    Nothing is taken for a number, a date or a missing value: a local id may be "007" or "NA".

    Raises:
        UsageError: it cannot be read, or is no such file.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}). Check the path and your rights to it."
        ) from None
    except ValueError:  # of pandas' parser, and of the decoder; its text may hold a cell
        pass
    raise UsageError(f"{path}: is not a CSV file in UTF-8 with a header row. Export it again.")
