"""What encoding gives: the submission that leaves, and the map that stays."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pandas as pd

from pprl.exchange import Submission
from pprl.institution.id_map import write_id_map


@dataclass(frozen=True, eq=False)
class Encoded:
    """What `encode` gives.

    Attributes:
        submission: for the hub.
        id_map: `record, local_id`; several local ids may share a record. Never leaves the
            institution.
        notes: what a person should know, in counts: duplicates, missing fields, students that emit
            nowhere.
    """

    submission: Submission
    id_map: pd.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Encoded: {self.submission!r}, {len(self.id_map):,} local ids>"

    def write_id_map(self, path: str | os.PathLike[str]) -> None:
        """Write the id map as CSV, readable by its owner alone.

        Raises:
            UsageError: there is the id map of another submission, or it cannot be written.
        """
        write_id_map(self.id_map, path)
