"""Contenders in processes of their own that are asked the same question in turn."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

Contenders = Mapping[str, "subprocess.Popen[str]"]


@contextmanager
def contenders(commands: Mapping[str, Sequence[str]]) -> Iterator[Contenders]:
    """Start each command, held to the last core by its last argument; end them afterwards."""
    core = str(max(os.sched_getaffinity(0)))
    started = {
        name: subprocess.Popen(
            [*command, core], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name, command in commands.items()
    }
    try:
        yield started
    finally:
        for process in started.values():
            assert process.stdin
            process.stdin.close()
            process.wait()


def round_of(started: Contenders, question: str) -> dict[str, Any]:
    """What each contender answers, one after the other."""
    answers = {}
    for name, process in started.items():
        assert process.stdin and process.stdout
        process.stdin.write(question + "\n")
        process.stdin.flush()
        answers[name] = json.loads(process.stdout.readline())
    return answers


def spread(ratios: Sequence[float]) -> str:
    """Median, and from the least to the greatest."""
    return f"{median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
