"""Claims about which student a local id names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl import LinkageKey, State, encode
from pprl.errors import StateError
from pprl.exchange import Submission
from pprl.institution.identities import (
    TRAITS,
    Identified,
    Identities,
    identify,
    renamed,
    traits_of,
)
from pprl.institution.normalise import normalise
from tests.rosters import agreement_on, roster

Group = tuple[Sequence[int], Sequence[int]]
"""The local ids of one student, and its traits."""
ANA, BEN, CARLA = (11, 12, 13, 14), (21, 22, 23, 24), (31, 32, 33, 34)


def minted(local_ids: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The digest itself at first, then one that tells how often."""
    return local_ids + before.astype(np.uint64) * np.uint64(1000)


def submission_of(groups: Sequence[Group], known: Identities | None = None) -> Identified:
    """Identify students, each with its local ids."""
    return identify(
        Identities.none() if known is None else known,
        np.array([i for ids, _ in groups for i in ids], np.uint64),
        np.array([n for n, (ids, _) in enumerate(groups) for _ in ids], np.int64),
        np.array([traits for _, traits in groups], np.uint32).reshape(-1, TRAITS),
        minted,
    )


def named(table: Identities) -> dict[int, int]:
    """Local id -> identity."""
    return dict(zip(table.local_ids.tolist(), table.identity.tolist(), strict=True))


def test_a_new_student_is_named_after_its_first_local_id() -> None:
    """Which is the smallest where local ids are sorted."""
    first = submission_of([((5, 7), ANA), ((6,), BEN)])
    assert first.identity.tolist() == [5, 6]
    assert named(first.table) == {5: 5, 6: 6, 7: 5}


def test_a_student_keeps_its_identity_when_its_smallest_local_id_goes() -> None:
    """New decoys beside entries that repeat would show which are which."""
    table = submission_of([((5, 7), ANA)]).table
    assert submission_of([((7,), ANA)], table).identity.tolist() == [5]
    assert submission_of([((3, 7), ANA)], table).identity.tolist() == [5]


def test_a_local_id_given_to_another_student_carries_no_identity_along() -> None:
    """Time and again; the one it named before keeps its own under another local id."""
    table = submission_of([((5, 7), ANA)]).table
    years = []
    for traits in (BEN, CARLA, BEN):
        year = submission_of([((5,), traits), ((7,), ANA)], table)
        table = year.table
        years.append(year)
    assert [year.identity[0] for year in years] == [1005, 2005, 3005]
    assert [year.identity[1] for year in years] == [5, 5, 5]
    assert [year.given_again for year in years] == [1, 1, 1]


@pytest.mark.parametrize("changed", range(TRAITS))
def test_one_changed_trait_is_the_same_student(changed: int) -> None:
    """A married name, another given name or a corrected birth date."""
    traits = [*ANA]
    traits[changed] = 99
    table = submission_of([((5,), ANA)]).table
    again = submission_of([((5,), traits)], table)
    assert again.identity.tolist() == [5] and again.given_again == 0


def test_a_missing_trait_speaks_neither_way_and_is_remembered() -> None:
    """A student without a birth date this year is not someone else next year."""
    table = submission_of([((5,), ANA)]).table
    table = submission_of([((5,), (0, 12, 0, 0))], table).table
    assert table.traits.tolist() == [[*ANA]]
    assert submission_of([((5,), (98, 99, 13, 14))], table).identity.tolist() == [1005]


def test_two_identities_of_one_student_become_one() -> None:
    """The one that goes is told, so that its blocks follow; also for local ids not in the file."""
    table = submission_of([((5,), ANA), ((6, 8), ANA)]).table
    joined = submission_of([((5, 6), ANA)], table)
    assert joined.identity.tolist() == [5]
    assert joined.joined.tolist() == [[6, 5]]
    assert named(joined.table) == {5: 5, 6: 5, 8: 5}
    assert renamed(np.array([6, 7, 9], np.uint64), joined.joined).tolist() == [5, 7, 9]


def test_of_two_students_who_were_one_the_better_supported_keeps_the_identity() -> None:
    """Whatever the order of their local ids."""
    table = submission_of([((5, 7), ANA)]).table
    apart = submission_of([((5,), (99, 12, 13, 14)), ((7,), ANA)], table)
    assert apart.identity.tolist() == [1005, 5]


students = st.lists(
    st.tuples(
        st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
        st.tuples(*[st.integers(0, 2)] * TRAITS),
    ),
    max_size=5,
)


def apart(groups: list[Group]) -> list[Group]:
    """Groups without the local ids that an earlier group has."""
    seen: set[int] = set()
    kept = []
    for ids, traits in groups:
        fresh = sorted(set(ids) - seen)
        seen |= set(ids)
        if fresh:
            kept.append((fresh, traits))
    return kept


