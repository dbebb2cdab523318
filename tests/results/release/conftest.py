"""A release, compiled once."""

from __future__ import annotations

import pandas as pd
import pytest

from pprl.results.release import Compilation, compile_release
from pprl.synthetic.outcomes import THROUGH
from tests.results.release import valley


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """What institutions told."""
    return valley.rows()


@pytest.fixture(scope="session")
def compiled(rows: pd.DataFrame) -> Compilation:
    """The first release of it."""
    return compile_release(
        rows,
        valley.agreement(),
        valley.quality(),
        THROUGH,
        since=valley.SINCE,
        definitions=valley.some(),
    )
