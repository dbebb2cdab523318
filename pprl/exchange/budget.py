"""How a manifest's privacy budget is spent: what its noise is drawn from, and read by.

A tenth of epsilon goes to completeness and to the records without a block, the rest in equal parts
to the non-match profiles of the passes. The number of records is public, so neighbouring rosters
differ in one student's record.
"""

from __future__ import annotations

COMPLETENESS_SHARE = 0.1


def completeness_budget(epsilon: float) -> float:
    """The part of epsilon spent on completeness and records without a block together."""
    return epsilon * COMPLETENESS_SHARE


def profile_budget(epsilon: float, passes: int) -> float:
    """The part of epsilon spent on the non-match profile of one of so many passes."""
    return epsilon * (1 - COMPLETENESS_SHARE) / passes


def profile_sensitivity(quota: int, attributes: int) -> int:
    """By how much replacing one student can change the counts of one pass's profile, in all.

    Each student's first `quota` block values count. Taking a student away changes the pairs of at
    most `quota` blocks, each by one (two holders become one, or three two); putting another in, of
    as many again. A pair counts once for every attribute.
    """
    return 2 * quota * attributes


def completeness_noise(fields: int, epsilon: float) -> float:
    """The scale of the Laplace noise on each count of records that have a field.

    One student changes the count of each field, and that of records without a block, by one.
    """
    return (fields + 1) / completeness_budget(epsilon)
