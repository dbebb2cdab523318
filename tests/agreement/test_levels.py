"""Claims about comparison levels: what common bits mean, shown on real pairs of students."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import hypergeom

from pprl.agreement import Agreement, LinkageSection, Pass, Segment
from pprl.agreement.blocking import BlockingPart
from pprl.agreement.levels import CUTS, LEVELS, Comparison
from pprl.agreement.linkage import SEGMENT_FIELDS
from pprl.agreement.profiles import PROFILES
from pprl.filters import common_bits
from pprl.institution.filling import Blanks, Filling
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import normalise
from pprl.institution.prf import Prf
from pprl.institution.tokens import token_table

BLOCKS = 150
FIELDS = ("first_name", "middle_name", "last_name", "birth_date", "sex", "zip", "state_id")
NAMES = ("first_name", "last_name")
EVERYTHING = Pass("everything", (BlockingPart("name_pair"),), 1)
"""A pass that fixes no segment, so that its entries carry them all."""


def section_with_everything() -> LinkageSection:
    """The default profile, a segment of state IDs added, and the one pass `EVERYTHING`."""
    section = Agreement.students(["a", "b"], state_id=True).linkage
    segments = (*section.segments, Segment("state_id", 64, 16, (16,)))
    return dataclasses.replace(section, segments=segments, passes=(EVERYTHING,))


SECTION = section_with_everything()
COMPARISON = Comparison.of(SECTION, EVERYTHING)


def levels_in_blocks(left: dict[str, str], right: dict[str, str]) -> dict[str, list[str]]:
    """The levels of two students' entries in `BLOCKS` different blocks, by attribute."""
    rows = [dict.fromkeys(FIELDS, "") | student for student in (left, right)]
    roster = pd.DataFrame(rows, dtype=object).assign(local_id=np.array(["1", "2"], object))
    students = normalise(roster)
    words = NameWords.of(students)
    tables = {s.name: token_table(s.name, students, words, bytes(32)) for s in SECTION.segments}
    rng = np.random.default_rng(20)
    salts = rng.integers(0, 1 << 64, (BLOCKS, 2), np.uint64)
    filters = [
        Filling(
            SECTION, COMPARISON.segments, tables, Prf(bytes(32)), Prf(bytes([student] * 32))
        ).filters(
            Blanks(
                np.full(BLOCKS, student),
                rng.integers(0, 1 << 64, BLOCKS, np.uint64),
                salts,
                np.arange(BLOCKS),
            )
        )
        for student in (0, 1)
    ]
    levels = COMPARISON.levels(common_bits(*filters, COMPARISON.widths))
    return {
        name: [LEVELS[name][level] for level in levels[:, column]]
        for column, name in enumerate(COMPARISON.attributes)
    }


def share(attribute: str, level: str, left: dict[str, str], right: dict[str, str]) -> float:
    """The share of blocks in which two students compare at a level."""
    found = levels_in_blocks(left, right)[attribute]
    return found.count(level) / len(found)


def name(first: str, last: str = "Okafor") -> dict[str, str]:
    """A student of whom only the name is known."""
    return {"first_name": first, "last_name": last}


REACHED = [
    ("first_name", "exact", name("Maria"), name("María")),
    ("first_name", "nickname", name("Robert"), name("Bob")),
    ("first_name", "close", name("Alejandro"), name("Alejandra")),
    ("first_name", "similar", name("Maribel"), name("Marisol")),
    ("first_name", "swapped", name("Maria", "Lopez"), name("Lopez", "Maria")),
    ("first_name", "different", name("Anna"), name("Zed")),
    ("last_name", "exact", name("A", "Garcia-Lopez"), name("A", "GARCIA LOPEZ")),
    ("last_name", "close", name("A", "Hernandez"), name("A", "Hernandes")),
    ("last_name", "one part", name("A", "Garcia Lopez"), name("A", "Lopez")),
    ("last_name", "swapped", name("Maria", "Lopez"), name("Lopez", "Maria")),
    ("last_name", "different", name("A", "Nguyen"), name("A", "Smith")),
    ("middle_name", "exact", {"middle_name": "Maria"}, {"middle_name": "Maria"}),
    ("middle_name", "initial", {"middle_name": "M."}, {"middle_name": "Maria"}),
    ("middle_name", "different", {"middle_name": "A"}, {"middle_name": "B"}),
    ("birth_date", "exact", {"birth_date": "2008-03-04"}, {"birth_date": "2008-03-04"}),
    ("birth_date", "one part off", {"birth_date": "2008-03-04"}, {"birth_date": "2009-03-04"}),
    ("birth_date", "two parts off", {"birth_date": "2008-03-04"}, {"birth_date": "2008-04-03"}),
    ("birth_date", "different", {"birth_date": "2008-03-04"}, {"birth_date": "1999-12-31"}),
    ("sex", "same", {"sex": "F"}, {"sex": "female"}),
    ("sex", "different", {"sex": "F"}, {"sex": "M"}),
    ("zip", "same", {"zip": "93701"}, {"zip": "93701-1234"}),
    ("zip", "first three", {"zip": "93701"}, {"zip": "93722"}),
    ("zip", "different", {"zip": "93701"}, {"zip": "90210"}),
    ("state_id", "same", {"state_id": "1234567890"}, {"state_id": "1234567890"}),
    ("state_id", "different", {"state_id": "1234567890"}, {"state_id": "1234567891"}),
]
"""For every level, two students who compare at it."""


