"""Claims about which students emit in which blocks."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pprl.agreement import Pass
from pprl.errors import StudentsError
from pprl.institution.block_values import BlockValues, PartialKeys
from pprl.institution.emission import Emission, Owners, emit
from pprl.institution.ledger import NOBODY, Ledger

SALT_KEY = bytes(range(32))
NOBODY_LACKS = PartialKeys(np.zeros(0, np.int64), (np.zeros(0, np.uint64),))
NOTHING_SENT = Ledger(np.zeros(0, np.uint64), np.zeros(0, np.uint64))
STUDENTS = 6
TOKENS = np.random.default_rng(1).integers(0, 1 << 64, 10, np.uint64)

holdings = st.sets(st.tuples(st.integers(0, STUDENTS - 1), st.integers(0, 9)))


def values_of(pairs: set[tuple[int, int]]) -> BlockValues:
    """Block values of (student, number of the value)."""
    ordered = sorted(pairs, key=lambda pair: int(TOKENS[pair[1]]))
    student = np.array([student for student, _ in ordered], np.int64)
    value = np.array([value for _, value in ordered], np.int64)
    holders = np.bincount(value, minlength=10)[value]
    return BlockValues(student, TOKENS[value], holders, (TOKENS[value],), NOBODY_LACKS)


def emitted(
    pairs: set[tuple[int, int]], quota: int = 16, ledger: Ledger = NOTHING_SENT
) -> set[tuple[int, int]]:
    """The (student, value) pairs that are emitted; student `s` has the digest `100 + s`."""
    values = emission_of(pairs, quota, ledger).values
    number = {int(token): value for value, token in enumerate(TOKENS)}
    return {
        (int(student), number[int(token)])
        for student, token in zip(values.student, values.tokens, strict=True)
    }


def emission_of(pairs: set[tuple[int, int]], quota: int, ledger: Ledger) -> Emission:
    """What a pass of this quota emits."""
    students = np.arange(STUDENTS)
    owners = Owners.of(students.astype(np.uint64) + np.uint64(100), students)
    return emit(Pass("a pass", (), quota), values_of(pairs), SALT_KEY, ledger, owners)


def token_of(value: int) -> np.uint64:
    """The token of a value."""
    return np.uint64(TOKENS[value])


def sent_for(held: dict[int, int]) -> Ledger:
    """A ledger in which each value was sent for a student."""
    return NOTHING_SENT.with_entries(
        np.array([token_of(value) for value in held], np.uint64),
        np.array([100 + student for student in held.values()], np.uint64),
    )


@given(pairs=holdings)
def test_exactly_the_blocks_of_one_student_are_emitted(pairs: set[tuple[int, int]]) -> None:
    """Where the quota is wide and nothing was ever sent."""
    holders = Counter(value for _, value in pairs)
    assert emitted(pairs) == {(s, value) for s, value in pairs if holders[value] == 1}


def salt_of(value: int) -> int:
    """The first word of the salt of a value."""
    return int(values_of({(0, value)}).salts(SALT_KEY)[0, 0])


@given(pairs=holdings, quota=st.integers(1, 3))
def test_the_lowest_salts_fill_the_quota(pairs: set[tuple[int, int]], quota: int) -> None:
    """The same choice at every institution, made after the cap has counted all values."""
    free = emitted(pairs)
    expected = set()
    for student in range(STUDENTS):
        mine = sorted((value for s, value in free if s == student), key=salt_of)
        expected |= {(student, value) for value in mine[:quota]}
    assert emitted(pairs, quota) == expected


def test_the_choice_among_surplus_values_does_not_show_in_the_tokens() -> None:
    """The lowest token of three has a mean of a quarter of the range; a decoy's has a half."""
    tokens = np.sort(np.random.default_rng(2).integers(0, 1 << 64, 6000, np.uint64))
    student = np.random.default_rng(3).permutation(np.repeat(np.arange(2000), 3))
    values = BlockValues(student, tokens, np.ones(6000, np.int64), (tokens,), NOBODY_LACKS)
    owners = Owners.of(np.arange(2000, dtype=np.uint64), np.arange(2000))
    emission = emit(Pass("a pass", (), 1), values, SALT_KEY, NOTHING_SENT, owners)
    assert len(emission.values.tokens) == 2000
    assert stats.kstest(emission.values.tokens / 2.0**64, "uniform").pvalue > 1e-4


