"""The diagram of folders and layers: facts from import-linter's graph, drawn with Altair."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grimp

FACTS = re.compile(r"<!-- facts: ([0-9a-f]{64}) -->")
_WIDTH, _HEIGHT, _BOX, _TALL = 900, 96, 132, 44
_ASIDE = {"results": -320, "similarity": 150}
"""Folders that stand beside the middle, where an arrow between others would run behind them."""
_SEES = {
    "institution": "sees names",
    "hub": "sees encodings",
    "results": "sees encodings",
    "audit": "sees encodings",
}
_COLOURS = {
    "sees names": "#f6c9a8",
    "sees encodings": "#b7d3ee",
    "neither, or both sides": "#e7e7e7",
}


@dataclass(frozen=True)
class Folders:
    """The folders of the package and what they import.

    Attributes:
        layers: from the top, the folders of each.
        imports: (importer, imported).
    """

    layers: Sequence[Sequence[str]]
    imports: Set[tuple[str, str]]

    @classmethod
    def of(cls, root: Path) -> Folders:
        """Those of a checkout, by its import contracts and its source."""
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        contract = project["tool"]["importlinter"]["contracts"][0]
        graph = grimp.build_graph("pprl", cache_dir=None)
        layers = [
            [name for name in re.findall(r"\w+", line) if (root / "pprl" / name).is_dir()]
            for line in contract["layers"]
        ]
        folders = {name for layer in layers for name in layer}
        imports = {
            (importer.split(".")[1], imported.split(".")[1])
            for importer in graph.modules - {"pprl"}
            for imported in graph.find_modules_directly_imported_by(importer) - {"pprl"}
        }
        between = {pair for pair in imports if pair[0] != pair[1] and folders.issuperset(pair)}
        return cls([layer for layer in layers if layer], between)

    @property
    def names(self) -> list[str]:
        """All folders, from the top layer down."""
        return [name for layer in self.layers for name in layer]

    def imported_by(self, name: str) -> list[str]:
        """The folders that one imports, from the top layer down."""
        return [other for other in self.names if (name, other) in self.imports]

    def arrows(self) -> list[tuple[str, str]]:
        """The imports that do not follow from others: the graph's transitive reduction."""
        reach = {name: self._reach(name) for name in self.names}
        return [
            (name, other)
            for name in self.names
            for other in self.imported_by(name)
            if not any(
                other in reach[between] for between in self.imported_by(name) if between != other
            )
        ]

    @property
    def digest(self) -> str:
        """Of everything that the diagram shows."""
        shown = repr([[list(layer) for layer in self.layers], self.arrows(), dict(_SEES)])
        return hashlib.sha256(shown.encode()).hexdigest()

    def _reach(self, name: str) -> set[str]:
        """The folders that one imports, directly or not."""
        found: set[str] = set()
        to_do = [name]
        while to_do:
            for other in self.imported_by(to_do.pop()):
                if other not in found:
                    found.add(other)
                    to_do.append(other)
        return found


def diagram(folders: Folders) -> str:
    """The diagram as SVG, the digest of its facts in a comment."""
    import altair as alt
    import vl_convert

    places = {
        name: (
            _WIDTH * (at + 1) / (len(layer) + 1) + _ASIDE.get(name, 0),
            _HEIGHT * row + _TALL,
        )
        for row, layer in enumerate(folders.layers)
        for at, name in enumerate(layer)
    }
    height = _HEIGHT * len(folders.layers)

    def across(field: str) -> alt.X:
        return alt.X(f"{field}:Q").scale(domain=[0, _WIDTH], nice=False).axis(None)

    def down(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q").scale(domain=[height, 0], nice=False).axis(None)

    boxes: list[dict[str, Any]] = [
        {
            "name": f"{name}/",
            "sees": _SEES.get(name, "neither, or both sides"),
            "x": middle - _BOX / 2,
            "x2": middle + _BOX / 2,
            "y": level - _TALL / 2,
            "y2": level + _TALL / 2,
            "middle": middle,
            "level": level,
        }
        for name, (middle, level) in places.items()
    ]
    lines = [
        {
            "x": places[importer][0],
            "y": places[importer][1] + _TALL / 2,
            "x2": places[imported][0],
            "y2": places[imported][1] - _TALL / 2,
        }
        for importer, imported in folders.arrows()
    ]
    colour = (
        alt.Color("sees:N")
        .scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
        .legend(title=None, orient="bottom")
    )
    boxed, lined = alt.Chart(alt.Data(values=boxes)), alt.Chart(alt.Data(values=lines))
    rules = lined.mark_rule(color="#777").encode(across("x"), down("y"), x2="x2:Q", y2="y2:Q")
    heads = lined.mark_point(
        shape="triangle-down", filled=True, color="#777", size=60, opacity=1
    ).encode(across("x2"), down("y2"))
    drawn = boxed.mark_rect(stroke="#444", cornerRadius=6).encode(
        across("x"), down("y"), x2="x2:Q", y2="y2:Q", color=colour
    )
    texts = boxed.mark_text(fontSize=15).encode(across("middle"), down("level"), text="name:N")
    chart = (rules + heads + drawn + texts).properties(width=_WIDTH, height=height)
    svg: str = vl_convert.vegalite_to_svg(chart.configure_view(stroke=None).to_json())
    return f"{svg.rstrip()}\n<!-- facts: {folders.digest} -->\n"
