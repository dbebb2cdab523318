"""True precision and recall, for those who have truth: a demonstration, a sample, a pilot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.hub import Linkage


@dataclass(frozen=True)
class Evaluation:
    """How a set of pairs compares with the true ones.

    Attributes:
        true_pairs: pairs of records of different sources that are one person.
        found_pairs: pairs that the linkage gives one study ID.
        correct_pairs: those that are both.
    """

    true_pairs: int
    found_pairs: int
    correct_pairs: int

    @property
    def precision(self) -> float:
        """Correct among found, 0 to 1; 1 if nothing was found."""
        return self.correct_pairs / self.found_pairs if self.found_pairs else 1.0

    @property
    def recall(self) -> float:
        """Correct among true, 0 to 1; 1 if there is nothing to find."""
        return self.correct_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.correct_pairs / max(1, self.found_pairs + self.true_pairs)

    def __str__(self) -> str:
        """The three figures on one line."""
        return f"precision {self.precision:.4f}, recall {self.recall:.4f}, F1 {self.f1:.4f}"


def evaluate(linkage: Linkage, truth: pd.DataFrame) -> Evaluation:
    """Compare study IDs with known persons, over all pairs of records of different sources.

    Args:
        linkage: the linkage.
        truth: `source, record, person`; records that are not in it are left out of account.

    Raises:
        UsageError: a column is missing from `truth`.
    """
    missing = {"source", "record", "person"} - set(truth.columns)
    if missing:
        raise UsageError(f"truth lacks the columns {', '.join(sorted(missing))}.")
    known = linkage.study_ids.merge(
        truth[["source", "record", "person"]].dropna().drop_duplicates(["source", "record"]),
        on=["source", "record"],
    )
    source, _ = pd.factorize(known["source"])
    person, _ = pd.factorize(known["person"])
    found, _ = pd.factorize(known["study_id"])
    both = found.astype(np.int64) * (int(person.max(initial=0)) + 1) + person
    return Evaluation(_pairs(person, source), _pairs(found, source), _pairs(both, source))


def _pairs(group: NDArray[np.int64], source: NDArray[np.int64]) -> int:
    """Pairs of records of one group and different sources."""
    _, group = np.unique(group, return_inverse=True)
    cell = group.astype(np.int64) * (int(source.max(initial=0)) + 1) + source
    in_group = np.bincount(group)
    _, in_cell = np.unique(cell, return_counts=True)
    return int((in_group * (in_group - 1) // 2).sum() - (in_cell * (in_cell - 1) // 2).sum())
