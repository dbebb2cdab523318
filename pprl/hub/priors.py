"""What is believed of m and u before any pair is seen, and how firmly.

The shares are of the levels in `pprl.agreement.levels.LEVELS`, over all pairs, those with a missing
value included (which compare as "different"). They are deliberately broad: customary error rates of
school records for m, a region's common values for u. What the pairs themselves and the
institutions' non-match profiles say soon outweighs them.

A level with the share 0 is silent: it carries no weight, because another attribute's level tells
the same. Swapped names show in the first and in the last name at once and count in the first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.levels import LEVELS
from pprl.exchange.budget import profile_budget
from pprl.exchange.manifest import Manifest
from pprl.hub.model import Prior

M = {
    "first_name": (0.80, 0.06, 0.04, 0.03, 0.01, 0.06),
    "last_name": (0.82, 0.04, 0.07, 0.0, 0.07),
    "middle_name": (0.35, 0.20, 0.45),
    "birth_date": (0.94, 0.02, 0.02, 0.02),
    "sex": (0.97, 0.03),
    "zip": (0.70, 0.20, 0.10),
    "state_id": (0.60, 0.40),
}
U = {
    "first_name": (0.010, 0.005, 0.006, 0.030, 0.0005, 0.9485),
    "last_name": (0.012, 0.004, 0.020, 0.0, 0.964),
    "middle_name": (0.030, 0.050, 0.920),
    "birth_date": (0.0005, 0.010, 0.090, 0.8995),
    "sex": (0.49, 0.51),
    "zip": (0.04, 0.46, 0.50),
    "state_id": (0.0001, 0.9999),
}
M_WEIGHT = 30.0
SWAPPED = {name: LEVELS[name].index("swapped") for name in ("first_name", "last_name")}
SWAPPED_WITH_THE_LAST = 0.5
"""Of the first names that stand in another field, the share that stands in the last name's."""
U_WEIGHT = 100.0
PROFILE_WEIGHT = 2000.0


def of_both_names(first: Prior, last: Prior) -> Prior:
    """The prior of first and last name judged as one: `float64[first levels * last levels]`.

    Independent, except that a last name is swapped if, and only if, it is with the first.
    """
    shares = np.outer(first.mean, last.mean)
    swapped = shares[SWAPPED["first_name"]]
    swapped *= 1 - SWAPPED_WITH_THE_LAST
    swapped[SWAPPED["last_name"]] = first.mean[SWAPPED["first_name"]] * SWAPPED_WITH_THE_LAST
    flat = shares.ravel()
    return Prior(flat / flat.sum(), min(first.weight, last.weight))


def observed_u(
    manifests: Sequence[Manifest],
    pass_name: str,
    attribute: str,
    sensitivity: int,
    passes: int,
    spoken: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], float]:
    """What the non-match profiles of one pass say of an attribute's u.

    Args:
        manifests: those of all submissions.
        pass_name: the pass.
        attribute: the attribute.
        sensitivity: of the profile's counts to one student.
        passes: how many passes share the budget.
        spoken: `bool[levels]`, which of the attribute's levels are not silent.

    Returns:
        shares `float64[levels]`, and their weight in pairs: the number counted, less what the
        noise takes, at most `PROFILE_WEIGHT`; 0 where nothing is known.
    """
    levels = len(spoken)
    total, noise = np.zeros(levels), 0.0
    for manifest in manifests:
        profile = manifest.non_match_profile.get(pass_name)
        counts = profile.levels.get(attribute, ()) if profile else ()
        if len(counts) == levels:
            total += counts
            scale = sensitivity / profile_budget(manifest.epsilon, passes)
            noise += 2 * levels * scale * scale
    total *= spoken
    pairs = float(total.sum())
    if pairs <= 0:
        return spoken / spoken.sum(), 0.0
    return total / pairs, min(PROFILE_WEIGHT, pairs / (1 + noise / pairs))
