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
from collections.abc import Iterable
from dataclasses import dataclass
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


def pooled(by_sources: pd.DataFrame, one: Iterable[str], other: Iterable[str]) -> LinkError:
    """How good the links between two sets of institutions are, taken together.

    Intervals are those of the parts, weighted: what the model is off by is off in all of them.

    Args:
        by_sources: `Quality.by_sources`.
        one: institutions.
        other: institutions; the same, overlapping or others.
    """
    here, there = set(one), set(other)
    chosen = [
        a != b and ((a in here and b in there) or (a in there and b in here))
        for a, b in zip(by_sources["source_a"], by_sources["source_b"], strict=True)
    ]
    rows = by_sources[np.array(chosen, bool)]
    if not len(rows):
        return NO_ERROR
    found, true = rows["pairs"].to_numpy(float), rows["expected_matches"].to_numpy(float)
    precision = [_mean(rows[f"precision{end}"], found, 1.0) for end in ("", "_low", "_high")]
    recall = [_mean(rows[f"recall{end}"], true, 1.0) for end in ("", "_low", "_high")]
    return LinkError(
        precision[0], (precision[1], precision[2]), recall[0], (recall[1], recall[2])
    )


def _mean(values: pd.Series, weights: Floats, otherwise: float) -> float:
    """A weighted mean."""
    return float(values.to_numpy(float) @ weights / weights.sum()) if weights.sum() else otherwise


def _drawn(share: float, interval: Interval, doubt: float, rng: np.random.Generator) -> Floats:
    """A share with its doubt: `float64[DRAWS]`, none of them quite 0 or 1."""
    middle, low, high = (_logit(value) for value in (share, *interval))
    z = rng.normal(size=DRAWS)
    half = NormalDist().inv_cdf((1 + LEVEL) / 2)
    width = np.where(z < 0, middle - low, high - middle) / half
    return np.asarray(1 / (1 + np.exp(-(middle + z * width + doubt * rng.normal(size=DRAWS)))))


def _of_others(
    numerator: int, denominator: int, doubt: float, rng: np.random.Generator
) -> Floats:
    """How often those who were missed have the outcome: `float64[DRAWS]`."""
    middle = math.log((numerator + 0.5) / (denominator - numerator + 0.5))
    return np.asarray(1 / (1 + np.exp(-(middle + doubt * rng.normal(size=DRAWS)))))


def _logit(share: float) -> float:
    """Log-odds, of shares that are not quite 0 or 1."""
    bounded = min(max(share, LEAST), MOST)
    return math.log(bounded / (1 - bounded))
