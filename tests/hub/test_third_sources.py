"""Claims about third sources: two of their records cannot be one person."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.hub import third_sources
from pprl.hub.third_sources import LEAST, without_contradictions

# Three sources of four records each, numbered through: 0-3, 4-7, 8-11.
SOURCE = np.repeat(np.arange(3), 4)
pairs = st.dictionaries(
    st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] // 4 < p[1] // 4),
    st.floats(0, 1),
    max_size=25,
)


def told(chances: dict[tuple[int, int], float], sole: tuple[bool, bool, bool]) -> list[float]:
    """Probabilities afterwards, in the order of the pairs."""
    ends = np.array(list(chances), np.int64).reshape(-1, 2).T
    before = np.array(list(chances.values()), np.float64)
    after = without_contradictions(before, (ends[0], ends[1]), SOURCE, np.array(sole, bool))
    return [float(p) for p in after]


def slowly(chances: dict[tuple[int, int], float], sole: tuple[bool, bool, bool]) -> list[float]:
    """The same by loops over records."""
    likely = {pair: p for pair, p in chances.items() if p >= LEAST}
    partners = [
        {b if a == record else a: p for (a, b), p in likely.items() if record in (a, b)}
        for record in range(12)
    ]
    out = []
    for (a, b), p in chances.items():
        apart = 0.0
        for third in range(3):
            if not sole[third] or p < LEAST:
                continue
            x = {r: q for r, q in partners[a].items() if r // 4 == third}
            y = {r: q for r, q in partners[b].items() if r // 4 == third}
            same = sum(q * y.get(r, 0.0) for r, q in x.items())
            apart += min(1.0, sum(x.values())) * min(1.0, sum(y.values())) - same
        out.append(p * (1 - min(1.0, max(0.0, apart))))
    return out


@given(pairs, st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_contradictions_are_counted_as_a_slow_loop_counts_them(
    chances: dict[tuple[int, int], float], sole: tuple[bool, bool, bool]
) -> None:
    """Pair by pair and source by source; nothing grows, and nothing leaves 0 to 1."""
    after = told(chances, sole)
    assert after == pytest.approx(slowly(chances, sole), abs=1e-6)
    assert all(0 <= p <= before for p, before in zip(after, chances.values(), strict=True))


def test_two_records_matched_with_two_of_a_third_source_are_two_persons() -> None:
    """However alike they are."""
    chances = {(0, 4): 0.9, (0, 8): 1.0, (4, 9): 1.0}
    assert told(chances, (True, True, True))[0] == pytest.approx(0)
    assert told(chances, (True, True, False))[0] == 0.9


def test_two_records_matched_with_the_same_of_a_third_source_lose_nothing() -> None:
    """It does not speak against them."""
    assert told({(0, 4): 0.9, (0, 8): 1.0, (4, 8): 1.0}, (True, True, True))[0] == 0.9


def test_two_sources_have_no_third() -> None:
    """Nothing changes."""
    before = np.array([0.3, 0.8])
    ends = (np.array([0, 1]), np.array([4, 5]))
    after = without_contradictions(before, ends, SOURCE[:8], np.ones(2, bool))
    assert np.array_equal(after, before) and after is not before


def test_tiles_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few pairs are taken at a time."""
    rng = np.random.default_rng(3)
    chances = {
        (int(a), int(b)): float(p)
        for a, b, p in zip(
            rng.integers(0, 4, 30), rng.integers(4, 12, 30), rng.random(30), strict=True
        )
    }
    whole = told(chances, (True, True, True))
    monkeypatch.setattr(third_sources, "TILE", 3)
    assert told(chances, (True, True, True)) == whole
