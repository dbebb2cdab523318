"""The attacker finds what can be found, and nothing that cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pprl.errors import UsageError
from pprl.results.disclosure import TOTAL, CountTable, Dimension, RateTable, Release, attack
from pprl.results.disclosure.frames import frames
from pprl.results.disclosure.system import System

A, B, C = (Dimension(name, {f"{name}0": TOTAL, f"{name}1": TOTAL}) for name in "abc")
OUTCOME = Dimension("outcome", {"yes": TOTAL, "no": TOTAL}, is_outcome=True)


def release(
    rows: dict[tuple[str, ...], int | None],
    *dimensions: Dimension,
    name: str = "t",
    measure: str = "m",
    rates: tuple[RateTable, ...] = (),
    subset_of: dict[str, tuple[str, ...]] | None = None,
) -> Release:
    """A release of one table; what is None is hidden."""
    names = [dimension.name for dimension in dimensions]
    counts = pd.DataFrame(list(rows), columns=names) if names else pd.DataFrame(index=[0])
    counts["count"] = pd.array(list(rows.values()), "Int64")
    counts["hidden"] = counts["count"].isna()
    table = CountTable(name, measure, tuple(names), counts)
    return Release(dimensions, (table,), rates, subset_of or {})


def interval(found: pd.DataFrame, **codes: str) -> tuple[object, object, bool]:
    """What was found of one cell."""
    chosen = np.logical_and.reduce([found[name] == code for name, code in codes.items()])
    row = found[chosen].iloc[0]
    upper = None if row["upper"] is pd.NA else row["upper"]
    return row["lower"], upper, bool(row["at_risk"])


def test_a_single_hidden_part_is_worked_out() -> None:
    """The total less the others."""
    found = attack([release({(TOTAL,): 43, ("a0",): None, ("a1",): 40}, A)])
    assert interval(found, a="a0") == (3, 3, True)


def test_two_hidden_parts_share_what_is_left() -> None:
    """Each is at least one, since a zero would have been told."""
    found = attack([release({(TOTAL,): 43, ("a0",): None, ("a1",): None}, A)])
    assert interval(found, a="a0") == (1, 42, False)


def test_what_is_hidden_with_its_total_has_no_upper_bound() -> None:
    """It may be zero as well: the total may be small."""
    found = attack([release({(TOTAL,): None, ("a0",): None, ("a1",): 40}, A)])
    assert interval(found, a="a0") == (0, None, False)


def test_reasons_are_used() -> None:
    """Two below 11 come to 20."""
    released = release({(TOTAL,): 20, ("a0",): None, ("a1",): None}, A)
    reasons = pd.DataFrame({"measure": "m", "a": ["a0", "a1"], "small": [True, True]})
    found = attack([released], reasons=reasons)
    assert interval(found, a="a0") == (10, 10, True)
    assert not attack([released])["at_risk"].any()


def test_an_earlier_release_gives_away() -> None:
    """Each is safe by itself."""
    first = release({(TOTAL,): 43, ("a0",): None, ("a1",): None}, A)
    second = release({("a1",): 40}, A, name="later")
    assert not attack([first])["at_risk"].any()
    assert interval(attack([first, second]), a="a0") == (3, 3, True)


def test_a_subset_bounds() -> None:
    """Who graduated was enrolled."""
    enrolled = release({("a0",): 7, ("a1",): 50}, A, subset_of={"g": ("m",)})
    graduated = release({("a0",): None, ("a1",): 40}, A, name="g", measure="g")
    assert interval(attack([enrolled, graduated], protection=8), a="a0") == (0, 7, True)


def test_a_rounded_rate_beside_a_hidden_count_gives_it_away() -> None:
    """Of forty, 18 % is 7."""
    rates = RateTable(
        "r", "m", ("a",), "outcome", "yes", pd.DataFrame({"a": ["a0", "a1"], "rate": ["18%", ""]})
    )
    rows = {(a, TOTAL): 40 for a in ("a0", "a1")} | {
        (a, o): None for a in ("a0", "a1") for o in ("yes", "no")
    }
    found = attack([release(rows, A, OUTCOME, rates=(rates,))])
    assert interval(found, a="a0", outcome="yes") == (7, 7, True)
    assert interval(found, a="a1", outcome="yes") == (0, 40, False)
    without = release({(a, TOTAL): 40 for a in ("a0", "a1")}, A, OUTCOME, rates=(rates,))
    with pytest.raises(UsageError, match="of counts that no table"):
        attack([without])


def test_three_margins_of_one_table_tell_more_than_each() -> None:
    """By A and B, B and C, A and C: the table behind them cannot have negative cells."""
    by_ab = {("a0", "b0"): 20, ("a0", "b1"): 1, ("a1", "b0"): 1, ("a1", "b1"): 20}
    by_bc = {("b0", "c0"): 20, ("b0", "c1"): 1, ("b1", "c0"): 1, ("b1", "c1"): 20}
    by_ac = {(a, c): None for a in ("a0", "a1") for c in ("c0", "c1")}
    parts = [
        release(by_ab, A, B, name="ab"),
        release(by_bc, B, C, name="bc"),
        release(by_ac, A, C, name="ac"),
    ]
    found = attack(parts)
    lower, upper, _ = interval(found, a="a0", c="c1")
    assert (lower, upper) == (0, 2)
    joined = Release((A, B, C), tuple(one.tables[0] for one in parts))
    pd.testing.assert_frame_equal(attack([joined]), found)


def test_only_circles_of_tables_are_put_together() -> None:
    """A chain of tables constrains nothing but what neighbours share."""
    assert frames([("a", "b"), ("b", "c"), ("c", "d")]) == (("a", "b"), ("b", "c"), ("c", "d"))
    assert frames([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]) == (("a", "b", "c"), ("c", "d"))
    assert frames([()]) == ((),)


def test_a_code_that_moves_belongs_to_its_own_year() -> None:
    """Each release's sums hold by its own trees."""
    year = Dimension("year", {"2026": TOTAL, "2027": TOTAL})
    before = Dimension("place", {"x": "north", "y": "south", "north": TOTAL, "south": TOTAL})
    after = Dimension("place", {"x": "south", "y": "south", "north": TOTAL, "south": TOTAL})
    first = release(
        {("x", "2026"): None, ("north", "2026"): None, ("y", "2026"): 40, ("south", "2026"): 40,
         (TOTAL, "2026"): None}, before, year,
    )  # fmt: skip
    second = release(
        {("x", "2027"): None, ("y", "2027"): None, ("south", "2027"): 80, ("north", "2027"): 0,
         (TOTAL, "2027"): 80}, after, year, name="later",
    )  # fmt: skip
    found = attack([first, second])
    assert interval(found, place="x", year="2026") == (0, None, False)
    assert interval(found, place="x", year="2027") == (0, 80, False)


