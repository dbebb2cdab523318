"""Claims about who keeps a name when clusters change, and about what sources are told."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.hub.registry.recipients import recipient_ids
from pprl.hub.registry.succession import NEW, Members, Succession, succeed

SOURCES = ("a", "b", "c", "p")
SOLE = frozenset("abc")


def members_of(rows: list[tuple[str, int]], ids: list[str] | None = None) -> Members:
    """Members of (source, person)."""
    return Members(
        np.array([source for source, _ in rows], object),
        np.array([person for _, person in rows], np.int64),
        np.array(ids if ids is not None else [""] * len(rows), object),
    )


@st.composite
def years(draw: st.DrawFn) -> tuple[Members, np.ndarray, np.ndarray, int]:
    """Members in persons, and those met again in clusters; sole sources once in either."""
    rows: list[tuple[str, int]] = []
    for person in range(draw(st.integers(1, 5))):
        held = draw(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=5))
        rows += [(s, person) for s in held if s == "p"]
        rows += [(s, person) for s in sorted(set(held) - {"p"})]
    met, cluster = [], []
    taken: set[tuple[int, str]] = set()
    for member, (source, _) in enumerate(rows):
        where = draw(st.integers(-1, 4))
        if where >= 0 and (where, source) not in taken:
            if source in SOLE:
                taken.add((where, source))
            met.append(member)
            cluster.append(where)
    return members_of(rows), np.array(cluster, np.int64), np.array(met, np.int64), 6


def after(members: Members, cluster: np.ndarray, met: np.ndarray, found: Succession) -> np.ndarray:
    """The person of each member afterwards; new persons are 100 and more."""
    person = members.person.copy()
    name = np.where(found.name == NEW, 100 + np.arange(len(found.name)), found.name)
    person[met] = name[cluster]
    for old, successor in found.retired.items():
        person[person == old] = successor
    return person


@given(years())
def test_a_person_goes_with_one_cluster_that_holds_some_of_it(
    year: tuple[Members, np.ndarray, np.ndarray, int],
) -> None:
    """No name is given twice, and none to strangers."""
    members, cluster, met, clusters = year
    found = succeed(clusters, cluster, met, members, SOLE)
    given_names = [name for name in found.name.tolist() if name != NEW]
    assert len(set(given_names)) == len(given_names)
    for number, name in enumerate(found.name.tolist()):
        if name != NEW:
            assert name in members.person[met[cluster == number]]


@given(years())
def test_no_person_ever_holds_two_members_of_a_sole_source(
    year: tuple[Members, np.ndarray, np.ndarray, int],
) -> None:
    """Those who are absent now included."""
    members, cluster, met, clusters = year
    person = after(members, cluster, met, succeed(clusters, cluster, met, members, SOLE))
    times = Counter(zip(members.source, person.tolist(), strict=True))
    assert all(times[cell] == 1 for cell in times if cell[0] in SOLE)


@given(years())
def test_who_retires_leaves_nobody_behind_and_points_to_the_living(
    year: tuple[Members, np.ndarray, np.ndarray, int],
) -> None:
    """A person that keeps a member is not retired; a successor is."""
    members, cluster, met, clusters = year
    found = succeed(clusters, cluster, met, members, SOLE)
    person = after(members, cluster, met, found)
    for old, successor in found.retired.items():
        assert old not in person
        assert successor in found.name and successor not in found.retired
        assert any(p == old for p, _ in found.parted)
    gone = set(members.person.tolist()) - set(person.tolist())
    assert set(found.retired) == gone


@given(years(), st.randoms(use_true_random=False))
def test_the_order_of_records_decides_nothing(
    year: tuple[Members, np.ndarray, np.ndarray, int], random: object
) -> None:
    """The same members in the same clusters, met in another order."""
    members, cluster, met, clusters = year
    order = list(range(len(met)))
    random.shuffle(order)  # type: ignore[attr-defined]
    before = succeed(clusters, cluster, met, members, SOLE)
    again = succeed(clusters, cluster[order], met[order], members, SOLE)
    assert before.name.tolist() == again.name.tolist()
    assert before.retired == again.retired


def test_most_members_decide_then_age() -> None:
    """Two of person 1 outweigh one of person 0; of equals the one known for longer stays."""
    rows = [("a", 0), ("a", 1), ("b", 1)]
    found = succeed(1, np.array([0, 0, 0]), np.array([0, 1, 2]), members_of(rows), frozenset())
    assert found.name.tolist() == [1] and found.retired == {0: 1}
    equal = succeed(1, np.array([0, 0]), np.array([0, 1]), members_of(rows[:2]), frozenset())
    assert equal.name.tolist() == [0] and equal.retired == {1: 0}


def test_before_anybody_is_known_all_are_new() -> None:
    """The first run."""
    none = np.empty(0, np.int64)
    assert succeed(3, none, none, members_of([]), SOLE).name.tolist() == [NEW] * 3


@st.composite
def told(draw: st.DrawFn) -> Members:
    """Members with persons, and the IDs they had."""
    rows = draw(st.lists(st.tuples(st.sampled_from(SOURCES[:2]), st.integers(0, 3)), max_size=10))
    ids = [draw(st.sampled_from(["", f"{source}1", f"{source}2"])) for source, _ in rows]
    return members_of(rows, ids)


@given(told(), st.booleans())
def test_no_two_persons_of_a_source_share_an_id(members: Members, together: bool) -> None:
    """Whatever they shared before; and everybody has one."""
    given_ids = recipient_ids(members, together=together)
    assert all(given_ids)
    owner: dict[str, tuple[str, int]] = {}
    for source, person, name in zip(members.source, members.person, given_ids, strict=True):
        assert owner.setdefault(name, (source, int(person))) == (source, int(person))


@given(told())
def test_an_id_is_lost_only_to_another_person(members: Members) -> None:
    """Who had one that no other person had keeps it; one of those who shared one keeps it too."""
    given_ids = recipient_ids(members, together=False)
    for name in set(members.recipient_id.tolist()) - {""}:
        had = members.recipient_id == name
        kept = given_ids[had] == name
        persons = members.person[had]
        assert len(set(persons[kept].tolist())) == 1
        assert kept.all() or len(set(persons.tolist())) > 1


@given(told())
def test_together_a_person_has_one_id_at_a_source(members: Members) -> None:
    """Where sources may learn of merges."""
    given_ids = recipient_ids(members, together=True)
    cells = set(zip(members.source, members.person.tolist(), strict=True))
    assert len(cells) == len(set(given_ids.tolist()))


@pytest.mark.parametrize("together", [False, True])
def test_what_sources_are_told_is_told_again(together: bool) -> None:
    """Nothing changes for those to whom nothing happened."""
    members = members_of([("a", 0), ("a", 0), ("b", 0)])
    first = recipient_ids(members, together=together)
    again = Members(members.source, members.person, first)
    assert recipient_ids(again, together=together).tolist() == first.tolist()
    assert first[0] == first[1] != first[2]
