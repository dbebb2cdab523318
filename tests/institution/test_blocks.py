"""Claims about blocking keys: which values a student has, who holds them, and their keys."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.agreement import Pass
from pprl.agreement.blocking import SOURCES, BlockingPart
from pprl.institution.block_values import BlockValues
from pprl.institution.blocks import Blocking
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import normalise
from tests import oracle
from tests.rosters import agreement_on, little_rosters, roster, varied

PARTS = [
    *(BlockingPart(source) for source in SOURCES),
    *(
        BlockingPart(source, transform)
        for source, what in SOURCES.items()
        if what.letters
        for transform in ("1", "3", "soundex")
    ),
]
VALUE_KEY, PAIR_KEY, TOKEN_KEY, SALT_KEY = (bytes([n] * 32) for n in range(4))
digest = oracle.value_digest(VALUE_KEY, PAIR_KEY)


def blocking(rows: pd.DataFrame) -> Blocking:
    """The blocks of some students, under fixed keys."""
    students = normalise(rows)
    return Blocking(students, NameWords.of(students), VALUE_KEY, PAIR_KEY)


def values_of(part: str, **fields: str) -> set[int]:
    """The digests of the values of one part for one student."""
    table = blocking(roster({"local_id": "1", **fields})).part(BlockingPart.parse(part))
    digests = table.digests.tolist()
    assert len(set(digests)) == len(digests)
    return set(digests)


def held(block: str, rows: pd.DataFrame, token_key: bytes = TOKEN_KEY) -> BlockValues:
    """The values of a blocking key of one or more parts, and who holds them."""
    parts = tuple(BlockingPart.parse(part) for part in block.split(" + "))
    return blocking(rows).values(Pass("a pass", parts, 1), token_key)


def tokens_of(*values: tuple[str, ...]) -> set[int]:
    """The tokens of block values, by the slow encoder."""
    return {oracle.word(oracle.cbc_mac(TOKEN_KEY, [digest(t) for t in v])) for v in values}


@pytest.mark.parametrize(
    ("part", "fields", "expected"),
    [
        ("birth_date", {"birth_date": "2005-03-14"}, {"20050314"}),
        ("birth_month_day_sorted", {"birth_date": "2005-12-03"}, {"0312"}),
        ("birth_month_day_sorted", {"birth_date": "2005-03-12"}, {"0312"}),
        ("birth_year_month", {"birth_date": "2005-03-14"}, {"200503"}),
        ("birth_year_day", {"birth_date": "2005-03-14"}, {"2005d14"}),
        ("birth_date", {"birth_date": ""}, set()),
        ("first_name", {"first_name": "Bill Joe"}, {"william"}),
        ("first_name:3", {"first_name": "Bill"}, {"wil"}),
        ("first_name:soundex", {"first_name": "Bill"}, {"W450"}),
        ("first_name", {"first_name": ""}, set()),
        ("last_part", {"last_name": "Garcia-Lopez"}, {"garcia", "lopez"}),
        ("last_part", {"last_name": "Bill"}, {"bill"}),
        ("last_part:3", {"last_name": "Garcia Garza"}, {"gar"}),
        ("last_part:soundex", {"last_name": "Smith Smyth"}, {"S530"}),
        ("name_part", {"first_name": "Bill", "last_name": "Park"}, {"william", "park"}),
        ("name_part", {"last_name": "Park"}, {"park"}),
        (
            "first_last_pair",
            {"first_name": "Park", "last_name": "Ana Orr"},
            {"ana+park", "orr+park"},
        ),
        ("first_last_pair", {"first_name": "Ana Mia", "last_name": "Park"}, {"ana+park"}),
        ("first_last_pair", {"first_name": "Ana"}, set()),
        (
            "name_pair",
            {"first_name": "Ana Mia", "last_name": "Park"},
            {"ana+mia", "ana+park", "mia+park"},
        ),
        ("name_pair", {"first_name": "Ana"}, set()),
        ("name_pair:soundex", {"first_name": "Ana", "last_name": "Park"}, {"A500+P620"}),
        ("middle_initial", {"middle_name": "Rose"}, {"r"}),
        ("middle_initial", {"middle_name": ""}, set()),
        ("sex", {"sex": "Female"}, {"f"}),
        ("zip", {"zip": "90210-1234"}, {"90210"}),
        ("state_id", {"state_id": "ab-12"}, {"AB12"}),
    ],
)
def test_a_part_has_these_values(part: str, fields: dict[str, str], expected: set[str]) -> None:
    """One row for each rule."""
    assert values_of(part, **fields) == {
        digest(text.replace("+", oracle.PAIR)) for text in expected
    }


def test_names_swapped_between_fields_have_the_same_pair() -> None:
    """The pair of first and last name is in no order; nicknames are in canonical form."""
    assert values_of("first_last_pair", first_name="Bill", last_name="Park") == values_of(
        "first_last_pair", first_name="Park", last_name="William"
    )


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_every_part_of_every_student_is_as_the_slow_encoder_has_it(part: BlockingPart) -> None:
    """Students with every oddity."""
    rows = varied(60, seed=11)
    agreement = agreement_on(state_id=True)
    students = oracle.students_of(rows, agreement)
    one_each = roster(
        *(
            {
                "local_id": str(i),
                "first_name": s.first,
                "middle_name": s.middle,
                "last_name": s.last,
                "birth_date": "{:04}-{:02}-{:02}".format(*s.birth) if s.birth else "",
                "sex": s.sex,
                "zip": s.zip,
                "state_id": s.state_id,
            }
            for i, s in enumerate(students)
        )
    )
    table = blocking(one_each).part(part)
    for i, student in enumerate(students):
        mine = table.digests[table.start[i] : table.start[i + 1]].tolist()
        assert sorted(mine) == sorted(map(digest, oracle.part_values(part, student)))


def test_several_values_of_a_part_multiply_the_key() -> None:
    """Two surnames and one ZIP make two keys; without the ZIP there is none."""
    student = {"local_id": "1", "last_name": "Lee Kim", "zip": "90001"}
    both = held("last_part + zip", roster(student))
    assert set(both.tokens.tolist()) == tokens_of(("lee", "90001"), ("kim", "90001"))
    assert len(held("last_part + zip", roster({**student, "zip": ""})).student) == 0


def test_a_key_that_lacks_a_part_is_kept_apart() -> None:
    """Two surnames without a ZIP are two partial keys, which are no blocks; a whole key is none."""
    student = {"local_id": "1", "last_name": "Lee Kim"}
    lacking = held("last_part + zip", roster(student)).lacking
    assert lacking.student.tolist() == [0, 0]
    assert set(lacking.columns[0].tolist()) == {digest("lee"), digest("kim")}
    assert lacking.columns[1].tolist() == [0, 0]
    assert "2 of 2" in repr(lacking)
    assert len(held("last_part + zip", roster({**student, "zip": "90001"})).lacking.student) == 0


@settings(max_examples=50)
@given(rows=little_rosters(8), block=st.sampled_from(["name_pair", "last_part + zip", "sex"]))
def test_holders_are_counted_over_all_students(rows: pd.DataFrame, block: str) -> None:
    """Each pair of student and value once; the counts add up; equal numbers are equal texts."""
    values = held(block, rows)
    pairs = list(zip(values.student.tolist(), values.tokens.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert (np.diff(values.tokens.astype(object)) >= 0).all()
    for (_, token), holders in zip(pairs, values.holders.tolist(), strict=True):
        assert holders == sum(other == token for _, other in pairs)


def test_no_students_hold_nothing() -> None:
    """An empty roster has empty arrays, not an error."""
    values = held("last_part + zip", roster().astype(object))
    assert (len(values.student), len(values.holders), len(values.tokens)) == (0, 0, 0)
    assert values.salts(SALT_KEY).shape == (0, 2)
    assert values.among_first(1, SALT_KEY).tolist() == []


def test_rows_that_are_taken_still_know_all_holders() -> None:
    """The cap looks at the whole institution whatever part of the rows is at hand."""
    rows = roster(*({"local_id": str(i), "zip": "90001"} for i in range(3)))
    taken = held("zip", rows).take(np.array([1]))
    assert taken.holders.tolist() == [3]


def test_tokens_and_salts_are_as_the_slow_encoder_derives_them() -> None:
    """CBC-MACs of the parts' digests under two keys; a token says nothing of its salt."""
    values = held("birth_year_month + last_part + zip", varied(30, seed=1))
    assert len(values.tokens) > 20
    salts = values.salts(SALT_KEY)
    for words, token, salt in zip(
        zip(*(column.tolist() for column in values.columns), strict=True),
        values.tokens.tolist(),
        salts,
        strict=True,
    ):
        assert token == oracle.word(oracle.cbc_mac(TOKEN_KEY, list(words)))
        assert salt.astype("<u8").tobytes() == oracle.cbc_mac(SALT_KEY, list(words))