@given(
    pairs=holdings,
    held=st.dictionaries(st.integers(0, 9), st.integers(0, STUDENTS - 1)),
    quota=st.integers(1, 3),
)
def test_a_block_once_sent_is_its_holders_alone(
    pairs: set[tuple[int, int]], held: dict[int, int], quota: int
) -> None:
    """Withheld from others even if they alone hold it now; kept even if a newcomer holds it too."""
    sole = emitted(pairs)
    allowed = {(s, v) for s, v in pairs if (held[v] == s if v in held else (s, v) in sole)}
    sent = emitted(pairs, quota, sent_for(held))
    assert sent <= allowed
    for student in range(STUDENTS):
        mine = sum(s == student for s, _ in allowed)
        assert sum(s == student for s, _ in sent) == min(quota, mine)


@given(first=holdings, second=holdings)
def test_a_value_is_a_students_or_withheld_for_good(
    first: set[tuple[int, int]], second: set[tuple[int, int]]
) -> None:
    """What was sent stays, what was shared is never sent: no change of others shows in a record."""
    before = emission_of(first, 16, NOTHING_SENT)
    sent = before.values
    ledger = NOTHING_SENT.with_entries(
        np.concatenate((sent.tokens, before.shared)),
        np.concatenate(
            (sent.student.astype(np.uint64) + np.uint64(100), np.full(len(before.shared), NOBODY))
        ),
    )
    then, now = emitted(first), emitted(second, ledger=ledger)
    for kept in first & second:
        assert (kept in then) == (kept in now)


@given(pairs=holdings, quota=st.integers(1, 3))
def test_a_value_is_emitted_or_idle(pairs: set[tuple[int, int]], quota: int) -> None:
    """Each of them is one of the two."""
    emission = emission_of(pairs, quota, NOTHING_SENT)
    both = [
        (int(student), int(token))
        for part in (emission.values, emission.idle)
        for student, token in zip(part.student, part.tokens, strict=True)
    ]
    assert sorted(both) == sorted((student, int(TOKENS[value])) for student, value in pairs)


def test_a_digest_of_another_student_is_no_claim_to_a_block() -> None:
    """Even if that student is in the file, without a value in the pass."""
    assert emitted({(1, 3)}, ledger=sent_for({3: 1})) == {(1, 3)}
    assert emitted({(1, 3)}, ledger=sent_for({3: 2})) == set()
    assert emitted({(1, 3)}, ledger=sent_for({3: 77})) == set()


def renumbered(known: int, lost: int) -> Emission:
    """What is emitted where so many blocks were sent before, some of them for other local ids."""
    tokens = np.arange(1, known + 1, dtype=np.uint64)
    student = np.arange(known)
    values = BlockValues(student, tokens, np.ones(known, np.int64), (tokens,), ())
    holders = student.astype(np.uint64)
    holders[:lost] += np.uint64(10_000)
    owners = Owners.of(student.astype(np.uint64), student)
    ledger = NOTHING_SENT.with_entries(tokens, holders)
    return emit(Pass("a pass", (), 1), values, SALT_KEY, ledger, owners)


def test_more_than_half_of_fifty_known_blocks_lost_is_a_renumbering() -> None:
    """Fewer, or of fewer, are students who left: their blocks are withheld, and that is all."""
    with pytest.raises(StudentsError) as caught:
        renumbered(50, 26)
    assert str(caught.value) == (
        "26 of 50 blocks sent earlier are now held under other local ids, and would be withheld. "
        "Were local ids renumbered, or their leading zeros lost? Encode with the ids of the last "
        "submission."
    )
    assert len(renumbered(50, 25).values.student) == 25
    assert len(renumbered(49, 49).values.student) == 0