def test_releases_that_contradict_each_other_are_refused() -> None:
    """Two counts of one cell, a sum that does not come out, numbers that nothing fits."""
    one = release({(TOTAL,): 43, ("a0",): 3, ("a1",): 40}, A)
    with pytest.raises(UsageError, match="tells a count that another"):
        attack([one, release({(TOTAL,): 44}, A, name="later")])
    with pytest.raises(UsageError, match="contradict each other"):
        attack([release({(TOTAL,): 44, ("a0",): 3, ("a1",): 40}, A)])
    with pytest.raises(UsageError, match="contradict each other"):
        attack([release({(TOTAL,): 30, ("a0",): None, ("a1",): 40}, A)])


def test_too_many_cells_are_refused() -> None:
    """It is said so, rather than tried."""
    many = [Dimension(f"d{i}", {f"{i}-{code}": TOTAL for code in range(60)}) for i in range(12)]
    names = tuple(one.name for one in many)
    counts = pd.DataFrame({name: [TOTAL] for name in names} | {"count": [1]})
    with pytest.raises(UsageError, match="too many dimensions"):
        System.of([Release(tuple(many), (CountTable("t", "m", names, counts),))])
    counts = pd.DataFrame({f"d{i}": [f"{i}-0"] for i in range(4)} | {"count": [1]})
    with pytest.raises(UsageError, match="more than 1,000,000 cells"):
        System.of([Release(tuple(many[:4]), (CountTable("t", "m", names[:4], counts),))])
