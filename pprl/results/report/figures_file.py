"""Figures as JSON, and back: a report's form for programs, which `pprl link` keeps as well."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import types
import typing
from pathlib import Path
from typing import Any

from pprl.errors import UsageError
from pprl.results.report.figures import FORMAT, Figures

_FAULTS = (ValueError, TypeError, KeyError, RecursionError)


def digest_of(figures: Figures) -> str:
    """SHA-256 of the figures as canonical JSON (sorted keys, no spaces, ASCII), 64 digits."""
    tree = dataclasses.asdict(figures)
    content = json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def as_json(figures: Figures) -> str:
    """The figures and their digest, for people and programs to read."""
    tree = {"digest": digest_of(figures), **dataclasses.asdict(figures)}
    return json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_figures(path: Path) -> Figures:
    """Read what `as_json` wrote.

    Raises:
        UsageError: it cannot be read, was altered since, or is of a later version.
    """
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        digest = tree.pop("digest")
        newer = tree["format"] > FORMAT
        figures: Figures | None = None if newer else _built(Figures, tree)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}). pprl link writes it into its folder."
        ) from None
    except (*_FAULTS, AttributeError):
        raise UsageError(
            f"{path}: does not hold a linkage report's figures. Link again, or restore it."
        ) from None
    if figures is None:
        raise UsageError(f"{path}: has a newer format version; upgrade pprl to read it.")
    if digest_of(figures) != digest:
        raise UsageError(f"{path}: was altered since it was written. Restore it from a backup.")
    return figures


def _built(kind: Any, value: Any) -> Any:
    """A JSON value as what an annotation says it is.

    Raises:
        TypeError, KeyError: it is something else.
    """
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _built(inside[0], value)
    if origin is tuple:
        kinds = [inside[0]] * len(value) if inside[-1] is Ellipsis else inside
        return tuple(_built(k, v) for k, v in zip(kinds, value, strict=True))
    if origin is dict:
        return {_built(inside[0], k): _built(inside[1], v) for k, v in value.items()}
    if dataclasses.is_dataclass(kind):
        hints = _hints(typing.cast(type, kind))
        if set(value) != set(hints):
            raise KeyError(kind)
        return typing.cast(type, kind)(**{name: _built(hints[name], value[name]) for name in hints})
    if not isinstance(value, (int, float) if kind is float else kind):
        raise TypeError(kind)
    return value


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """What the fields of a dataclass hold."""
    return typing.get_type_hints(kind)
