"""Checks of a JSON document, combined from small ones: each tells every fault with its place.

What JSON Schema does for clkhash, without a validator to depend on and without stopping at the
first fault. A check takes a value and its place in the document and yields one line a fault.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

Check = Callable[[object, str], Iterator[str]]


def anything(value: object, place: str) -> Iterator[str]:
    """What nobody looks at."""
    return iter(())


def text(value: object, place: str) -> Iterator[str]:
    """A string."""
    if not isinstance(value, str):
        yield f"{place} must be a string, not {_kind(value)}"


def boolean(value: object, place: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield f"{place} must be true or false, not {_kind(value)}"


def whole(least: int | None = None, *, or_float: bool = False) -> Check:
    """A whole number of at least `least`; with `or_float`, 2.0 is one too."""

    def check(value: object, place: str) -> Iterator[str]:
        """Whole, and large enough."""
        is_float = or_float and isinstance(value, float) and value.is_integer()
        if isinstance(value, bool) or not (isinstance(value, int) or is_float):
            yield f"{place} must be a whole number, not {_kind(value)}"
        elif least is not None and value < least:  # type: ignore[operator]
            yield f"{place} must be at least {least}"

    return check


def number(least: float, *, or_equal: bool) -> Check:
    """A finite number above `least`, or equal to it."""

    def check(value: object, place: str) -> Iterator[str]:
        """Finite, and large enough."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{place} must be a number, not {_kind(value)}"
        elif value == math.inf or not (value > least or (or_equal and value == least)):
            yield f"{place} must be {'at least' if or_equal else 'above'} {least:g}"

    return check


def choice(*options: object) -> Check:
    """One of a few values, told apart by type as well (true is not 1)."""

    def check(value: object, place: str) -> Iterator[str]:
        """One of the options."""
        if not any(value == option and type(value) is type(option) for option in options):
            yield f"{place} must be {' or '.join(map(_shown, options))}"

    return check


def listing(item: Check) -> Check:
    """A list, and what each of its items must be."""

    def check(value: object, place: str) -> Iterator[str]:
        """A list of such items."""
        if not isinstance(value, list):
            yield f"{place} must be a list, not {_kind(value)}"
            return
        for index, element in enumerate(value):
            yield from item(element, f"{place}[{index}]")

    return check


def mapping(
    required: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    *,
    closed: bool = False,
) -> Check:
    """An object with these keys; `closed` allows no others."""
    known = {**required, **(optional or {})}

    def check(value: object, place: str) -> Iterator[str]:
        """An object of such members."""
        if not isinstance(value, dict):
            yield f"{place or 'the schema'} must be an object, not {_kind(value)}"
            return
        for key in required:
            if key not in value:
                yield f"{place or 'the schema'} lacks {key!r}"
        for key, member in value.items():
            if key in known:
                yield from known[key](member, f"{place}.{key}" if place else key)
            elif closed:
                yield f"{place} has {key!r}, which is not one of {', '.join(sorted(known))}"

    return check


def by_type(options: Mapping[str, Check]) -> Check:
    """An object whose `type` says which check it must pass."""

    def check(value: object, place: str) -> Iterator[str]:
        """An object of a known type."""
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict):
            yield f"{place} must be an object, not {_kind(value)}"
        elif isinstance(kind, str) and kind in options:
            yield from options[kind](value, place)
        else:
            yield f"{place}.type must be {' or '.join(map(_shown, options))}"

    return check


def by_keys(choose: Callable[[Mapping[str, object]], Check]) -> Check:
    """An object whose keys say which check it must pass."""

    def check(value: object, place: str) -> Iterator[str]:
        """An object that passes the check its keys ask for."""
        if isinstance(value, dict):
            yield from choose(value)(value, place)
        else:
            yield f"{place} must be an object, not {_kind(value)}"

    return check


def _kind(value: object) -> str:
    """What JSON calls a value's type; the value itself is not told."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def _shown(option: object) -> str:
    """An option as JSON writes it."""
    return f'"{option}"' if isinstance(option, str) else str(option).lower()
