"""The few counts that a manifest publishes: completeness, and the pairs that the cap withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.levels import Comparison
from pprl.agreement.linkage import LinkageSection, Pass
from pprl.exchange.budget import completeness_budget, profile_budget, profile_sensitivity
from pprl.exchange.manifest import PassProfile
from pprl.filters import common_bits
from pprl.institution.blocks import BlockValues
from pprl.institution.filling import fill_entries
from pprl.institution.noise import noised
from pprl.institution.normalise import NormalisedStudents
from pprl.institution.tokens import TokenTable

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
    section: LinkageSection,
    linkage_pass: Pass,
    values: BlockValues,
    tables: Mapping[str, TokenTable],
    block_key: bytes,
    missing_key: bytes,
    epsilon: float,
    noise_key: bytes,
) -> PassProfile:
    """Compare the pairs that the cap withheld, through the very filters, and count their levels.

    Only blocks of exactly two students count: crowded ones speak for common names, not for the
    pairs that the cap leaves. Each student's first `quota` values count, so that replacing a
    student changes at most `2 * quota` pairs, each in one level of every attribute.

    Args:
        section: the linkage section.
        linkage_pass: the pass.
        values: all block values of all students.
        tables: the token digests of each segment.
        block_key: the pass's key.
        missing_key: for the segments of missing fields.
        epsilon: the whole budget of the manifest.
        noise_key: the institution's key for noise.
    """
    comparison = Comparison.of(section, linkage_pass)
    left, right = _pairs_of_two(values, linkage_pass.quota)
    tokens, salts = left.keys(block_key)
    # Tokens are uniform: a bound on them, fixed by public numbers, samples pairs one by one.
    most = len(tables[comparison.segments[0].name]) * linkage_pass.quota / 2
    kept = np.flatnonzero(tokens <= np.uint64(min(1.0, MOST_PAIRS / most) * (2**64 - 2**11)))
    one, other = (
        fill_entries(
            section,
            comparison.segments,
            tables,
            side.student[kept],
            tokens[kept] ^ mark,
            salts[kept],
            missing_key,
        )
        for side, mark in ((left, np.uint64(1)), (right, np.uint64(2)))
    )
    levels = comparison.levels(common_bits(one, other, comparison.widths))
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


def _pairs_of_two(values: BlockValues, quota: int) -> tuple[BlockValues, BlockValues]:
    """The two sides of each block that exactly two students hold among their first values."""
    order = np.lexsort((values.value, values.student))
    student = values.student[order]
    place = np.arange(len(order)) - np.searchsorted(student, student)
    first = values.take(np.sort(order[place < quota]))
    holders = np.bincount(first.value, minlength=len(values.holders))
    two = first.take(holders[first.value] == 2)
    by_value = two.take(np.lexsort((two.student, two.value)))
    return by_value.take(np.arange(0, len(two.value), 2)), by_value.take(
        np.arange(1, len(two.value), 2)
    )
