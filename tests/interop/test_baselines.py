"""Exact keys miss what is misspelt, and fall to whoever tries all dates."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from pprl.errors import UsageError
from pprl.interop.baselines import birth_date_of, cal_pass_keys, hashed_linkage_keys

COLUMNS = ["first_name", "last_name", "sex", "birth_date"]
SECRET = b"salt of the partners"


def people(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Students by name, sex and birth date."""
    return pd.DataFrame(rows, columns=COLUMNS)


def test_the_published_example_has_its_published_key() -> None:
    """`DANLAMM19440606`, of the interSegmentKey's documentation, begins 2940DD60."""
    keys = cal_pass_keys(people(("Danny", "Lamb", "M", "1944-06-06")))
    assert keys.rounds[0][0].hex().upper().startswith("2940DD60")


def test_a_record_with_a_missing_field_has_no_key() -> None:
    """And matches none, of its own kind either."""
    keys = cal_pass_keys(people(("Ann", "", "F", "2001-02-03"), ("", "Lee", "F", "2001-02-03")))
    assert keys.rounds[0].tolist() == [None, None]
    assert len(keys.pairs(keys)) == 0


def test_a_slip_makes_another_key() -> None:
    """In the letters that are hashed; behind them nothing is seen at all."""
    a = people(("Maria", "Garcia", "F", "2001-02-03"))
    slips = people(
        ("Maria", "Garica", "F", "2001-02-03"),
        ("Marta", "Garcia", "F", "2001-03-02"),
        ("Marisol", "Gardner", "F", "2001-02-03"),
    )
    pairs = cal_pass_keys(a).pairs(cal_pass_keys(slips))
    assert pairs["j"].tolist() == [0, 2]


def test_a_known_name_gives_its_birth_date_away() -> None:
    """Without any key."""
    (keys,) = cal_pass_keys(people(("Maria", "Garcia", "F", "2001-02-03"))).rounds
    years = range(1995, 2005)
    assert birth_date_of(keys[0], "Maria", "Garcia", "F", years) == date(2001, 2, 3)
    assert birth_date_of(keys[0], "Marta", "Gomez", "F", years) is None


def test_rounds_of_derived_fields_find_some_slips() -> None:
    """Each pair by its most exact round, once."""
    a = people(("Maria", "Garcia", "F", "2001-02-03"))
    b = people(
        ("MARÍA", "Garcia", "F", "2001-02-03"),
        ("Maria", "Garsia", "F", "2001-02-03"),
        ("Maria", "Garcilaso", "F", "2001-02-03"),
        ("Marie", "Garsia", "F", "2001-02-03"),
        ("Maria", "Garcia", "F", "2001-02-04"),
        ("Maria", "Garcia", "F", ""),
    )
    pairs = hashed_linkage_keys(a, SECRET).pairs(hashed_linkage_keys(b, SECRET))
    assert dict(zip(pairs["j"], pairs["round"], strict=True)) == {0: 0, 1: 1, 2: 3, 3: 5}


def test_keys_are_told_apart_by_method_and_secret() -> None:
    """Other secrets, no pairs; other methods, no comparison."""
    a = people(("Maria", "Garcia", "F", "2001-02-03"))
    mine, theirs = hashed_linkage_keys(a, SECRET), hashed_linkage_keys(a, b"another")
    assert len(mine.pairs(theirs)) == 0
    with pytest.raises(UsageError, match="different methods"):
        mine.pairs(cal_pass_keys(a))
    with pytest.raises(UsageError, match="lack the columns sex"):
        cal_pass_keys(a.drop(columns="sex"))


def test_a_baseline_says_what_it_is() -> None:
    """In its representation, which tells counts only."""
    keys = cal_pass_keys(people(("Maria", "Garcia", "F", "2001-02-03")))
    assert repr(keys) == "<Cal-PASS Plus baseline of 1 records; not an encoding to use>"
