"""Claims about the attack that links graphs as records are linked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pprl import Agreement
from pprl.agreement.levels import Comparison
from pprl.audit.graph_linkage import link_counts, link_graphs
from pprl.audit.refinement import success_as_run
from pprl.audit.shared import PassTable, SharedBlocks, shared_blocks

PERSONS, SOURCES, PASSES = 80, 3, 9
EVERYBODY = np.ones(PERSONS * SOURCES, bool)


def region(seed: int, lost: float = 0.0) -> SharedBlocks:
    """Persons who are on record at every source and emit in two of three passes there.

    Args:
        seed: draws who emits where; in each source, records are in the order of persons.
        lost: the share of entries that are left out, drawn anew each time.
    """
    emits = np.random.default_rng(seed).random((PASSES, SOURCES, PERSONS)) < 2 / 3
    return graph_of(emits & (np.random.default_rng(seed + 1000).random(emits.shape) >= lost))


def graph_of(emits: np.ndarray, stranger: tuple[int, int] | None = None) -> SharedBlocks:
    """The graph of `bool[passes, sources, persons]`.

    Args:
        emits: where each record emits.
        stranger: a person of the first source and another of the second who share a block of the
            first pass.
    """
    persons = np.arange(PERSONS)
    tables = []
    for kind, rows in enumerate(emits):
        own = [(persons[row].astype(np.uint64), persons[row]) for row in rows]
        if stranger is not None and kind == 0:
            for source, record in enumerate(stranger):
                tokens, records = own[source]
                own[source] = (np.append(tokens, np.uint64(999)), np.append(records, record))
        tables.append([PassTable(*table) for table in own])
    return shared_blocks([PERSONS] * SOURCES, tables)


def test_who_computes_the_same_graph_finds_nearly_everybody() -> None:
    """Where nearly every person shares other passes than the rest."""
    graph = region(1)
    found = link_graphs(graph, graph, EVERYBODY, [])
    assert found.success > 0.95
    assert f"{len(EVERYBODY)}" in repr(found)
    assert (found.sure <= 1).all()


def test_it_bears_what_refinement_does_not() -> None:
    """An entry in ten is missing from what the attacker computes."""
    graph, faulty = region(2), region(2, lost=0.1)
    assert success_as_run(graph, faulty) < 0.25
    assert link_graphs(graph, faulty, EVERYBODY, []).success > 0.75


def test_the_wrong_plaintext_finds_nobody() -> None:
    """Of another region's persons a guess is right about once in as many as a source has."""
    found = link_graphs(region(3), region(4), EVERYBODY, [])
    assert found.success < 6 / PERSONS


def test_where_nothing_is_shared_a_guess_is_blind() -> None:
    """All records of a source look alike."""
    empty = region(1, lost=1.0)
    assert link_graphs(empty, empty, EVERYBODY, []).success == pytest.approx(1 / PERSONS)
    assert link_graphs(empty, empty, ~EVERYBODY, []).success == 0


def test_only_known_students_are_judged() -> None:
    """Strangers' records stand in the way, and are not counted."""
    graph = region(5)
    known = np.tile(np.arange(PERSONS) % 4 == 0, SOURCES)
    found = link_graphs(graph, graph.among(known), known, [])
    assert len(found.hit) == known.sum()
    assert found.success > 0.9


def test_neighbours_found_before_tell_those_around_them() -> None:
    """Two records that look alike are told apart by a stranger who shares a block with one."""
    emits = np.random.default_rng(6).random((PASSES, SOURCES, PERSONS)) < 2 / 3
    alike, stranger = [4, 5], 7
    emits[:, :, alike] = emits[:, :, [4]]
    graph = graph_of(emits, (alike[0], stranger))
    without, within = (link_graphs(graph, graph, EVERYBODY, [], rounds=r).hit for r in (0, 3))
    assert without[alike].tolist() == [0.5, 0.5]
    assert within[alike].tolist() == [1, 1]


def test_levels_tell_those_apart_who_share_the_same_passes() -> None:
    """Each person's pairs have the levels of that person."""
    section = Agreement.students(["a", "b"]).linkage
    linkage_pass = section.passes[0]
    comparison = Comparison.of(section, linkage_pass)
    tokens = np.arange(PERSONS, dtype=np.uint64)
    table = PassTable(tokens, np.arange(PERSONS))
    graph = shared_blocks([PERSONS] * 2, [[table, table]])
    patterns = np.random.default_rng(1).permutation(int(np.prod(comparison.sizes)))[:PERSONS]
    graph = dataclasses.replace(graph, level=patterns[graph.record[graph.left]])
    everybody = np.ones(2 * PERSONS, bool)
    assert link_graphs(graph, graph, everybody, []).success == pytest.approx(1 / PERSONS)
    assert link_graphs(graph, graph, everybody, [comparison]).success > 0.9


def test_counts_of_one_source_are_linked_with_faults() -> None:
    """Who emits less by the attacker's plaintext than the hub sees is not ruled out."""
    emitted = np.array([[1, 1]] * 30 + [[3, 0]] * 10)
    faulty = emitted.copy()
    faulty[30, 0] = 2
    known = np.ones(40, bool)
    assert link_counts(emitted, emitted, known).hit[35] == pytest.approx(1 / 10)
    assert link_counts(faulty, emitted, known).hit[30] == pytest.approx(1 / 10)
    blind = link_counts(np.ones((20, 2), int), np.zeros((20, 2), int), np.arange(20) < 5)
    assert blind.success == pytest.approx(1 / 20)
