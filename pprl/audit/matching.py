"""Graph matching by similarity: the attack that undoes encodings whose records can be compared.

Vidanage, Christen, Ranbaduge and Schnell ("A graph matching attack on privacy-preserving record
linkage", CIKM 2020) match the graph of similarities among encoded records with that among plaintext
records; Schäfer et al. ("Revisiting graph matching attacks on privacy-preserving record linkage",
ACSAC 2024) do it with node embeddings and a bipartite matching. This is a version of it for whole
matrices of similarities, and it needs to know nothing of the encoding:

1. A record is embedded by what does not hang on the order of the others: how its similarities are
   distributed, the squares of the leading eigenvectors' entries, and the entries themselves as far
   as their signs can be told from their distributions.
2. Records that are each other's nearest become anchors, the surest first, and every record is
   embedded by its similarities to the anchors as well; so on, the first embedding counting less and
   less.
3. An assignment of the largest total agreement gives each plaintext record its encoded record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

Matrix = NDArray[np.float32]
Partners = NDArray[np.int64]

QUANTILES = 64
DIMENSIONS = 48
ROUNDS = 30
MOST_ANCHORS = 1500
DENSE = 4_000
_TILE = 1024
_NEAREST = 12
_POWER = 12
_FEWEST = 40
_SUREST = 0.9
_BEGINNING = 0.7
_FADING = 0.7
_ALL = 0.89
_STAYING = 0.98


@dataclass(frozen=True, eq=False, repr=False)
class Matching:
    """Which encoded record the attack takes each plaintext record for.

    Attributes:
        partner: `int64[m]`, the encoded record of each plaintext record.
        agreement: `float32[m]`, how well the two fit, at most 1.
        anchors: how many mutual matches the last round stood on.
    """

    partner: Partners
    agreement: Matrix
    anchors: int

    def __repr__(self) -> str:
        """Counts only."""
        return f"<Matching of {len(self.partner):,} records on {self.anchors:,} anchors>"

    def correct(self, truth: Partners) -> float:
        """The share of matches that are right, of all plaintext records that are encoded at all.

        Args:
            truth: `int64[m]`, the encoded record of each plaintext record, -1 where there is none.
        """
        known = truth >= 0
        return float((self.partner[known] == truth[known]).mean()) if known.any() else 0.0


def match_graphs(encoded: Matrix, plain: Matrix) -> Matching:
    """Match two similarity graphs.

    Args:
        encoded: `float32[n, n]`, symmetric, 1 on the diagonal.
        plain: `float32[m, m]`, similarities of plaintext records by whatever measure rises and
            falls with the encoding's.
    """
    if not len(encoded) or not len(plain):
        return Matching(np.full(len(plain), -1), np.zeros(len(plain), np.float32), 0)
    start = _embedded(plain, encoded)
    one, other, anchors = *start, 0
    before = np.zeros(0, np.int64)
    for turn in range(ROUNDS):
        rows, partners = _mutual(one, other)
        found = rows * len(encoded) + partners
        settled = anchors >= _ALL * min(len(plain), len(encoded), MOST_ANCHORS)
        # Large graphs have anchors enough from the first, mostly wrong: they must stay as well.
        if settled and len(rows) >= anchors and np.isin(found[:anchors], before).mean() >= _STAYING:
            break
        before = found
        anchors = min(len(rows), MOST_ANCHORS, max(_FEWEST, int(_SUREST * len(rows))))
        rows, partners = rows[:anchors], partners[:anchors]
        share = np.float32(max(0.0, _BEGINNING * (1 - turn / (_FADING * ROUNDS))))
        ours, theirs = _normed(plain[:, rows], encoded[:, partners])
        one = np.concatenate((start[0] * share, ours), axis=1)
        other = np.concatenate((start[1] * share, theirs), axis=1)
    return _assigned(one, other, anchors)


def _eigenvectors(similarity: Matrix) -> Matrix:
    """The leading eigenvectors of the centred similarities, of mean square 1: `float32[n, k]`."""
    count = len(similarity)
    means = similarity.mean(axis=0, dtype=np.float64).astype(np.float32)
    grand = np.float32(means.mean())

    def times(vectors: Matrix) -> Matrix:
        vectors = vectors.astype(np.float32)
        total = vectors.sum(axis=0)
        out: Matrix = similarity @ vectors - np.multiply.outer(means, total)
        out += grand * total - means @ vectors
        return out

    wanted = min(DIMENSIONS, max(1, count - 2))
    # Subspace iteration: plain, deterministic, and all in matrix products.
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((count, min(count, 2 * wanted)), np.float32)
    for _ in range(_POWER):
        basis = np.linalg.qr(times(basis).astype(np.float64))[0].astype(np.float32)
    values, within = np.linalg.eigh((basis.T @ times(basis)).astype(np.float64))
    order = np.argsort(-np.abs(values))[:wanted]
    vectors: Matrix = (basis @ within[:, order] * np.sqrt(count)).astype(np.float32)
    return vectors


def _with_signs(one: Matrix, other: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Give the eigenvectors of one side the other's signs.

    Returns:
        both sides, and how far each sign can be relied on, `float32[k]`.
    """
    width = min(one.shape[1], other.shape[1])
    places = (np.arange(QUANTILES) + 0.5) / QUANTILES
    ours, theirs = (np.quantile(side[:, :width], places, axis=0) for side in (one, other))
    same = np.abs(ours - theirs).mean(axis=0)
    turned = np.abs(ours + theirs[::-1]).mean(axis=0)
    sign = np.where(same <= turned, 1, -1).astype(np.float32)
    trust = (np.abs(same - turned) / (same + turned + 1e-9)).astype(np.float32)
    return one[:, :width], other[:, :width] * sign, trust


