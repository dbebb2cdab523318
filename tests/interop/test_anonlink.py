"""anonlink's functions give what anonlink gives."""

from __future__ import annotations

import base64
import io
import json
from array import array
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bitarray import bitarray
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import SubmissionError, UsageError
from pprl.interop import Clks, anonlink
from pprl.interop.anonlink.candidates import ranks

VECTORS = json.loads(
    (Path(__file__).parent.parent / "vectors" / "anonlink.json").read_text(encoding="utf-8")
)
DATASETS = [Clks.from_base64(rows) for rows in VECTORS["datasets"]]
CASES = VECTORS["cases"]
BITS = [clks.to_bitarrays() for clks in DATASETS]

filters = st.lists(st.integers(0, 255).map(lambda octet: bytes([octet])), max_size=6)
thresholds = st.one_of(st.floats(0, 1.1), st.sampled_from([0.5, 2 / 3, 5 / 6, 0.8, 1.0]))
records = st.tuples(st.integers(0, 2), st.integers(0, 3))


def named(case: dict[str, Any]) -> str:
    """A case in a word."""
    return f"{case['datasets']}-{case['measure']}-{case['threshold']}-{case['k']}"


def pairs_of(case: dict[str, Any], datasets: Any) -> Any:
    """Candidate pairs as the case wants them."""
    return anonlink.candidate_generation.find_candidate_pairs(
        datasets[: case["datasets"]],
        getattr(anonlink.similarities, case["measure"]),
        case["threshold"],
        k=case["k"],
    )


def written(pairs: Any) -> bytes:
    """Candidate pairs as a file."""
    file = io.BytesIO()
    assert anonlink.serialization.dump_candidate_pairs(pairs, file) == len(file.getvalue())
    return file.getvalue()


def listed(groups: Any) -> list[list[list[int]]]:
    """Groups as JSON has them, sorted."""
    return [[list(record) for record in group] for group in sorted(map(sorted, groups))]


@pytest.mark.parametrize("case", CASES, ids=map(named, CASES))
def test_candidate_pairs_and_groups_are_those_of_anonlink(case: dict[str, Any]) -> None:
    """The same pairs in the same order, to the last bit of the file, and the same groups."""
    pairs = pairs_of(case, BITS)
    content = base64.b64decode(case["pairs"])
    assert written(pairs) == content
    assert anonlink.serialization.load_candidate_pairs(io.BytesIO(content)) == pairs
    solve = anonlink.solving.probabilistic_greedy_solve
    assert listed(anonlink.solving.greedy_solve(pairs)) == case["groups"]
    assert listed(solve(pairs)) == case["probabilistic"]
    duplicated = solve(pairs, merge_threshold=0.25, deduplicated=False)
    assert listed(duplicated) == case["duplicated"]


@pytest.mark.parametrize("form", ["clks", "arrays", "bytes"])
def test_other_forms_of_filters_give_the_same(form: str) -> None:
    """CLKs and arrays are not converted; bytes count from their highest bit."""
    forms = {
        "clks": DATASETS,
        "arrays": [clks.filters for clks in DATASETS],
        "bytes": [[row.tobytes() for row in clks.to_octets()] for clks in DATASETS],
    }
    assert written(pairs_of(CASES[0], forms[form])) == base64.b64decode(CASES[0]["pairs"])


def test_random_bits_are_drawn_as_anonlink_draws_them() -> None:
    """From the same seed."""
    blocks = anonlink.blocking.bit_blocking(3, 2, seed=7)
    made = [list(blocks(0, i, bits)) for i, bits in enumerate(BITS[0])]
    assert made == VECTORS["bit_blocking"]


@given(filters, filters, thresholds, st.one_of(st.none(), st.integers(0, 3)))
def test_dice_coefficients_are_compared_as_floats(
    a: list[bytes], b: list[bytes], threshold: float, k: int | None
) -> None:
    """Each pair's coefficient is rounded to a float and then held against the threshold."""
    expected = []
    for i, row in enumerate(a):
        found = []
        for j, other in enumerate(b):
            x, y = row[0], other[0]
            score = 2 * (x & y).bit_count() / max(1, x.bit_count() + y.bit_count())
            if score >= threshold:
                found.append((-score, i, j))
        expected += sorted(found)[:k]
    scores, (i_made, j_made) = anonlink.similarities.dice_coefficient((a, b), threshold, k)
    made = list(zip((-score for score in scores), i_made, j_made, strict=True))
    assert made == sorted(expected)


