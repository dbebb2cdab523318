"""What is hidden cannot be worked out, and no more is hidden than that takes."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from pprl.errors import UsageError
from pprl.results.disclosure import (
    TOTAL,
    CountTable,
    Dimension,
    Protected,
    attack,
    cover,
    protect,
    reach,
    search,
    solutions,
)
from tests.results.disclosure.table_sets import (
    DIMENSIONS,
    SUBSET,
    intervals_by_leaves,
    keys_of,
    population,
    tables_of,
)

ROWS = Dimension("row", {f"r{i}": TOTAL for i in range(3)})
COLUMNS = Dimension("column", {f"c{i}": TOTAL for i in range(3)})
OUTCOME = Dimension("outcome", {"yes": TOTAL, "no": TOTAL}, is_outcome=True)


def grid(inner: np.ndarray, name: str = "grid", measure: str = "enrolled") -> CountTable:
    """A table of rows and columns with all totals."""
    whole = np.block([[inner.sum(), inner.sum(axis=0)], [inner.sum(axis=1)[:, None], inner]])
    codes = [
        (row, column)
        for row in (TOTAL, *sorted(ROWS.parents))
        for column in (TOTAL, *sorted(COLUMNS.parents))
    ]
    counts = pd.DataFrame(codes, columns=["row", "column"])
    counts["count"] = whole.ravel().astype(np.int64)
    return CountTable(name, measure, ("row", "column"), counts)


def column(counts: dict[str, int], dimension: str, name: str = "line") -> CountTable:
    """A table of one dimension."""
    rows = pd.DataFrame({dimension: list(counts), "count": np.array([*counts.values()], np.int64)})
    return CountTable(name, "enrolled", (dimension,), rows)


def hidden(protected: Protected) -> list[bool]:
    """Which rows of the first table are hidden."""
    return protected.tables[0].counts["hidden"].tolist()


def test_a_small_count_is_hidden_with_another() -> None:
    """Where it is the only small one of a sum, the least that shelters it is hidden as well."""
    line = column({TOTAL: 103, "r0": 3, "r1": 40, "r2": 60}, "row")
    protected = protect([line], [ROWS])
    assert hidden(protected) == [False, True, True, False]
    assert (protected.cells, protected.primary, protected.complementary) == (4, 1, 1)


def test_a_count_that_cannot_fall_shelters_nothing() -> None:
    """Who is told that the greater of two is not small knows 3 + 11 apart; 3, 11 and 60 not."""
    line = column({TOTAL: 74, "r0": 3, "r1": 11, "r2": 60}, "row")
    assert hidden(protect([line], [ROWS])) == [False, True, False, True]
    assert hidden(protect([line], [ROWS], reasons_known=False)) == [False, True, True, False]


def test_two_tens_do_not_shelter_each_other() -> None:
    """Both are below 11 and they come to 20: who knows why they are hidden knows both."""
    line = column({TOTAL: 80, "r0": 10, "r1": 10, "r2": 60}, "row")
    assert sum(hidden(protect([line], [ROWS]))) == 3
    assert sum(hidden(protect([line], [ROWS], reasons_known=False))) == 2


def test_a_zero_is_told_where_there_is_nobody() -> None:
    """A group without persons is told, and shelters no other."""
    line = column({TOTAL: 63, "r0": 0, "r1": 3, "r2": 60}, "row")
    assert hidden(protect([line], [ROWS])) == [False, False, True, True]


def test_a_zero_below_a_hidden_count_is_hidden() -> None:
    """Of seven persons nothing is told, not even which groups they are not in."""
    inner = np.array([[0, 0, 7], [90, 80, 70], [60, 50, 40]])
    counts = protect([grid(inner)], [ROWS, COLUMNS]).tables[0].counts
    assert counts.loc[counts["row"] == "r0", "hidden"].all()


def test_all_or_none_of_a_group_is_hidden() -> None:
    """Thirty of thirty tells of each of them; so does none of thirty."""
    counts = pd.DataFrame(
        [(p, o, n) for p, ns in {TOTAL: (80, 60, 20), "r0": (30, 30, 0), "r1": (50, 30, 20)}.items()
         for o, n in zip((TOTAL, "yes", "no"), ns, strict=True)],
        columns=["row", "outcome", "count"],
    )  # fmt: skip
    place = Dimension("row", {"r0": TOTAL, "r1": TOTAL})
    table = CountTable("t", "enrolled", ("row", "outcome"), counts)
    protected = protect([table], [place, OUTCOME])
    marked = protected.tables[0].counts.set_index(["row", "outcome"])["hidden"]
    assert marked["r0", "yes"] and marked["r0", "no"] and not marked["r0", TOTAL]
    assert not attack([protected.release], reasons=protected.reasons)["at_risk"].any()


def test_nobody_in_a_group_is_told_whatever_the_outcome() -> None:
    """No persons, none of them with an outcome: there is nobody to tell of."""
    counts = pd.DataFrame(
        [(p, o, n) for p, ns in {TOTAL: (60, 40, 20), "r0": (0, 0, 0), "r1": (60, 40, 20)}.items()
         for o, n in zip((TOTAL, "yes", "no"), ns, strict=True)],
        columns=["row", "outcome", "count"],
    )  # fmt: skip
    place = Dimension("row", {"r0": TOTAL, "r1": TOTAL})
    protected = protect([CountTable("t", "m", ("row", "outcome"), counts)], [place, OUTCOME])
    assert not any(hidden(protected))


def test_the_order_of_tables_and_rows_does_not_matter() -> None:
    """The same cells are hidden, and the release is the same."""
    rng = np.random.default_rng(3)
    tables = tables_of(population(rng, 40), rng, ["2026", "2027"])
    one = protect(tables, DIMENSIONS, subset_of=SUBSET)
    mixed = [
        CountTable(t.name, t.measure, t.dimensions, t.counts.sample(frac=1, random_state=1))
        for t in reversed(tables)
    ]
    other = protect(mixed, DIMENSIONS[::-1], subset_of=SUBSET)
    for first, second in zip(one.release.tables, other.release.tables, strict=True):
        pd.testing.assert_frame_equal(first.counts, second.counts)


def by_enumeration(inner: np.ndarray, smallest: int, need: int) -> int | None:
    """How few cells of a table of 2 x 2 with its totals can be hidden, trying everything."""
    whole = np.block([[inner.sum(), inner.sum(axis=0)], [inner.sum(axis=1)[:, None], inner]])
    flat = whole.ravel()
    top = int(inner.max()) + 3 * need
    worlds = [
        np.array([a + b + c + d, a + c, b + d, a + b, a, b, c + d, c, d])
        for a, b, c, d in itertools.product(range(top), repeat=4)
    ]
    every = np.stack(worlds)
    small = flat < smallest
    fits = np.where(small, (every >= 1) & (every < smallest), every >= smallest)
    for size in range(int(small.sum()), 10):
        for chosen in itertools.combinations(range(9), size):
            mask = np.isin(np.arange(9), chosen)
            if not mask[small].all():
                continue
            seen = every[np.where(mask, fits, every == flat).all(axis=1)]
            if (np.ptp(seen[:, mask], axis=0) >= need).all():
                return size
    return None


def test_no_choice_hides_fewer() -> None:
    """On tables so small that every choice and every world can be tried, the fewest are found."""
    rows = Dimension("row", {"r0": TOTAL, "r1": TOTAL})
    columns = Dimension("column", {"c0": TOTAL, "c1": TOTAL})
    rng = np.random.default_rng(5)
    for _ in range(4):
        inner = rng.integers(2, 8, (2, 2))
        table = grid_of(inner)
        protected = protect([table], [rows, columns], smallest=4, protection=2)
        fewest = by_enumeration(inner, 4, 2)
        assert fewest is not None and not len(protected.unprotectable)
        assert protected.primary + protected.complementary == fewest == protected.least


def grid_of(inner: np.ndarray) -> CountTable:
    """A table of 2 x 2 with its totals."""
    whole = np.block([[inner.sum(), inner.sum(axis=0)], [inner.sum(axis=1)[:, None], inner]])
    counts = pd.DataFrame(
        itertools.product((TOTAL, "r0", "r1"), (TOTAL, "c0", "c1")), columns=["row", "column"]
    )
    counts["count"] = whole.ravel().astype(np.int64)
    return CountTable("grid", "enrolled", ("row", "column"), counts)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_hidden_can_be_worked_out(seed: int) -> None:
    """Linked tables, hierarchies, subsets, a second year: each hidden count keeps its doubt.

    Told by the attacker, who knows which are small, and by a system that was set up otherwise.
    """
    rng = np.random.default_rng(seed)
    leaves = population(rng, float(rng.choice([6, 15, 40])))
    first = protect(tables_of(leaves, rng, ["2026"]), DIMENSIONS, subset_of=SUBSET)
    second = protect(
        tables_of(leaves, rng, ["2026", "2027"]),
        DIMENSIONS,
        subset_of=SUBSET,
        earlier=[first.release],
    )
    lost = set(keys_of(second.unprotectable))
    found = attack([first.release, second.release], reasons=second.reasons)
    assert set(keys_of(found[found["at_risk"]])) <= lost
    attacked = attack([first.release, second.release])
    ours = dict(zip(keys_of(attacked), attacked.to_dict("records"), strict=True))
    told_otherwise = intervals_by_leaves([first.release, second.release])
    assert set(ours) == set(told_otherwise)
    for key, (least, most) in told_otherwise.items():
        # Ours knows also that zeros are told.
        assert least <= ours[key]["lower"]
        assert most >= 10_000 or ours[key]["upper"] <= most
        assert most - least >= 5 or ours[key]["at_risk"]


def test_what_was_told_earlier_cannot_be_hidden_now() -> None:
    """It is told as unprotectable, and the release is not to leave."""
    line = column({TOTAL: 103, "r0": 3, "r1": 40, "r2": 60}, "row")
    careless = protect([line], [ROWS], smallest=1)
    assert not any(hidden(careless))
    protected = protect([line], [ROWS], earlier=[careless.release])
    assert protected.unprotectable["row"].tolist() == ["r0"]
    assert protected.unprotectable["why"].tolist() == ["was told earlier"]


def test_what_was_hidden_earlier_stays_hidden() -> None:
    """It shelters another, which would come to light."""
    line = column({TOTAL: 103, "r0": 3, "r1": 40, "r2": 60}, "row")
    first = protect([line], [ROWS])
    again = column({"r1": 40, "r0": 3, "r2": 60}, "row", "again")
    second = protect([again], [ROWS], earlier=[first.release])
    assert hidden(second) == [True, True, False]
    assert not attack([first.release, second.release])["at_risk"].any()


def test_what_can_be_worked_out_from_earlier_tables_is_told() -> None:
    """The parts were told last year: no choice hides a part of theirs any more."""
    places_ = Dimension("row", {"r0": TOTAL, "r1": TOTAL})
    first = protect([column({"r1": 40}, "row")], [places_])
    table = column({TOTAL: 43, "r0": 3, "r1": 40}, "row")
    alone = protect([table], [places_], earlier=[first.release])
    assert hidden(alone) == [True, True, False]
    whole = protect([column({TOTAL: 43}, "row", "whole")], [places_])
    both = protect([table], [places_], earlier=[first.release, whole.release])
    assert both.unprotectable["why"].tolist() == ["can be worked out"]


def test_what_cannot_be_worked_out_by_us_is_reckoned_with() -> None:
    """Of what was hidden earlier and is in no table now, we know no more than the attacker."""
    places_ = Dimension("row", {"r0": TOTAL, "r1": TOTAL})
    kinds = Dimension("column", {"c0": TOTAL, "c1": TOTAL})
    inner = np.array([[3, 40], [50, 60]])
    first = protect([grid_of(inner)], [places_, kinds])
    again = column({TOTAL: 153, "r0": 43, "r1": 110}, "row", "again")
    other = column({"c0": 53, "c1": 100}, "column", "other")
    second = protect([again, other], [places_, kinds], earlier=[first.release])
    assert not second.complementary and not len(second.unprotectable)
    with pytest.raises(UsageError, match="is more than what includes it"):
        protect(
            [CountTable("m", "graduated", (), pd.DataFrame({"count": np.array([30])}))],
            [places_],
            subset_of={"enrolled": ("graduated",)},
            earlier=[first.release],
        )


def test_numbers_are_not_revised() -> None:
    """Another count of what was released is refused."""
    first = protect([column({TOTAL: 100}, "row")], [ROWS])
    with pytest.raises(UsageError, match="another count of enrolled"):
        protect([column({TOTAL: 101}, "row")], [ROWS], earlier=[first.release])


def test_some_parts_of_a_sum_are_refused() -> None:
    """What is missing could be worked out, and nothing would hide it."""
    with pytest.raises(UsageError, match=r"enrolled \(row=r2\) is in none"):
        protect([column({TOTAL: 103, "r0": 43, "r1": 57}, "row")], [ROWS])


def test_parts_that_do_not_add_up_are_refused() -> None:
    """A sum that does not come out is a fault of the tables."""
    with pytest.raises(UsageError, match="is not the sum of its parts"):
        protect([column({TOTAL: 100, "r0": 43, "r1": 57, "r2": 1}, "row")], [ROWS])
    with pytest.raises(UsageError, match="is more than what includes it"):
        protect(
            [
                column({TOTAL: 20}, "row"),
                CountTable("more", "graduated", (), pd.DataFrame({"count": np.array([30])})),
            ],
            [ROWS],
            subset_of={"graduated": ("enrolled",)},
        )


def cube(seed: int, size: int) -> tuple[CountTable, list[Dimension]]:
    """A table of three dimensions with all totals."""
    rng = np.random.default_rng(seed)
    trees = [Dimension(name, {f"{name}{i}": TOTAL for i in range(size)}) for name in "abc"]
    whole = rng.poisson(16, (size, size, size))
    for axis in range(3):
        whole = np.concatenate([whole.sum(axis=axis, keepdims=True), whole], axis=axis)
    counts = pd.DataFrame(
        itertools.product(*((TOTAL, *sorted(tree.parents)) for tree in trees)), columns=[*"abc"]
    )
    counts["count"] = whole.ravel().astype(np.int64)
    return CountTable("t", "m", ("a", "b", "c"), counts), trees


def test_three_dimensions_are_protected_as_well() -> None:
    """There single sums do not say what has to be hidden, and linear programmes do."""
    table, trees = cube(1, 4)
    protected = protect([table], trees)
    assert protected.primary + protected.complementary == protected.least
    assert not attack([protected.release], reasons=protected.reasons)["at_risk"].any()


def test_the_ways_through_lead_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubt that is not found nearby is found by looking at everything; large is as small."""
    table, trees = cube(4, 3)
    best = protect([table], trees)
    with monkeypatch.context() as patched:
        patched.setattr(solutions, "NEARBY", ())
        patched.setattr(reach, "CLOSE", 1)
        slow = protect([table], trees)
    assert slow.tables[0].counts.equals(best.tables[0].counts)
    monkeypatch.setattr(search, "FEW", 0)
    monkeypatch.setattr(cover, "FEW", 0)
    large = protect([table], trees)
    assert best.least <= large.primary + large.complementary <= 1.1 * best.least
    assert not attack([large.release], reasons=large.reasons)["at_risk"].any()


