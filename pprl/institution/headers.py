"""Which column of a file is which field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from pprl.errors import StudentsError, UsageError
from pprl.institution.layout import GROUP, OTHER_NAMES, REQUIRED_COLUMNS, STUDENT_COLUMNS, Layout
from pprl.institution.table import Source

PRIVATE = frozenset({*STUDENT_COLUMNS, *OTHER_NAMES} - {"sex", "suffix"})
"""Fields that nobody is grouped by, since a group's name is shown."""


def header_key(header: str) -> str:
    """A header without what exports vary: case, spaces, underscores, punctuation."""
    return "".join(c for c in header.casefold() if c.isalnum())


def recognise(
    header: Sequence[str], fields: Mapping[str, Sequence[str]], columns: Mapping[str, str]
) -> list[tuple[str, int]]:
    """Every (field, place in the header) that match; `columns` outranks the customary headers.

    Args:
        header: the cells of a first row.
        fields: field -> its headers, the preferred one first.
        columns: field -> the header that the caller named.
    """
    keys = [header_key(cell) for cell in header]
    found = []
    for name, theirs in columns.items():
        exact = [i for i, cell in enumerate(header) if cell.strip() == theirs.strip()]
        found += [
            (name, i)
            for i in exact or [i for i, key in enumerate(keys) if key == header_key(theirs)]
        ]
    claimed = {i for _, i in found}
    places: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        places.setdefault(key, []).append(i)
    for name, customary in fields.items():
        if name not in columns:
            for key in dict.fromkeys(header_key(text) for text in customary):
                found += [(name, i) for i in places.get(key, ()) if i not in claimed]
    return found


def map_headers(
    sources: Mapping[str, Source], layout: Layout, columns: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    """Table -> field -> place in its header. Only headers that are known are ever named in errors.

    Raises:
        StudentsError: a needed column is absent, or two columns mean the same field.
    """
    group = columns.get(GROUP)
    columns = {name: theirs for name, theirs in columns.items() if name != GROUP}
    first = layout.tables[0].name
    places: dict[str, dict[str, int]] = {}
    homes = {name: _home(name, theirs, sources, layout) for name, theirs in columns.items()}
    for table, source in sources.items():
        fields = {
            name: field.headers
            for name, field in layout.fields.items()
            if layout.table_of(name) == table and name not in columns
        }
        named = {name: theirs for name, theirs in columns.items() if homes[name] == table}
        places[table] = _one_place_each(source, fields, named, layout)
    needed = (*REQUIRED_COLUMNS, *columns)
    found = [name for table in places.values() for name in table]
    if absent := [name for name in dict.fromkeys(needed) if name not in found]:
        _refuse(absent, sources[first], places[first], layout, columns)
    if group is not None:
        table = _home(GROUP, group, sources, layout)
        place = next((i for _, i in recognise(sources[table].header, {}, {GROUP: group})), None)
        if place is None:
            _refuse([GROUP], sources[first], places[first], layout, {GROUP: group})
        if place in [places[table].get(name) for name in PRIVATE]:
            raise UsageError(
                "the group column is a field that names students. Group by another, such as a "
                "program or a language."
            )
        places[table][GROUP] = cast(int, place)
    return places


def place_of(source: Source, column: str, layout: Layout) -> int:
    """The place of a column that the layout itself needs, such as the one that joins two files.

    Raises:
        StudentsError: it is absent.
    """
    keys = [header_key(cell) for cell in source.header]
    if header_key(column) not in keys:
        raise StudentsError(
            f"{source.file} row 1: no column {column}, which the layout {layout.name} needs. "
            "Export the file again with all of its columns, or choose another layout."
        )
    return keys.index(header_key(column))


def _home(name: str, theirs: str, sources: Mapping[str, Source], layout: Layout) -> str:
    """The table that has a column which the caller named: the first one if none does."""
    for table, source in sources.items():
        if recognise(source.header, {}, {name: theirs}):
            return table
    return layout.tables[0].name


def _one_place_each(
    source: Source,
    fields: Mapping[str, Sequence[str]],
    columns: Mapping[str, str],
    layout: Layout,
) -> dict[str, int]:
    """Field -> place. Of a layout's several headers for a field the first one stands."""
    places: dict[str, int] = {}
    for name, place in recognise(source.header, fields, columns):
        if name not in places:
            places[name] = place
        elif (layout.guess and name in STUDENT_COLUMNS) or name in columns:
            raise StudentsError(
                f"{source.file} row 1: the headers {source.header[places[name]]!r} and "
                f"{source.header[place]!r} both mean {name}. Remove one or pass "
                f'columns={{"{name}": ...}}.'
            )
    return places


def _refuse(
    absent: Sequence[str],
    source: Source,
    places: Mapping[str, int],
    layout: Layout,
    columns: Mapping[str, str],
) -> None:
    """Tell which columns are absent, and which headers the caller named in vain.

    Raises:
        StudentsError: always.
    """
    if not layout.tables[0].header:
        raise StudentsError(
            f"{source.file} row 1: has {len(source.header)} fields, of which none is "
            f"{', '.join(absent)}. Is it a file of the layout {layout.name} ({layout.title})?"
        )
    vain = "".join(f" No header is called {columns[name]!r}." for name in absent if name in columns)
    known = ", ".join(source.header[place] for place in sorted(places.values())) or "none"
    theirs = [layout.fields[name].headers[0] for name in absent if name in layout.fields]
    expected = "The first row must hold the headers"
    if theirs and not layout.guess:
        expected = f"The layout {layout.name} expects {', '.join(theirs)}"
    raise StudentsError(
        f"{source.file} row 1: no column for {', '.join(absent)}.{vain} Headers recognised: "
        f"{known}; not recognised: {len(source.header) - len(places)}. {expected}; pass "
        'columns={"our_name": "their header"} for those of your own.'
    )
