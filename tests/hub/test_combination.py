"""Claims about combining the passes: each pair once, and what its two best passes say."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.agreement import Pass, Segment
from pprl.agreement.blocking import BlockingPart
from pprl.agreement.levels import Comparison
from pprl.hub.combination import BEST_SHARE, NO_PASS, Verdicts, combine, together
from pprl.hub.comparison import PassPairs
from pprl.hub.judged_pass import JudgedPass
from pprl.hub.model import PassModel
from pprl.hub.scoring import Candidates

MOST = 40
Rows = list[tuple[int, int, int, int, int]]
found_rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 4),
        st.integers(0, 4),
        st.integers(-MOST, MOST),
        st.integers(0, 1000),
    ),
    max_size=40,
)
BIRTH = Pass("birth", (BlockingPart("birth_date"),), 1)


Scored = tuple[PassPairs, JudgedPass]


def scored(rows: Rows, comparison: Comparison | None = None, block: Pass = BIRTH) -> Scored:
    """One pass that found pairs of (group, left, right, log-odds, token); pairs may repeat."""
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    pairs = PassPairs(
        columns[0].astype(np.int32),
        columns[1].astype(np.uint32),
        columns[2].astype(np.uint32),
        columns[4].astype(np.uint64),
        columns[3] + MOST,
    )
    table = np.tile(np.arange(-MOST, MOST + 1, dtype=np.float64), (3, 1))
    patterns = np.tile(np.arange(2 * MOST + 1), (3, 1))
    model = PassModel((), (), np.full(3, 0.5), 0.0)
    return pairs, JudgedPass(block, comparison or Comparison((), ()), (), model, patterns, table)


def combined(passes: list[Scored], fields: tuple[str, ...] = ()) -> tuple[Candidates, Verdicts]:
    """What the passes make together."""
    found, judged = zip(*passes, strict=True)
    return combine(found, judged, fields)


def told(passes: list[Rows]) -> dict[tuple[int, ...], dict[int, list[tuple[int, int]]]]:
    """What each pass says of each pair, (log-odds, token), in plain Python."""
    out: dict[tuple[int, ...], dict[int, list[tuple[int, int]]]] = defaultdict(dict)
    for number, rows in enumerate(passes):
        for *key, log_odds, token in rows:
            out[tuple(key)].setdefault(number, []).append((log_odds, token))
    return out


several = st.lists(found_rows, min_size=1, max_size=5)


@given(several)
def test_every_pair_is_there_once_with_what_its_passes_say(rows: list[Rows]) -> None:
    """As a slow loop says: log-odds of the two best passes, best pass, lowest token, all passes."""
    candidates, verdicts = combined([scored(item) for item in rows])
    expected = told(rows)
    keys = np.stack([candidates.group, candidates.left, candidates.right], 1).tolist()
    assert len(keys) == len(set(map(tuple, keys))) == len(expected)
    for place, key in enumerate(map(tuple, keys)):
        by_pass = {number: max(v for v, _ in seen) for number, seen in expected[key].items()}
        ranked = sorted(by_pass.items(), key=lambda item: (-item[1], item[0]))
        best, second = ranked[0], ranked[min(1, len(ranked) - 1)]
        log_odds = BEST_SHARE * best[1] + (1 - BEST_SHARE) * second[1]
        assert candidates.log_odds[place] == pytest.approx(log_odds)
        assert candidates.best[place] == best[0]
        assert candidates.passes[place] == len(by_pass)
        assert candidates.token[place] == min(t for seen in expected[key].values() for _, t in seen)
        assert verdicts.found[place] == sum(1 << number for number in by_pass)
        assert verdicts.passes[place, 0] == best[0]
        assert verdicts.ranks[place, 0] == best[1] + MOST
        if len(by_pass) == 1:
            assert verdicts.passes[place, 1] == NO_PASS
        else:
            assert verdicts.ranks[place, 1] == second[1] + MOST


@given(several)
def test_the_order_of_pairs_within_a_pass_decides_nothing(rows: list[Rows]) -> None:
    """Nor does the order of passes decide a pair's log-odds."""
    verdicts = []
    for passes in (rows, [item[::-1] for item in rows], rows[::-1]):
        found, _ = combined([scored(item) for item in passes])
        columns = (found.group, found.left, found.right, found.log_odds, found.passes, found.token)
        verdicts.append(sorted(zip(*(column.tolist() for column in columns), strict=True)))
    assert verdicts[0] == verdicts[1] == verdicts[2]


def test_candidates_stand_in_the_order_of_their_tokens() -> None:
    """By content, then, within a pair of sources: never by record number."""
    rows = [(1, 0, 0, 0, 5), (0, 0, 0, 0, 9), (0, 1, 1, 0, 7)]
    candidates, _ = together([combined([scored(rows)])])
    assert candidates.group.tolist() == [0, 0, 1]
    assert candidates.token.tolist() == [7, 9, 5]


def test_most_passes_decide_whether_a_field_agrees() -> None:
    """A block of the whole field says so; a pass that compares it is asked; others are not."""
    zips = Comparison((Segment("zip", 64, 16, (16, 8)),), ("zip",))
    by_zip = Pass("zip", (BlockingPart("zip"),), 1)
    by_sex = Pass("sex", (BlockingPart("sex"),), 1)
    level = {"same": -MOST, "different": 2 - MOST}

    def agrees(*passes: Scored) -> bool:
        _, verdicts = combined(list(passes), ("zip",))
        return bool(verdicts.agrees[0, 0])

    same = scored([(0, 0, 0, level["same"], 1)], zips, by_sex)
    other = scored([(0, 0, 0, level["different"], 1)], zips, by_sex)
    fixed = scored([(0, 0, 0, 0, 1)], block=by_zip)
    silent = scored([(0, 0, 0, 0, 1)], block=by_sex)
    assert agrees(same) and agrees(fixed) and agrees(same, other, same)
    assert not agrees(other) and not agrees(silent) and not agrees(same, other)


@given(several, st.integers(1, 5))
def test_ranges_of_records_are_combined_one_by_one(rows: list[Rows], cut: int) -> None:
    """The candidates of all ranges together are those of all records, in the same order."""
    whole = together([combined([scored(item) for item in rows])])
    parts = [
        combined([scored([row for row in item if own(row)]) for item in rows])
        for own in (lambda row: 5 * row[0] + row[1] < cut, lambda row: 5 * row[0] + row[1] >= cut)
    ]
    for one, other in zip(whole, together(parts), strict=True):
        for name, column in vars(one).items():
            assert np.array_equal(column, vars(other)[name])
