"""What was learned without truth: m and u of every level, pass by pass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from pprl.agreement.levels import LEVELS
from pprl.hub import Linkage
from pprl.results.report.figures import LevelFigures
from pprl.results.report.rounding import Rounding


def levels(linkage: Linkage, rounding: Rounding) -> Iterator[LevelFigures]:
    """A row for each level that can occur, in the order of the passes; none if it was not kept.

    Shares are told as counts are: as multiples of the smallest cell, over the expected matches
    among the pass's pairs, or over its other pairs; not at all where these are so few that a
    smallest cell is a large part of them.
    """
    if linkage.reasons is None or linkage.judgement is None:
        return
    found, probability = linkage.judgement.found, linkage.judgement.probability
    for number, judged in enumerate(linkage.reasons.passes):
        own = probability[(found >> np.uint64(number) & np.uint64(1)).astype(bool)]
        matches = float(own.sum())
        for column, m, u in zip(judged.columns, judged.model.m, judged.model.u, strict=True):
            names = [LEVELS[name] for name in column]
            for place, level in enumerate(product(*names)):
                if m[place] > 0:
                    own_m = _share(m[place], matches, rounding)
                    own_u = _share(u[place], len(own) - matches, rounding)
                    yield LevelFigures(
                        on=judged.linkage_pass.name,
                        attribute=" and ".join(name.replace("_", " ") for name in column),
                        level=", ".join(level),
                        m=own_m,
                        u=own_u,
                        bits=round(math.log2(own_m / own_u), 1) if own_m and own_u else None,
                    )


def _share(share: float, whole: float, rounding: Rounding) -> float | None:
    """A share of so many pairs, as it is told."""
    return rounding.share(share * whole, whole) if whole >= rounding.coarsest else None
