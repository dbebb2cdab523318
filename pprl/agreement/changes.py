"""What changed between two agreements, section by section, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pprl.agreement.agreement import Agreement

_LONGEST = 60


def changes(before: Agreement, after: Agreement) -> list[str]:
    """One line for each value that differs: its section, its key, what it was and what it is."""
    old, new = before.sections, after.sections
    return [
        line
        for name in dict.fromkeys((*old, *new))
        for line in _differences(f"[{name}]", old.get(name, {}), new.get(name, {}))
    ]


def _differences(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """The differing values of two tables."""
    for key in dict.fromkeys((*old, *new)):
        one, other = old.get(key), new.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _differences(f"{place} {key}", one, other)
        elif one != other:
            yield f"{place} {key}: {_told(one)} -> {_told(other)}"


def _told(value: object) -> str:
    """A value, shortened."""
    if value in (None, "", [], (), {}):
        return "nothing"
    text = ascii(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
