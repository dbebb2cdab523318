"""Calibration: whether pairs said to be so likely are so often one person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pprl.hub import drawing
from pprl.hub.linkage import known_of_both

BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def calibration(candidates: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The candidates whose records are both known, by decile of their probability.

    Args:
        candidates: from a linkage.
        known: `source, record, person`.

    Returns:
        `from, to, pairs, expected, true`, a row for each decile that has pairs.
    """
    first, second = (side.to_numpy() for side in known_of_both(candidates, known, "person"))
    told = pd.notna(first) & pd.notna(second)
    probability = candidates["probability"].to_numpy()[told]
    true = (first == second)[told]
    decile = np.clip(np.digitize(probability, BINS[1:-1]), 0, len(BINS) - 2)
    rows = pd.DataFrame({"decile": decile, "expected": probability, "true": true})
    means = rows.groupby("decile")[["expected", "true"]].mean()
    pairs = rows.groupby("decile").size()
    at = means.index.to_numpy()
    return pd.DataFrame(
        {
            "from": np.array(BINS)[at],
            "to": np.array(BINS)[at + 1],
            "pairs": pairs.to_numpy(),
            "expected": means["expected"].to_numpy(float),
            "true": means["true"].to_numpy(float),
        }
    )


def calibration_svg(told: pd.DataFrame) -> str:
    """A calibration plot, as the text of an SVG file.

    A point for each decile with pairs: said to be likely, against true. The larger, the more
    pairs; on the line, probabilities are right.
    """
    left, top, size = 60.0, 40.0, 320.0
    shapes = [drawing.text(left, 22, "Pairs said to be this likely are so often one person")]
    for tick in BINS[::2]:
        x, y = left + size * tick, top + size * (1 - tick)
        shapes += [
            drawing.line(x, top, x, top + size),
            drawing.line(left, y, left + size, y),
            drawing.text(x, top + size + 18, f"{tick:.1f}", "middle"),
            drawing.text(left - 8, y + 4, f"{tick:.1f}", "end"),
        ]
    shapes += [
        drawing.line(left, top + size, left + size, top, drawing.INK),
        drawing.text(left + size / 2, top + size + 38, "probability", "middle"),
    ]
    for expected, true, pairs in zip(told["expected"], told["true"], told["pairs"], strict=True):
        x, y = left + size * expected, top + size * (1 - true)
        radius = 3 + min(9.0, float(pairs) ** 0.5 / 8)
        shapes.append(drawing.circle(x, y, radius, drawing.FOR))
        # Beyond the middle the label would run into the margin.
        side, anchor = (radius + 3, "start") if expected < 0.75 else (-radius - 3, "end")
        shapes.append(drawing.text(x + side, y + 4, f"{pairs:,}", anchor))
    return drawing.document(
        left + size + 40, top + size + 55, "Calibration of the probabilities", shapes
    )