@pytest.mark.parametrize(("attribute", "level", "left", "right"), REACHED)
def test_every_level_is_what_its_name_says(
    attribute: str, level: str, left: dict[str, str], right: dict[str, str]
) -> None:
    """In most blocks, two students compare as a reader of the level's name expects."""
    assert share(attribute, level, left, right) > 0.75
    assert share(attribute, level, right, left) > 0.75


def test_every_level_has_its_pair_of_students() -> None:
    """The table above leaves no level out."""
    shown = {(attribute, level) for attribute, level, _, _ in REACHED}
    assert shown == {(name, level) for name, levels in LEVELS.items() for level in levels}


@pytest.mark.parametrize("other", ["2008-03-05", "2008-04-04", "2008-04-03"])
def test_one_slip_in_a_birth_date_still_speaks_for_it(other: str) -> None:
    """A wrong day, a wrong month, and both swapped are far from a stranger's date."""
    left, right = {"birth_date": "2008-03-04"}, {"birth_date": other}
    assert share("birth_date", "different", left, right) < 0.1


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("first_name", "Maria"),
        ("last_name", "Lopez"),
        ("middle_name", "Maria"),
        ("birth_date", "2008-03-04"),
        ("sex", "F"),
        ("zip", "93701"),
        ("state_id", "1234567890"),
    ],
)
def test_a_missing_value_compares_as_a_strangers(attribute: str, value: str) -> None:
    """Whether one side lacks it or both, nothing tells it from a different value."""
    for right in ({}, {attribute: value}):
        assert share(attribute, "different", {}, right) > 0.95


@pytest.mark.parametrize("profile", PROFILES)
def test_chance_seldom_reaches_a_better_level(profile: str) -> None:
    """Two unrelated filters reach any cut of a segment in less than 1.5% of pairs."""
    for segment in Agreement.students(["a", "b"], profile).linkage.segments:
        size, ones = segment.bits, segment.insertions
        assert hypergeom.sf(segment.cuts[-1] - 1, size, ones, ones) < 0.015, segment.name


def random_filters(rng: np.random.Generator, count: int) -> NDArray[np.uint64]:
    """Filters of unrelated values: `insertions` random bits in every segment."""
    columns = []
    for segment in COMPARISON.segments:
        order = rng.random((count, segment.bits)).argsort(axis=1)
        bits = (order < segment.insertions).astype(np.uint8)
        columns.append(np.packbits(bits, axis=1, bitorder="little").view("<u8"))
    return np.concatenate(columns, axis=1)


def test_strangers_are_different_in_everything() -> None:
    """Of random pairs, each attribute's better levels together hold at most 3%."""
    rng = np.random.default_rng(21)
    common = common_bits(random_filters(rng, 4000), random_filters(rng, 4000), COMPARISON.widths)
    worst = np.array(COMPARISON.sizes) - 1
    assert ((COMPARISON.levels(common) < worst).mean(axis=0) < 0.03).all()


common_counts = st.tuples(
    *(st.integers(0, segment.insertions) for segment in COMPARISON.segments)
).map(lambda counts: np.array([counts], np.uint16))


