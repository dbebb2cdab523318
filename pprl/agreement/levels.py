"""From common bits to comparison levels: what the partners agreed a comparison is.

A pair of entries is judged attribute by attribute. The segments of one attribute are read together,
so that two filters of the same names do not count as two pieces of evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.linkage import LinkageSection, Pass, Segment
from pprl.filters import segment_ones

LEVELS = {
    "first_name": ("exact", "nickname", "close", "similar", "swapped", "different"),
    "last_name": ("exact", "close", "one part", "swapped", "different"),
    "middle_name": ("exact", "initial", "different"),
    "birth_date": ("exact", "one part off", "two parts off", "different"),
    "sex": ("same", "different"),
    "zip": ("same", "first three", "different"),
    "state_id": ("same", "different"),
}
"""The levels of each attribute, best first. A missing value compares as a stranger's does."""

CUTS = {
    "first_name": 3,
    "last_name": 3,
    "canonical_first_name": 1,
    "names": 1,
    "given_names": 1,
    "middle_name": 2,
    "birth_date": 3,
    "sex": 1,
    "zip": 2,
    "state_id": 1,
}
"""How many cut points a segment has, in every profile: one more would refuse the published ones."""


@dataclass(frozen=True)
class Comparison:
    """How the entries of one pass are compared.

    Attributes:
        segments: the segments of its filters, in order.
        attributes: the attributes that they speak of, in the order of `LEVELS`.
    """

    segments: tuple[Segment, ...]
    attributes: tuple[str, ...]

    @classmethod
    def of(cls, section: LinkageSection, linkage_pass: Pass) -> Comparison:
        """The comparison of one pass of a linkage section."""
        segments = section.segments_of(linkage_pass)
        names = {segment.name for segment in segments}
        return cls(segments, tuple(name for name in LEVELS if name in names))

    @property
    def widths(self) -> tuple[int, ...]:
        """Words of each segment."""
        return tuple(segment.words for segment in self.segments)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many levels each attribute has."""
        return tuple(len(LEVELS[name]) for name in self.attributes)

    def shared(self, left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """The bits that two filters share, segment by segment.

        Every segment has exactly N bits, so two that differ in `d` bits share `N - d / 2`. Counted
        that way, filters that were blinded by one pad compare as the bare ones do.

        Args:
            left: `uint64[n, words]`.
            right: `uint64[n, words]`, compared row by row with `left`.

        Returns:
            `uint16[n, segments]`.
        """
        common = segment_ones(left ^ right, self.widths)
        common >>= np.uint16(1)
        insertions = np.array([segment.insertions for segment in self.segments], np.uint16)
        return np.subtract(insertions, common, out=common)

    def levels(self, common: NDArray[np.uint16]) -> NDArray[np.int8]:
        """Judge pairs by the bits they share.

        Args:
            common: `uint16[n, segments]`, from `shared`.

        Returns:
            `int8[n, attributes]`, an index into the attribute's `LEVELS`; 0 is the best.
        """
        reached = {
            segment.name: _level(common[:, column], segment.cuts)
            for column, segment in enumerate(self.segments)
        }
        judged = {name: reached[name] for name in self.attributes}
        if "first_name" in judged:
            judged["first_name"] = _first_name(
                reached["first_name"], reached.get("canonical_first_name")
            )
        if "last_name" in judged:
            judged["last_name"] = _spread(reached["last_name"], (0, 1, 2, 4))
        if "first_name" in judged:
            _judge_swaps(judged, reached)
        if not judged:
            return np.zeros((len(common), 0), np.int8)
        return np.stack([judged[name] for name in self.attributes]).T

    def patterns(self, levels: NDArray[np.int8]) -> NDArray[np.int64]:
        """Number the combinations of levels: `int64[n]`, from 0 to `prod(sizes) - 1`."""
        pattern = np.zeros(len(levels), np.int64)
        for column, size in enumerate(self.sizes):
            pattern = pattern * size + levels[:, column]
        return pattern

    def levels_of(self, patterns: NDArray[np.int64]) -> NDArray[np.int8]:
        """Undo `patterns`: `int8[n, attributes]`."""
        levels = np.zeros((len(patterns), len(self.sizes)), np.int8)
        rest = np.asarray(patterns)
        for column in reversed(range(len(self.sizes))):
            rest, levels[:, column] = np.divmod(rest, self.sizes[column])
        return levels


def _judge_swaps(judged: dict[str, NDArray[np.int8]], reached: dict[str, NDArray[np.int8]]) -> None:
    """Tell names that are there, but in another field; writes into `judged`.

    Segments are salted apart, so that a first name never meets a last name. But the order-free
    segments agree although the first names differ: `names` if first and last name are swapped,
    `given_names` if first and middle name are.
    """
    unlike = judged["first_name"] == LEVELS["first_name"].index("different")
    if {"last_name", "names"} <= reached.keys():
        swapped = unlike & (reached["last_name"] == CUTS["last_name"]) & (reached["names"] == 0)
        for name in ("first_name", "last_name"):
            judged[name][swapped] = LEVELS[name].index("swapped")
    if "given_names" in reached:
        swapped = unlike & (reached["given_names"] == 0)
        judged["first_name"][swapped] = LEVELS["first_name"].index("swapped")


def _level(common: NDArray[np.uint16], cuts: tuple[int, ...]) -> NDArray[np.int8]:
    """How many of the cuts each count misses."""
    missed = np.zeros(len(common), np.int8)
    for cut in cuts:
        missed += common < cut
    return missed


def _first_name(reached: NDArray[np.int8], canonical: NDArray[np.int8] | None) -> NDArray[np.int8]:
    """Exact, close, similar or different; a nickname where only the canonical names agree."""
    judged = _spread(reached, (0, 2, 3, 5))
    if canonical is not None:
        judged[(canonical == 0) & (reached > 0)] = 1
    return judged


def _spread(reached: NDArray[np.int8], levels: tuple[int, ...]) -> NDArray[np.int8]:
    """Replace each level of a segment by the attribute's."""
    return np.array(levels, np.int8)[reached]
