"""Can a real submission be told from random bits, or a decoy from a student?

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.indistinguishability [runs]

Each run encodes a roster under a fresh linkage key and a fresh state, simulates a submission from
the manifest alone, and measures both. If nobody can tell them apart, every p-value printed is a
draw from the uniform law. Keys are fixed by the number of the run, so a figure can be repeated.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

import pprl
from pprl import Agreement, LinkageKey, State, Submission
from pprl.agreement import LinkageSection, Pass
from pprl.audit import simulate
from pprl.audit.distinguisher import Bits, bits_of
from pprl.exchange.submission import to_arrow
from tests.rosters import agreement_on, varied

PASSES = ("birth-date+first", "first-last", "name-sound+zip")
"""Passes of `students-1` with 1, 2 and 3 entries a record; together they hold every segment."""


@dataclass(frozen=True)
class Run:
    """One roster, encoded and simulated.

    Attributes:
        section: the linkage section.
        real: the submission.
        simulated: another from the same manifest.
        decoys: pass -> `bool[n]`, which of the real submission's entries are decoys.
    """

    section: LinkageSection
    real: Submission
    simulated: Submission
    decoys: dict[str, NDArray[np.bool_]]


def runs(count: int, students: int = 120) -> Iterator[Run]:
    """Encode and simulate; an attacker may know the roster, so only a few rosters take turns."""
    agreement = agreement_on(PASSES, minimum=100)
    rosters = [varied(students, seed) for seed in range(4)]
    for number in range(count):
        key, secret = (_secret(purpose, number) for purpose in ("linkage key", "state"))
        yield run(rosters[number % len(rosters)], agreement, key, secret, number)


def run(rows: pd.DataFrame, agreement: Agreement, key: bytes, secret: bytes, seed: int) -> Run:
    """Encode and simulate once."""
    state = State.in_memory(secret)
    encoded = pprl.encode(rows, agreement, LinkageKey(key), "fresno", state=state, progress=False)
    real, section = encoded.submission, agreement.linkage
    simulated = simulate(real.manifest, section, np.random.default_rng(seed))
    # Real entries hang on the linkage key alone, decoys on the state's secret as well.
    with contextlib.closing(State.in_memory()) as other:
        again = pprl.encode(
            rows, agreement, LinkageKey(key), "fresno", state=other, progress=False
        ).submission
    decoys = {
        name: ~np.isin(entries.tokens, again.passes[name].tokens)
        for name, entries in real.passes.items()
    }
    return Run(section, real, simulated, decoys)


def _secret(purpose: str, number: int) -> bytes:
    """32 bytes that stand for a fresh secret of a run."""
    return hashlib.sha256(f"{purpose} {number}".encode()).digest()


def segments_of(
    submission: Submission, section: LinkageSection
) -> Iterator[tuple[Pass, str, int, Bits]]:
    """Pass, segment, insertions and bits of each segment of each pass."""
    for linkage_pass in section.passes:
        bits, start = bits_of(submission.passes[linkage_pass.name].filters), 0
        for segment in section.segments_of(linkage_pass):
            yield (
                linkage_pass,
                segment.name,
                segment.insertions,
                bits[:, start : start + segment.bits],
            )
            start += segment.bits


def occupancy(submission: Submission, section: LinkageSection) -> float:
    """P-value: chi-square of how often each position is set, over all segments."""
    total, freedom = 0.0, 0
    for *_, insertions, bits in segments_of(submission, section):
        rows, width = bits.shape
        share = insertions / width
        scale = rows * share * (1 - share) * width / (width - 1)
        total += float(((bits.sum(axis=0, dtype=np.int64) - rows * share) ** 2).sum() / scale)
        freedom += width - 1
    return float(stats.chi2.sf(total, freedom))


def token_uniformity(submission: Submission, section: LinkageSection) -> float:
    """P-value: Kolmogorov-Smirnov of all tokens against the uniform law."""
    tokens = np.concatenate([entries.tokens for entries in submission.passes.values()])
    return float(stats.kstest(tokens.astype(np.float64) / 2.0**64, "uniform").pvalue)


def record_order(submission: Submission, section: LinkageSection) -> float:
    """P-value: rank correlation of record numbers with tokens, the passes taken together."""
    z = [
        stats.spearmanr(np.arange(len(entries)), entries.records).statistic
        * np.sqrt(len(entries) - 1)
        for entries in submission.passes.values()
    ]
    return float(stats.chi2.sf(np.square(z).sum(), len(z)))


def token_spacing(submission: Submission, section: LinkageSection) -> float:
    """Greenwood's statistic: the mean square of the gaps between tokens, in mean gaps."""
    squares = [
        np.mean(np.square(np.diff(entries.tokens.astype(np.float64)) * len(entries) / 2.0**64))
        for entries in submission.passes.values()
    ]
    return float(np.mean(squares))


