"""What blinding costs, and what a thief with a linkage key could test without its permutation.

Under a pad alone, two entries of one block show which positions differ. Who holds a linkage key can
work out a student's filter for a guessed block, and sees whether it is possible: it must hold
exactly half of the positions that differ in every segment. This counts how many of ten thousand
wrong guesses (random filters, which is what another student's is under a block's salt) pass.

    python benchmarks/blinding.py [PERSONS]
"""

from __future__ import annotations

import sys
import time

import numpy as np
from numpy.typing import NDArray

import pprl
from pprl.filters import segment_ones
from pprl.hub.candidates import shared_tokens
from pprl.hub.custody import CustodyKey
from pprl.hub.custody.blinding import blind_submission
from pprl.synthetic import population

GUESSES = 10_000
PAIRS = 300


def random_sets(
    count: int, bits: int, insertions: int, rng: np.random.Generator
) -> NDArray[np.uint64]:
    """Filters of one segment with so many positions at random: `uint64[count, words]`."""
    order = rng.random((count, bits)).argsort(axis=1)
    marks = (order < insertions).astype(np.uint8)
    return np.packbits(marks, axis=1, bitorder="little").view("<u8")


def main() -> None:
    """Print both."""
    persons = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    rng = np.random.default_rng(1)
    made_up = population(persons, seed=5)
    agreement = pprl.Agreement.students(list(made_up.institutions))
    key = pprl.LinkageKey.generate()
    submissions = [
        pprl.encode(rows, agreement, key, name, progress=False).submission
        for name, rows in list(made_up.institutions.items())[:2]
    ]
    entries = sum(len(item) for s in submissions for item in s.passes.values())
    began = time.process_time()
    for submission in submissions:
        blind_submission(submission, agreement.linkage, CustodyKey.generate("linkage store"))
    seconds = time.process_time() - began
    print(f"blinding: {entries:,} entries in {seconds:.2f} s of CPU")
    print(f"  {28e6 * seconds / entries:.1f} s for 28 million")

    passing, differing = [], 0
    compared = 0
    for linkage_pass in agreement.linkage.passes:
        segments = agreement.linkage.segments_of(linkage_pass)
        one, other = (s.passes[linkage_pass.name] for s in submissions)
        i, j = shared_tokens(one.tokens, other.tokens)
        compared += len(i)
        difference = one.filters[i] ^ other.filters[j]
        unlike = np.flatnonzero(difference.any(axis=1))
        differing += len(unlike)
        for row in difference[rng.permutation(unlike)[: PAIRS // len(agreement.linkage.passes)]]:
            possible, start = 1.0, 0
            for segment in segments:
                part = row[start : start + segment.words]
                start += segment.words
                half = int(np.bitwise_count(part).sum()) // 2
                if half:
                    guessed = random_sets(GUESSES, segment.bits, segment.insertions, rng)
                    held = segment_ones(guessed & part, [segment.words])[:, 0]
                    # One in ten thousand stands for none, so that a product is never nothing.
                    possible *= max(float((held == half).mean()), 1 / GUESSES)
            passing.append(possible)
    print(f"pairs of entries that share a block: {compared:,}, {differing:,} of them unlike")
    quartiles = np.quantile(passing, [0.25, 0.5, 0.75, 1.0])
    print("share of wrong guesses that a pad alone would let pass (quartiles, most):")
    print("  " + ", ".join(f"{share:.1e}" for share in quartiles))


if __name__ == "__main__":
    main()
