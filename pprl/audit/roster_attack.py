"""One leaked roster: which of its students may a record be, if only its own source is known?

The attacker holds the whole plaintext of one source, free of error, and can tell which of its
students emit in which pass. At the hub it sees how many entries of each record some other source
holds. A student is a candidate for a record if it emits at least as many entries in every pass;
among candidates, the attacker weighs how well the counts fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.integer]
Floats = NDArray[np.float64]
_CELLS = 1 << 22


@dataclass(frozen=True, eq=False, repr=False)
class RosterAttack:
    """What the attack achieves, record by record.

    Attributes:
        plain: `float64[n]`, the chance of a guess among all candidates.
        hit: `float64[n]`, the chance that its best guess is right (ties share).
        sure: `float64[n]`, the probability that it believes its best guess has.
    """

    plain: Floats
    hit: Floats
    sure: Floats

    def __repr__(self) -> str:
        """Counts only."""
        return f"<RosterAttack on {len(self.plain):,} records>"

    @property
    def success(self) -> float:
        """The better of the two guesses, on average, 0 to 1."""
        return max(float(self.plain.mean()), float(self.hit.mean())) if len(self.plain) else 0.0

    @property
    def times_blind(self) -> float:
        """`success` in units of a blind guess."""
        return self.success * len(self.plain)

    @property
    def most(self) -> float:
        """The share of right guesses among those of which the attacker is surest, 0 to 1.

        The surest hundredth of the records, ten at least; what it believes of them may be wrong.
        """
        count = min(len(self.sure), max(10, len(self.sure) // 100))
        if not count:
            return 0.0
        surest = np.argsort(-self.sure, kind="stable")[:count]
        return float(self.hit[surest].mean())


def attack_with_one_roster(
    emitted: Counts,
    shared: Counts,
    partners: NDArray[np.integer] | None = None,
    known: NDArray[np.bool_] | None = None,
) -> RosterAttack:
    """Guess each record's student.

    Row `i` of both arguments is one and the same student; the attack does not use that, it is how
    its guesses are judged. Its weights are a mixture over how many other sources hold the student,
    with the true rates at which entries are then shared: more than any attacker knows.

    Args:
        emitted: `[n, passes]`, the real entries that each student emits, from plaintext.
        shared: `[n, passes]`, the entries of each record that another source holds.
        partners: `[n]`, in how many other sources each student truly is; without it, one class.
        known: `bool[n]`, which students the roster has, where it is a part of the source. Other
            rows of `emitted` are not used, and no guess about their records is right; the attacker
            supposes them to be like those that it knows.
    """
    count = len(emitted)
    if known is None:
        known = np.ones(count, bool)
    if not known.any():
        none = np.zeros(count)
        return RosterAttack(none, none, none)
    students, inverse, student_counts = np.unique(
        emitted[known], axis=0, return_inverse=True, return_counts=True
    )
    of_student = np.zeros(count, np.int64)
    of_student[known] = inverse.reshape(-1)
    views, of_view = np.unique(shared, axis=0, return_inverse=True)
    of_view = of_view.reshape(-1)
    classes = np.zeros(count, np.int64) if partners is None else np.minimum(partners, 3)
    groups = [known & (classes == c) for c in np.unique(classes[known])]
    rates = [_rates(emitted[group], shared[group]) for group in groups]
    shares = [float(group.sum() / known.sum()) for group in groups]
    unseen = count / int(known.sum())

    plain, hit, sure = np.empty(count), np.empty(count), np.empty(count)
    order = np.argsort(of_view, kind="stable")
    starts = np.searchsorted(of_view[order], np.arange(len(views) + 1))
    step = max(1, _CELLS // (len(students) * emitted.shape[1]))
    for start in range(0, len(views), step):
        some = views[start : start + step]
        possible: NDArray[np.bool_] = np.all(students[None, :, :] >= some[:, None, :], axis=2)
        likelihood = np.zeros(possible.shape)
        for share, rate in zip(shares, rates, strict=True):
            likelihood += share * np.exp(_log_likelihood(students, some, rate))
        weight = np.where(possible, likelihood, 0.0)
        candidates = possible @ student_counts
        total = weight @ student_counts
        best = weight.max(axis=1)
        tied = (weight >= best[:, None] * (1 - 1e-12)) & possible
        number = tied @ student_counts
        rows = order[starts[start] : starts[start + len(some)]]
        place, true = of_view[rows] - start, of_student[rows]
        plain[rows] = known[rows] * possible[place, true] / np.maximum(1, candidates[place])
        sure[rows] = best[place] / np.maximum(total[place] * unseen, 1e-300)
        hit[rows] = known[rows] * tied[place, true] / np.maximum(1, number[place])
    return RosterAttack(plain, hit, sure)


def _rates(emitted: Counts, shared: Counts) -> Floats:
    """The share of emitted entries that are shared, by pass, never quite 0 or 1."""
    rate: Floats = (shared.sum(axis=0) + 0.5) / (emitted.sum(axis=0) + 1.0)
    return np.clip(rate, 1e-6, 1 - 1e-6)


def _log_likelihood(students: Counts, views: Counts, rate: Floats) -> Floats:
    """Binomial counts in every pass, coefficients apart: `float64[views, students]`."""
    odds = np.log(rate) - np.log1p(-rate)
    fit: Floats = (views @ odds)[:, None] + (students @ np.log1p(-rate))[None, :]
    return fit
