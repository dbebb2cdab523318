"""Pairs and comparisons in the forms of the Python Record Linkage Toolkit (`recordlinkage`).

The pairs' functions need pandas alone; `FilterSimilarity` needs the toolkit, which works with
pandas 2 only: `pip install 'pprl-edu[recordlinkage]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pprl.errors import UsageError
from pprl.interop.recordlinkage.links import (
    candidate_links,
    links_by_id,
    links_of_pairs,
    scored_links,
)

if TYPE_CHECKING:
    from pprl.interop.recordlinkage.features import FilterSimilarity

__all__ = ["FilterSimilarity", "candidate_links", "links_by_id", "links_of_pairs", "scored_links"]


def __getattr__(name: str) -> object:
    """Import the comparing feature when it is asked for (PEP 562)."""
    if name != "FilterSimilarity":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from pprl.interop.recordlinkage.features import FilterSimilarity
    except ImportError:
        raise UsageError(
            "FilterSimilarity needs recordlinkage: pip install 'pprl-edu[recordlinkage]'"
        ) from None
    return FilterSimilarity
