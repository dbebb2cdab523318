"""What missed and false links could do to a rate.

Of those counted in a numerator because a link says so, some are false links; of those not counted,
some were missed. Both are drawn as often as the linkage's own precision p and recall r say, with
the doubt in p and r themselves:

    numerator N of D, linked:  right = N − Binomial(N, 1 − p)
                               true  = right + Negative binomial(right + 1, r)

(the number missed, given that `right` were found, under a flat prior of the total), at most D. The
band is the middle 95% of `true / D`. Where the denominator rests on links as well, it is drawn in
the same way; those missed in it and those falsely in it have the numerator's outcome as often as
those found, but for a doubt of `DOUBT` in the log-odds: who is missed may fare otherwise.

p and r are drawn on the scale of log-odds, normal on either side with the width that their interval
of 95% has there, and with a further doubt of `DOUBT`: the part of a cohort that a table shows is
not all pairs. All draws have one seed, so equal counts have equal bands; they tell nothing that the
counts do not.

The idea of reporting what linkage error may do to each estimate: Harron et al., "Challenges in
administrative data linkage for research", Big Data & Society 4 (2017).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]

DRAWS = 2000
SEED = 1
LEVEL = 0.95
DOUBT = 0.35
"""Standard deviation of the log-odds by which a cell's own share of errors may differ."""
LEAST, MOST = 1e-4, 1 - 1e-4
_ENDS = ("", "_low", "_high")


@dataclass(frozen=True)
class LinkError:
    """How good the links are on which a rate rests. Intervals are of 95%.

    Attributes:
        precision: share of the links that are right, 0 to 1.
        precision_interval: from, to.
        recall: share of those to be found that were.
        recall_interval: from, to.
    """

    precision: float
    precision_interval: Interval
    recall: float
    recall_interval: Interval


NO_ERROR = LinkError(1.0, (1.0, 1.0), 1.0, (1.0, 1.0))


def band(
    numerator: int, denominator: int, linked: str, error: LinkError, doubt: float = DOUBT
) -> Interval:
    """From and to which rate the truth may lie, 0 to 1.

    Args:
        numerator: persons counted in it.
        denominator: persons counted in it, at least as many, at least one.
        linked: which of them rest on links: "none", "numerator" or "both".
        error: how good the links are.
        doubt: by how much the cell's own log-odds of error may differ.
    """
    if linked == "none":
        return numerator / denominator, numerator / denominator
    rng = np.random.default_rng(SEED)
    precision = _drawn(error.precision, error.precision_interval, doubt, rng)
    recall = _drawn(error.recall, error.recall_interval, doubt, rng)
    if linked == "numerator":
        right = numerator - rng.binomial(numerator, 1 - precision)
        true = right + rng.negative_binomial(right + 1, recall)
        rates = np.minimum(true, denominator) / denominator
    else:
        right = denominator - rng.binomial(denominator, 1 - precision)
        missed = rng.negative_binomial(right + 1, recall)
        share = _of_others(numerator, denominator, doubt, rng)
        false_with = np.minimum(rng.binomial(denominator - right, share), numerator)
        with_outcome = np.minimum(numerator - false_with, right) + rng.binomial(missed, share)
        rates = with_outcome / np.maximum(right + missed, 1)
    low, high = np.quantile(rates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return low, high


@dataclass(frozen=True, eq=False)
class LinkQuality:
    """How good the links are, by pair of institutions and by report group.

    Attributes:
        by_sources: `source_a, source_b, pairs, expected_matches` and precision and recall with
            their intervals, as `Quality.by_sources`.
        by_group: report group -> the same, with `group` for the code; may be empty.
    """

    by_sources: pd.DataFrame
    by_group: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def of(self, one: Iterable[str], other: Iterable[str], by: str, code: str) -> LinkError | None:
        """How good the links are of a group, or where that is not known between institutions.

        None if that is not known either; no error if there is one institution alone.

        Intervals of several pairs are those of the parts, weighted: what the model is off by is
        off in all of them.

        Args:
            one: institutions.
            other: institutions; the same, overlapping or others.
            by: the report group, or "".
            code: its code.
        """
        here, there = set(one), set(other)
        table = self.by_group.get(by)
        if table is not None and (own := (table["group"] == code).to_numpy(bool)).any():
            return _pooled(table[own])
        needed = {(a, b) for a in here for b in there if a != b}
        if not needed:
            return NO_ERROR
        told = zip(self.by_sources["source_a"], self.by_sources["source_b"], strict=True)
        between = [(a, b) in needed or (b, a) in needed for a, b in told]
        return _pooled(self.by_sources[np.array(between, bool)]) if any(between) else None


def _pooled(rows: pd.DataFrame) -> LinkError:
    """Rows of quality taken together."""
    found, true = rows["pairs"].to_numpy(float), rows["expected_matches"].to_numpy(float)
    precision, low, high = (_mean(rows[f"precision{end}"], found) for end in _ENDS)
    recall, least, most = (_mean(rows[f"recall{end}"], true) for end in _ENDS)
    return LinkError(precision, (low, high), recall, (least, most))


def _mean(shares: pd.Series, weights: Floats) -> float:
    """A weighted mean of shares; 1 of nothing."""
    return float(shares.to_numpy(float) @ weights / weights.sum()) if weights.sum() else 1.0


def _drawn(share: float, interval: Interval, doubt: float, rng: np.random.Generator) -> Floats:
    """A share with its doubt: `float64[DRAWS]`, none of them quite 0 or 1."""
    middle, low, high = (_logit(value) for value in (share, *interval))
    z = rng.normal(size=DRAWS)
    half = NormalDist().inv_cdf((1 + LEVEL) / 2)
    width = np.where(z < 0, middle - low, high - middle) / half
    return np.asarray(1 / (1 + np.exp(-(middle + z * width + doubt * rng.normal(size=DRAWS)))))


def _of_others(numerator: int, denominator: int, doubt: float, rng: np.random.Generator) -> Floats:
    """How often those who were missed have the outcome: `float64[DRAWS]`."""
    middle = math.log((numerator + 0.5) / (denominator - numerator + 0.5))
    return np.asarray(1 / (1 + np.exp(-(middle + doubt * rng.normal(size=DRAWS)))))


def _logit(share: float) -> float:
    """Log-odds, of shares that are not quite 0 or 1."""
    bounded = min(max(share, LEAST), MOST)
    return math.log(bounded / (1 - bounded))
