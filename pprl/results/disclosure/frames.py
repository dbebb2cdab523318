"""Which tables an attacker has to think of together.

Tables of one population constrain each other beyond the margins that they share: those by A and B,
by B and C and by A and C must come from one table by A, B and C without negative cells. Tables
whose dimensions form an acyclic hypergraph need no such table: wherever they agree on what they
share, one exists, in whole numbers (Vorob'ev 1962; Lauritzen 1996, section 4.4). So only what is
left when all ears are cut off (Graham 1979) is put into one frame.
"""

from __future__ import annotations

from collections.abc import Iterable

Frame = tuple[str, ...]


def frames(tables: Iterable[Iterable[str]]) -> tuple[Frame, ...]:
    """Sets of dimensions such that tables of different ones constrain margins in common only.

    Args:
        tables: the dimensions of each table.

    Returns:
        Names in order; each table's dimensions are within at least one frame.
    """
    left = _largest(frozenset(names) for names in tables)
    ears: list[frozenset[str]] = []
    while ear := next((one for one in left if _is_ear(one, left)), None):
        ears.append(ear)
        left.remove(ear)
    core = [frozenset[str]().union(*left)] if left else []
    return tuple(tuple(sorted(one)) for one in _largest([*ears, *core]))


def _largest(sets: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Those that are within no other, in order."""
    distinct = set(sets)
    return sorted((s for s in distinct if not any(s < other for other in distinct)), key=sorted)


def _is_ear(one: frozenset[str], all_sets: list[frozenset[str]]) -> bool:
    """Whether what a set shares with all others lies within one of them."""
    others = [other for other in all_sets if other != one]
    if not others:
        return True
    shared = one & frozenset[str]().union(*others)
    return any(shared <= other for other in others)