@given(years=st.lists(students, min_size=1, max_size=5), data=st.data())
def test_identities_are_different_stable_and_without_order(
    years: list[list[Group]], data: st.DataObject
) -> None:
    """No two students share one; the same students again keep theirs; rows may come in any order.

    A local id never keeps an identity from which two known traits tell it.
    """
    table, used = Identities.none(), set()
    for groups in map(apart, years):
        shuffled = data.draw(st.permutations(groups))
        year, other = submission_of(groups, table), submission_of(shuffled, table)
        assert {tuple(g[0]): i for g, i in zip(groups, year.identity.tolist(), strict=True)} == {
            tuple(g[0]): i for g, i in zip(shuffled, other.identity.tolist(), strict=True)
        }
        assert len(set(year.identity.tolist())) == len(groups)
        before = traits_by_identity(table)
        for (_, traits), identity in zip(groups, year.identity.tolist(), strict=True):
            if identity in used:
                assert any(differences(traits, old) <= 1 for old in before[identity])
        used |= set(year.identity.tolist())
        again = submission_of(groups, year.table)
        assert again.identity.tolist() == year.identity.tolist()
        assert not len(again.joined) and not again.given_again
        assert named(again.table) == named(year.table)
        table = year.table


def traits_by_identity(table: Identities) -> Mapping[int, list[list[int]]]:
    """The traits of each local id that carries an identity."""
    found: dict[int, list[list[int]]] = {}
    for identity, traits in zip(table.identity.tolist(), table.traits.tolist(), strict=True):
        found.setdefault(identity, []).append(traits)
    return found


def differences(one: Sequence[int], other: Sequence[int]) -> int:
    """Traits known of both that differ."""
    return sum(a != b and 0 not in (a, b) for a, b in zip(one, other, strict=True))


def test_traits_are_keyed_and_tell_missing_from_known() -> None:
    """A nickname is the same trait; nobody without the key can tell whose."""
    rows = roster(
        {"local_id": "1", "first_name": "Bill", "last_name": "Ito", "birth_date": "2005-01-02"},
        {"local_id": "2", "first_name": "William", "last_name": "Ito"},
    )
    normalised = normalise(rows)
    traits = traits_of(normalised, bytes(32))
    assert (traits[0, 1:3] == traits[1, 1:3]).all()
    assert (traits == 0).tolist() == [[False, False, False, True], [True, False, False, True]]
    assert len(set(traits[0, :3].tolist())) == 3
    assert (traits_of(normalised, bytes([1]) * 32)[traits != 0] != traits[traits != 0]).all()


KEY = LinkageKey(bytes(32))


AGREEMENT = agreement_on(["birth-date+first", "first+zip", "last-sound+zip"])


def year(state: State, *rows: Mapping[str, str]) -> Submission:
    """One year's submission of some students and fifty others, who stay."""
    others = [
        {
            "local_id": f"o{n}",
            "first_name": f"Other{chr(97 + n % 26)}",
            "last_name": f"Kept{chr(97 + n // 26)}",
            "birth_date": f"2001-{n % 12 + 1:02}-{n % 28 + 1:02}",
            "zip": "93650",
        }
        for n in range(50)
    ]
    rows_of_all = roster(*others, *map(dict, rows))
    return encode(rows_of_all, AGREEMENT, KEY, "fresno", state=state, progress=False).submission


def tokens(submission: Submission) -> set[int]:
    """All block tokens."""
    return {token for item in submission.passes.values() for token in item.tokens.tolist()}


ANA_ROW = {
    "local_id": "17",
    "first_name": "Ana",
    "last_name": "Fong",
    "birth_date": "2005-02-03",
    "zip": "93701",
}


def test_a_collapsed_student_repeats_when_its_smallest_local_id_goes() -> None:
    """Entries and decoys alike, since both hang on the identity."""
    state = State.in_memory(bytes(32))
    both = year(state, ANA_ROW, {**ANA_ROW, "local_id": "05"})
    assert tokens(year(state, ANA_ROW)) == tokens(both)


def test_a_local_id_given_again_makes_nobody_comparable() -> None:
    """The second student would share the block of a name's sound and a ZIP with the first."""
    state = State.in_memory(bytes(32))
    first = year(state, ANA_ROW)
    other = {**ANA_ROW, "first_name": "Bertha", "birth_date": "2006-07-08", "last_name": "Fang"}
    others = tokens(year(State.in_memory(bytes(32))))
    unguarded = tokens(year(State.in_memory(), other)) & tokens(first) - others
    assert len(unguarded) == 1
    assert not tokens(year(state, other)) & tokens(first) - others


@pytest.mark.parametrize("secret", range(4))
def test_two_students_joined_into_one_keep_the_blocks_of_both(secret: int) -> None:
    """Once a ZIP shows that they are one, what either sent is not lost to it."""
    state = State.in_memory(bytes([secret]) * 32)
    elsewhere = {**ANA_ROW, "local_id": "05", "zip": "93702"}
    apart = year(state, ANA_ROW, elsewhere)
    joined = year(state, {**ANA_ROW, "zip": "93702"}, elsewhere)
    fresh = year(State.in_memory(), elsewhere)
    assert apart.records == joined.records + 1
    others = tokens(year(State.in_memory()))
    real = tokens(fresh) & tokens(year(State.in_memory(), elsewhere)) - others
    assert len(real & tokens(apart)) == 2
    assert real & tokens(apart) <= tokens(joined)


def test_a_state_serves_one_party() -> None:
    """Under a new id decoys would be new and entries would not."""
    state = State.in_memory()
    year(state, ANA_ROW)
    with pytest.raises(StateError, match="belongs to 'fresno', and cannot serve 'reedley'"):
        encode(roster(ANA_ROW), AGREEMENT, KEY, "reedley", state=state, progress=False)
