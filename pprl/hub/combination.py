"""Combining the passes: each pair once, and what its passes say of it together.

A pair's log-odds are a mean of the two highest among the passes that found it, the highest counted
twice; or the highest, if only one pass found it. The passes see the same fields through different
salts, so that their verdicts must not be added; and the highest of many errs upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.hub.agreeing import agreeing_levels
from pprl.hub.comparison import PassPairs
from pprl.hub.judged_pass import JudgedPass
from pprl.hub.scoring import Candidates

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_PASS = -1
BEST_SHARE = 2 / 3
"""What the best pass's log-odds count; the second best's count the rest."""


@dataclass(frozen=True, eq=False, repr=False)
class Verdicts:
    """What is kept of the passes' verdicts, in the order of the candidates.

    Attributes:
        found: `uint64[n]`, a bit for each pass that found the pair, by its place.
        passes: `int16[n, 2]`, the best pass and the second best, -1 if only one found it.
        ranks: `int32[n, 2]`, the rank of the pair's pattern in either.
        agrees: `bool[n, fields]`, whether the pair agrees on each key field, as most passes that
            compared it say.
    """

    found: NDArray[np.uint64]
    passes: NDArray[np.int16]
    ranks: NDArray[np.int32]
    agrees: NDArray[np.bool_]

    def of(self, places: NDArray[np.intp]) -> Verdicts:
        """Those of the candidates at these places, `intp[k]`, in their order."""
        return Verdicts(
            self.found[places], self.passes[places], self.ranks[places], self.agrees[places]
        )


@dataclass(frozen=True, eq=False, repr=False)
class _Found:
    """One pass's verdicts on distinct pairs: their places among all, ranks and lowest tokens."""

    place: NDArray[np.intp]
    rank: NDArray[np.int32]
    token: NDArray[np.uint64]
    group: NDArray[np.int32]


def combine(
    found: Sequence[PassPairs], judged: Sequence[JudgedPass], fields: Sequence[str]
) -> tuple[Candidates, Verdicts]:
    """Merge the passes' pairs, of all records or of some: all pairs of a candidate must be there.

    Args:
        found: the pairs of each pass.
        judged: the passes as they were judged, in the same order.
        fields: the key fields of `Verdicts.agrees`.

    Returns:
        each distinct pair once, in the order of pairs of sources, left and right records.
    """
    keys, widths = _keys(found)
    distinct = _distinct(np.concatenate(keys))
    n = len(distinct)
    best, second = np.full((2, n), -np.inf)
    by = np.full((n, 2), NO_PASS, np.int16)
    ranks = np.zeros((n, 2), np.int32)
    token = np.full(n, np.iinfo(np.uint64).max, np.uint64)
    history = np.zeros(n, np.uint64)
    votes = np.zeros((n, len(fields)), np.int8)
    for number, (pairs, item) in enumerate(zip(found, judged, strict=True)):
        verdicts = _found_by(pairs, item, keys[number], distinct)
        at, value = verdicts.place, item.table[verdicts.group, verdicts.rank]
        better, next_best = value > best[at], value > second[at]
        next_best &= ~better
        lead, follow = at[better], at[next_best]
        second[lead], by[lead, 1], ranks[lead, 1] = best[lead], by[lead, 0], ranks[lead, 0]
        best[lead], by[lead, 0], ranks[lead, 0] = value[better], number, verdicts.rank[better]
        second[follow], by[follow, 1] = value[next_best], number
        ranks[follow, 1] = verdicts.rank[next_best]
        token[at] = np.minimum(token[at], verdicts.token)
        history[at] |= np.uint64(1 << number)
        votes[at] += _ballot(item, fields)[verdicts.group, verdicts.rank]
    group, left, right = _unpacked(distinct, widths)
    log_odds = np.where(by[:, 1] == NO_PASS, best, BEST_SHARE * best + (1 - BEST_SHARE) * second)
    candidates = Candidates(
        group=group,
        left=left,
        right=right,
        token=token,
        log_odds=log_odds,
        best=by[:, 0].astype(np.int64),
        passes=np.bitwise_count(history).astype(np.int64),
    )
    return candidates, Verdicts(history, by, ranks, votes > 0)


def together(
    parts: Sequence[tuple[Candidates, Verdicts]],
) -> tuple[Candidates, Verdicts]:
    """All candidates, in the order of their pairs of sources and tokens.

    Args:
        parts: what `combine` made of ranges of records, in the order of the ranges, at least one.
    """
    candidates, verdicts = (
        type(some[0])(
            *map(np.concatenate, zip(*(vars(part).values() for part in some), strict=True))
        )
        for some in zip(*parts, strict=True)
    )
    order = np.lexsort((candidates.token, candidates.group))
    return candidates.of(order), verdicts.of(order)


def _distinct(keys: Integers) -> Integers:
    """Each number once, rising; sorting beats the hashing of `np.unique` many times over."""
    keys.sort()
    return keys[np.flatnonzero(np.diff(keys, prepend=-1))]


def _keys(found: Sequence[PassPairs]) -> tuple[list[Integers], tuple[int, int]]:
    """Each pass's pairs as one number each, and the widths of its parts."""
    wide = [
        1 + max((int(getattr(item, side).max(initial=0)) for item in found), default=0)
        for side in ("left", "right")
    ]
    keys = [
        (item.group.astype(np.int64) * wide[0] + item.left) * wide[1] + item.right for item in found
    ]
    return keys, (wide[0], wide[1])


def _unpacked(
    key: Integers, widths: tuple[int, int]
) -> tuple[NDArray[np.int32], NDArray[np.uint32], NDArray[np.uint32]]:
    """Undo `_keys`: pair of sources, left and right record."""
    rest, right = np.divmod(key, widths[1])
    group, left = np.divmod(rest, widths[0])
    return group.astype(np.int32), left.astype(np.uint32), right.astype(np.uint32)


def _found_by(pairs: PassPairs, judged: JudgedPass, key: Integers, distinct: Integers) -> _Found:
    """A pass's best verdict on each pair, which may share several of its blocks."""
    order = np.argsort(key)
    ordered = key[order]
    start = np.flatnonzero(np.diff(ordered, prepend=-1))
    if not len(start):
        nothing = np.empty(0, np.int64)
        return _Found(
            nothing, nothing.astype(np.int32), nothing.astype(np.uint64), nothing.astype(np.int32)
        )
    return _Found(
        np.searchsorted(distinct, ordered[start]),
        np.maximum.reduceat(judged.ranks(pairs.group, pairs.pattern)[order], start),
        np.minimum.reduceat(pairs.token[order], start),
        pairs.group[order[start]],
    )


def _ballot(judged: JudgedPass, fields: Sequence[str]) -> NDArray[np.int8]:
    """What each rank says of the key fields: `int8[groups, p, fields]`.

    1 if they agree, -1 if they do not, 0 if the pass does not compare them.
    """
    comparison = judged.comparison
    out = np.zeros((*judged.patterns.shape, len(fields)), np.int8)
    fixed = {part.fixes for part in judged.linkage_pass.block}
    for place, field in enumerate(fields):
        if field in comparison.attributes:
            column = comparison.attributes.index(field)
            for group, patterns in enumerate(judged.patterns):
                levels = comparison.levels_of(patterns)[:, column]
                out[group, :, place] = np.where(np.isin(levels, agreeing_levels(field)), 1, -1)
        elif field in fixed:
            out[:, :, place] = 1
    return out
