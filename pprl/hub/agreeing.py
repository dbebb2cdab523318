"""Agreement on the fields that blocks are made from: which field a pair owes its passes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pprl.agreement import Pass
from pprl.agreement.levels import LEVELS

AGREEING = {
    "first_name": ("exact", "nickname"),
    "last_name": ("exact", "one part"),
    "birth_date": ("exact",),
    "zip": ("same",),
    "state_id": ("same",),
}
"""The key fields, and the levels of each at which two records share a block of the whole field."""

EITHER_NAME = frozenset({"name_part"})
"""Sources of a block of which the first or the last name alone is enough."""


def agreeing_levels(field: str) -> tuple[int, ...]:
    """The levels of a key field, by their numbers, at which its block is shared."""
    return tuple(LEVELS[field].index(name) for name in AGREEING[field])


def key_fields(passes: Iterable[Pass]) -> tuple[str, ...]:
    """The key fields that the passes' blocks are made from, in the order of `AGREEING`."""
    used = {field for item in passes for part in item.block for field in part.fields}
    return tuple(field for field in AGREEING if field in used)


def usable(linkage_pass: Pass, agreeing: frozenset[str], fields: Sequence[str]) -> bool:
    """Whether two records that agree on these key fields, and no other, share the pass's block.

    Fields that are no key fields (sex, middle name) are not asked for.
    """
    for part in linkage_pass.block:
        needed = set(part.fields) & set(fields)
        if part.source in EITHER_NAME:
            if needed and not needed & agreeing:
                return False
        elif not needed <= agreeing:
            return False
    return True
