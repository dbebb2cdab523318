"""Pairs of records as a MultiIndex, which is what the toolkit calls links."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pprl.errors import UsageError
from pprl.similarity import SimilarPairs

_COLUMNS = ("source_a", "record_a", "source_b", "record_b")


def candidate_links(
    pairs: SimilarPairs, left: pd.Index[Any], right: pd.Index[Any] | None = None
) -> pd.MultiIndex:
    """Similar pairs by the labels of their records.

    Args:
        pairs: as `pprl.similar_pairs` finds them.
        left: the labels of the first file's records, in the order of its filters.
        right: those of the second; None for pairs within one file.

    Returns:
        The pairs in their order. The levels are named after the indexes, with "_1" and "_2" behind
        where those are the same, as the toolkit's own indexers name them.
    """
    other = left if right is None else right
    names = [left.name or "rec_id", other.name or "rec_id"]
    if names[0] == names[1]:
        names = [f"{names[0]}_1", f"{names[1]}_2"]
    return pd.MultiIndex.from_arrays([left[pairs.i], other[pairs.j]], names=names)


def scored_links(
    pairs: SimilarPairs, left: pd.Index[Any], right: pd.Index[Any] | None = None
) -> pd.Series[float]:
    """The similarity of each pair, by the labels of its records.

    Arguments as of `candidate_links`, whose pairs are the index.

    Returns:
        `float64` named "similarity". As a frame (`to_frame()`) it is a comparison vector.
    """
    links = candidate_links(pairs, left, right)
    return pd.Series(pairs.similarity, index=links, name="similarity")


def links_of_pairs(pairs: pd.DataFrame, left: str, right: str) -> pd.MultiIndex:
    """The pairs of a linkage between two sources.

    Args:
        pairs: `Linkage.pairs` or `Linkage.candidates`, with `source_a, record_a, source_b,
            record_b`.
        left: the source whose records come first, whichever side of `pairs` it is on.
        right: the other.

    Returns:
        Records of `left` and of `right`, in the order of `pairs`.

    Raises:
        UsageError: a column is missing.
    """
    _require(pairs, _COLUMNS)
    swapped = pairs.rename(
        columns={
            "source_a": "source_b",
            "record_a": "record_b",
            "source_b": "source_a",
            "record_b": "record_a",
        }
    )
    both = pd.concat([pairs[list(_COLUMNS)], swapped[list(_COLUMNS)]]).sort_index(kind="stable")
    chosen = both[(both["source_a"] == left) & (both["source_b"] == right)]
    return pd.MultiIndex.from_arrays([chosen["record_a"], chosen["record_b"]], names=[left, right])


def links_by_id(table: pd.DataFrame, left: str, right: str, by: str) -> pd.MultiIndex:
    """Pairs of records of two sources that have the same ID: links found, or true ones.

    With study IDs these are the pairs that `pprl.evaluate` counts as found, with persons those that
    it counts as true; so the toolkit's `precision`, `recall` and `fscore` of the two are ours.

    Args:
        table: `source, record` and the ID: `Linkage.study_ids`, or a table of the truth.
        left: the source whose records come first.
        right: the other.
        by: the column of the ID, "study_id" or "person".

    Raises:
        UsageError: a column is missing.
    """
    _require(table, ("source", "record", by))
    known = table[["source", "record", by]].dropna().drop_duplicates(["source", "record"])
    sides = [known[known["source"] == source] for source in (left, right)]
    both = sides[0].merge(sides[1], on=by, suffixes=("_left", "_right"))
    return pd.MultiIndex.from_arrays(
        [both["record_left"], both["record_right"]], names=[left, right]
    )


def _require(table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Refuse a table without these columns."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UsageError(f"the table lacks the columns {', '.join(missing)}.")
