"""Why persons merged or parted, in words for the hub's log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.hub.registry.succession import Succession

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """The candidate pairs of a linkage.

    Attributes:
        left: `int64[n]`, one record of each, numbered through all sources.
        right: `int64[n]`, the other.
        probability: `float64[n]`.
        passes: `int64[n]`, how many passes found it.
    """

    left: Integers
    right: Integers
    probability: NDArray[np.float64]
    passes: Integers


@dataclass(frozen=True)
class Event:
    """Something that happened to a person.

    Attributes:
        kind: "merge" (all of it is another person now) or "split" (part of it is).
        person: the person's number.
        other: the other's.
        reason: why, in words; names sources and probabilities, never a record.
    """

    kind: str
    person: int
    other: int
    reason: str


def events(
    succession: Succession,
    named: Integers,
    former: Integers,
    home: Integers,
    source: NDArray[np.object_],
    evidence: Evidence,
) -> Iterator[Event]:
    """Tell of everyone who merged or parted, in the order of persons.

    Args:
        succession: what became of persons.
        named: `int64[clusters]`, the person that each cluster is now.
        former: `int64[records]`, the person that each record was, negative if it is new.
        home: `int64[records]`, the cluster of each record.
        source: `object[records]`, its source.
        evidence: the pairs.
    """
    best = _best(succession, named, former, home, evidence)
    for old, cluster in sorted(succession.parted):
        other = int(named[cluster])
        merged = succession.retired.get(old) == other
        pair = best.get((min(old, other), max(old, other))) if merged else best.get((old, old))
        if merged and pair is None:
            reason = _through(source[(home == cluster) & (former != old) & (former != other)])
        elif pair is None:
            reason = "no pass finds its records alike any more"
        else:
            a, b = sorted((source[evidence.left[pair]], source[evidence.right[pair]]))
            verb = "match" if merged else "no longer match"
            reason = (
                f"records of {a} and {b} {verb}, probability {evidence.probability[pair]:.3f}, "
                f"found by {evidence.passes[pair]} passes"
            )
        yield Event("merge" if merged else "split", old, other, reason)


def _through(sources: NDArray[np.object_]) -> str:
    """Why two persons merged no records of whom are a pair."""
    if not len(sources):
        return "a source sent their records as one student"
    return f"both match a record of {', '.join(sorted(set(sources.tolist())))}"


def _best(
    succession: Succession,
    named: Integers,
    former: Integers,
    home: Integers,
    evidence: Evidence,
) -> dict[tuple[int, int], int]:
    """The most probable pair between two persons that met, or within one that parted."""
    concerned = {person for person, _ in succession.parted}
    concerned |= {int(named[cluster]) for _, cluster in succession.parted}
    a, b = former[evidence.left], former[evidence.right]
    met = home[evidence.left] == home[evidence.right]
    known = np.array(sorted(concerned), np.int64)
    chosen = np.flatnonzero(np.isin(a, known) & np.isin(b, known) & (met == (a != b)))
    chosen = chosen[np.argsort(evidence.probability[chosen], kind="stable")]
    low, high = np.minimum(a, b)[chosen].tolist(), np.maximum(a, b)[chosen].tolist()
    return dict(zip(zip(low, high, strict=True), chosen.tolist(), strict=True))
