"""Colour refinement: how far the pattern of shared blocks alone tells records apart.

Weisfeiler and Leman (1968): records begin with the colour of their source and take, round after
round, the colour of their surroundings. An attacker who can compute the same graph from plaintext
gets the same colours, so records of one colour are exactly those that this attack confuses. A guess
within a colour of `c` records succeeds with probability `1 / c`.

The attacker is given everything: the plaintext of all the sources, free of error, and the levels
that the hub observed. A real one must guess the levels of pairs that differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.audit.shared import SharedBlocks

Colours = NDArray[np.uint64]
MOST_ROUNDS = 64
_ODD = tuple(
    np.uint64(word)
    for word in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93)
)


@dataclass(frozen=True, eq=False, repr=False)
class Refinement:
    """The stable colouring.

    Attributes:
        colour: `int64[records]`, from 0 without gaps.
        rounds: how many rounds it took.
    """

    colour: NDArray[np.int64]
    rounds: int

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Refinement: {len(self.colour):,} records, {self.rounds} rounds>"

    @property
    def sizes(self) -> NDArray[np.int64]:
        """`int64[records]`, how many records have each record's colour."""
        counts = np.bincount(self.colour)
        return counts[self.colour]

    @property
    def success(self) -> float:
        """The mean probability that a guess of a record's person is right, 0 to 1."""
        return float((1 / self.sizes).mean()) if len(self.colour) else 0.0

    @property
    def unique(self) -> float:
        """The share of records that nothing shares a colour with, 0 to 1."""
        return float((self.sizes == 1).mean()) if len(self.colour) else 0.0


def refine(graph: SharedBlocks, rounds: int = MOST_ROUNDS) -> Refinement:
    """Refine until nothing changes.

    Two records get one colour only if they are alike or two 64-bit sums fall together.

    Args:
        graph: the record-block graph.
        rounds: at most so many rounds.
    """
    classes, done = 0, -1
    colour = np.empty(0, np.uint64)
    for colour in _rounds(graph, rounds):
        now = len(np.unique(colour))
        if now == classes:
            break
        classes, done = now, done + 1
    _, numbered = np.unique(colour, return_inverse=True)
    return Refinement(numbered.reshape(-1).astype(np.int64), max(0, done))


def success_as_run(observed: SharedBlocks, computed: SharedBlocks, rounds: int = 6) -> float:
    """The mean probability that a guess is right if the attacker must compute the graph itself.

    It encodes the plaintext under a key of its own, so levels that hang on chance and the choice
    among surplus values differ; and it stops after the number of rounds that serves it best.

    Args:
        observed: what the hub sees.
        computed: what the attacker makes of the plaintext, its records in the same order (which the
            attack does not use; it is how its guesses are judged).
        rounds: how many rounds are tried.
    """
    best = 0.0
    pairs = zip(_rounds(observed, rounds), _rounds(computed, rounds), strict=True)
    for seen, known in pairs:
        right = (seen == known) / _sizes(known)
        best = max(best, float(right.mean()) if len(right) else 0.0)
    return best


def found_by_part(
    observed: SharedBlocks,
    computed: SharedBlocks,
    known: NDArray[np.bool_],
    rounds: int = 6,
) -> float:
    """The mean probability that a known student's record is pointed at rightly.

    The attacker computes the graph of the students it knows, and points for each of them at one of
    the records that have the same colour at the hub, strangers' records among them. It stops after
    the number of rounds that serves it best.

    Args:
        observed: what the hub sees of everybody.
        computed: what the attacker makes of the plaintext it has, records numbered as in
            `observed` (it is how its guesses are judged); of others' it has nothing.
        known: `bool[records]`, whose plaintext it has.
        rounds: how many rounds are tried.
    """
    best = 0.0
    if not known.any():
        return best
    pairs = zip(_rounds(observed, rounds), _rounds(computed, rounds), strict=True)
    for seen, guessed in pairs:
        right = (seen == guessed) / _sizes(seen)
        best = max(best, float(right[known].mean()))
    return best


def _sizes(colour: Colours) -> NDArray[np.int64]:
    """`int64[records]`, how many records have each record's colour."""
    _, place, counts = np.unique(colour, return_inverse=True, return_counts=True)
    return counts[place.reshape(-1)]


def _rounds(graph: SharedBlocks, rounds: int) -> Iterator[Colours]:
    """The colours before the first round and after each: words that compare between graphs."""
    colour = _mixed(graph.source.astype(np.uint64), _ODD[0])
    by_record = _Sums(graph.record, graph.records)
    by_end = _Sums(np.concatenate((graph.left, graph.right)), len(graph.record))
    other = np.concatenate((graph.right, graph.left))
    level = _mixed(np.concatenate((graph.level, graph.level)).astype(np.uint64), _ODD[1])
    kind = _mixed(graph.kind.astype(np.uint64), _ODD[2])
    yield colour
    for _ in range(rounds):
        seen = by_end.of(_mixed(colour[graph.record][other] ^ level, _ODD[0]))
        colour = _mixed(colour + by_record.of(_mixed(seen ^ kind, _ODD[3])), _ODD[1])
        yield colour


class _Sums:
    """Sums of words by group, modulo 2**64: what a multiset hashes to."""

    def __init__(self, group: NDArray[np.int64], groups: int) -> None:
        """Sort once."""
        self._order = np.argsort(group, kind="stable")
        self._present, self._starts = np.unique(group[self._order], return_index=True)
        self._groups = groups

    def of(self, words: Colours) -> Colours:
        """`uint64[groups]`, 0 for a group without members."""
        out = np.zeros(self._groups, np.uint64)
        if len(self._starts):
            out[self._present] = np.add.reduceat(words[self._order], self._starts)
        return out


def _mixed(words: Colours, constant: np.uint64) -> Colours:
    """A bijection of 64-bit words that spreads every bit (the finaliser of splitmix64)."""
    mixed = words + constant
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _ODD[1]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _ODD[2]
    return mixed ^ (mixed >> np.uint64(31))
