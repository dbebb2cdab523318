"""Without the Python Record Linkage Toolkit, what needs it says so."""

from __future__ import annotations

import sys

import pytest

from pprl.errors import UsageError
from pprl.interop import recordlinkage as ours


def test_the_feature_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a usage error."""
    monkeypatch.delitem(sys.modules, "pprl.interop.recordlinkage.features", raising=False)
    monkeypatch.setitem(sys.modules, "recordlinkage.base", None)
    monkeypatch.setitem(sys.modules, "recordlinkage", None)
    with pytest.raises(UsageError, match=r"pprl-edu\[recordlinkage\]"):
        ours.__getattr__("FilterSimilarity")
