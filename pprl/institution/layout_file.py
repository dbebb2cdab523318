"""Layouts as TOML files: the shipped ones by name, and one's own by path."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pprl.errors import UsageError
from pprl.institution.layout import (
    FIELDS,
    KINDS,
    REQUIRED_COLUMNS,
    FieldLayout,
    Layout,
    TableLayout,
)

_TABLE_KEYS = {field.name for field in dataclasses.fields(TableLayout)}
_FIELD_KEYS = {field.name for field in dataclasses.fields(FieldLayout)}
_LAYOUT_KEYS = {field.name for field in dataclasses.fields(Layout)} - {"tables", "fields"}


def layout_names() -> tuple[str, ...]:
    """The shipped layouts, sorted."""
    folder = resources.files("pprl.institution").joinpath("layouts")
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml")))


def load_layout(layout: str | Path) -> Layout:
    """A shipped layout by its name, or one's own by the path of its TOML file.

    Raises:
        UsageError: there is none, or the file is faulty; every fault is told.
    """
    if str(layout).lower().endswith(".toml"):
        try:
            text = Path(layout).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise UsageError(
                f"{layout}: the layout cannot be read. Give a TOML file in UTF-8, or one of: "
                f"{', '.join(layout_names())}."
            ) from None
        return parse_layout(text, str(layout))
    if layout not in layout_names():
        raise UsageError(
            f"no layout {layout!r}; known layouts: {', '.join(layout_names())}. For one of your "
            "own give the path of its .toml file."
        )
    file = resources.files("pprl.institution").joinpath("layouts", f"{layout}.toml")
    return parse_layout(file.read_text(encoding="utf-8"), f"{layout}.toml")


def parse_layout(text: str, file: str) -> Layout:
    """Read a layout.

    Raises:
        UsageError: it is not TOML or not a layout; every fault is told.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: is not TOML ({error}).") from None
    faults: list[str] = []
    head = _mapping(content.get("layout"), "[layout]", faults)
    tables = [
        _table(_mapping(item, f"[[table]] {number}", faults), f"[[table]] {number}", faults)
        for number, item in enumerate(content.get("table", [{"name": "students"}]), 1)
    ]
    names = [table.name for table in tables]
    fields = {
        name: _field(_mapping(item, f"[field.{name}]", faults), name, names, faults)
        for name, item in _mapping(content.get("field"), "[field]", faults).items()
    }
    for key in sorted(set(content) - {"layout", "table", "field"}):
        faults.append(f"[{key}]: is not known; a layout has [layout], [[table]] and [field.*]")
    _check_keys(head, _LAYOUT_KEYS, "[layout]", faults)
    for name in REQUIRED_COLUMNS:
        if name not in fields:
            faults.append(f"[field.{name}]: is missing")
    if len(set(names)) < len(names) or not names:
        faults.append("[[table]]: each needs a name of its own")
    if len(tables) > 1:
        faults += [
            f"[[table]] {t.name}: needs files, to tell it apart" for t in tables if not t.files
        ]
        faults += [f"[[table]] {t.name}: needs a key, to join it" for t in tables if not t.key]
    if faults:
        raise UsageError("\n  ".join([f"{file}: is not a layout:", *faults]))
    source = head.get("source", ())
    return Layout(
        name=str(head.get("name", Path(file).stem)),
        title=str(head.get("title", "")),
        publisher=str(head.get("publisher", "")),
        edition=str(head.get("edition", "")),
        source=(source,) if isinstance(source, str) else tuple(source),
        notes=str(head.get("notes", "")).strip(),
        guess=bool(head.get("guess", False)),
        tables=tuple(tables),
        fields=fields,
    )


def _table(item: Mapping[str, Any], place: str, faults: list[str]) -> TableLayout:
    """One `[[table]]`."""
    _check_keys(item, _TABLE_KEYS, place, faults)
    kind = item.get("kind", "delimited")
    if kind not in KINDS:
        faults.append(f"{place}: kind is one of {', '.join(KINDS)}")
    delimiter = item.get("delimiter", "")
    if not isinstance(delimiter, str) or len(delimiter) > 1 or not delimiter.isascii():
        faults.append(f"{place}: delimiter is one ASCII character")
    if (
        item.get("header") is False
        and kind == "delimited"
        and not (item.get("columns") and delimiter)
    ):
        faults.append(f"{place}: a file without header needs columns and a delimiter")
    places = _mapping(item.get("places", {}), f"{place} places", faults)
    for name, span in places.items():
        if not (
            isinstance(span, list)
            and len(span) == 2
            and all(isinstance(end, int) for end in span)
            and 1 <= span[0] <= span[1]
        ):
            faults.append(f"{place} places: {name!r} needs its first and last character")
    if kind == "fixed" and not places:
        faults.append(f"{place}: a fixed-width file needs places")
    return TableLayout(
        name=str(item.get("name", "students")),
        files=_texts(item.get("files", ()), f"{place} files", faults),
        kind=kind,
        delimiter=delimiter,
        quoting=bool(item.get("quoting", True)),
        header=bool(item.get("header", True)),
        columns=_texts(item.get("columns", ()), f"{place} columns", faults),
        places={name: tuple(span) for name, span in places.items()},
        key=str(item.get("key", "")),
        keep=_value_sets(item.get("keep", {}), f"{place} keep", faults),
        drop=_value_sets(item.get("drop", {}), f"{place} drop", faults),
        optional=bool(item.get("optional", False)),
        selects=bool(item.get("selects", False)),
    )


def _field(
    item: Mapping[str, Any], name: str, tables: Sequence[str], faults: list[str]
) -> FieldLayout:
    """One `[field.NAME]`."""
    place = f"[field.{name}]"
    if name not in FIELDS:
        faults.append(f"{place}: is no field; known: {', '.join(FIELDS)}")
    _check_keys(item, _FIELD_KEYS, place, faults)
    headers = _texts(item.get("headers", ()), f"{place} headers", faults)
    if not headers:
        faults.append(f'{place}: needs headers, such as headers = ["Perm ID"]')
    if item.get("table", tables[0] if tables else "") not in tables:
        faults.append(f"{place}: table is one of {', '.join(tables)}")
    codes = _mapping(item.get("codes", {}), f"{place} codes", faults)
    return FieldLayout(
        headers=headers,
        table=str(item.get("table", "")),
        codes={str(code): str(value) for code, value in codes.items()},
        after=str(item.get("after", "")),
        strip=str(item.get("strip", "")),
        date=str(item.get("date", "")),
    )


def _mapping(value: Any, place: str, faults: list[str]) -> Mapping[str, Any]:
    """A table of TOML."""
    if isinstance(value, dict):
        return value
    faults.append(f"{place}: is missing" if value is None else f"{place}: is not a table")
    return {}


def _texts(value: Any, place: str, faults: list[str]) -> tuple[str, ...]:
    """A list of texts."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    faults.append(f"{place}: is not a list of texts")
    return ()


def _value_sets(value: Any, place: str, faults: list[str]) -> dict[str, tuple[str, ...]]:
    """Column -> values."""
    return {
        column: _texts(values, f"{place} {column}", faults)
        for column, values in _mapping(value, place, faults).items()
    }


def _check_keys(item: Mapping[str, Any], known: set[str], place: str, faults: list[str]) -> None:
    """Tell the keys that are not known."""
    faults += [
        f"{place}: {key!r} is not known; known: {', '.join(sorted(known))}"
        for key in sorted(set(item) - known)
    ]