def record_runs(submission: Submission, section: LinkageSection) -> float:
    """How many neighbours in the order of tokens belong to one record."""
    return float(
        sum((np.diff(e.records.astype(int)) == 0).sum() for e in submission.passes.values())
    )


def neighbouring_filters(submission: Submission, section: LinkageSection) -> float:
    """Mean bits in common of entries next to each other."""
    common = [(b[1:] & b[:-1]).sum(axis=1).mean() for *_, b in segments_of(submission, section)]
    return float(np.sum(common))


def crowded_filters(submission: Submission, section: LinkageSection) -> float:
    """Most bits that any two entries share in a segment of the first pass, on average."""
    most = []
    for linkage_pass, *_, bits in segments_of(submission, section):
        if linkage_pass == section.passes[0]:
            common = bits.astype(np.float32) @ bits.T.astype(np.float32)
            np.fill_diagonal(common, 0)
            most.append(common.max())
    return float(np.mean(most))


def filters_of_one_record(submission: Submission, section: LinkageSection) -> float:
    """Mean bits in common of a segment of one record's entries, in one pass and in two."""
    by_segment: dict[str, list[tuple[NDArray[np.uint32], Bits]]] = {}
    for linkage_pass, name, _, bits in segments_of(submission, section):
        owners = submission.passes[linkage_pass.name].records
        by_segment.setdefault(name, []).append((owners, bits))
    means = []
    for parts in by_segment.values():
        owners = np.concatenate([owner for owner, _ in parts])
        bits = np.concatenate([bits for _, bits in parts])
        order = np.argsort(owners, kind="stable")
        same = owners[order][1:] == owners[order][:-1]
        common = (bits[order][1:] & bits[order][:-1]).sum(axis=1)
        means.append(common[same].mean() / bits.sum(axis=1).mean())
    return float(np.sum(means))


def clustered_positions(submission: Submission, section: LinkageSection) -> float:
    """Mean number of set positions whose next position is set too."""
    return float(
        np.sum(
            [
                (b[:, 1:] & b[:, :-1]).sum(axis=1).mean()
                for *_, b in segments_of(submission, section)
            ]
        )
    )


def tokens_in_filters(submission: Submission, section: LinkageSection) -> float:
    """Mean number of bits in which a token and a word of its filter differ."""
    differing = [
        np.bitwise_count(entries.filters ^ entries.tokens[:, None]).mean()
        for entries in submission.passes.values()
    ]
    return float(np.mean(differing))


Statistic = Callable[[Submission, LinkageSection], float]
WITH_P_VALUE: tuple[Statistic, ...] = (occupancy, token_uniformity, record_order)
"""Statistics that are p-values already: uniform over runs, for real submissions and simulated."""
STATISTICS: tuple[Statistic, ...] = (
    *WITH_P_VALUE,
    token_spacing,
    record_runs,
    neighbouring_filters,
    crowded_filters,
    filters_of_one_record,
    clustered_positions,
    tokens_in_filters,
)


