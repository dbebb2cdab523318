"""Claims about comparing candidate pairs: the arrays say what a slow loop says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.agreement import Agreement, Pass
from pprl.agreement.levels import Comparison
from pprl.exchange import Entries, Submission
from pprl.filters import common_bits
from pprl.hub import comparison
from pprl.hub.comparison import PassPairs, compare_pass, source_pairs, tie

MakeSubmission = Callable[..., Submission]


@given(
    widths=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    count=st.integers(0, 6),
    seed=st.integers(0, 1000),
)
def test_common_bits_are_counted_segment_by_segment(
    widths: list[int], count: int, seed: int
) -> None:
    """As many as a loop over all bits of Python's own integers counts."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, 1 << 64, (2, count, sum(widths)), np.uint64)
    expected = []
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        both = [a & b for a, b in zip(one, other, strict=True)]
        row = []
        for width in widths:
            row.append(sum(word.bit_count() for word in both[:width]))
            both = both[width:]
        expected.append(row)
    common = common_bits(left, right, widths)
    assert common.dtype == np.uint16
    assert common.shape == (count, len(widths))
    assert common.tolist() == expected


def test_full_segments_do_not_overflow() -> None:
    """The widest segment there may be, with every bit set, is counted whole."""
    full = np.full((1, 64), (1 << 64) - 1, np.uint64)
    assert common_bits(full, full, [64]).tolist() == [[4096]]


def test_of_two_pairs_of_equal_evidence_the_closer_comes_first() -> None:
    """Pairs that share as many bits in all, but elsewhere, come in some order and not together."""
    rng = np.random.default_rng(5)
    common = rng.integers(0, 33, (500, 8)).astype(np.uint16)
    ties = tie(common)
    order = np.argsort(ties)
    assert (np.diff(common[order].sum(axis=1, dtype=np.int64)) <= 0).all()
    assert len(np.unique(ties)) == len(np.unique(common, axis=0))
    assert (tie(common[::-1]) == ties[::-1]).all()


def test_filters_blinded_by_one_pad_share_what_the_bare_ones_do(
    agreement: Agreement, make_submission: MakeSubmission
) -> None:
    """Every segment has as many bits as agreed, so the bits that differ tell those in common."""
    linkage_pass = agreement.linkage.passes[0]
    judge = Comparison.of(agreement.linkage, linkage_pass)
    one, other = (
        make_submission(name, 60, seed).passes[linkage_pass.name].filters
        for name, seed in (("a", 1), ("b", 2))
    )
    expected = common_bits(one, other, judge.widths)
    pad = np.random.default_rng(3).integers(0, 1 << 64, one.shape, np.uint64)
    assert judge.shared(one, other).tolist() == expected.tolist()
    assert judge.shared(one ^ pad, other ^ pad).tolist() == expected.tolist()


def compared_pass(
    submissions: list[Submission], agreement: Agreement, linkage_pass: Pass
) -> PassPairs:
    """The candidate pairs of one pass of submissions."""
    tables = [submission.passes[linkage_pass.name] for submission in submissions]
    return compare_pass(tables, Comparison.of(agreement.linkage, linkage_pass))


def slow_pairs(submissions: list[Submission], agreement: Agreement, name: str) -> Counter[tuple]:
    """What `compare_pass` should find, one pair of entries at a time."""
    linkage_pass = next(item for item in agreement.linkage.passes if item.name == name)
    judge = Comparison.of(agreement.linkage, linkage_pass)
    found: Counter[tuple] = Counter()
    for group, (a, b) in enumerate(source_pairs(len(submissions))):
        one, other = submissions[a].passes[name], submissions[b].passes[name]
        places = {token: place for place, token in enumerate(other.tokens.tolist())}
        for i, token in enumerate(one.tokens.tolist()):
            if token in places:
                j = places[token]
                common = common_bits(one.filters[[i]], other.filters[[j]], judge.widths)
                pattern = judge.patterns(judge.levels(common)).item()
                decides = tie(common).item()
                pair = (group, int(one.records[i]), int(other.records[j]), decides, pattern)
                found[pair] += 1
    return found


@pytest.mark.parametrize("name", ["birth", "names"])
@pytest.mark.parametrize("tile", [1, 3, 1 << 15])
def test_a_pass_is_compared_as_a_slow_loop_would(
    name: str,
    tile: int,
    agreement: Agreement,
    make_submission: MakeSubmission,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every shared block of every pair of sources, once, whatever the tile."""
    monkeypatch.setattr(comparison, "TILE", tile)
    submissions = [
        make_submission(institution, records, seed, tokens=60)
        for institution, records, seed in (("a", 10, 1), ("b", 14, 5), ("c", 3, 9))
    ]
    linkage_pass = next(item for item in agreement.linkage.passes if item.name == name)
    pairs = compared_pass(submissions, agreement, linkage_pass)
    columns = (pairs.group, pairs.left, pairs.right, pairs.token, pairs.pattern)
    found = Counter(zip(*(column.tolist() for column in columns), strict=True))
    assert found == slow_pairs(submissions, agreement, name)
    assert len(pairs.group)


def test_sources_without_a_block_in_common_give_no_pairs(
    agreement: Agreement, make_submission: MakeSubmission
) -> None:
    """The arrays are empty, of the right types."""
    submissions = [make_submission("a", 4, 1), make_submission("b", 4, 50)]
    pairs = compared_pass(submissions, agreement, agreement.linkage.passes[0])
    assert len(pairs) == 0
    assert (pairs.left.dtype, pairs.token.dtype) == (np.uint32, np.uint64)


def test_all_pairs_of_sources_are_numbered() -> None:
    """The lower source first, each pair once."""
    assert source_pairs(3) == [(0, 1), (0, 2), (1, 2)]


def test_a_state_may_have_hundreds_of_sources(
    agreement: Agreement, make_submission: MakeSubmission
) -> None:
    """The number of a pair of sources does not wrap: 258 sources have 33,153 pairs."""
    linkage_pass = agreement.linkage.passes[0]
    sound = make_submission("a", 1, 1)
    entries = sound.passes[linkage_pass.name]
    empty = Entries(entries.tokens[:0], entries.records[:0], entries.filters[:0])
    silent = Submission(sound.manifest, {linkage_pass.name: empty})
    pairs = compared_pass([silent] * 256 + [sound] * 2, agreement, linkage_pass)
    assert pairs.group.tolist() == [33_152]
