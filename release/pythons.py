"""The wheel as users get it: in a new environment of each Python that it supports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

PERSONS = "400"
_IS_USABLE = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.[0-9]+)")


def supported(pyproject: Path) -> list[str]:
    """The versions of Python that the package says it supports, such as "3.12"."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    found = (_CLASSIFIER.fullmatch(line) for line in project["classifiers"])
    return [match[1] for match in found if match]


def at_hand(versions: Iterable[str], named: Iterable[str] = ()) -> dict[str, str]:
    """Version -> an interpreter that works, of those that are there.

    Looked for among the `named`, on the path, and where pyenv keeps them. Each is run, not just
    found: version managers leave names on the path that run nothing.
    """
    found: dict[str, str] = {}
    for version in versions:
        for python in (*named, *_candidates(version)):
            if shutil.which(python) and _version(python) == version:
                found[version] = python
                break
    return found


def _candidates(version: str) -> Iterator[str]:
    """Where an interpreter of a version may be."""
    yield f"python{version}"
    yield sys.executable
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    yield from map(str, sorted(kept.glob(f"{version}.*/bin/python")))


def _version(python: str) -> str:
    """The version of an interpreter that can make environments; "" if it does not work."""
    done = subprocess.run([python, "-c", _IS_USABLE], capture_output=True, text=True, check=False)
    return done.stdout.strip()


class Environment:
    """A new virtual environment, in which nothing of the checkout is seen."""

    def __init__(self, python: str, folder: Path) -> None:
        """Make it."""
        self.folder = folder
        self.python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        self._outside = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        subprocess.run([python, "-m", "venv", str(folder)], check=True, env=self._outside)

    def run(self, *arguments: str) -> str:
        """Run its Python, without the current folder on its path; returns what it prints.

        Raises:
            RuntimeError: it fails; with the end of what it said.
        """
        done = subprocess.run(
            [str(self.python), "-P", *arguments],
            cwd=self.folder,
            env=self._outside,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).strip()[-2000:]
            raise RuntimeError(f"{' '.join(arguments[:3])} failed: {said}")
        return done.stdout

    def install(self, *packages: str) -> None:
        """Install packages, and check that they fit together.

        Raises:
            RuntimeError: they cannot be installed, or do not fit together.
        """
        self.run("-m", "pip", "install", "-qq", "--disable-pip-version-check", *packages)
        self.run("-m", "pip", "check")


def demonstrate(environment: Environment, version: str) -> None:
    """Run the installed package's demonstration, small.

    Raises:
        RuntimeError: it fails, or another pprl than the installed one is imported.
    """
    told = environment.run("-m", "pprl", "--version").strip()
    if told != f"pprl {version}":
        raise RuntimeError(f"pprl --version says {told!r}, not {version}")
    where = environment.run("-c", "import pprl; print(pprl.__file__)").strip()
    if environment.folder.resolve() not in Path(where).resolve().parents:
        raise RuntimeError("another pprl than the installed one is imported")
    out = str(environment.folder / "demo")
    environment.run("-m", "pprl", "demo", "--persons", PERSONS, "--out", out)
