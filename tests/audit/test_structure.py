"""Claims about attacks on what several submissions show together."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.audit.refinement import found_by_part, refine, success_as_run
from pprl.audit.roster_attack import attack_with_one_roster
from pprl.audit.shared import PassTable, SharedBlocks, entries_shared, figures, shared_blocks
from pprl.filters import Words

RECORDS = (3, 3, 2)
Tables = list[list[dict[int, int]]]

tables = st.lists(
    st.tuples(
        *(st.dictionaries(st.integers(0, 6), st.integers(0, n - 1), max_size=5) for n in RECORDS)
    ).map(list),
    min_size=1,
    max_size=3,
)
"""For each pass and source, which record holds which token."""


def graph_of(passes: Tables) -> SharedBlocks:
    """The graph of tables written as dictionaries."""
    return shared_blocks(
        RECORDS,
        [
            [
                PassTable(np.array(sorted(d), np.uint64), np.array([d[t] for t in sorted(d)], int))
                for d in sources
            ]
            for sources in passes
        ],
    )


def with_levels(graph: SharedBlocks, seed: int) -> SharedBlocks:
    """The graph with levels drawn at random."""
    level = np.random.default_rng(seed).integers(0, 2, len(graph.level))
    return dataclasses.replace(graph, level=level)


def slow_colours(graph: SharedBlocks) -> list[object]:
    """Colour refinement as it is defined, with nested tuples numbered anew each round."""
    colour: list[object] = graph.source.tolist()
    ends = list(zip(graph.left.tolist(), graph.right.tolist(), graph.level.tolist(), strict=True))
    for _ in range(len(colour) + 1):
        seen: list[list[object]] = [[] for _ in graph.record]
        for a, b, level in ends:
            seen[a].append((level, colour[graph.record[b]]))
            seen[b].append((level, colour[graph.record[a]]))
        new = []
        for record, old in enumerate(colour):
            mine = [
                (int(graph.kind[e]), tuple(sorted(seen[e])))
                for e in np.flatnonzero(graph.record == record)
            ]
            new.append((old, tuple(sorted(mine))))
        numbers = {c: n for n, c in enumerate(sorted(set(new), key=repr))}
        colour = [numbers[c] for c in new]
    return colour


@given(passes=tables)
def test_only_blocks_of_several_sources_are_seen(passes: Tables) -> None:
    """Entries that no other source holds leave no trace in the graph."""
    graph = graph_of(passes)
    offset = np.concatenate(([0], np.cumsum(RECORDS)))
    expected: Counter[tuple[int, int]] = Counter()
    for kind, sources in enumerate(passes):
        held = Counter(token for source in sources for token in source)
        for source, holders in enumerate(sources):
            for token, record in holders.items():
                expected[(int(offset[source]) + record, kind)] += held[token] > 1
    counts = entries_shared(graph, len(passes))
    assert {(r, k): int(counts[r, k]) for r, k in zip(*np.nonzero(counts), strict=True)} == {
        cell: n for cell, n in expected.items() if n
    }


@given(passes=tables, seed=st.integers(0, 3))
def test_colours_part_the_records_as_the_definition_does(passes: Tables, seed: int) -> None:
    """Against colour refinement with tuples in place of hashes."""
    graph = with_levels(graph_of(passes), seed)
    fast, slow = refine(graph).colour, slow_colours(graph)
    for a, b in itertools.combinations(range(len(slow)), 2):
        assert (fast[a] == fast[b]) == (slow[a] == slow[b])


@given(passes=tables, seed=st.integers(0, 3))
def test_what_is_hidden_never_helps(passes: Tables, seed: int) -> None:
    """Without levels, or without passes, a guess is right no more often."""
    graph = with_levels(graph_of(passes), seed)
    everything = refine(graph).success
    assert refine(graph.without_levels()).success <= everything + 1e-12
    assert refine(graph.without_passes()).success <= everything + 1e-12
    assert refine(graph.without_levels()).unique <= refine(graph).unique


def test_records_that_share_nothing_are_told_apart_by_their_source_alone() -> None:
    """A guess is right once in as many as the source has records."""
    graph = graph_of([[{}, {}, {}]])
    refinement = refine(graph)
    assert refinement.success == pytest.approx(3 / 8)
    assert refinement.unique == 0
    assert figures(graph)["alone"] == 1
    assert "8" in repr(graph)
    assert "8" in repr(refinement)


def test_figures_count_each_pair_of_records_once() -> None:
    """Two passes that find one pair make one neighbour."""
    graph = graph_of([[{1: 0}, {1: 2}, {}], [{5: 0}, {5: 2}, {}]])
    assert figures(graph)["mean"] == pytest.approx(2 / 8)
    assert figures(graph)["most"] == 1


def test_an_empty_graph_has_no_figures() -> None:
    """No records, no risk."""
    graph = shared_blocks((0, 0), [[PassTable(np.zeros(0, np.uint64), np.zeros(0, int))] * 2])
    assert refine(graph).success == 0
    assert refine(graph).unique == 0
    assert figures(graph)["mean"] == 0
    assert success_as_run(graph, graph) == 0


@given(passes=tables)
def test_an_attacker_who_computes_the_same_graph_does_as_well_as_refinement(passes: Tables) -> None:
    """With enough rounds; with none it knows the source alone."""
    graph = graph_of(passes)
    assert success_as_run(graph, graph, 12) == pytest.approx(refine(graph).success)
    assert success_as_run(graph, graph, 0) == pytest.approx(3 / 8)


def test_wrong_levels_cost_the_attacker() -> None:
    """Whoever guesses the levels wrong finds nobody by them, but still something without them."""
    graph = graph_of([[{1: 0}, {1: 0}, {}]])
    wrong = dataclasses.replace(graph, level=graph.level + 1)
    assert success_as_run(graph, wrong) < refine(graph).success


def test_levels_are_those_of_the_filters() -> None:
    """The pattern of a pair is what the hub would give it."""
    from pprl import Agreement
    from pprl.agreement.levels import Comparison
    from pprl.filters import common_bits

    section = Agreement.students(["a", "b"]).linkage
    comparison = Comparison.of(section, section.passes[0])
    rng = np.random.default_rng(0)
    words = section.words_of(section.passes[0])
    one: Words = rng.integers(0, 2**63, (2, words), np.uint64)
    other: Words = one.copy()
    other[1] = rng.integers(0, 2**63, words, np.uint64)
    tokens = np.array([4, 9], np.uint64)
    table = PassTable(tokens, np.arange(2))
    graph = shared_blocks((2, 2), [[table, table]], [[one, other]], [comparison])
    expected = comparison.patterns(comparison.levels(common_bits(one, other, comparison.widths)))
    assert graph.level.tolist() == expected.tolist()


emissions = st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=1, max_size=8)


@given(emitted=emissions, data=st.data())
def test_the_plain_guess_is_among_all_who_emit_enough(
    emitted: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Against a loop over students; the attack never misses the right one."""
    shared = [tuple(data.draw(st.integers(0, n)) for n in student) for student in emitted]
    found = attack_with_one_roster(np.array(emitted), np.array(shared))
    for place, view in enumerate(shared):
        candidates = [s for s in emitted if all(a >= b for a, b in zip(s, view, strict=True))]
        assert found.plain[place] == pytest.approx(1 / len(candidates))
    assert (found.hit >= 0).all()
    assert (found.hit <= 1).all()
    assert found.success >= 1 / len(emitted) - 1e-12


