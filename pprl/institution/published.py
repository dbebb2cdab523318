"""The few counts that a manifest publishes: completeness, and the pairs that the cap withheld."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Agreement
from pprl.agreement.levels import Comparison
from pprl.agreement.linkage import Pass
from pprl.errors import StudentsError
from pprl.exchange.budget import completeness_budget, profile_budget, profile_sensitivity
from pprl.exchange.manifest import PassProfile
from pprl.institution.block_values import BlockValues
from pprl.institution.collapse import Students
from pprl.institution.filling import Blanks, Filling
from pprl.institution.noise import noised
from pprl.institution.normalise import NormalisedStudents

MOST_PAIRS = 100_000


_COLUMNS = {"first_name": "first", "middle_name": "middle", "last_name": "last"}


def present(students: NormalisedStudents, field: str) -> NDArray[np.bool_]:
    """Which students have a field: `bool[n]`."""
    if field == "birth_date":
        born: NDArray[np.bool_] = students.birth[:, 0] > 0
        return born
    column: NDArray[np.object_] = getattr(students, _COLUMNS.get(field, field))
    return np.asarray(column != "", bool)


def completeness(
    fields: Sequence[str],
    students: NormalisedStudents,
    blocked: NDArray[np.bool_],
    epsilon: float,
    key: bytes,
) -> tuple[dict[str, float], float]:
    """The noised shares of records that have each field, and of those without any block.

    Both are of a record's own fields, so that one student changes each count by one at most.
    Whether a record's blocks are withheld hangs on other students too, and is not published.

    Args:
        fields: the agreement's fields.
        students: the collapsed students.
        blocked: `bool[n]`, whether each has a block value in some pass.
        epsilon: the whole budget of the manifest.
        key: the institution's key for noise.
    """
    counts = [int(present(students, name).sum()) for name in fields] + [int((~blocked).sum())]
    budget = completeness_budget(epsilon)
    out = noised(counts, len(counts), budget, key, "completeness")
    shares = [round(min(1.0, count / max(1, len(blocked))), 4) for count in out]
    return dict(zip(fields, shares, strict=False)), shares[-1]


def pass_profile(
    filling: Filling,
    linkage_pass: Pass,
    values: BlockValues,
    salt_key: bytes,
    epsilon: float,
    noise_key: bytes,
) -> PassProfile:
    """Compare the pairs that the cap withheld, through the very filters, and count their levels.

    Only blocks of exactly two students count: crowded ones speak for common names, not for the
    pairs that the cap leaves. Each student's `quota` values of the lowest salts count, so that
    replacing a student changes at most `2 * quota` pairs, each in one level of every attribute.

    Args:
        filling: what the pass's filters are filled from.
        linkage_pass: the pass.
        values: all block values of all students.
        salt_key: the pass's key for block salts.
        epsilon: the whole budget of the manifest.
        noise_key: the institution's key for noise.
    """
    section = filling.section
    comparison = Comparison.of(section, linkage_pass)
    # Tokens are uniform: a bound on them, fixed by public numbers, samples pairs one by one.
    most = len(next(iter(filling.tables.values()))) * linkage_pass.quota / 2
    bound = np.uint64(min(1.0, MOST_PAIRS / most) * (2**64 - 2**11))
    first = values.take(values.among_first(linkage_pass.quota, salt_key) & (values.holders > 1))
    left, right = _pairs_of_two(first, bound)
    salts = left.salts(salt_key)
    one, other = (
        filling.filters(
            Blanks(side.student, side.tokens ^ mark, salts, np.arange(len(salts))),
            comparison.segments,
        )
        for side, mark in ((left, np.uint64(1)), (right, np.uint64(2)))
    )
    levels = comparison.levels(comparison.shared(one, other))
    counts = {
        name: np.bincount(levels[:, column], minlength=size).tolist()
        for column, (name, size) in enumerate(
            zip(comparison.attributes, comparison.sizes, strict=True)
        )
    }
    budget = profile_budget(epsilon, len(section.passes))
    sensitivity = profile_sensitivity(linkage_pass.quota, len(counts))
    label = f"profile/{linkage_pass.name}"
    flat = noised(
        [c for row in counts.values() for c in row], sensitivity, budget, noise_key, label
    )
    cut = iter(flat)
    out = {name: tuple(next(cut) for _ in row) for name, row in counts.items()}
    pairs = int(np.median([sum(row) for row in out.values()])) if out else 0
    return PassProfile(pairs, out)


def _pairs_of_two(values: BlockValues, bound: np.uint64) -> tuple[BlockValues, BlockValues]:
    """The two sides of each block of two students whose token is not above a bound."""
    some = values.take(values.tokens <= bound)
    start = np.flatnonzero(np.append(True, some.tokens[1:] != some.tokens[:-1]))
    start = start[: len(some.tokens)]
    two = start[np.diff(np.append(start, len(some.tokens))) == 2]
    swapped = some.student[two] > some.student[two + 1]
    return some.take(two + swapped), some.take(two + ~swapped)


def told_of_fields(students: Students, agreement: Agreement) -> tuple[str, ...]:
    """Notes on fields that are empty throughout.

    Raises:
        StudentsError: the agreement requires one of them.
    """
    empty = [n for n in agreement.linkage.fields if not present(students.records, n).any()]
    for name in empty:
        if name in agreement.records.required_fields:
            raise StudentsError(
                f"{name} is empty or unreadable in every row, and the agreement requires it. "
                "Add the column to the export, or map it with columns={...}."
            )
    return tuple(
        f"{name} is empty in every row, or its column was not recognised; fewer matches will be "
        "found without it."
        for name in empty
    )
