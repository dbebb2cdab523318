"""Figures of runs that are kept beside those of earlier runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

RUN = "{persons}/{seed}/{profile}"


def keep_each(
    path: Path,
    measured: Callable[[int, int, str], object],
    arguments: Sequence[str],
    *,
    seed: int,
    profiles: Sequence[str] = ("students-1", "students-2"),
    run: str = RUN,
) -> None:
    """Measure each profile; print the figures, and add them to a JSON file.

    Args:
        path: the file; figures of an earlier run of the same name are replaced.
        measured: of persons, seed and profile.
        arguments: persons, seed and profiles, which may be left out from the end.
        seed: the seed if none is given.
        profiles: the profiles if none is given.
        run: what a run is called.
    """
    persons = int(arguments[0]) if arguments else 20_000
    seed = int(arguments[1]) if len(arguments) > 1 else seed
    for profile in arguments[2:] or profiles:
        figures = measured(persons, seed, profile)
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        kept[run.format(persons=persons, seed=seed, profile=profile)] = figures
        path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(figures), flush=True)
