"""The simulator of the security claim: a submission made from the number of records alone.

If HMAC-SHA-256 and AES-256 are pseudo-random functions, nobody without the keys can
tell a real submission's entries from these. `pprl.audit` never sees plaintext: it needs none.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import LinkageSection, Pass
from pprl.exchange import Entries, Manifest, Submission
from pprl.filters import distinct_positions


def simulate(manifest: Manifest, section: LinkageSection, rng: np.random.Generator) -> Submission:
    """Random bits in the form of a submission.

    Args:
        manifest: where the published facts come from: the number of records, and the counts that
            the institution publishes anyway.
        section: the agreement's linkage section.
        rng: a statistical generator is enough: what is simulated is tested, not protected.
    """
    passes = {
        linkage_pass.name: _entries(section, linkage_pass, manifest.records, rng)
        for linkage_pass in section.passes
    }
    return Submission(dataclasses.replace(manifest, parts=()), passes)


def _entries(
    section: LinkageSection, linkage_pass: Pass, records: int, rng: np.random.Generator
) -> Entries:
    """Random tokens and filters; every record has the pass's quota of them."""
    count = records * linkage_pass.quota
    tokens = np.unique(rng.integers(0, 1 << 64, count, np.uint64))
    while len(tokens) < count:
        more = rng.integers(0, 1 << 64, count - len(tokens), np.uint64)
        tokens = np.unique(np.concatenate((tokens, more)))

    def draws(first: int, rows: NDArray[np.intp]) -> NDArray[np.uint64]:
        return rng.integers(0, 1 << 64, (2, 1, len(rows)), np.uint64)

    filters = [
        distinct_positions(draws, count, segment.bits, segment.insertions)
        for segment in section.segments_of(linkage_pass)
    ]
    owners = np.repeat(np.arange(records, dtype=np.uint32), linkage_pass.quota)
    return Entries(tokens, rng.permutation(owners), np.concatenate(filters, axis=1))
