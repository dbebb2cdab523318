"""What the tests of match files share: random entries, and files holding whatever a test wants."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from pprl.exchange import Entries, Manifest, PassProfile, Submission
from pprl.exchange.container import container
from pprl.exchange.submission import to_arrow

MakeEntries = Callable[..., Entries]
MakeSubmission = Callable[..., Submission]
MakeFile = Callable[..., bytes]


def random_entries(count: int, words: int, records: int, seed: int = 1) -> Entries:
    """Entries in the right form, of random bits."""
    rng = np.random.default_rng(seed)
    tokens = rng.choice(1 << 40, count, replace=False).astype(np.uint64) << np.uint64(20)
    return Entries(
        np.sort(tokens),
        rng.integers(0, records, count, np.uint32),
        rng.integers(0, 1 << 64, (count, words), np.uint64),
    )


def small_submission(records: int = 3, words: int = 2) -> Submission:
    """A submission of two passes."""
    passes = {
        "birth": random_entries(records, words, records, 1),
        "first": random_entries(2 * records, words, records, 2),
    }
    manifest = Manifest(
        institution="orchard-usd",
        agreement="a" * 64,
        linkage="b" * 64,
        key_check="c" * 32,
        records=records,
        sequence=1,
        software="pprl 0",
        epsilon=1.0,
        completeness={"first_name": 1.0, "birth_date": 0.5},
        unplaced=0.25,
        non_match_profile={"birth": PassProfile(7, {"first_name": (1, 0, 2, 0, 0, 4)})},
    )
    return Submission(manifest, passes)


def described(parts: Sequence[bytes], **change: Any) -> list[dict[str, Any]]:
    """What a manifest says of these parts, digests and lengths right."""
    sizes = {"entries": 3, "words": 2} | change
    return [
        {
            "pass": f"pass {number}",
            "bytes": len(part),
            "sha256": hashlib.sha256(part).hexdigest(),
            **sizes,
        }
        for number, part in enumerate(parts, 1)
    ]


def whole_file(
    tables: Sequence[bytes] | None = None, manifest: object = None, **change: Any
) -> bytes:
    """A match file whose digests are right, whatever it holds.

    Args:
        tables: its parts; one sound table of three entries if not given.
        manifest: what takes the place of the manifest: bytes, or anything JSON can write.
        change: keys of the manifest that are changed.
    """
    if tables is None:
        tables = [to_arrow(random_entries(3, 2, 3))]
    if manifest is None:
        manifest = json.loads(small_submission().manifest.to_bytes())
        manifest |= {"parts": described(tables)} | change
    content = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode("ascii")
    return b"".join(container(content, tables))


@pytest.fixture
def make_entries() -> MakeEntries:
    """`random_entries`."""
    return random_entries


@pytest.fixture
def make_submission() -> MakeSubmission:
    """`small_submission`."""
    return small_submission


@pytest.fixture
def make_file() -> MakeFile:
    """`whole_file`."""
    return whole_file


@pytest.fixture
def describe() -> Callable[..., list[dict[str, Any]]]:
    """`described`."""
    return described
