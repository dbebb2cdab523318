"""What is claimed of programmes in whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult

from pprl.results import whole_programme
from pprl.results.whole_programme import solution

COST = np.array([1.0, 1.0])
FIVE_TOGETHER = LinearConstraint(np.ones((1, 2)), 4.5, 5.5)
ANY = Bounds(0, np.inf)


def test_a_solution_is_whole_and_of_least_cost() -> None:
    """Or not whole, where that is wanted."""
    found = solution(COST, FIVE_TOGETHER, ANY)
    assert found is not None and found.sum() == 5 and (found == np.rint(found)).all()
    loose = solution(COST, FIVE_TOGETHER, ANY, whole=False)
    assert loose is not None and loose.sum() == pytest.approx(4.5)


def test_a_programme_without_a_solution_has_none() -> None:
    """Two numbers of at most 1 do not come to five."""
    assert solution(COST, FIVE_TOGETHER, Bounds(0, 1)) is None


@pytest.mark.parametrize("again", [False, True])
def test_what_presolve_refuses_is_looked_at_again(
    again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If so wanted."""
    milp = whole_programme.milp

    def refusing(*arguments: Any, options: dict[str, Any], **rest: Any) -> OptimizeResult:
        if options["presolve"]:
            return OptimizeResult(x=None)
        return milp(*arguments, options=options, **rest)

    monkeypatch.setattr(whole_programme, "milp", refusing)
    assert (solution(COST, FIVE_TOGETHER, ANY, again=again) is not None) == again
