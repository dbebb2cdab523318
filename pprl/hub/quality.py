"""How good the links are, told without truth: precision and recall with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.agreement import Pass
from pprl.hub.missed import Cells, Incidence, MissedMatches
from pprl.hub.model import logit, sigmoid

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Interval = tuple[float, float]

DRAWS = 400
SEED = 1
LEVEL = 0.95
SHIFTS = 9
DOUBT = 0.5
"""Standard deviation of what the log-odds of all pairs may be off by together."""
TOO_FEW = math.exp(0.2)
"""What the estimate of missed matches is multiplied by: no interaction of three fields is
estimated, but errors come in company, and on development data it was a fifth too low."""
DOUBT_OF_MISSED = 0.35
"""Standard deviation of the logarithm of what it may be off by then, beyond chance."""
OWN_ESTIMATE = 200.0
"""A part with fewer expected matches than this has the whole's share of missed ones."""
MOST, BINS = 16.0, 800
"""Draws take log-odds in steps of 0.04, from -16 to 16."""
TINY = 1e-12

COLUMNS = (
    "pairs",
    "precision",
    "precision_low",
    "precision_high",
    "recall",
    "recall_low",
    "recall_high",
    "expected_matches",
)
"""What is told of each part: pairs accepted, precision, recall, their intervals, and the expected
matches, those that no pass found included."""


@dataclass(frozen=True, eq=False)
class Quality:
    """What the probabilities say of the accepted pairs. Intervals are of 95%.

    Attributes:
        expected_precision: the mean probability of the accepted pairs, 0 to 1.
        expected_recall: expected matches among them over all expected matches, those that no pass
            found included, 0 to 1.
        expected_matches: expected matches among all candidates.
        unseen_matches: expected matches that no pass found.
        precision_interval: from, to.
        recall_interval: from, to.
        by_sources: `source_a, source_b` and `COLUMNS`, a row for each pair of sources.
        by_pass: `pass` and `COLUMNS`, what each pass alone would have found of the accepted pairs.
    """

    expected_precision: float
    expected_recall: float
    expected_matches: float
    unseen_matches: float
    precision_interval: Interval = (0.0, 1.0)
    recall_interval: Interval = (0.0, 1.0)
    by_sources: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    by_pass: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def expected_f1(self) -> float:
        """The harmonic mean of both."""
        total = self.expected_precision + self.expected_recall
        return 2 * self.expected_precision * self.expected_recall / total if total else 0.0


@dataclass(frozen=True, eq=False, repr=False)
class Judgement:
    """All that an estimate is made from, in one order of the candidates.

    Attributes:
        probability: `float64[n]`.
        accepted: `bool[n]`.
        found: `uint64[n]`, a bit for each pass that found the pair.
        agrees: `bool[n, fields]`, on which key fields the pair agrees.
        passes: the passes.
        fields: the key fields.
        completeness: for each key field, the share of pairs of records that both have it.
        doubt: standard deviation of what all log-odds may be off by.
    """

    probability: Floats
    accepted: Flags
    found: NDArray[np.uint64]
    agrees: Flags
    passes: Sequence[Pass]
    fields: Sequence[str]
    completeness: Sequence[float]
    doubt: float = DOUBT


