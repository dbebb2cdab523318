"""Claims about meeting students again by their blocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pprl.hub.registry.blinding import RegistryKey
from pprl.hub.registry.recognition import Blocks, least_shared, recognise

KEY = RegistryKey(bytes(range(32)))


def blocks(holder_of: dict[int, int]) -> Blocks:
    """One pass: token -> holder."""
    tokens = np.array(list(holder_of), np.uint64)
    return Blocks.of(tokens, np.array(list(holder_of.values()), np.int64))


def met(now: dict[int, int], known: dict[int, int], least: int = 1) -> dict[int, int]:
    """Member -> the record that it is."""
    found = recognise([(blocks(now), blocks(known))], least)
    return dict(zip(found.member.tolist(), found.record.tolist(), strict=True))


def test_a_student_is_met_by_what_did_not_change() -> None:
    """Two of three entries are the same as last year."""
    assert met({10: 5, 11: 5, 99: 5}, {10: 0, 11: 0, 12: 0}, least=2) == {0: 5}


def test_too_few_shared_tokens_are_nobody() -> None:
    """One is too few where two are asked for."""
    assert met({10: 5, 98: 5, 99: 5}, {10: 0, 11: 0, 12: 0}, least=2) == {}


def test_of_two_records_the_one_that_shares_more_is_the_student() -> None:
    """Of equals, the one with the lowest shared token."""
    assert met({10: 5, 11: 6, 12: 6}, {10: 0, 11: 0, 12: 0}) == {0: 6}
    assert met({10: 5, 11: 6}, {10: 0, 11: 0}) == {0: 5}


def test_the_member_that_a_record_shares_most_with_comes_first() -> None:
    """A record that two members became: the further one is told too."""
    found = recognise([(blocks({1: 3, 2: 3, 3: 3}), blocks({1: 0, 2: 7, 3: 7}))], 1)
    assert found.record.tolist() == [3, 3] and found.member.tolist() == [7, 0]


def test_a_member_whose_entries_are_spread_is_torn() -> None:
    """Which the ledger of an institution never lets happen."""
    assert recognise([(blocks({1: 3, 2: 4}), blocks({1: 0, 2: 0}))], 1).torn == 1
    assert recognise([(blocks({1: 3, 2: 3}), blocks({1: 0, 2: 0}))], 1).torn == 0


def test_passes_that_were_not_there_before_say_nothing() -> None:
    """And a registry that knows nobody meets nobody."""
    found = recognise([(blocks({1: 3}), blocks({}))], 1)
    assert not len(found.record) and not len(found.member)


@given(
    st.dictionaries(st.integers(0, 30), st.integers(0, 5), max_size=20),
    st.dictionaries(st.integers(0, 30), st.integers(0, 5), max_size=20),
    st.permutations(range(6)),
)
def test_the_numbers_of_records_decide_nothing(
    now: dict[int, int], known: dict[int, int], number: list[int]
) -> None:
    """Renumbered records are met as the same members."""
    renamed = {token: number[record] for token, record in now.items()}
    before, after = met(now, known), met(renamed, known)
    assert {member: number[record] for member, record in before.items()} == after


def test_an_eighth_of_the_entries_must_be_shared() -> None:
    """Rounded down, and at least one."""
    assert least_shared(28, 1) == 3 and least_shared(28_000, 1000) == 3
    assert least_shared(3, 1) == 1 and least_shared(0, 0) == 1


def test_blinding_keeps_equal_tokens_equal_and_no_others() -> None:
    """Within one source and pass; elsewhere the same token looks different."""
    tokens = np.array([7, 7, 8], np.uint64)
    one = KEY.blinded(tokens, "orchard-usd", "birth")
    assert one[0] == one[1] != one[2]
    assert one[0] != KEY.blinded(tokens, "orchard-usd", "names")[0]
    assert one[0] != KEY.blinded(tokens, "city-college", "birth")[0]
    assert one[0] != RegistryKey(bytes(32)).blinded(tokens, "orchard-usd", "birth")[0]