def test_a_larger_table_is_protected_though_not_at_the_least() -> None:
    """With much to choose from, what was chosen stays chosen, and the attacker finds nothing."""
    rng = np.random.default_rng(2)
    rows = Dimension("row", {f"r{i:02d}": TOTAL for i in range(20)})
    columns = Dimension("column", {f"c{i:02d}": TOTAL for i in range(20)})
    inner = rng.poisson(30 * rng.gamma(2, 0.5, (20, 1)) * rng.gamma(2, 0.5, (1, 20)))
    whole = np.block([[inner.sum(), inner.sum(axis=0)], [inner.sum(axis=1)[:, None], inner]])
    counts = pd.DataFrame(
        itertools.product((TOTAL, *sorted(rows.parents)), (TOTAL, *sorted(columns.parents))),
        columns=["row", "column"],
    )
    counts["count"] = whole.ravel().astype(np.int64)
    told: list[str] = []
    protected = protect(
        [CountTable("t", "m", ("row", "column"), counts)],
        [rows, columns],
        progress=lambda step, done, of: told.append(step),
    )
    assert told
    assert protected.primary + protected.complementary <= 1.1 * protected.least
    found = attack([protected.release], reasons=protected.reasons, exact=False)
    assert len(found) == protected.primary + protected.complementary
    assert not found["at_risk"].any()


def test_without_linear_programmes_it_is_as_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole numbers say that a count is not in doubt, and something near it is hidden."""

    def fail(*_: object) -> None:
        raise ArithmeticError

    table, trees = cube(1, 4)
    best = protect([table], trees)
    monkeypatch.setattr(search.Reach, "cut", fail)
    protected = protect([table], trees)
    assert best.least <= protected.primary + protected.complementary
    assert not attack([protected.release], reasons=protected.reasons)["at_risk"].any()
