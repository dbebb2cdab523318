"""What a release needs of a linkage: the hub's names of persons, and how good the links are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pprl.errors import UsageError
from pprl.hub import Linkage
from pprl.results.folder import FIGURES, STUDY_IDS
from pprl.results.indicators.linkage_error import LinkQuality
from pprl.results.indicators.report_groups import report_groups
from pprl.results.report import read_figures

_STUDY_ID_COLUMNS = ("source", "record", "study_id", "recipient_id")
_SHARES = tuple(
    f"{share}{end}" for share in ("precision", "recall") for end in ("", "_low", "_high")
)


def read_study_ids(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """Read the study IDs of a linkage folder, all columns as text.

    Raises:
        UsageError: it is no linkage folder, or the file was altered.
    """
    path = Path(folder) / STUDY_IDS
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}). Give the folder that pprl link wrote."
        ) from None
    except ValueError:
        table = pd.DataFrame()
    if tuple(table.columns) != _STUDY_ID_COLUMNS:
        raise UsageError(f"{path}: is not as pprl link wrote it. Restore it from a backup.")
    return table


def read_quality(folder: str | os.PathLike[str]) -> LinkQuality:
    """Read how good the links of a linkage folder are, by pair of institutions.

    Pairs with too few links are not told of.

    Raises:
        UsageError: the folder has no figures, or they were altered.
    """
    figures = read_figures(Path(folder) / FIGURES)
    rows = [
        {
            "source_a": part.of[0],
            "source_b": part.of[1],
            "pairs": part.links,
            "expected_matches": part.matches,
            **{share: getattr(part, share) for share in _SHARES},
        }
        for part in figures.by_sources
        if part.links is not None and part.matches is not None
    ]
    columns = ["source_a", "source_b", "pairs", "expected_matches", *_SHARES]
    return LinkQuality(pd.DataFrame(rows, columns=columns))


def quality_of(
    linkage: Linkage, rows: pd.DataFrame | None = None, groups: Sequence[str] = ()
) -> LinkQuality:
    """How good the links of a linkage are, by report group as well where the rows tell groups.

    Args:
        linkage: as `pprl.link` made it.
        rows: from `rows_of_payloads`.
        groups: report groups, columns of `rows`.

    Raises:
        UsageError: the linkage was read from a folder, and groups are asked for.
    """
    if rows is None or not groups:
        return LinkQuality(linkage.quality.by_sources)
    roles = {party.id: party.role for party in linkage.agreement.parties}
    own = report_groups(rows, groups, roles)
    records = linkage.study_ids[["source", "record", "study_id"]]
    by_group = {}
    for name in groups:
        told = records.assign(group=records["study_id"].map(own[name])).dropna()
        by_group[name] = linkage.quality_by(told[["source", "record", "group"]])
    return LinkQuality(linkage.quality.by_sources, by_group)
