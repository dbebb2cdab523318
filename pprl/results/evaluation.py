"""True precision and recall, for those who have truth: a demonstration, a sample, a pilot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.hub import Linkage
from pprl.results.calibration import calibration, calibration_svg

Integers = NDArray[np.int64]
Interval = tuple[float, float]

DRAWS = 1000
SEED = 1


@dataclass(frozen=True)
class Evaluation:
    """How a set of pairs compares with the true ones.

    Intervals are of 95%, by a bootstrap that draws whole persons with all of their pairs.

    Attributes:
        true_pairs: pairs of records of different sources that are one person.
        found_pairs: pairs that the linkage gives one study ID.
        correct_pairs: those that are both.
        precision_interval: from, to.
        recall_interval: from, to.
        f1_interval: from, to.
        by_group: `group, true_pairs, found_pairs, correct_pairs`, precision, recall and F1, each
            with `_low` and `_high`; empty unless `truth` has groups.
        calibration: `from, to, pairs, expected, true`: of the candidates in each decile of the
            probability, the mean probability and the share that are one person.
    """

    true_pairs: int
    found_pairs: int
    correct_pairs: int
    precision_interval: Interval = field(default=(0.0, 1.0), compare=False)
    recall_interval: Interval = field(default=(0.0, 1.0), compare=False)
    f1_interval: Interval = field(default=(0.0, 1.0), compare=False)
    by_group: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)
    calibration: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)

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

    def recall_gap(self) -> tuple[float, Interval]:
        """Recall of the best group less that of the worst, and an interval of it.

        The interval takes the two groups that are best and worst here as given.

        Raises:
            UsageError: there are no groups.
        """
        if not len(self.by_group):
            raise UsageError("There are no groups: give truth a column group.")
        table = self.by_group.sort_values("recall", kind="stable")
        worst, best = table.iloc[0], table.iloc[-1]
        gap = float(best["recall"] - worst["recall"])
        # Groups are drawn apart, so the half widths of their intervals add as squares.
        down = np.hypot(best["recall"] - best["recall_low"], worst["recall_high"] - worst["recall"])
        up = np.hypot(best["recall_high"] - best["recall"], worst["recall"] - worst["recall_low"])
        return gap, (max(0.0, gap - float(down)), gap + float(up))

    def calibration_svg(self) -> str:
        """A calibration plot, as the text of an SVG file."""
        return calibration_svg(self.calibration)


def evaluate(linkage: Linkage, truth: pd.DataFrame) -> Evaluation:
    """Compare study IDs with known persons, over all pairs of records of different sources.

    Args:
        linkage: the linkage.
        truth: `source, record, person` and, if wanted, `group`, the same for all records of a
            person (the first that is told counts); records that are not in it are left out of
            account.

    Raises:
        UsageError: a column is missing from `truth`.
    """
    missing = {"source", "record", "person"} - set(truth.columns)
    if missing:
        raise UsageError(f"truth lacks the columns {', '.join(sorted(missing))}.")
    columns = [c for c in ("source", "record", "person", "group") if c in truth.columns]
    known = linkage.study_ids[["source", "record", "study_id"]].merge(
        truth[columns]
        .dropna(subset=["source", "record", "person"])
        .drop_duplicates(["source", "record"]),
        on=["source", "record"],
    )
    counts = _Counts.of(known)
    whole = counts.told(np.ones(len(counts.person_group), bool), np.ones(len(counts.wrong), bool))
    rows = [
        {"group": name} | counts.told(counts.person_group == code, counts.wrong_group == code)
        for code, name in enumerate(counts.groups)
    ]
    return Evaluation(
        whole["true_pairs"],
        whole["found_pairs"],
        whole["correct_pairs"],
        precision_interval=(whole["precision_low"], whole["precision_high"]),
        recall_interval=(whole["recall_low"], whole["recall_high"]),
        f1_interval=(whole["f1_low"], whole["f1_high"]),
        by_group=pd.DataFrame(rows),
        calibration=calibration(linkage.candidates, known),
    )


@dataclass(frozen=True, eq=False)
class _Counts:
    """Pairs by the unit that is drawn: true ones by person, wrong ones by study ID.

    Attributes:
        groups: names of the groups.
        person_group: `int64[persons]`, an index into them, -1 for none.
        true: `int64[persons]`, pairs that are one person.
        correct: `int64[persons]`, those of them that were found.
        wrong_group: `int64[study IDs]`, the group of a study ID's first record.
        wrong: `int64[study IDs]`, pairs found that are not one person.
    """

    groups: list[object]
    person_group: Integers
    true: Integers
    correct: Integers
    wrong_group: Integers
    wrong: Integers

    @classmethod
    def of(cls, known: pd.DataFrame) -> _Counts:
        """Count records of known persons."""
        source, person, found = (
            pd.factorize(known[name])[0].astype(np.int64)
            for name in ("source", "person", "study_id")
        )
        if "group" in known:
            of_record, names = pd.factorize(known["group"], sort=True)
        else:
            of_record, names = np.full(len(known), -1), pd.Index([])
        persons, ids = (int(x.max(initial=-1)) + 1 for x in (person, found))
        both, part = np.unique(found * max(1, persons) + person, return_inverse=True)
        owner, holder = both % max(1, persons), both // max(1, persons)
        correct = _pairs(part, source, len(both))
        return cls(
            list(names),
            _first(person, of_record, persons),
            _pairs(person, source, persons),
            np.bincount(owner, correct, minlength=persons).astype(np.int64),
            _first(found, of_record, ids),
            _pairs(found, source, ids)
            - np.bincount(holder, correct, minlength=ids).astype(np.int64),
        )

    def told(self, persons: NDArray[np.bool_], ids: NDArray[np.bool_]) -> dict[str, Any]:
        """The figures, with intervals, of persons `bool[persons]` and study IDs `bool[ids]`."""
        true, correct, wrong = self.true[persons], self.correct[persons], self.wrong[ids]
        rng = np.random.default_rng(SEED)
        units, units_count = np.unique(np.stack([true, correct]), axis=1, return_counts=True)
        faults, faults_count = np.unique(wrong, return_counts=True)
        drawn_units, drawn_faults = _redrawn(units_count, rng), _redrawn(faults_count, rng)
        all_true, all_correct = drawn_units @ units[0], drawn_units @ units[1]
        all_found = all_correct + drawn_faults @ faults
        figures = Evaluation(int(true.sum()), int(correct.sum() + wrong.sum()), int(correct.sum()))
        draws = {
            "precision": all_correct / np.maximum(1, all_found),
            "recall": all_correct / np.maximum(1, all_true),
            "f1": 2 * all_correct / np.maximum(1, all_true + all_found),
        }
        out: dict[str, Any] = {
            "true_pairs": figures.true_pairs,
            "found_pairs": figures.found_pairs,
            "correct_pairs": figures.correct_pairs,
        }
        for name, values in draws.items():
            value = float(getattr(figures, name))
            low, high = np.quantile(values, [0.025, 0.975]).tolist()
            out |= {name: value, f"{name}_low": min(low, value), f"{name}_high": max(high, value)}
        return out


def _redrawn(counts: Integers, rng: np.random.Generator) -> Integers:
    """How often each kind is drawn when as many units are drawn as there are: `[draws, kinds]`."""
    total = int(counts.sum())
    if not total:
        return np.zeros((DRAWS, len(counts)), np.int64)
    return rng.multinomial(total, counts / total, size=DRAWS)


def _first(unit: Integers, group: Integers, units: int) -> Integers:
    """The group of each unit's first record that has one, -1 if none has."""
    out = np.full(units, -1, np.int64)
    told = np.flatnonzero(group >= 0)[::-1]
    out[unit[told]] = group[told]
    return out


def _pairs(unit: Integers, source: Integers, units: int) -> Integers:
    """Pairs of records of one unit and different sources: `int64[units]`."""
    sources = int(source.max(initial=0)) + 1
    held = np.bincount(unit, minlength=units)
    cell, in_cell = np.unique(unit * sources + source, return_counts=True)
    alike = np.bincount(cell // sources, in_cell * (in_cell - 1) // 2, minlength=units)
    pairs: Integers = held * (held - 1) // 2 - alike.astype(np.int64)
    return pairs
