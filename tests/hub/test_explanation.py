"""Claims about explanations: weights by field that add up, told from levels only."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl.agreement import Agreement
from pprl.agreement.levels import LEVELS
from pprl.errors import UsageError
from pprl.exchange import Submission
from pprl.hub import Linkage
from pprl.hub.explanation import BLOCK, REST


@pytest.fixture(scope="module")
def linkage(linked: Linkage) -> Linkage:
    """Three rosters, linked."""
    return linked


def bits(probability: float) -> float:
    """Log-odds to base 2."""
    return float(np.log2(probability) - np.log2(1 - probability))


def test_weights_add_up_to_the_log_odds_of_a_pair(linkage: Linkage) -> None:
    """For every candidate whose probability is not 0 or 1."""
    told = linkage.candidates
    between = told[(told["probability"] > 1e-6) & (told["probability"] < 1 - 1e-6)]
    assert len(between) > 20
    for place in range(0, len(between), max(1, len(between) // 20)):
        explanation = linkage.explain(between.iloc[place])
        total = sum(weight.bits for weight in explanation.weights)
        assert total == pytest.approx(bits(between["probability"].iloc[place]), abs=1e-6)


def test_without_rivals_and_third_sources_nothing_is_left_to_other_candidates(
    agreement: Agreement, make_submission: Callable[..., Submission]
) -> None:
    """Fields and block alone make up the probability of parties that may hold a person twice."""
    parties = tuple(
        dataclasses.replace(party, one_record_per_person=False) for party in agreement.parties
    )
    several = dataclasses.replace(agreement, parties=parties)
    submissions = [
        make_submission("orchard-usd", 60, 1, tokens=400),
        make_submission("city-college", 60, 40, tokens=400),
    ]
    linkage = pprl.link(submissions, several, progress=False)
    assert len(linkage.candidates) > 5
    for _, pair in linkage.candidates.iterrows():
        explanation = linkage.explain(pair)
        assert explanation.weights[-1].name == REST
        assert explanation.weights[-1].bits == pytest.approx(0, abs=1e-6)


def test_an_explanation_names_levels_and_blocks_and_nothing_else(linkage: Linkage) -> None:
    """Every level is one of the agreement's, every block a pass."""
    passes = {item.name for item in linkage.agreement.linkage.passes}
    known = {level for levels in LEVELS.values() for level in levels}
    for place in (0, len(linkage.candidates) // 2, len(linkage.candidates) - 1):
        first, *fields, rest = linkage.explain(linkage.candidates.iloc[place]).weights
        assert first.name == BLOCK and set(first.level.split(" / ")) <= passes
        assert rest.name == REST and rest.level == ""
        for weight in fields:
            assert set(weight.level.split(", ")) <= known
            assert {name.replace(" ", "_") for name in weight.name.split(" and ")} <= LEVELS.keys()


def test_a_pair_may_be_named_in_either_order(linkage: Linkage) -> None:
    """By its two records."""
    row = linkage.candidates.iloc[0]
    a, i, b, j = row["source_a"], row["record_a"], row["source_b"], row["record_b"]
    assert str(linkage.explain((a, i, b, j))) == str(linkage.explain((b, j, a, i)))


def test_records_that_share_no_block_cannot_be_explained(linkage: Linkage) -> None:
    """They were never compared."""
    with pytest.raises(UsageError, match="share no block"):
        linkage.explain(("city-college", 10**6, "orchard-usd", 0))


def test_a_waterfall_is_a_picture_with_a_bar_for_each_weight(linkage: Linkage) -> None:
    """Well-formed SVG, every label in it, every bar within it."""
    explanation = linkage.explain(linkage.doubtful.iloc[0])
    tree = ElementTree.fromstring(explanation.to_svg())
    space = "{http://www.w3.org/2000/svg}"
    bars = tree.findall(f"{space}rect")[1:]
    assert len(bars) == len(explanation.weights) + 1
    width = float(tree.attrib["width"])
    for bar in bars:
        assert 0 <= float(bar.attrib["x"]) <= width
        assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= width
    labels = {text.text for text in tree.findall(f"{space}text")}
    assert {weight.label for weight in explanation.weights} <= labels


def test_what_was_not_kept_is_told(linkage: Linkage) -> None:
    """A linkage without its models links, but does not explain."""
    bare = dataclasses.replace(linkage, reasons=None, judgement=None)
    with pytest.raises(UsageError, match="Link the submissions again"):
        bare.explain(linkage.candidates.iloc[0])
    with pytest.raises(UsageError, match="Link the submissions again"):
        bare.review()
    groups = pd.DataFrame({"source": [], "record": [], "group": []})
    with pytest.raises(UsageError, match="Link the submissions again"):
        bare.quality_by(groups)