@given(filters, filters, thresholds, st.one_of(st.none(), st.integers(1, 3)))
def test_matching_coefficients_count_bits_that_agree(
    a: list[bytes], b: list[bytes], threshold: float, k: int | None
) -> None:
    """With k, the pairs that are among the best of both of their records."""
    every = []
    for (i, row), (j, other) in product(enumerate(a), enumerate(b)):
        share = (8 - (row[0] ^ other[0]).bit_count()) / 8
        if share >= threshold:
            every.append((-share, i, j))
    every.sort()
    best = [
        {pair for side in {pair[place] for pair in every}
         for pair in [p for p in every if p[place] == side][:k]}
        for place in (1, 2)
    ]  # fmt: skip
    made = anonlink.similarities.simple_matching_coefficient((a, b), threshold, k)
    listed_pairs = list(zip((-share for share in made[0]), *made[1], strict=True))
    assert listed_pairs == [pair for pair in every if pair in best[0] and pair in best[1]]


@given(st.lists(st.tuples(records, records), max_size=20))
def test_greedy_groups_merge_once_every_pair_between_them_was_seen(pairs: Any) -> None:
    """By a slow and obvious solver: groups as sets, pairs seen as a set."""
    group_of: dict[tuple[int, int], frozenset[tuple[int, int]]] = {}
    links: dict[frozenset[Any], int] = {}
    for a, b in pairs:
        if a == b:
            continue
        sides = [group_of.setdefault(record, frozenset([record])) for record in (a, b)]
        if sides[0] is sides[1] or sides[0] == sides[1]:
            continue
        key = frozenset(sides)
        links[key] = links.get(key, 0) + 1
        if links[key] >= len(sides[0]) * len(sides[1]):
            merged = sides[0] | sides[1]
            for record in merged:
                group_of[record] = merged
            renewed: dict[frozenset[Any], int] = {}
            for old, number in links.items():
                new = frozenset(merged if group <= merged else group for group in old)
                if len(new) == 2:
                    renewed[new] = renewed.get(new, 0) + number
            links = renewed
    expected = {group for group in group_of.values() if len(group) > 1}
    candidates = candidates_of(pairs)
    made = anonlink.solving.greedy_solve(candidates)
    assert set(map(frozenset, made)) == expected
    assert len(made) == len(expected)


def candidates_of(pairs: Any) -> Any:
    """Candidate pairs of equal similarity, in this order."""
    sides = [list(side) for side in zip(*pairs, strict=True)] or [[], []]
    return (
        array("d", [1.0] * len(pairs)),
        tuple(array("I", [dataset for dataset, _ in side]) for side in sides),
        tuple(array("I", [number for _, number in side]) for side in sides),
    )


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12, unique=True),
    st.sampled_from([0.6, 1.0]),
)
def test_two_datasets_are_matched_as_many_are(pairs: Any, threshold: float) -> None:
    """The short way that two datasets take, against the long way with a duplicate pair at the end.

    The duplicate is of the first pair, whose records are together by then.
    """
    named_pairs = [((0, i), (1, j)) for i, j in pairs]
    short = anonlink.solving.probabilistic_greedy_solve(
        candidates_of(named_pairs), merge_threshold=threshold, deduplicated=False
    )
    long = anonlink.solving.probabilistic_greedy_solve(
        candidates_of([*named_pairs, *named_pairs[:1]]),
        merge_threshold=threshold,
        deduplicated=False,
    )
    assert set(map(frozenset, short)) == set(map(frozenset, long))


def test_large_numbers_of_records_are_matched_too() -> None:
    """By the long way, where two of them do not fit into one whole number."""
    largest = 2**32 - 1
    candidates = candidates_of([((0, largest), (1, largest)), ((0, largest), (1, 0))])
    assert anonlink.solving.greedy_solve(candidates) == (((0, largest), (1, largest)),)


def test_groups_of_two_datasets_are_pairs() -> None:
    """Of other groups there are none."""
    groups = [((1, 5), (0, 3)), ((0, 1), (1, 1))]
    assert list(anonlink.solving.pairs_from_groups(groups)) == [(3, 5), (1, 1)]
    for group in (((0, 1), (0, 2)), ((0, 1), (1, 1), (2, 1))):
        with pytest.raises(UsageError):
            list(anonlink.solving.pairs_from_groups([group]))


@given(st.data())
def test_blocks_restrict_the_comparisons(data: st.DataObject) -> None:
    """Pairs found with blocking are those without that share a block, each once."""
    datasets = [data.draw(filters) for _ in range(3)]
    draw = st.integers(0, 1)
    source = [[data.draw(draw) for _ in rows] for rows in datasets]
    numbers = [[data.draw(st.floats(0, 4)) for _ in rows] for rows in datasets]
    by_list = anonlink.blocking.list_blocking(source)
    by_number = anonlink.blocking.continuous_blocking(0.5, numbers)
    dice = anonlink.similarities.dice_coefficient
    find = anonlink.candidate_generation.find_candidate_pairs
    every = find(datasets, dice, 0.3)
    for function in (
        anonlink.blocking.block_and(by_list, by_number),
        anonlink.blocking.block_or([by_list, by_number]),
    ):
        blocks = [
            [set(function(place, i, row)) for i, row in enumerate(rows)]
            for place, rows in enumerate(datasets)
        ]
        kept = [
            place
            for place, (a, b, i, j) in enumerate(zip(*every[1], *every[2], strict=True))
            if blocks[a][i] & blocks[b][j]
        ]
        made = find(datasets, dice, 0.3, blocking_f=function)
        assert list(made[0]) == [every[0][place] for place in kept]
        for sides_made, sides in zip(made[1:], every[1:], strict=True):
            for made_side, side in zip(sides_made, sides, strict=True):
                assert list(made_side) == [side[place] for place in kept]


