"""Which cells have to be reckoned with: those that are told, and those that these are sums with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pprl.results.disclosure.dimension import TOTAL, Dimension
from pprl.results.disclosure.frames import frames
from pprl.results.disclosure.tables import CountTable, Release


@dataclass(frozen=True)
class Grid:
    """All combinations of some codes.

    Attributes:
        measure: which persons are counted.
        codes: dimension -> codes in tree order; "total" alone in those that are not named.
        trees: dimensions along which it has sums.
    """

    measure: str
    codes: Mapping[str, tuple[str, ...]]
    trees: Mapping[str, Dimension]

    def sums(self, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Codes of a dimension that have parts in the grid, and these."""
        if name in self.trees:
            for code, below in self.trees[name].children.items():
                if code in self.codes[name] and below[0] in self.codes[name]:
                    yield code, below


def including(releases: Sequence[Release], measures: Sequence[str]) -> dict[str, set[str]]:
    """Measure -> all measures that include it, through others as well; only those in tables."""
    above: dict[str, set[str]] = {}
    for release in releases:
        for part, wholes in release.subset_of.items():
            above.setdefault(part, set()).update(wholes)
    for part in above:
        reached, left = set[str](), [part]
        while left:
            fresh = above.get(left.pop(), set()) - reached
            reached |= fresh
            left += fresh
        above[part] = reached - {part}
    return {m: above.get(m, set()) & set(measures) for m in measures}


def grids(
    releases: Sequence[Release], measures: Sequence[str], wholes_of: dict[str, set[str]]
) -> Iterator[Grid]:
    """Each product of codes that has to be looked at.

    Each release's sums hold by its own trees: next year an institution may be new. Where no code
    has moved, all releases together are also looked at by what the trees are together. Where one
    has, a release says nothing of the years that it does not tell.
    """
    together = _together(releases)
    for members in _linked(measures, wholes_of):
        of_group = [
            [table for table in release.tables if table.measure in members] for release in releases
        ]
        apart = frames(table.dimensions for tables in of_group for table in tables)
        views = [
            ({dimension.name: dimension for dimension in release.dimensions}, tables)
            for release, tables in zip(releases, of_group, strict=True)
        ]
        if len(releases) > 1 and together is not None:
            views.append((together, [table for tables in of_group for table in tables]))
        for trees, tables in views:
            told = {
                name: _told(dimension, tables)
                for name, dimension in trees.items()
                if any(name in table.dimensions for table in tables)
            }
            around = {name: _around(trees[name], codes) for name, codes in told.items()}
            for measure in members:
                own = [set(table.dimensions) for table in tables if table.measure == measure]
                for frame in apart:
                    if not any(names <= set(frame) for names in own):
                        continue
                    named = [name for name in frame if name in told]
                    if together is not None:
                        codes = {name: around[name] for name in named}
                        yield Grid(measure, codes, {name: trees[name] for name in named})
                        continue
                    yield Grid(measure, {name: told[name] for name in named}, {})
                    for name in named:
                        codes = {n: around[n] if n == name else told[n] for n in named}
                        yield Grid(measure, codes, {name: trees[name]})


def _linked(measures: Sequence[str], wholes_of: dict[str, set[str]]) -> list[list[str]]:
    """Measures in groups that are parts of each other, directly or through others."""
    groups = {measure: {measure} for measure in measures}
    for part, wholes in wholes_of.items():
        for whole in wholes:
            joined = groups[part] | groups[whole]
            groups |= dict.fromkeys(joined, joined)
    return [list(group) for group in sorted({tuple(sorted(g)) for g in groups.values()})]


def _together(releases: Sequence[Release]) -> dict[str, Dimension] | None:
    """Each dimension's tree with the codes of all releases; None if a code has moved."""
    parents: dict[str, dict[str, str]] = {}
    kinds: dict[str, bool] = {}
    for release in releases:
        for dimension in release.dimensions:
            known = parents.setdefault(dimension.name, {})
            if any(known.get(code, above) != above for code, above in dimension.parents.items()):
                return None
            known |= dimension.parents
            kinds[dimension.name] = dimension.is_outcome
    return {name: Dimension(name, parents[name], kinds[name]) for name in parents}


def _told(dimension: Dimension, tables: Sequence[CountTable]) -> tuple[str, ...]:
    """The codes that tables have, "total" if one does not name the dimension; in tree order."""
    seen: set[str] = set()
    for table in tables:
        named = dimension.name in table.dimensions
        seen.update(table.counts[dimension.name] if named else [TOTAL])
    return tuple(code for code in dimension.codes if code in seen)


def _around(dimension: Dimension, codes: Iterable[str]) -> tuple[str, ...]:
    """Some codes, those above them, and all beside any of these; in tree order."""
    seen = {TOTAL}
    for code in codes:
        while code != TOTAL:
            seen.update(dimension.children[dimension.parents[code]])
            code = dimension.parents[code]
    return tuple(code for code in dimension.codes if code in seen)
