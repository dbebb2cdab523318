"""A linkage: which records of which sources are the same person, as far as the hub can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pprl.agreement import Agreement
from pprl.errors import UsageError
from pprl.hub.quality import Quality


@dataclass(frozen=True, eq=False)
class Linkage:
    """The outcome of `pprl.link`.

    Attributes:
        agreement: what it was made under.
        threshold: the probability from which pairs were accepted.
        records: for each source, its number of records.
        candidates: all scored pairs: `source_a, record_a, source_b, record_b, probability,
            n_passes, accepted`, most probable first.
        study_ids: `source, record, study_id, recipient_id`, one row for every record, matched or
            not: the hub's own name for its person, and what its source is told.
        quality: expected precision and recall.
    """

    agreement: Agreement
    threshold: float
    records: Mapping[str, int]
    candidates: pd.DataFrame
    study_ids: pd.DataFrame
    quality: Quality

    def __repr__(self) -> str:
        """Counts only."""
        return (
            f"<Linkage of {len(self.records)} sources: {sum(self.records.values()):,} records, "
            f"{len(self.pairs):,} pairs accepted of {len(self.candidates):,}>"
        )

    @property
    def pairs(self) -> pd.DataFrame:
        """The accepted pairs, without the column `accepted`."""
        chosen = self.candidates[self.candidates["accepted"]]
        return chosen.drop(columns="accepted").reset_index(drop=True)

    def crosswalk(self, source: str) -> pd.DataFrame:
        """What one source is given: `record, study_id`, one row for each of its records.

        The IDs are the recipient's own unless the agreement asks for common ones, so that two
        recipients who lay their crosswalks side by side learn nothing from them.

        Raises:
            UsageError: the source is not in the linkage; the message lists those that are.
        """
        if source not in self.records:
            raise UsageError(
                f"{source!r} is not in this linkage. Sources: {', '.join(self.records)}."
            )
        own = self.study_ids[self.study_ids["source"] == source]
        return pd.DataFrame(
            {
                "record": own["record"].to_numpy(),
                "study_id": own["recipient_id"].to_numpy(),
            }
        )

    def summary(self) -> str:
        """A few lines for a person to read: records, matches by pair of sources, quality."""
        lines = [
            f"{len(self.records)} sources, {sum(self.records.values()):,} records, "
            f"{self.study_ids['study_id'].nunique():,} persons",
            "",
            *self.matrix().to_string().splitlines(),
            "",
            f"pairs accepted at p >= {self.threshold:g}: {len(self.pairs):,}",
            f"expected precision {self.quality.expected_precision:.4f}, "
            f"expected recall {self.quality.expected_recall:.4f}",
        ]
        return "\n".join(lines)

    def matrix(self) -> pd.DataFrame:
        """Accepted pairs by pair of sources, the records of each source on the diagonal."""
        names = list(self.records)
        table = pd.DataFrame(0, index=names, columns=names, dtype="int64")
        counts = self.pairs.groupby(["source_a", "source_b"], as_index=False).size()
        for a, b, number in counts.itertuples(index=False):
            table.loc[a, b] = table.loc[b, a] = number
        for name, number in self.records.items():
            table.loc[name, name] = number
        return table
