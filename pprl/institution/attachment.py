"""Study IDs back onto local IDs: the hub's crosswalk joined with the map that stayed behind."""

from __future__ import annotations

import pandas as pd

from pprl.errors import UsageError


def attach(crosswalk: pd.DataFrame, id_map: pd.DataFrame) -> pd.DataFrame:
    """Join a crosswalk onto local IDs.

    Args:
        crosswalk: `record, study_id`, text; one row a record. Further columns are kept.
        id_map: `record, local_id`, text; several local IDs may share a record.

    Returns:
        `local_id, study_id` and the crosswalk's further columns, a row for each local ID, in the
        order of the map.

    Raises:
        UsageError: the two are not of one submission, or one of them is no such table.
    """
    for table, what, names in (
        (crosswalk, "crosswalk", ("record", "study_id")),
        (id_map, "id map", ("record", "local_id")),
    ):
        if absent := [name for name in names if name not in table.columns]:
            raise UsageError(f"the {what} has no column {', '.join(absent)}. Is it the right file?")
    if crosswalk["record"].duplicated().any():
        raise UsageError("the crosswalk names a record twice. Ask the hub for it again.")
    records, mapped = set(crosswalk["record"]), set(id_map["record"])
    if records != mapped:
        raise UsageError(
            f"the crosswalk and the id map are not of one submission: {len(records - mapped)} "
            f"records are only in the crosswalk, {len(mapped - records)} only in the map. Joined "
            "so, students would get each other's study IDs. Use the map that was written with the "
            "match file that the hub linked."
        )
    joined = id_map[["record", "local_id"]].merge(crosswalk, on="record", how="left", sort=False)
    return joined.drop(columns="record")
