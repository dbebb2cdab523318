"""The packaged name tables, as distributions to draw from; sources are in `tables/README.md`."""

from __future__ import annotations

import csv
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

ETHNICITIES = ("hispanic", "white", "asian-pacific", "black", "other")
"""The groups that the tables tell apart, in the order of their codes."""

BANDS = ("births_1997", "births_2002", "births_2007")
"""The bands of birth years that given names are told apart by: to 1999, to 2004, later."""

PARTICLES = {
    "Delacruz": "De La Cruz",
    "Delafuente": "De La Fuente",
    "Delagarza": "De La Garza",
    "Delapaz": "De La Paz",
    "Delapena": "De La Pena",
    "Delarosa": "De La Rosa",
    "Delatorre": "De La Torre",
    "Delavega": "De La Vega",
    "Deleon": "De Leon",
    "Delossantos": "De Los Santos",
    "Delosreyes": "De Los Reyes",
    "Delreal": "Del Real",
    "Delrio": "Del Rio",
    "Deltoro": "Del Toro",
    "Delvalle": "Del Valle",
    "Desantiago": "De Santiago",
    "Dejesus": "De Jesus",
    "Deanda": "De Anda",
    "Sanmiguel": "San Miguel",
    "Santacruz": "Santa Cruz",
    "Vandyke": "Van Dyke",
    "Vanderberg": "Van Der Berg",
}
"""Surnames that the Census writes as one word and their bearers as several."""

IRISH = {
    "Obrien": "O'Brien",
    "Oconnell": "O'Connell",
    "Oconnor": "O'Connor",
    "Odonnell": "O'Donnell",
    "Ohara": "O'Hara",
    "Oleary": "O'Leary",
    "Oneal": "O'Neal",
    "Oneil": "O'Neil",
    "Oneill": "O'Neill",
    "Oreilly": "O'Reilly",
    "Orourke": "O'Rourke",
    "Osullivan": "O'Sullivan",
}
"""Surnames that the Census writes without their apostrophe."""


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """A distribution of names.

    Attributes:
        names: `object[n]` of str.
        cumulative: `float64[n]`, the share of the bearers of this name and those before it.
    """

    names: NDArray[np.object_]
    cumulative: NDArray[np.float64]

    @classmethod
    def weighted(cls, names: ArrayLike, weights: ArrayLike) -> Names:
        """Each name has its weight's share of the bearers; names without weight are left out."""
        weight = np.asarray(weights, dtype=np.float64)
        kept = weight > 0
        total = np.cumsum(weight[kept])
        return cls(np.asarray(names, dtype=object)[kept], total / total[-1])

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.object_]:
        """`object[n]`: n names, drawn independently."""
        places = np.searchsorted(self.cumulative, rng.random(n), side="right")
        return self.names[np.minimum(places, len(self.names) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class NameTables:
    """Everything a student may be called.

    Attributes:
        surnames: by ethnicity.
        given: by (ethnicity, sex, band of birth years).
        heritage: Asian given names, by sex.
        few: names of heritages, by (heritage, "surname", "F", "M", "middle F"
            or "middle M"); not every heritage has every part.
        everyday: formal name -> the names its bearers go by.
    """

    surnames: Mapping[str, Names]
    given: Mapping[tuple[str, str, str], Names]
    heritage: Mapping[str, Names]
    few: Mapping[tuple[str, str], Names]
    everyday: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls) -> NameTables:
        """Read the tables that ship with the package."""
        surnames = _table("surnames.csv.xz")
        given = _table("given_names.csv.xz")
        heritage = _table("heritage_names.csv.xz")
        columns = {group: group.replace("-", "_") for group in ETHNICITIES}
        last = [as_written(name) for name in surnames["name"]]
        first = np.array([name.title() for name in given["name"]], dtype=object)
        asian = [name.title() for name in heritage["name"]]
        return cls(
            surnames={
                group: Names.weighted(last, surnames[columns[group]]) for group in ETHNICITIES
            },
            given={
                (group, sex, band): Names.weighted(
                    first, (given["sex"] == sex) * given[band] * given[columns[group]]
                )
                for group in ETHNICITIES
                for sex in ("F", "M")
                for band in BANDS
            },
            heritage={
                "F": Names.weighted(asian, heritage["bearers"] * (100 - heritage["male"])),
                "M": Names.weighted(asian, heritage["bearers"] * heritage["male"]),
            },
            few=_heritages(),
            everyday=_everyday_names(),
        )


def as_written(surname: str) -> str:
    """A surname of the Census, all capitals and one word, as its bearers write it."""
    title = surname.title()
    if title in PARTICLES:
        return PARTICLES[title]
    if title in IRISH:
        return IRISH[title]
    if title.startswith("Mc") and len(title) > 4:
        return "Mc" + title[2:].title()
    return title


def _lines(name: str) -> list[str]:
    """The lines of a packaged table, decompressed if need be."""
    content = files("pprl.synthetic").joinpath("tables", name).read_bytes()
    if name.endswith(".xz"):
        content = lzma.decompress(content)
    return content.decode("utf-8").splitlines()


def _table(name: str) -> dict[str, NDArray[Any]]:
    """The columns of a packaged table of names and numbers, in which an empty cell is nought."""
    header, *rows = csv.reader(_lines(name))
    return {
        column: np.array(cells, dtype=object)
        if column in ("name", "sex")
        else np.array([cell or "0" for cell in cells]).astype(np.int64)
        for column, cells in zip(header, zip(*rows, strict=True), strict=True)
    }


def _heritages() -> dict[tuple[str, str], Names]:
    """The names of heritages with few surnames, by heritage and part."""
    rows: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for row in csv.DictReader(_lines("heritages.csv")):
        key = (row["heritage"], row["part"])
        rows.setdefault(key, []).append((row["name"], int(row["weight"])))
    return {
        key: Names.weighted([name for name, _ in named], [weight for _, weight in named])
        for key, named in rows.items()
    }


def _everyday_names() -> dict[str, tuple[str, ...]]:
    """The everyday names of each formal name."""
    everyday: dict[str, tuple[str, ...]] = {}
    for row in csv.DictReader(_lines("everyday_names.csv")):
        formal = row["formal"].title()
        everyday[formal] = (*everyday.get(formal, ()), row["everyday"])
    return everyday
