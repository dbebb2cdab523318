"""Whatever a file holds, reading it ends in one error of pprl, and nothing is left behind."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import ALWAYS_TOLD, READERS, mutated, read, samples

with tempfile.TemporaryDirectory() as _folder:
    SAMPLES = samples(Path(_folder))

EXAMPLES = 60


@pytest.mark.parametrize("name", READERS)
def test_a_sound_file_is_taken(name: str, tmp_path: Path) -> None:
    """What is refused below is refused for its faults."""
    if name in ("manifest", "table"):
        pytest.skip("a part of a file that is not whole without the others")
    assert read(name, SAMPLES[name], tmp_path)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 1 << 40))
def test_a_mutated_file_is_refused_or_read_and_never_crashes(name: str, seed: int) -> None:
    """Bits, bytes, cuts, copies and bounds, with digests and signatures right where one can."""
    content = mutated(SAMPLES[name], random.Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        taken = read(name, content, Path(folder))
    assert not (taken and name in ALWAYS_TOLD and content != SAMPLES[name])


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=EXAMPLES)
@given(content=st.binary(max_size=300))
def test_noise_is_refused_or_read_and_never_crashes(name: str, content: bytes) -> None:
    """Bytes that never were a file of pprl."""
    with tempfile.TemporaryDirectory() as folder:
        read(name, content, Path(folder))


@pytest.mark.parametrize("name", ["sealed", "signed", "table", "payload table"])
def test_memory_stays_bounded(name: str, tmp_path: Path) -> None:
    """A small file never makes the reader fetch much memory, whatever lengths it announces."""
    resource = pytest.importorskip("resource", reason="needs POSIX")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rng = random.Random(5)
    for _ in range(100):
        read(name, mutated(SAMPLES[name], rng), tmp_path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024
