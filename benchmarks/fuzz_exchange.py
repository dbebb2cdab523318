"""Hostile files in quantity, against every reader of what travels.

Run: python -m benchmarks.fuzz_exchange [files per reader, 10000] [seed, 1]
     python -m benchmarks.fuzz_exchange --guided READER [atheris options, such as -runs=1000000]

The first mutates sound files at random, in a process of its own for each reader, and tells how
many were refused, how many read, and the memory taken. The second lets coverage of pprl's Python
guide the mutations (pip install atheris; Linux). Either ends with an error at the first file that
does anything but be read or refused by an error of pprl; its bytes are then in `crash-*`.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

if sys.argv[1:2] == ["--guided"]:
    import atheris

    with atheris.instrument_imports(include=["pprl"]):
        from tests.fuzzing import ALWAYS_TOLD, READERS, mutated, read, samples
else:
    from tests.fuzzing import ALWAYS_TOLD, READERS, mutated, read, samples


def at_random(name: str, files: int, seed: int) -> None:
    """Mutate a reader's sample so many times, and tell what became of the files."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        content = samples(Path(first))[name]
        rng = random.Random(seed)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        taken = 0
        for number in range(files):
            hostile = mutated(content, rng)
            try:
                was_taken = read(name, hostile, Path(second))
                assert not (was_taken and name in ALWAYS_TOLD and hostile != content)
                taken += was_taken
            except BaseException:
                Path(f"crash-{name.replace(' ', '-')}-{number}").write_bytes(hostile)
                raise
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{name:<14} {files - taken:>7,} refused {taken:>7,} read {grown:>6.1f} MiB more memory")


def guided(name: str, options: list[str]) -> None:
    """Let atheris mutate, guided by the coverage of pprl's Python code."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        sample = samples(Path(first))[name]
        corpus = Path(first) / "corpus"
        corpus.mkdir()
        (corpus / "sample").write_bytes(sample)

        def one(content: bytes) -> None:
            """One file."""
            read(name, content, Path(second))

        atheris.Setup([sys.argv[0], *options, str(corpus)], one)
        atheris.Fuzz()


def main() -> None:
    """Run one reader, or all of them, each in a process of its own."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--guided"]:
        guided(arguments[1], arguments[2:])
    elif arguments[:1] == ["--one"]:
        at_random(arguments[1], int(arguments[2]), int(arguments[3]))
    else:
        files, seed = [*arguments, *("10000", "1")[len(arguments) :]]
        for name in READERS:
            command = [sys.executable, "-m", "benchmarks.fuzz_exchange", "--one", name]
            subprocess.run([*command, files, seed], check=True)


if __name__ == "__main__":
    main()
