"""Exports of invented students, in each layout that is read, clean or with what exports do to data.

The layouts are written here from their specifications a second time, apart from the code that reads
them, so that a mistake on either side shows.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from pprl.errors import UsageError
from pprl.synthetic.dirt import DIRT, Style, dirtied
from pprl.synthetic.export_layouts import WRITERS

CARRIED = {
    "generic": "local_id first_name middle_name last_name suffix birth_date sex zip state_id",
    "calpads_senr": "local_id first_name middle_name last_name suffix birth_date sex state_id",
    "oneroster_1_1": "local_id first_name middle_name last_name birth_date sex",
    "oneroster_1_2": "local_id first_name middle_name last_name birth_date sex",
    "edfi": "local_id first_name middle_name last_name suffix birth_date sex zip",
    "ceds": "local_id first_name middle_name last_name suffix birth_date sex zip state_id",
    "powerschool_ca": "local_id first_name middle_name last_name suffix birth_date sex zip "
    "state_id",
    "nsc_detail": "local_id first_name last_name suffix",
    "csu_ersa": "local_id first_name middle_name last_name suffix birth_date sex state_id",
}
"""Layout -> the fields that its files carry whole."""

_OTHER_NAMES = ("other_first_name", "other_middle_name", "other_last_name")


def write_export(
    students: pd.DataFrame,
    path: str | Path,
    layout: str,
    *,
    dirt: Collection[str] = (),
    rng: np.random.Generator | None = None,
) -> Path:
    """Write students as a student system exports them.

    Args:
        students: the columns of a roster, and further names in `other_first_name`,
            `other_middle_name` and `other_last_name` where there are any.
        path: the file; a folder for layouts of several files, or a zip archive if it ends so.
        layout: a key of `CARRIED`.
        dirt: kinds of dirt, of `DIRT`; what a layout cannot hold is left out.
        rng: the only source of chance; needed for dirt.

    Returns:
        The path.

    Raises:
        UsageError: no such layout or dirt.
    """
    if layout not in CARRIED:
        raise UsageError(f"no layout {layout!r} is written; known: {', '.join(CARRIED)}")
    if unknown := sorted(set(dirt) - set(DIRT)):
        raise UsageError(f"no such dirt: {', '.join(unknown)}; known: {', '.join(DIRT)}")
    style = Style()
    if dirt:
        if rng is None:
            raise UsageError("dirt needs a random generator: pass rng=np.random.default_rng(1)")
        students, style = dirtied(students, dirt, rng)
    rows = students.reset_index(drop=True)
    for name in _OTHER_NAMES:
        if name not in rows:
            rows[name] = ""
    files = WRITERS[layout]({str(name): rows[name].tolist() for name in rows}, style)
    path = Path(path)
    if len(files) == 1:
        path.write_bytes(next(iter(files.values())))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        path.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (path / name).write_bytes(content)
    return path
