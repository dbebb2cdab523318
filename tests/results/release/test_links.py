"""Claims about what a release takes from a linkage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd

from pprl.results.release import folder, quality_of
from tests.results.release import valley


def test_links_are_judged_by_group_where_rows_tell_groups() -> None:
    """A record belongs to the group that its person is told to have; others to none."""
    asked: list[pd.DataFrame] = []

    def quality_by(groups: pd.DataFrame) -> pd.DataFrame:
        asked.append(groups)
        return pd.DataFrame({"group": ["low"]})

    linkage: Any = SimpleNamespace(
        quality=SimpleNamespace(by_sources=valley.quality().by_sources),
        agreement=valley.agreement(),
        study_ids=pd.DataFrame(
            {"source": ["orchard-usd", "city-college"], "record": [0, 0], "study_id": ["a", "b"]}
        ),
        quality_by=quality_by,
    )
    rows = pd.DataFrame({"person": ["a"], "institution": ["orchard-usd"], "income": ["low"]})
    quality = quality_of(linkage, rows, ["income"])
    assert set(quality.by_group) == {"income"}
    assert asked[0].to_dict("records") == [{"source": "orchard-usd", "record": 0, "group": "low"}]
    assert quality_of(linkage).by_group == {}


def test_whether_charts_can_be_drawn_is_known_beforehand(monkeypatch: Any) -> None:
    """Without the extra they cannot."""
    import sys

    monkeypatch.setitem(sys.modules, "altair", None)
    assert not folder.can_draw()