@pytest.mark.parametrize("form", ["clks", "arrays"])
def test_blocks_of_arrays_are_those_of_bitarrays(form: str) -> None:
    """Filters are handed to the blocking function as bitarrays, or as rows of the array."""
    source = [[row % 3 for row in range(len(clks))] for clks in DATASETS]
    blocking = anonlink.blocking.list_blocking(source)
    dice = anonlink.similarities.dice_coefficient
    find = anonlink.candidate_generation.find_candidate_pairs
    datasets = DATASETS if form == "clks" else [clks.filters for clks in DATASETS]
    assert find(datasets, dice, 0.4, blocking_f=blocking) == find(
        BITS, dice, 0.4, blocking_f=blocking
    )


@given(st.lists(st.integers(0, 4)))
def test_ranks_count_within_groups(groups: list[int]) -> None:
    """How many of one's own came before."""
    expected = [groups[:place].count(group) for place, group in enumerate(groups)]
    assert ranks(np.array(groups, np.intp)).tolist() == expected


def test_files_of_pairs_are_merged_in_order() -> None:
    """Two halves make the whole again."""
    whole = pairs_of(CASES[1], BITS)
    halves = []
    for start in (0, 1):
        similarities, datasets, rows = whole
        halves.append(
            written(
                (
                    similarities[start::2],
                    tuple(side[start::2] for side in datasets),
                    tuple(side[start::2] for side in rows),
                )
            )
        )
    merged = io.BytesIO()
    anonlink.serialization.merge_streams(map(io.BytesIO, halves), merged)
    assert merged.getvalue() == written(whole)


@pytest.mark.parametrize(("size", "code"), [(4, "f"), (2, "f")])
def test_short_floats_are_read(size: int, code: str) -> None:
    """As other programs may write them; numbers of any size too."""
    layout = np.dtype([("s", f"<f{size}"), ("d", "<u1", 2), ("r", "<u8", 2)])
    entry = np.array([(0.5, (0, 1), (7, 9))], layout)
    content = bytes([1, size, 1, 8]) + entry.tobytes()
    similarities, datasets, rows = anonlink.serialization.load_candidate_pairs(io.BytesIO(content))
    assert similarities == array(code, [0.5])
    assert [list(side) for side in (*datasets, *rows)] == [[0], [1], [7], [9]]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x01\x08\x04", b"\x02\x08\x04\x04", b"\x01\x03\x04\x04", b"\x01\x08\x04\x04x"],
)
def test_damaged_files_of_pairs_are_refused(content: bytes) -> None:
    """Cut short, of another version, or with numbers of odd sizes."""
    with pytest.raises(SubmissionError):
        anonlink.serialization.load_candidate_pairs(io.BytesIO(content))


def test_wrong_uses_are_refused() -> None:
    """With a `PPRLError` where anonlink has errors of several kinds."""
    dice = anonlink.similarities.dice_coefficient
    one, other = [b"\x01"], [b"\x01\x02"]
    blocking = anonlink.blocking
    bits = blocking.bit_blocking(1, 1)
    assert list(bits(0, 0, bitarray("0"))) == [0]
    bad_shape = (array("d", [1.0]), (array("I", [0]), array("I", [1])), (array("I"), array("I")))
    uses = [
        lambda: dice([one], 0.5),
        lambda: dice([one, other], 0.5),
        lambda: dice([[3.5], one], 0.5),
        lambda: anonlink.candidate_generation.find_candidate_pairs([one, []], dice, 0.5, k=-1),
        lambda: anonlink.solving.greedy_solve(bad_shape),
        lambda: anonlink.solving.probabilistic_greedy_solve(candidates_of([]), merge_threshold=2),
        lambda: blocking.block_and(),
        lambda: blocking.bit_blocking(0, 1),
        lambda: blocking.continuous_blocking(0, []),
        lambda: list(bits(0, 0, bitarray("01"))),
    ]
    for use in uses:
        with pytest.raises(UsageError):
            use()


def test_no_quotient_lies_halfway_between_two_floats() -> None:
    """On which the exact form of a float threshold rests: quotients of counts are far from it."""
    for numerator, denominator in combinations(range(1, 60), 2):
        quotient = Fraction(numerator, denominator)
        near = Fraction(float(quotient))
        for other in (np.nextafter(float(quotient), 0), np.nextafter(float(quotient), 2)):
            assert (near + Fraction(float(other))) / 2 != quotient