@given(common=common_counts, more=st.integers(1, 32), attribute=st.sampled_from(sorted(LEVELS)))
def test_more_common_bits_never_make_a_level_worse(
    common: NDArray[np.uint16], more: int, attribute: str
) -> None:
    """An attribute's own segment counts in one direction, whatever the other segments say."""
    place = COMPARISON.attributes.index(attribute)
    column = [segment.name for segment in COMPARISON.segments].index(attribute)
    most = COMPARISON.segments[column].insertions
    higher = common.copy()
    higher[0, column] = min(most, int(common[0, column]) + more)
    before, after = (int(COMPARISON.levels(c)[0, place]) for c in (common, higher))
    swapped = LEVELS[attribute].index("swapped") if "swapped" in LEVELS[attribute] else None
    assert after <= before or before == swapped


@given(common=common_counts, attribute=st.sampled_from(sorted({*LEVELS} - {*NAMES})))
def test_an_attribute_is_judged_by_its_own_segments(
    common: NDArray[np.uint16], attribute: str
) -> None:
    """Middle name, birth date, sex, ZIP and state ID are unmoved by the other segments."""
    alone = np.zeros_like(common)
    column = [segment.name for segment in COMPARISON.segments].index(attribute)
    alone[0, column] = common[0, column]
    place = COMPARISON.attributes.index(attribute)
    assert COMPARISON.levels(common)[0, place] == COMPARISON.levels(alone)[0, place]


def test_equal_filters_are_best_in_everything() -> None:
    """All bits in common is level 0 throughout, none in common the last one."""
    full = np.array([[segment.insertions for segment in COMPARISON.segments]], np.uint16)
    assert not COMPARISON.levels(full).any()
    worst = COMPARISON.levels(np.zeros_like(full))[0]
    assert tuple(worst + 1) == COMPARISON.sizes


def test_no_pairs_have_no_levels() -> None:
    """An empty pass is no special case."""
    levels = COMPARISON.levels(np.zeros((0, len(COMPARISON.segments)), np.uint16))
    assert levels.shape == (0, len(COMPARISON.attributes))
    assert COMPARISON.patterns(levels).shape == (0,)


def test_a_comparison_without_attributes_has_one_pattern() -> None:
    """Segments that only help to judge others make no attribute of their own."""
    names = tuple(s for s in COMPARISON.segments if s.name in ("names", "canonical_first_name"))
    comparison = dataclasses.replace(COMPARISON, segments=names, attributes=())
    levels = comparison.levels(np.full((3, len(names)), 16, np.uint16))
    assert levels.shape == (3, 0)
    assert comparison.patterns(levels).tolist() == [0, 0, 0]


def test_without_the_names_segment_nothing_is_swapped() -> None:
    """Only the order-free segment can tell a swap."""
    kept = tuple(s for s in COMPARISON.segments if s.name in NAMES)
    comparison = Comparison(kept, NAMES)
    levels = comparison.levels(np.zeros((1, 2), np.uint16))
    assert levels.tolist() == [[5, 4]]


@given(
    attributes=st.sets(st.sampled_from(sorted(LEVELS)), min_size=1),
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 50),
)
def test_patterns_and_levels_undo_each_other(attributes: set[str], seed: int, count: int) -> None:
    """Each combination of levels has its own number, from 0 without gaps."""
    comparison = Comparison((), tuple(name for name in LEVELS if name in attributes))
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, comparison.sizes, (count, len(comparison.sizes))).astype(np.int8)
    patterns = comparison.patterns(levels)
    assert np.array_equal(comparison.levels_of(patterns), levels)
    assert ((patterns >= 0) & (patterns < math.prod(comparison.sizes))).all()
    every = np.arange(math.prod(comparison.sizes))
    assert np.array_equal(comparison.patterns(comparison.levels_of(every)), every)


def test_a_pass_compares_what_its_block_leaves_open() -> None:
    """An attribute that the block fixes is not compared; the others keep the order of `LEVELS`."""
    linkage_pass = Pass("p", (BlockingPart("birth_date"), BlockingPart("zip")), 1)
    comparison = Comparison.of(SECTION, linkage_pass)
    assert comparison.attributes == ("first_name", "last_name", "middle_name", "sex", "state_id")
    assert sum(comparison.widths) == SECTION.words_of(linkage_pass)


def test_every_segment_has_its_number_of_cuts() -> None:
    """The tables of levels, cuts and fields speak of the same segments."""
    assert CUTS.keys() == SEGMENT_FIELDS.keys()
    assert LEVELS.keys() <= CUTS.keys()
