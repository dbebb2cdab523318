"""Linkages in the shape of Splink's predictions, and filters in its comparisons and in DuckDB.

Needs neither Splink nor DuckDB: the tables are pandas frames in Splink's column names, the
comparisons are SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pprl.errors import UsageError

_LEAST = 1e-12
_BETWEEN = "-__-"


def predictions(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs as Splink predicts them, for its clustering, charts and evaluation.

    Args:
        pairs: `Linkage.pairs` or `Linkage.candidates`.

    Returns:
        `match_weight` (log2 of the odds, capped at 40 either way), `match_probability`,
        `source_dataset_l`, `unique_id_l`, `source_dataset_r`, `unique_id_r`, and the two joined as
        Splink joins them, `record_id_l` and `record_id_r`; in the order of `pairs`.

    Raises:
        UsageError: a column is missing.
    """
    missing = [
        name
        for name in ("source_a", "record_a", "source_b", "record_b", "probability")
        if name not in pairs.columns
    ]
    if missing:
        raise UsageError(f"the pairs lack the columns {', '.join(missing)}.")
    probability = pairs["probability"].to_numpy(np.float64)
    clipped = np.clip(probability, _LEAST, 1 - _LEAST)
    return pd.DataFrame(
        {
            "match_weight": np.log2(clipped) - np.log2(1 - clipped),
            "match_probability": probability,
            "source_dataset_l": pairs["source_a"].to_numpy(object),
            "unique_id_l": pairs["record_a"].to_numpy(),
            "source_dataset_r": pairs["source_b"].to_numpy(object),
            "unique_id_r": pairs["record_b"].to_numpy(),
            "record_id_l": _joined(pairs["source_a"], pairs["record_a"]),
            "record_id_r": _joined(pairs["source_b"], pairs["record_b"]),
        }
    )


def nodes(records: Mapping[str, int]) -> pd.DataFrame:
    """Every record, linked or not: the nodes that Splink's clustering wants beside the predictions.

    Args:
        records: for each source, its number of records, as in `Linkage.records`.

    Returns:
        `source_dataset`, `unique_id` and the two joined, `record_id`.
    """
    source = np.repeat(np.array(list(records), object), list(records.values()))
    numbers = [np.arange(number) for number in records.values()]
    frame = pd.DataFrame(
        {
            "source_dataset": source,
            "unique_id": np.concatenate(numbers) if numbers else np.zeros(0, np.int64),
        }
    )
    return frame.assign(record_id=_joined(frame["source_dataset"], frame["unique_id"]))


def dice_sql(left: str, right: str) -> str:
    """DuckDB's expression for the Dice coefficient of two columns of filters as BLOBs.

    Two empty filters have coefficient NULL.
    """
    a, b = f"{left}::BIT", f"{right}::BIT"
    return f"(2.0 * bit_count({a} & {b}) / nullif(bit_count({a}) + bit_count({b}), 0))"


def dice_comparison(column: str, thresholds: Sequence[float] = (0.95, 0.8)) -> dict[str, Any]:
    """A comparison of filters by levels of similarity, for Splink's settings.

    Args:
        column: the column of filters, BLOBs of one length.
        thresholds: least Dice coefficients, the greatest first; what reaches none is "all other".
    """
    similarity = dice_sql(f'"{column}_l"', f'"{column}_r"')
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": f'"{column}_l" IS NULL OR "{column}_r" IS NULL',
            "label_for_charts": "missing",
            "is_null_level": True,
        }
    ]
    for threshold in sorted(thresholds, reverse=True):
        levels.append(
            {
                "sql_condition": f"{similarity} >= {threshold!r}",
                "label_for_charts": f"Dice at least {threshold:g}",
            }
        )
    levels.append({"sql_condition": "ELSE", "label_for_charts": "all other"})
    return {"output_column_name": column, "comparison_levels": levels}


def _joined(source: pd.Series[Any], record: pd.Series[Any]) -> list[str]:
    """Source and record in one text, as Splink joins them."""
    return [f"{a}{_BETWEEN}{b}" for a, b in zip(source, record, strict=True)]
