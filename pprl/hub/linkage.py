"""A linkage: which records of which sources are the same person, as far as the hub can tell."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pprl.agreement import Agreement
from pprl.errors import UsageError
from pprl.exchange.manifest import Manifest
from pprl.hub.decision import Decision
from pprl.hub.explanation import Explanation, Reasons, level_table
from pprl.hub.quality import COLUMNS, Estimates, Judgement, Quality
from pprl.hub.review import PAIR, Review, numbered

_NOT_KEPT = "This linkage does not hold what it was estimated from. Link the submissions again."


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
        quality: expected precision and recall, with intervals.
        decision: from which probability on pairs were accepted, and why.
        judgement: what the quality was estimated from, in the order of `candidates`.
        reasons: what explanations are made from, in the same order.
        persons: how many the records are of; counted among the study IDs if it is not given.
        manifests: of the files received: this year's in the order of `records`, then earlier ones.
    """

    agreement: Agreement
    threshold: float
    records: Mapping[str, int]
    candidates: pd.DataFrame
    study_ids: pd.DataFrame
    quality: Quality
    decision: Decision = field(default=Decision(0.5))
    judgement: Judgement | None = field(default=None, repr=False)
    reasons: Reasons | None = field(default=None, repr=False)
    persons: int | None = None
    manifests: Sequence[Manifest] = field(default=(), repr=False)

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
        own = self.study_ids.loc[self.study_ids["source"] == source, ["record", "recipient_id"]]
        return own.rename(columns={"recipient_id": "study_id"}).reset_index(drop=True)

    @property
    def doubtful(self) -> pd.DataFrame:
        """The candidates in the doubtful band, accepted or not: a closer look pays there.

        Its bounds are `decision.doubtful`.
        """
        return self.candidates.iloc[self._doubtful()].reset_index(drop=True)

    def explain(self, pair: pd.Series | tuple[str, int, str, int]) -> Explanation:
        """Why a candidate pair has its probability: the weight of each field, from levels only.

        Args:
            pair: a row of `candidates` or `pairs`, or `(source_a, record_a, source_b, record_b)`.

        Raises:
            UsageError: it is no candidate pair, or the linkage was read from a folder.
        """
        a, i, b, j = (pair[c] for c in PAIR) if isinstance(pair, pd.Series) else pair
        if a > b:
            a, i, b, j = b, j, a, i
        table = self.candidates
        is_it = (table["source_a"] == a) & (table["source_b"] == b)
        places = np.flatnonzero(is_it & (table["record_a"] == i) & (table["record_b"] == j))
        if not len(places):
            raise UsageError(f"{a} {i} and {b} {j} share no block: they are no candidate pair.")
        place = int(places[0])
        probability = float(table["probability"].iloc[place])
        return self._reasons().explain(place, ((str(a), int(i)), (str(b), int(j))), probability)

    def review(self, most: int | None = None) -> Review:
        """Questions on the doubtful pairs for the institutions, levels instead of names.

        Args:
            most: how many questions at most; those nearest to even chances are asked.

        Raises:
            UsageError: the linkage was read from a folder.
        """
        places = self._doubtful()
        if most is not None:
            certainty = np.abs(self.candidates["probability"].to_numpy()[places] - 0.5)
            places = np.sort(places[np.argsort(certainty, kind="stable")[:most]])
        table = self.candidates.iloc[places].reset_index(drop=True)
        questions = table[[*PAIR, "probability"]].assign(
            **level_table(self._reasons(), places.tolist())
        )
        questions.insert(0, "question", numbered(len(questions)))
        return Review(questions)

    def quality_by(self, groups: pd.DataFrame) -> pd.DataFrame:
        """Precision and recall by report group, with intervals: `group` and `COLUMNS`.

        A pair belongs to the group of its first record or, if that is not known, of its second.

        Args:
            groups: `source, record, group`.

        Raises:
            UsageError: a column is missing, or the linkage was read from a folder.
        """
        if missing := {"source", "record", "group"} - set(groups.columns):
            raise UsageError(f"groups lacks the columns {', '.join(sorted(missing))}.")
        if self.judgement is None:
            raise UsageError(_NOT_KEPT)
        known = groups.dropna().drop_duplicates(["source", "record"])
        first, second = known_of_both(self.candidates, known, "group")
        part, names = pd.factorize(first.fillna(second), sort=True)
        told = Estimates(self.judgement).parts(part.astype(np.int64), len(names))
        rows = [{"group": name, **row} for name, row in zip(names, told, strict=True)]
        return pd.DataFrame(rows, columns=["group", *COLUMNS])

    def _doubtful(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """The places of the candidates in the doubtful band."""
        low, high = self.decision.doubtful
        probability = self.candidates["probability"].to_numpy()
        return np.flatnonzero((probability >= low) & (probability <= high))

    def _reasons(self) -> Reasons:
        """What explanations are made from.

        Raises:
            UsageError: it was not kept.
        """
        if self.reasons is None:
            raise UsageError(_NOT_KEPT)
        return self.reasons

    def summary(self) -> str:
        """A few lines for a person to read: records, matches by pair of sources, quality."""
        quality, persons = self.quality, self.persons
        if persons is None:
            persons = self.study_ids["study_id"].nunique()
        lines = [
            f"{len(self.records)} sources, {sum(self.records.values()):,} records, "
            f"{persons:,} persons",
            "",
            *self.matrix().to_string().splitlines(),
            "",
            f"pairs accepted at p >= {self.threshold:.4g}: {len(self.pairs):,}"
            f" (doubtful: {len(self._doubtful()):,})",
            "expected precision "
            + _with_interval(quality.expected_precision, quality.precision_interval)
            + ", expected recall "
            + _with_interval(quality.expected_recall, quality.recall_interval),
        ]
        return "\n".join(lines)

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        groups: pd.DataFrame | None = None,
        audit: str | os.PathLike[str] | None = None,
    ) -> None:
        """Write the linkage report: see `pprl.results.report.report`."""
        from pprl.results.report import report

        report(self, path, groups=groups, audit=audit)

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


def known_of_both(
    candidates: pd.DataFrame, known: pd.DataFrame, column: str
) -> tuple[pd.Series, pd.Series]:
    """What is known of the first and of the second record of each candidate; missing if nothing is.

    Args:
        candidates: `source_a, record_a, source_b, record_b`.
        known: `source, record`, each record once, and the column.
        column: which.
    """
    of_record = known.set_index(["source", "record"])[column]
    first, second = (
        of_record.reindex(
            pd.MultiIndex.from_frame(candidates[[f"source_{x}", f"record_{x}"]])
        ).reset_index(drop=True)
        for x in "ab"
    )
    return first, second


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    """A share and its interval, rounded outwards in the fourth place."""
    low, high = np.floor(interval[0] * 1e4) / 1e4, np.ceil(interval[1] * 1e4) / 1e4
    return f"{value:.4f} ({low:.4f} to {high:.4f})"