def test_who_emits_as_everybody_does_hides_among_everybody() -> None:
    """Equal students are guessed blindly, however much is shared."""
    found = attack_with_one_roster(np.full((50, 3), 2), np.full((50, 3), 1), np.zeros(50, int))
    assert found.times_blind == pytest.approx(1)
    assert found.most == pytest.approx(1 / 50)
    assert "50" in repr(found)


def test_the_one_who_emits_most_is_found() -> None:
    """A student whose entries nobody else could have sent."""
    emitted = np.array([[1]] * 20 + [[3]])
    found = attack_with_one_roster(emitted, emitted)
    assert found.hit[-1] == 1
    assert found.plain[-1] == 1


def test_no_students_no_success() -> None:
    """An empty roster finds nobody."""
    found = attack_with_one_roster(np.zeros((0, 2), int), np.zeros((0, 2), int))
    assert (found.success, found.most) == (0, 0)


@given(passes=tables, data=st.data())
def test_a_part_of_the_graph_is_the_graph_of_its_pairs(passes: Tables, data: st.DataObject) -> None:
    """Against a loop over pairs: those of known records, and those that share enough blocks."""
    graph = with_levels(graph_of(passes), 1)
    known = np.array(data.draw(st.lists(st.booleans(), min_size=8, max_size=8)))

    def pairs(some: SharedBlocks) -> list[tuple[int, int, int, int]]:
        ends = zip(some.left.tolist(), some.right.tolist(), some.level.tolist(), strict=True)
        return sorted(
            (*sorted((int(some.record[a]), int(some.record[b]))), int(some.kind[a]), level)
            for a, b, level in ends
            if some.block[a] == some.block[b]
        )

    everything = pairs(graph)
    among = graph.among(known)
    assert pairs(among) == [p for p in everything if known[p[0]] and known[p[1]]]
    assert len(among.record) == len(set(among.left.tolist()) | set(among.right.tolist()))
    count = Counter(p[:2] for p in everything)
    close = graph.of_close_records(2)
    assert pairs(close) == [p for p in everything if count[p[:2]] >= 2]


@given(passes=tables)
def test_strangers_hide_those_whose_plaintext_is_known(passes: Tables) -> None:
    """Who knows all does as well as refinement; who knows nobody finds nobody."""
    graph = graph_of(passes)
    everybody = np.ones(graph.records, bool)
    assert found_by_part(graph, graph, everybody, 12) == pytest.approx(refine(graph).success)
    assert found_by_part(graph, graph, ~everybody) == 0
    one = everybody.copy()
    one[1:] = False
    assert found_by_part(graph, graph.among(one), one) <= 1


def test_a_part_of_a_roster_finds_none_of_the_others() -> None:
    """Records of unknown students are guessed wrongly, and candidates are the known alone."""
    emitted = np.array([[1]] * 10 + [[3]] * 10)
    known = np.arange(20) % 2 == 0
    found = attack_with_one_roster(emitted, emitted, known=known)
    assert (found.hit[~known] == 0).all()
    assert (found.plain[~known] == 0).all()
    assert found.hit[10] == pytest.approx(1 / 5)
    assert found.sure[10] <= 1 / 10 + 1e-12
    whole = attack_with_one_roster(emitted, emitted)
    same = attack_with_one_roster(emitted, emitted, known=np.ones(20, bool))
    assert (whole.hit == same.hit).all()
    assert attack_with_one_roster(emitted, emitted, known=np.zeros(20, bool)).success == 0
