"""Why a pair has its probability: the weight of each field, from levels only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement.levels import LEVELS
from pprl.hub import drawing
from pprl.hub.combination import BEST_SHARE, NO_PASS, Verdicts
from pprl.hub.judged_pass import Column, JudgedPass

TINY = 1e-9
BLOCK = "shared block"
REST = "other candidates"


@dataclass(frozen=True)
class Weight:
    """What one thing says of a pair.

    Attributes:
        name: the attribute, "shared block" (what sharing the block says) or "other candidates"
            (what other pairs of either record, and third sources, take away or add).
        level: the level at which the pair stands in it, or the block.
        bits: the logarithm to base 2 of what it multiplies the odds by.
    """

    name: str
    level: str
    bits: float

    @property
    def label(self) -> str:
        """Name and level."""
        return f"{self.name}: {self.level}" if self.level else self.name


@dataclass(frozen=True)
class Explanation:
    """The weights that make up a pair's probability; they add up to its log-odds in bits.

    Attributes:
        pair: the two records, `(source, record)` each.
        probability: the pair's.
        weights: in the order in which they are told.
    """

    pair: tuple[tuple[str, int], tuple[str, int]]
    probability: float
    weights: tuple[Weight, ...]

    def __str__(self) -> str:
        """A table of the weights."""
        (a, i), (b, j) = self.pair
        lines = [f"{a} {i} and {b} {j}: probability {self.probability:.4f}"]
        lines += [f"{w.bits:+7.1f}  {w.label}" for w in self.weights]
        lines.append(f"{sum(w.bits for w in self.weights):+7.1f}  in all, bits")
        return "\n".join(lines)

    def to_svg(self) -> str:
        """A waterfall plot, as the text of an SVG file."""
        (a, i), (b, j) = self.pair
        ends = np.cumsum([w.bits for w in self.weights])
        starts = ends - [w.bits for w in self.weights]
        low, high = min(0.0, float(ends.min())), max(0.0, float(ends.max()))
        left, width, row, top = 250.0, 380.0, 24.0, 52.0
        scale = width / max(high - low, 1.0)
        height = top + row * (len(self.weights) + 1) + 30
        zero = left - low * scale
        title = f"{a} {i} and {b} {j}: probability {self.probability:.4f}"
        shapes = [drawing.text(12, 24, title), drawing.text(zero, 44, "0 bits", "middle")]
        shapes.append(drawing.line(zero, top - 4, zero, height - 26, drawing.INK))
        told = [
            *zip(self.weights, starts.tolist(), strict=True),
            (Weight("in all", "", float(ends[-1])), 0.0),
        ]
        for place, (weight, start) in enumerate(told):
            y = top + row * place
            colour = drawing.FOR if weight.bits >= 0 else drawing.AGAINST
            x = left + (start - low) * scale
            end = x + weight.bits * scale
            shapes += [
                drawing.text(left - 12, y + 15, weight.label, "end"),
                drawing.rectangle(x, y + 3, weight.bits * scale, row - 6, colour),
                drawing.text(max(x, end) + 5, y + 15, f"{weight.bits:+.1f}"),
            ]
        return drawing.document(left + width + 70, height, title, shapes)


@dataclass(frozen=True, eq=False, repr=False)
class Reasons:
    """All that explanations are made from, in the order of a linkage's candidates.

    Attributes:
        passes: each pass's model.
        verdicts: which passes judged each pair, and how.
        group: `int32[n]`, the pair of sources.
    """

    passes: Sequence[JudgedPass]
    verdicts: Verdicts
    group: NDArray[np.int32]

    def levels(self, place: int) -> dict[str, str]:
        """The levels of a candidate, by attribute: its best pass's, then its second's."""
        told: dict[str, str] = {}
        for number, rank in self._judged(place):
            judged = self.passes[number]
            for name, level in judged.levels(int(self.group[place]), rank).items():
                told.setdefault(name, level)
            for part in judged.linkage_pass.block:
                if part.fixes in LEVELS:
                    told.setdefault(str(part.fixes), LEVELS[str(part.fixes)][0])
        return {name: told[name] for name in LEVELS if name in told}

    def explain(
        self, place: int, pair: tuple[tuple[str, int], tuple[str, int]], probability: float
    ) -> Explanation:
        """The weights of a candidate, from the two passes by which it is judged."""
        judged = self._judged(place)
        group = int(self.group[place])
        levels = self.levels(place)
        told: dict[Column, float] = {}
        counts = (BEST_SHARE, 1 - BEST_SHARE) if len(judged) == 2 else (1.0,)
        for (number, rank), count in zip(judged, counts, strict=True):
            for column, bits in self.passes[number].bits(group, rank).items():
                told[column] = told.get(column, 0.0) + bits * count
        blocks = " / ".join(self.passes[number].linkage_pass.name for number, _ in judged)
        weights = [Weight(BLOCK, blocks, told.pop(()))]
        for column in sorted(told, key=lambda names: list(LEVELS).index(names[0])):
            level = ", ".join(levels[name] for name in column)
            weights.append(Weight(" and ".join(map(_spoken, column)), level, told[column]))
        bounded = min(max(probability, TINY), 1 - TINY)
        rest = float(np.log2(bounded) - np.log2(1 - bounded)) - sum(w.bits for w in weights)
        return Explanation(pair, probability, (*weights, Weight(REST, "", rest)))

    def _judged(self, place: int) -> list[tuple[int, int]]:
        """The passes that judged a candidate and the ranks of its pattern there, best first."""
        numbers, ranks = self.verdicts.passes[place], self.verdicts.ranks[place]
        told = zip(numbers.tolist(), ranks.tolist(), strict=True)
        return [(number, rank) for number, rank in told if number != NO_PASS]


def _spoken(name: str) -> str:
    """An attribute's name as it is said."""
    return name.replace("_", " ")


def level_table(reasons: Reasons, places: Sequence[int]) -> Mapping[str, list[str]]:
    """The levels of several candidates, a list for each attribute; "" where none was compared."""
    rows = [reasons.levels(place) for place in places]
    return {
        name: [row.get(name, "") for row in rows] for name in LEVELS if any(name in r for r in rows)
    }
