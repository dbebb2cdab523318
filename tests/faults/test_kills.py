"""Claims about processes that are killed: two random moments of each command.

`python -m tests.faults.test_kills 50` kills each of them at fifty.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scenes import SCENES, Victims, killed, victims

MOMENTS = 2


@pytest.fixture(scope="module")
def processes() -> Iterator[Victims]:
    """To be killed."""
    with victims() as server:
        yield server


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", SCENES)
def test_a_killed_process_leaves_nothing_half_done_and_nothing_unlogged(
    name: str, processes: Victims, tmp_path: Path
) -> None:
    """Under every final name a whole file; every file in its log; and the next run completes it."""
    killed(SCENES[name], processes, tmp_path, MOMENTS, random.Random(name))


def main() -> None:
    """Kill each command at as many moments as the command line says, and tell how many hit."""
    moments = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with victims() as server:
        for name, scene in SCENES.items():
            with tempfile.TemporaryDirectory() as folder:
                hit = killed(scene, server, Path(folder), moments, random.Random(moments))
            print(f"{name}: killed at {moments} moments ({hit} before its end): as claimed")


if __name__ == "__main__":
    main()
