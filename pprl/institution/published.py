"""The few counts that a manifest publishes: completeness, and the pairs that the cap withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Agreement, LinkageSection
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
SIDES = (np.uint64(1), np.uint64(2))
"""What sets the tokens of the two students of a pair apart, the first student's first."""


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
    counts = [int(present(students, name).sum()) for name in fields]
    return shares_of(fields, [*counts, int((~blocked).sum())], len(blocked), epsilon, key)


def shares_of(
    fields: Sequence[str], counts: Sequence[int], records: int, epsilon: float, key: bytes
) -> tuple[dict[str, float], float]:
    """`completeness`, from true counts: of each field, then of records without any block."""
    budget = completeness_budget(epsilon)
    out = noised(counts, len(counts), budget, key, "completeness")
    shares = [round(min(1.0, count / max(1, records)), 4) for count in out]
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
    comparison = Comparison.of(filling.section, linkage_pass)
    students = len(next(iter(filling.tables.values())))
    first = values.take(
        values.among_first(linkage_pass.quota, salt_key)
        & (values.holders > 1)
        & (values.tokens <= token_bound(students, linkage_pass.quota))
    )
    one, other = (
        withheld_filters(filling, comparison, side, np.full(len(side.tokens), mark), salt_key)
        for side, mark in zip(_pairs_of_two(first), SIDES, strict=True)
    )
    counts = level_counts(comparison, one, other)
    return noised_profile(filling.section, linkage_pass, counts, epsilon, noise_key)


def token_bound(students: int, quota: int) -> np.uint64:
    """The token up to which a pass's blocks are counted, so that pairs are few enough.

    Tokens are uniform: a bound on them, fixed by public numbers, samples pairs one by one.
    """
    return np.uint64(min(1.0, MOST_PAIRS / (students * quota / 2)) * (2**64 - 2**11))


def withheld_filters(
    filling: Filling,
    comparison: Comparison,
    values: BlockValues,
    side: NDArray[np.uint64],
    salt_key: bytes,
) -> NDArray[np.uint64]:
    """The filters that students would have had in blocks that they share: `uint64[n, words]`.

    Args:
        filling: what the pass's filters are filled from.
        comparison: the pass's.
        values: the blocks.
        side: `uint64[n]`, of `SIDES`, so that fields that both lack are filled apart.
        salt_key: the pass's key for block salts.
    """
    blanks = Blanks(
        values.student, values.tokens ^ side, values.salts(salt_key), np.arange(len(side))
    )
    return filling.filters(blanks, comparison.segments)


def level_counts(
    comparison: Comparison, one: NDArray[np.uint64], other: NDArray[np.uint64]
) -> dict[str, list[int]]:
    """For each attribute, how many pairs of filters `uint64[n, words]` stand at each level."""
    levels = comparison.levels(comparison.shared(one, other))
    return {
        name: np.bincount(levels[:, column], minlength=size).tolist()
        for column, (name, size) in enumerate(
            zip(comparison.attributes, comparison.sizes, strict=True)
        )
    }


def noised_profile(
    section: LinkageSection,
    linkage_pass: Pass,
    counts: Mapping[str, Sequence[int]],
    epsilon: float,
    noise_key: bytes,
) -> PassProfile:
    """What is published of `level_counts`.

    Args:
        section: the linkage section.
        linkage_pass: the pass.
        counts: the true counts.
        epsilon: the whole budget of the manifest.
        noise_key: the institution's key for noise.
    """
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


def _pairs_of_two(some: BlockValues) -> tuple[BlockValues, BlockValues]:
    """The two sides of each block that just two of the rows hold."""
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
    fields = agreement.linkage.fields
    return told_of_empty(
        {name: int(present(students.records, name).sum()) for name in fields}, agreement
    )


def told_of_empty(counts: Mapping[str, int], agreement: Agreement) -> tuple[str, ...]:
    """`told_of_fields`, from how many students have each field.

    Raises:
        StudentsError: the agreement requires one that nobody has.
    """
    empty = [name for name, count in counts.items() if not count]
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
