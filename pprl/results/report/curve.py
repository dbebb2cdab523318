"""What other thresholds would bring: the sensitivity of the links to the decision."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pprl.hub import Linkage
from pprl.hub.decision import LOWEST
from pprl.results.report.figures import ThresholdFigures
from pprl.results.report.rounding import Rounding, nearest

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def thresholds(linkage: Linkage, rounding: Rounding) -> tuple[ThresholdFigures, ...]:
    """Pairs, expected precision and recall, and the match rate, at several thresholds.

    Above the decision they are those of the accepted pairs that would remain. Below it, candidates
    are added that are the best of their records: where a source holds each person once, no other
    record of it may be likelier for the same partner.
    """
    table = _allowed(linkage)
    matches = linkage.quality.expected_matches + linkage.quality.unseen_matches
    records = sum(linkage.records.values())
    best = _best_of_records(table)
    rows = []
    others = (t for t in THRESHOLDS if t != nearest(linkage.threshold))
    for threshold in sorted((*others, linkage.threshold)):
        probability = table["probability"].to_numpy()
        taken = probability[probability >= threshold]
        told = rounding.count(len(taken)) is not None
        rows.append(
            ThresholdFigures(
                threshold=nearest(threshold),
                pairs=Rounding(rounding.coarsest).count(len(taken)),
                precision=nearest(float(taken.mean())) if told else None,
                recall=nearest(float(taken.sum() / matches)) if told else None,
                match_rate=rounding.coarse(int((best >= threshold).sum()), records),
            )
        )
    return tuple(rows)


def _allowed(linkage: Linkage) -> pd.DataFrame:
    """The accepted pairs, and those below the threshold that nothing likelier stands against."""
    table = linkage.candidates[linkage.candidates["probability"] >= LOWEST]
    allowed = np.ones(len(table), bool)
    for own, other in (("a", "b"), ("b", "a")):
        sole = [p.id for p in linkage.agreement.parties if p.one_record_per_person]
        rivals = [f"source_{own}", f"record_{own}", f"source_{other}"]
        highest = table.groupby(rivals, sort=False)["probability"].transform("max")
        beaten = (table["probability"] < highest) & table[f"source_{other}"].isin(sole)
        allowed &= ~beaten.to_numpy()
    below = (table["probability"] < linkage.threshold).to_numpy()
    return table[table["accepted"].to_numpy() | (below & allowed)]


def _best_of_records(table: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The highest probability among the pairs of each record that has any."""
    sides = [
        table[[f"source_{side}", f"record_{side}", "probability"]].set_axis(
            ["source", "record", "probability"], axis=1
        )
        for side in "ab"
    ]
    best = pd.concat(sides).groupby(["source", "record"], sort=False)["probability"].max()
    return best.to_numpy()
