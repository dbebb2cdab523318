"""Encoding and linking on a Spark cluster: the same bits, the same links.

An institution calls `encode`, a hub calls `unpack` and then `gather` or `link`; all
work on tables. Neither side
loads the other's code. Needs the extra `pprl-edu[spark]` and a Java runtime.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pprl.spark.hub import LinkedTables, gather, link
    from pprl.spark.institution import EncodedTables, encode
    from pprl.spark.session import start
    from pprl.spark.submission_tables import SubmissionTables, unpack

_HOMES = {
    "EncodedTables": "pprl.spark.institution",
    "encode": "pprl.spark.institution",
    "LinkedTables": "pprl.spark.hub",
    "gather": "pprl.spark.hub",
    "link": "pprl.spark.hub",
    "start": "pprl.spark.session",
    "SubmissionTables": "pprl.spark.submission_tables",
    "unpack": "pprl.spark.submission_tables",
}

__all__ = [
    "EncodedTables",
    "LinkedTables",
    "SubmissionTables",
    "encode",
    "gather",
    "link",
    "start",
    "unpack",
]


def __getattr__(name: str) -> object:
    """Import a name from its home when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pprl.spark' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The names above."""
    return __all__