class Estimates:
    """Precision and recall of all candidates and of parts of them, with intervals.

    An interval holds what chance may do to the outcomes of the pairs and to the incidence of the
    passes, and what the model may be off by: all log-odds together, and the missed matches. Draws
    have a fixed seed, so that the same candidates always have the same intervals.
    """

    def __init__(self, judgement: Judgement) -> None:
        """Estimate the whole."""
        self._judged = judgement
        self._rng = np.random.default_rng(SEED)
        rows = Incidence.of(judgement.agrees, judgement.found, judgement.passes, judgement.fields)
        self._row, self._rows = rows.row, len(rows.cell)
        self._missed = MissedMatches(rows, judgement.completeness)
        shifts = [NormalDist().inv_cdf((k + 0.5) / SHIFTS) for k in range(SHIFTS)]
        log_odds = logit(np.clip(judgement.probability, TINY, 1 - TINY))
        self._bin = np.clip((log_odds + MOST) / (2 * MOST) * BINS, 0, BINS - 1).astype(np.int64)
        middle = (np.arange(BINS) + 0.5) * (2 * MOST / BINS) - MOST
        self._shifted = sigmoid(middle[None, :] + (np.array(shifts) * judgement.doubt)[:, None])
        weight = self._weights(judgement.probability)
        self.cells: Cells = self._missed.estimate(weight)
        self._unseen_draws = self._drawn_unseen()

    def whole(self) -> dict[str, float]:
        """`COLUMNS` of all candidates; `unseen` is told apart."""
        everything = np.zeros(len(self._bin), np.int64)
        return self._told(everything, 1, [self.unseen])[0]

    @property
    def unseen(self) -> float:
        """Expected matches that no pass found."""
        return TOO_FEW * float(self.cells.missed.sum())

    def parts(self, part: Integers, count: int) -> list[dict[str, float]]:
        """The same for parts of the candidates that do not overlap.

        Args:
            part: `int64[n]`, each candidate's part, -1 for none.
            count: how many parts there are.
        """
        probability = self._judged.probability
        order = np.argsort(part, kind="stable")
        ends = np.searchsorted(part[order], np.arange(count + 1))
        rate = self.unseen / max(float(probability.sum()), TINY)
        unseen = []
        for number in range(count):
            own = order[ends[number] : ends[number + 1]]
            seen = float(probability[own].sum())
            if seen < OWN_ESTIMATE:
                unseen.append(rate * seen)
                continue
            weight = np.bincount(self._row[own], probability[own], minlength=self._rows)
            cells = self._missed.estimate(weight.astype(np.float64), self.cells)
            unseen.append(TOO_FEW * float(cells.missed.sum()))
        return self._told(part, count, unseen)

    def by_pass(self) -> pd.DataFrame:
        """What each pass alone found of the accepted pairs: `pass` and `COLUMNS`."""
        rows = []
        for number, item in enumerate(self._judged.passes):
            chosen = (self._judged.found >> np.uint64(number) & np.uint64(1)).astype(bool)
            told = self._told(
                np.zeros(len(chosen), np.int64), 1, [self.unseen], self._judged.accepted & chosen
            )[0]
            rows.append({"pass": item.name, **told})
        return pd.DataFrame(rows, columns=["pass", *COLUMNS])

    def _weights(self, probability: Floats) -> Floats:
        """Expected matches in each row of the incidence."""
        return np.bincount(self._row, probability, minlength=self._rows).astype(np.float64)

    def _drawn_unseen(self) -> Floats:
        """Missed matches in each draw, over those expected: chance, shift and model."""
        self._which = self._rng.integers(0, SHIFTS, DRAWS)
        doubt = np.exp(self._rng.normal(0.0, DOUBT_OF_MISSED, DRAWS))
        shifted = np.array([self._weights(told[self._bin]) for told in self._shifted])
        drawn = self._rng.poisson(shifted[self._which]).astype(np.float64)
        return (TOO_FEW * self._missed.drawn(drawn) + 0.5) * doubt / (self.unseen + 0.5)

    def _told(
        self, part: Integers, count: int, unseen: Sequence[float], accepted: Flags | None = None
    ) -> list[dict[str, float]]:
        """`COLUMNS` of each part."""
        judged = self._judged
        taken = judged.accepted if accepted is None else accepted
        inside = part >= 0
        number = part[inside] * 2 + taken[inside]
        cell = number * BINS + self._bin[inside]
        binned = np.bincount(cell, minlength=2 * count * BINS).reshape(count, 2, BINS)
        size = binned[:, 1].sum(axis=1)
        mean = np.einsum("cab,kb->kca", binned, self._shifted)
        spread = np.einsum("cab,kb->kca", binned, self._shifted * (1 - self._shifted))
        sums = np.bincount(number, judged.probability[inside], minlength=2 * count)
        sums = sums.reshape(count, 2)
        out = []
        for place in range(count):
            noise = self._rng.normal(size=(DRAWS, 2))
            drawn = mean[self._which, place] + noise * np.sqrt(spread[self._which, place])
            correct = np.clip(drawn[:, 1], 0.0, size[place])
            rest = np.maximum(drawn[:, 0], 0.0)
            shape = unseen[place] * self._unseen_draws + 0.5
            missed = self._rng.poisson(self._rng.gamma(shape))
            total = float(sums[place].sum()) + unseen[place]
            precision = float(sums[place, 1]) / size[place] if size[place] else 0.0
            recall = float(sums[place, 1]) / total if total > TINY else 0.0
            low, high = _interval(correct / max(1, size[place]), precision)
            least, most = _interval(correct / np.maximum(correct + rest + missed, TINY), recall)
            values = (int(size[place]), precision, low, high, recall, least, most, total)
            out.append(dict(zip(COLUMNS, values, strict=True)))
        return out


def estimate(judgement: Judgement, group: Integers, names: Sequence[tuple[str, str]]) -> Quality:
    """Estimate precision and recall, overall, by pair of sources and by pass.

    Args:
        judgement: the candidates.
        group: `int64[n]`, each candidate's pair of sources.
        names: the two sources of each.
    """
    estimates = Estimates(judgement)
    whole = estimates.whole()
    parts = estimates.parts(group, len(names))
    by_sources = pd.DataFrame(
        [{"source_a": a, "source_b": b, **part} for (a, b), part in zip(names, parts, strict=True)],
        columns=["source_a", "source_b", *COLUMNS],
    )
    return Quality(
        expected_precision=whole["precision"],
        expected_recall=whole["recall"],
        expected_matches=float(judgement.probability.sum()),
        unseen_matches=estimates.unseen,
        precision_interval=(whole["precision_low"], whole["precision_high"]),
        recall_interval=(whole["recall_low"], whole["recall_high"]),
        by_sources=by_sources,
        by_pass=estimates.by_pass(),
    )


def _interval(draws: Floats, value: float) -> Interval:
    """The middle 95% of the draws, the value itself always among them."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return min(low, value), max(high, value)