def told_apart(done: list[Run]) -> dict[str, float]:
    """P-values of the claims: small ones tell that something can be told apart."""
    found = {}
    for statistic in STATISTICS:
        name = statistic.__name__
        real, simulated = (
            [statistic(getattr(item, side), item.section) for item in done]
            for side in ("real", "simulated")
        )
        found[f"{name}: real against simulated"] = float(stats.ks_2samp(real, simulated).pvalue)
        if statistic in WITH_P_VALUE:
            found[f"{name}: real uniform"] = float(stats.kstest(real, "uniform").pvalue)
    return found | {f"decoys: {name}": p for name, p in decoys_told_apart(done).items()}


def decoys_told_apart(done: list[Run]) -> dict[str, float]:
    """P-values of decoys against students' entries, within files and by a trained classifier."""
    tokens, records, positions = [], [], []
    for item in done:
        for linkage_pass in item.section.passes:
            decoy = item.decoys[linkage_pass.name]
            entries = item.real.passes[linkage_pass.name]
            place = np.arange(len(entries))
            tokens.append(stats.mannwhitneyu(place[decoy], place[~decoy]).pvalue)
            bits = bits_of(entries.filters)
            positions.append(_same_positions(bits[decoy], bits[~decoy]))
            if linkage_pass.quota == 1:
                test = stats.mannwhitneyu(entries.records[decoy], entries.records[~decoy])
                records.append(test.pvalue)
    return {
        "tokens": float(stats.kstest(tokens, "uniform").pvalue),
        "record numbers": float(stats.kstest(records, "uniform").pvalue),
        "positions": min(1.0, len(positions) * min(positions)),
        "classifier": classifier(done)[1],
    }


def _same_positions(one: Bits, other: Bits) -> float:
    """P-value of the largest difference in how often a position is set (Bonferroni)."""
    share = np.concatenate((one, other)).mean(axis=0)
    deviation = np.sqrt(share * (1 - share) * (1 / len(one) + 1 / len(other)))
    z = np.abs(one.mean(axis=0) - other.mean(axis=0)) / deviation
    return float(min(1.0, 2 * stats.norm.sf(z.max()) * len(z)))


def classifier(done: list[Run], name: str = PASSES[-1]) -> tuple[float, float]:
    """Area under the curve of a ridge regression on every bit, and its p-value.

    It learns which entries are decoys on every other run, and guesses on the rest.
    """
    features, labels = [], []
    for item in done:
        entries = item.real.passes[name]
        tokens = entries.tokens.astype("<u8").view(np.uint8).reshape(-1, 8)
        place = np.linspace(-1, 1, len(entries))
        number = 2 * entries.records / item.real.records - 1
        columns = [bits_of(entries.filters), np.unpackbits(tokens, axis=1)]
        features.append(np.column_stack([*columns, place, number]).astype(np.float32))
        labels.append(item.decoys[name])
    learn, guess = (np.concatenate(features[start::2]) for start in (0, 1))
    known, truth = (np.concatenate(labels[start::2]) for start in (0, 1))
    mean = learn.mean(axis=0)
    centred = learn - mean
    gram = centred.T @ centred + 10 * np.eye(len(mean), dtype=np.float32)
    weights = np.linalg.solve(gram, centred.T @ (known - known.mean()))
    score = (guess - mean) @ weights
    test = stats.mannwhitneyu(score[truth], score[~truth])
    return float(test.statistic / truth.sum() / (~truth).sum()), float(test.pvalue)


def size_of(submission: Submission) -> int:
    """Bytes of all tables of entries."""
    return sum(len(to_arrow(entries)) for entries in submission.passes.values())


def main(count: int) -> None:
    """Print the p-values of so many runs."""
    done = list(runs(count))
    p_values = told_apart(done)
    print(f"{count} runs")
    for name, p in p_values.items():
        print(f"{name:45} p = {p:.3f}")
    all_uniform = stats.kstest(list(p_values.values()), "uniform").pvalue
    print(f"{'all of these: uniform':45} p = {all_uniform:.3f}")
    print(f"area under the classifier's curve: {classifier(done)[0]:.3f}")
    differ = sorted({size_of(item.real) - size_of(item.simulated) for item in done})
    print(f"bytes by which the sizes of real and simulated files differ: {differ}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