def _embedded(plain: Matrix, encoded: Matrix) -> tuple[Matrix, Matrix]:
    """Both graphs embedded by what does not hang on the order of records, plaintext first."""
    ours, theirs, trust = _with_signs(_eigenvectors(plain), _eigenvectors(encoded))
    parts = [
        _normed(_windows(ours), _windows(theirs)),
        tuple(2 * side for side in _normed(_distribution(plain), _distribution(encoded))),
        _unit(ours * trust**2, theirs * trust**2),
    ]
    return _unit(
        np.concatenate([one for one, _ in parts], axis=1),
        np.concatenate([other for _, other in parts], axis=1),
    )


def _windows(vectors: Matrix) -> Matrix:
    """Logarithms of smoothed squares of eigenvectors' entries: sign and order matter little."""
    place = np.arange(vectors.shape[1])
    weight = np.exp(-((place[:, None] - place[None, :]) ** 2.0) / 8)
    smoothed: Matrix = np.log1p(vectors**2 @ (weight / weight.sum(axis=0))).astype(np.float32)
    return smoothed


def _distribution(similarity: Matrix) -> Matrix:
    """Quantiles of each row, closer and closer towards the most similar: `float32[n, quantiles]`.

    The places are shares of the row, so that graphs of different sizes compare.
    """
    count = len(similarity)
    place = (1 - np.geomspace(1.5 / max(count, 2), 0.9, QUANTILES)).clip(0) * (count - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, count - 1)
    share = (place - low).astype(np.float32)
    out = np.empty((count, QUANTILES), np.float32)
    for start in range(0, count, _TILE):
        ranked = np.sort(similarity[start : start + _TILE], axis=1)
        out[start : start + _TILE] = ranked[:, low] * (1 - share) + ranked[:, high] * share
    return out


def _unit(one: Matrix, other: Matrix) -> tuple[Matrix, Matrix]:
    """Rows of length 1."""
    return _scaled(one), _scaled(other)


def _scaled(rows: Matrix) -> Matrix:
    """Rows of length 1."""
    scaled: Matrix = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + np.float32(1e-6))
    return scaled.astype(np.float32)


def _normed(one: Matrix, other: Matrix) -> tuple[Matrix, Matrix]:
    """Both sets of features, each column standardised on its own side, rows of length 1."""
    normed = []
    for side in (one, other):
        scaled = side - side.mean(axis=0)
        scaled /= scaled.std(axis=0) + 1e-6
        scaled -= scaled.mean(axis=1, keepdims=True) * 0.5
        normed.append(scaled)
    return _unit(*normed)


def _mutual(one: Matrix, other: Matrix) -> tuple[Partners, Partners]:
    """The surest pairs, each the other's nearest: rows of both sides, best margin first.

    There is one at least: of the largest score, the first row and its first column.
    """
    best = np.full(len(one), -1)
    margin = np.zeros(len(one), np.float32)
    back_score = np.full(len(other), -np.inf, np.float32)
    back = np.full(len(other), -1)
    for start in range(0, len(one), _TILE):
        score = one[start : start + _TILE] @ other.T
        rows = np.arange(len(score))
        nearest = score.argmax(axis=1)
        best[start : start + _TILE] = nearest
        column = score.argmax(axis=0)
        column_score = score[column, np.arange(len(other))]
        better = column_score > back_score
        back[better], back_score[better] = column[better] + start, column_score[better]
        top = score[rows, nearest]
        score[rows, nearest] = -np.inf
        margin[start : start + _TILE] = top - score.max(axis=1)
    mutual = np.flatnonzero(back[best] == np.arange(len(one)))
    chosen = mutual[np.argsort(-margin[mutual], kind="stable")]
    return chosen, best[chosen]


def _assigned(one: Matrix, other: Matrix, anchors: int) -> Matching:
    """A bipartite matching of the largest agreement; over the nearest few where there are many."""
    if max(len(one), len(other)) <= DENSE:
        score = one @ other.T
        rows, columns = linear_sum_assignment(-score)
        partner = np.full(len(one), -1)
        partner[rows] = columns
        agreement = np.zeros(len(one), np.float32)
        agreement[rows] = score[rows, columns]
        return Matching(partner, agreement, anchors)
    most = min(_NEAREST, len(other))
    near = np.empty((len(one), most), np.int64)
    score = np.empty((len(one), most), np.float32)
    for start in range(0, len(one), _TILE):
        all_scores = one[start : start + _TILE] @ other.T
        nearest = np.argpartition(-all_scores, most - 1, axis=1)[:, :most]
        near[start : start + _TILE] = nearest
        score[start : start + _TILE] = np.take_along_axis(all_scores, nearest, axis=1)
    # A column of its own for every row makes a full matching possible: "nobody", at the worst cost.
    rows = np.repeat(np.arange(len(one)), most)
    cost = np.concatenate((2.0 - score.reshape(-1), np.full(len(one), 4.0)))
    graph = csr_array(
        (
            cost,
            (
                np.concatenate((rows, np.arange(len(one)))),
                np.concatenate((near.reshape(-1), len(other) + np.arange(len(one)))),
            ),
        ),
        shape=(len(one), len(other) + len(one)),
    )
    _, columns = min_weight_full_bipartite_matching(graph)
    partner = np.where(columns < len(other), columns, -1).astype(np.int64)
    found = (near == partner[:, None]).argmax(axis=1)
    agreement = np.where(partner >= 0, score[np.arange(len(one)), found], 0).astype(np.float32)
    return Matching(partner, agreement, anchors)
