"""Would the tests notice? One file's mutants, each run against that file's own tests.

`make mutation FILE=pprl/hub/model.py`, or `python -m tests.mutation FILE [TEST...]` in an
environment with mutmut. Works in a copy; prints how many mutants were killed, and a diff of each
that survived. What came of it, and why the rest survive, stands in `docs/mutation-testing.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPIED = ("pprl", "tests", "pyproject.toml")
FURTHER_TESTS: Mapping[str, Sequence[str]] = {
    "pprl/filters.py": ["tests/institution/test_filling.py"],
    "pprl/hub/combination.py": ["tests/hub/test_link.py"],
    "pprl/hub/decision.py": ["tests/hub/test_assignment.py"],
    "pprl/institution/encode.py": ["tests/institution/test_published.py"],
    "pprl/institution/encoded_pass.py": ["tests/institution/test_encode.py"],
}
"""Tests of a file beside those that have its name."""
STATUS = {
    None: "untried",
    0: "survived",
    1: "killed",
    3: "killed",
    33: "no test",
    36: "timeout",
    -24: "timeout",
}
"""Exit codes of pytest, of mutmut, and of what the system stops for the time it takes."""


def own_tests(file: str) -> list[str]:
    """The tests of a file: those of its name, where they are, and its further ones."""
    path = Path(file)
    named = "tests" / path.parent.relative_to("pprl") / f"test_{path.name}"
    return [name.as_posix() for name in [named] if (ROOT / name).exists()] + list(
        FURTHER_TESTS.get(file, ())
    )


def prepare(folder: Path, file: str, tests: Sequence[str]) -> None:
    """Copy the package and its tests, and tell mutmut what to do there."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    listed = "".join(f"\n    {test}" for test in tests)
    # A failing test is a verdict: no further ones. Derandomised, so that it is the same each time.
    (folder / "setup.cfg").write_text(
        "[mutmut]\nsource_paths=\n    pprl\n"
        f"only_mutate=\n    {file}\n"
        f"pytest_add_cli_args_test_selection={listed}\n"
        "pytest_add_cli_args=\n    -x\n    -p\n    no:xdist\n    --hypothesis-profile=ci\n"
        "timeout_constant=20\nuse_git_change_detection=false\n",
        encoding="utf-8",
    )


def main() -> None:
    """Make the mutants of a file, run the tests on each, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", help="such as pprl/hub/model.py")
    parser.add_argument("tests", nargs="*", help="tests to run, if not the file's own")
    parser.add_argument("--at-once", default="2", help="mutants to try at a time")
    options = parser.parse_args()
    tests = options.tests or own_tests(options.file)
    if not tests:
        raise SystemExit(f"No tests are known for {options.file}; name them.")
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        prepare(folder, options.file, tests)
        environ = os.environ | {"OMP_NUM_THREADS": "1"}

        def mutmut(*arguments: str, **how: bool) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "mutmut", *arguments]
            return subprocess.run(command, cwd=folder, env=environ, text=True, check=True, **how)

        mutmut("run", "--max-children", options.at_once)
        meta = folder / "mutants" / f"{options.file}.meta"
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        for key, code in codes.items():
            if STATUS.get(code) in ("survived", "no test"):
                print(mutmut("show", key, capture_output=True).stdout)
    counts = Counter(STATUS.get(code, f"exit code {code}") for code in codes.values())
    killed = counts["killed"] + counts["timeout"]
    print(f"{options.file} by {' '.join(tests)}: {dict(counts)}")
    print(f"{killed} of {len(codes)} killed: {killed / max(len(codes), 1):.0%}")


if __name__ == "__main__":
    main()