@settings(max_examples=50)
@given(rows=little_rosters(8), quota=st.integers(1, 3))
def test_a_students_first_values_are_those_of_the_lowest_salts(
    rows: pd.DataFrame, quota: int
) -> None:
    """So that which of them count hangs on the student alone."""
    values = held("name_pair", rows)
    first, salts = values.among_first(quota, SALT_KEY), values.salts(SALT_KEY)[:, 0]
    for student in set(values.student.tolist()):
        mine = salts[values.student == student]
        kept = salts[(values.student == student) & first]
        assert sorted(kept.tolist()) == sorted(mine.tolist())[:quota]


def test_keys_depend_on_the_value_alone() -> None:
    """Not on who else is in the file."""
    student = {"local_id": "2", "first_name": "Ana", "last_name": "Lee", "zip": "90001"}
    others = [{**student, "local_id": str(i), "last_name": n} for i, n in ((1, "Kim"), (3, "Orr"))]
    alone, among = (
        held("last_part + zip", roster(student)),
        held("last_part + zip", roster(others[0], student, others[1])),
    )
    row = among.student.tolist().index(1)
    assert alone.tokens[0] == among.tokens[row]
    assert (alone.salts(SALT_KEY)[0] == among.salts(SALT_KEY)[row]).all()


def test_parts_do_not_run_into_each_other() -> None:
    """The same text in another place, or cut elsewhere, is another block."""
    rows = roster(
        {"local_id": "1", "first_name": "Ana", "last_name": "Lee"},
        {"local_id": "2", "first_name": "Lee", "last_name": "Ana"},
        {"local_id": "3", "first_name": "An", "last_name": "Alee"},
    )
    values = held("first_name + last_part", rows)
    assert len(set(values.tokens.tolist())) == 3
    assert len({tuple(salt) for salt in values.salts(SALT_KEY).tolist()}) == 3


def test_a_key_changes_every_token_and_salt() -> None:
    """Every bit of it counts."""
    rows = varied(30, seed=1)
    values, other = (held("last_part + zip", rows, key) for key in (TOKEN_KEY, bytes([9] * 32)))
    assert not np.intersect1d(values.tokens, other.tokens).size
    assert not np.intersect1d(values.salts(SALT_KEY), values.salts(TOKEN_KEY)).size


def test_blocks_show_nothing_of_the_students() -> None:
    """A debugger or a traceback that prints local variables must not print names."""
    values = held("last_part + zip", roster({"local_id": "1", "last_name": "Lee", "zip": "90001"}))
    blocks = blocking(roster({"local_id": "1", "last_name": "Lee"}))
    table = blocks.part(BlockingPart.parse("last_part"))
    assert "lee" not in repr(values) + repr(table) + repr(blocks)
    assert "90001" not in repr(values)
