"""Claims about canonical first names, sounds and parts."""

from __future__ import annotations

import csv
import importlib.metadata
import runpy
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.institution import names
from pprl.institution.names import canonical_first_name, name_parts, soundex

SHIPPED = Path(names.__file__).with_name("nicknames-1.csv")
MAKER = Path(__file__).with_name("make_nicknames.py")


def objects(*values: str) -> np.ndarray:
    """The given names as `object[n]`."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@pytest.mark.parametrize(
    ("nickname", "canonical"),
    [
        ("bob", "robert"),
        ("bill", "william"),
        ("liz", "elizabeth"),
        ("alex", "alexander"),
        ("kate", "katherine"),
        ("kathy", "katherine"),
        ("tony", "anthony"),
        ("mike", "michael"),
        ("danny", "daniel"),
        ("nick", "nicholas"),
    ],
)
def test_a_nickname_stands_for_one_name(nickname: str, canonical: str) -> None:
    """The customary American ones, unlike in spelling as they may be."""
    assert canonical_first_name(objects(nickname))[0] == canonical


def test_common_full_names_are_not_merged_with_each_other() -> None:
    """The package lists some of them as nicknames of rarer names, or of each other."""
    full = objects(
        *("john", "ian", "mary", "maria", "anna", "hannah", "erin", "aaron", "megan", "margaret"),
        *("andrew", "andrea", "alexander", "alexandra", "michael", "miguel", "eric", "derek"),
        *("emma", "emily", "julia", "lisa", "elizabeth", "nora", "eleanor", "jose", "peter"),
    )
    assert canonical_first_name(full).tolist() == full.tolist()


def test_only_the_first_part_counts() -> None:
    """Institutions differ in where they keep a second given name; none stays none."""
    first = canonical_first_name(objects("bob lee", "robert", "", "李"))
    assert first.tolist() == ["robert", "robert", "", "李"]


@given(st.lists(st.text(alphabet="abcdeimrt y")))
def test_a_canonical_name_is_its_own(first: list[str]) -> None:
    """Canonical names of canonical names are themselves."""
    once = canonical_first_name(objects(*first))
    assert canonical_first_name(once).tolist() == once.tolist()


def test_the_shipped_table_is_one_to_one_and_settled() -> None:
    """Sorted, each nickname once, no canonical name a nickname, no name a crowd."""
    with SHIPPED.open(encoding="utf-8", newline="") as lines:
        rows = [(row["nickname"], row["canonical"]) for row in csv.DictReader(lines)]
    nicknames = [nickname for nickname, _ in rows]
    assert nicknames == sorted(set(nicknames))
    assert set(nicknames).isdisjoint(canonical for _, canonical in rows)
    assert max(Counter(canonical for _, canonical in rows).values()) <= 8


def test_the_shipped_table_is_what_its_rule_makes() -> None:
    """Byte for byte, from the version of the package that it cites."""
    pytest.importorskip("nicknames")
    maker = runpy.run_path(str(MAKER))
    if importlib.metadata.version("nicknames") != maker["PACKAGE_VERSION"]:
        pytest.skip(f"needs nicknames {maker['PACKAGE_VERSION']}")
    assert SHIPPED.read_bytes() == maker["csv_text"]().encode()


@pytest.mark.parametrize(
    ("name", "code"),
    [("robert", "R163"), ("rupert", "R163"), ("tymczak", "T522"), ("nguyen", "N250"), ("", "")],
)
def test_sound_is_american_soundex(name: str, code: str) -> None:
    """Known codes of the National Archives' rules; a missing name has no sound."""
    assert soundex(objects(name))[0] == code


@given(st.lists(st.lists(st.sampled_from(["de", "garcia", "lee", "le"])).map(" ".join)))
def test_parts_are_the_distinct_words_in_order(last: list[str]) -> None:
    """Row i of the compressed rows against splitting name i."""
    indptr, parts = name_parts(objects(*last))
    assert indptr.dtype == np.int64
    assert len(indptr) == len(last) + 1
    for i, name in enumerate(last):
        assert parts[indptr[i] : indptr[i + 1]].tolist() == list(dict.fromkeys(name.split()))
