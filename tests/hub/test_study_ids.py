"""Claims about study IDs: random, distinct, and hard to mistake for one another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.hub.study_ids import ALPHABET, LETTERS, check_symbol, is_study_id, new_study_ids

names = st.tuples(st.sampled_from(LETTERS), st.text(ALPHABET, min_size=16, max_size=16)).map(
    lambda pieces: "".join(pieces)
)


def test_a_study_id_is_a_letter_sixteen_symbols_and_a_check_symbol() -> None:
    """No symbol that is mistaken for another, nothing that a spreadsheet takes for a number."""
    for name in new_study_ids(200):
        assert len(name) == 18
        assert name[0].isalpha() and set(name) <= set(ALPHABET)
        assert is_study_id(name)
    assert not set("ILOU") & set(ALPHABET)


def test_study_ids_are_all_different() -> None:
    """Within one batch, and (80 bits being what they are) between batches."""
    made = new_study_ids(2000) + new_study_ids(2000)
    assert len(set(made)) == 4000
    assert new_study_ids(0) == []


def test_a_name_drawn_twice_is_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the random numbers ever repeat, the IDs do not."""
    drawn = iter([bytes(64), bytes(64), bytes(range(64))])

    def repeating(count: int) -> bytes:
        return next(drawn, bytes(range(100)))[:count]

    monkeypatch.setattr("secrets.token_bytes", repeating)
    assert len(set(new_study_ids(2))) == 2


@given(name=names, place=st.integers(0, 17), symbol=st.sampled_from(ALPHABET))
def test_the_check_symbol_tells_any_single_wrong_symbol(name: str, place: int, symbol: str) -> None:
    """Whichever symbol is mistyped, and into whatever."""
    whole = name + check_symbol(name)
    wrong = whole[:place] + symbol + whole[place + 1 :]
    assert is_study_id(wrong) == (wrong == whole)


def test_the_check_symbol_has_a_known_answer() -> None:
    """Luhn modulo 32: the sum of all symbols, every second one doubled, is a multiple of 32."""
    for name in ("A", "A0", "ZZ", "K7Q2M0ZJ4X8R1TBW5"):
        total = 0
        for place, symbol in enumerate(reversed(name + check_symbol(name))):
            doubled = ALPHABET.index(symbol) * (1 + place % 2)
            total += doubled // 32 + doubled % 32
        assert total % 32 == 0


@pytest.mark.parametrize("text", ["", "A", "K7Q2M0ZJ4X8R1TBW5", "A" * 19, "É" * 18, "a" * 18])
def test_other_texts_are_no_study_ids(text: str) -> None:
    """Too short, too long, other letters."""
    assert not is_study_id(text)


def test_a_digit_does_not_come_first() -> None:
    """Even with a right check symbol."""
    name = "7" * 17
    assert not is_study_id(name + check_symbol(name))
