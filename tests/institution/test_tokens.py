"""Claims about what fields are cut into."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.agreement import Segment
from pprl.agreement.linkage import SEGMENT_FIELDS
from pprl.institution.collapse import collapse
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import normalise
from pprl.institution.tokens import TokenTable, token_table
from tests import oracle
from tests.rosters import agreement_on, roster, varied

KEY = bytes(range(32))
words = st.lists(st.text("abn", min_size=1, max_size=6), max_size=3).filter(
    lambda parts: sorted(parts) != ["a", "n"]  # "N A" is a placeholder, and "A N" is none
)


def table_of(segment: str, rows: pd.DataFrame, key: bytes = KEY) -> TokenTable:
    """The tokens of some students in one segment."""
    students = normalise(rows)
    return token_table(segment, students, NameWords.of(students), key)


def tokens_of(segment: str, **fields: str) -> list[int]:
    """The digests of one student's tokens in one segment."""
    return table_of(segment, roster({"local_id": "1", **fields})).digests.tolist()


def digested(tokens: list[str]) -> list[int]:
    """The digests of tokens, rising."""
    return sorted(oracle.word(oracle.mac(KEY, token)) for token in tokens)


@pytest.mark.parametrize(
    ("segment", "fields", "expected"),
    [
        ("first_name", {"first_name": "Anna"}, ["_a0", "an0", "nn0", "na0", "a_0"]),
        ("first_name", {"first_name": "J"}, ["_j0", "j_0"]),
        ("first_name", {"first_name": "Al Al"}, ["_a0", "al0", "l_0", "_a1", "al1", "l_1"]),
        ("last_name", {"last_name": "Li"}, ["_l0", "li0", "i_0"]),
        ("last_name", {"last_name": "王"}, ["_王0", "王_0"]),
        ("names", {"first_name": "Bob", "last_name": "Li"}, ["li", "robert"]),
        ("given_names", {"first_name": "Ana", "middle_name": "Bob J"}, ["ana", "robert"]),
        ("names", {"last_name": "Li"}, ["li"]),
        ("canonical_first_name", {"first_name": "Bill Joe"}, ["william"]),
        ("middle_name", {"middle_name": "Rose"}, ["ir", "frose"]),
        ("middle_name", {"middle_name": "R."}, ["ir"]),
        ("birth_date", {"birth_date": "2005-12-03"}, ["y2005", "m12", "d03", "s0312"]),
        ("sex", {"sex": "Male"}, ["m"]),
        ("zip", {"zip": "90210"}, ["z90210", "p902"]),
        ("state_id", {"state_id": "12-ab"}, ["12AB"]),
    ],
)
def test_a_value_is_cut_into_these_tokens(
    segment: str, fields: dict[str, str], expected: list[str]
) -> None:
    """One row for each rule."""
    assert tokens_of(segment, **fields) == digested(expected)


@pytest.mark.parametrize("segment", SEGMENT_FIELDS)
def test_a_missing_field_has_no_tokens(segment: str) -> None:
    """Its positions come from the institution's own key."""
    assert tokens_of(segment) == []


@given(parts=words)
def test_no_token_of_a_name_stands_twice(parts: list[str]) -> None:
    """Else its positions would be drawn twice; a repeat is numbered."""
    tokens = tokens_of("last_name", last_name=" ".join(parts))
    assert len(set(tokens)) == len(tokens) == sum(len(part) + 1 for part in parts)


@given(parts=words)
def test_parts_in_another_order_have_the_same_tokens(parts: list[str]) -> None:
    """Which is why all name parts together tell of names that were swapped."""
    backwards = " ".join(reversed(parts))
    assert tokens_of("last_name", last_name=" ".join(parts)) == tokens_of(
        "last_name", last_name=backwards
    )


@pytest.mark.parametrize("segment", SEGMENT_FIELDS)
def test_digests_are_as_the_slow_encoder_has_them(segment: str) -> None:
    """HMAC of each token under the segment's key, rising, so that spelling gives no order."""
    rows = varied(50, seed=13)
    agreement = agreement_on(state_id=True)
    students = oracle.students_of(rows, agreement)
    records = collapse(normalise(rows)).records
    table = token_table(segment, records, NameWords.of(records), KEY)
    assert len(table) == len(students)
    for i, student in enumerate(students):
        tokens = oracle.tokens(Segment(segment, 64, 16, (1,)), student)
        mine = table.matrix(np.array([i]), int(table.count[i]))[:, 0]
        assert mine.tolist() == digested(list(tokens))


def test_students_of_one_value_share_its_digests() -> None:
    """Ten thousand Garcias are digested once."""
    rows = roster(*({"local_id": str(i), "last_name": "Garcia"} for i in range(5)))
    table = table_of("last_name", rows)
    assert table.begin.tolist() == [0] * 5
    assert len(table.digests) == len("_garcia_") - 1
    assert table.matrix(np.array([1, 4]), 7).shape == (7, 2)


def test_a_token_is_another_number_under_another_key() -> None:
    """Segments have keys of their own, so that first and last names are never compared."""
    rows = roster({"local_id": "1", "last_name": "Garcia"})
    one, other = (table_of("last_name", rows, key) for key in (KEY, bytes(32)))
    assert not np.intersect1d(one.digests, other.digests).size
