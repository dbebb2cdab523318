"""The linkage sections that ship with the library, as data. A name never changes its meaning."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

PROFILES = ("students-1", "students-1-strict", "students-2")


def profile(name: str) -> dict[str, Any]:
    """The content of the profile file of that name, one of `PROFILES`."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
