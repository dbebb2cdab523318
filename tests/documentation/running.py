"""Running what a page shows, block after block, as its reader would paste it."""

from __future__ import annotations

import contextlib
import doctest
import functools
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
import unittest.mock
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pprl
from pprl.cli import run as run_pprl
from pprl.institution.layout_file import parse_layout
from tests.documentation.pages import ROOT, Block

Meanwhile = Callable[[], None]


@dataclass(frozen=True)
class Scene:
    """What a page's reader has at hand, and what others do in the meantime.

    Attributes:
        at_hand: makes the files of the current directory, before the first block.
        names: the names that the first Python block takes for granted.
        meanwhile: the beginning of a line -> what happens just before it runs, once.
        stands_for: what the page abbreviates -> what is to be put there.
        agreement: what the definitions of an agreement are read below.
        refused: beginnings of commands that must be refused.
        begins_anew: whether each block finds the files as they were before the first.
    """

    at_hand: Meanwhile = lambda: None
    names: Callable[[], dict[str, object]] = dict
    meanwhile: Mapping[str, Meanwhile] = field(default_factory=dict)
    stands_for: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    agreement: str = ""
    refused: tuple[str, ...] = ()
    begins_anew: bool = False


class Reader:
    """Who pastes the blocks of one page, in the current directory."""

    def __init__(self, scene: Scene) -> None:
        """Sit down at the scene."""
        self._scene = scene
        self._waiting = dict(scene.meanwhile)
        self._names: dict[str, object] | None = None
        scene.at_hand()
        self._desk = Path.cwd()

    def run(self, block: Block) -> None:
        """Run a block.

        Raises:
            AssertionError: it does not do what it shows.
        """
        kinds = {
            "python": self._python,
            "sh": self._shell,
            "console": self._console,
            "toml": self._toml,
            "json": lambda block: json.loads(block.text),
            "csv": self._named_file,
        }
        if self._scene.begins_anew:
            folder = Path(tempfile.mkdtemp(dir=self._desk.parent)) / "desk"
            shutil.copytree(self._desk, folder)
            os.chdir(folder)
        kinds[block.language](block)

    def close(self) -> None:
        """Close what the page's Python left open."""
        for value in (self._names or {}).values():
            if isinstance(value, pprl.State | pprl.DisclosureLog):
                value.close()

    def _python(self, block: Block) -> None:
        """Run it with what the page's earlier blocks defined."""
        self._meanwhile(block.text)
        if self._names is None:
            self._names = self._scene.names()
        code = compile("\n" * block.line + block.text, str(ROOT / block.page), "exec")
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            exec(code, self._names)

    def _shell(self, block: Block) -> None:
        """Run its commands, one a line."""
        for line in lines_of(block.text):
            self._command(line, block)

    def _console(self, block: Block) -> None:
        """Run what stands behind each prompt, and compare what it prints with what is shown."""
        for command, shown in transcript_of(block.text):
            printed = self._command(command, block)
            alike = doctest.OutputChecker().check_output(
                shown, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            )
            assert not shown or alike, f"{place(block)}: {command}\nprints\n{printed}"

    def _toml(self, block: Block) -> None:
        """Read it as an agreement if it is one, and else write it down for what comes."""
        if "[agreement]" in block.text:
            read_agreement(block.text)
        elif "[results." in block.text:
            read_agreement(f"{self._scene.agreement}\n{block.text}")
        elif "[layout]" in block.text:
            parse_layout(block.text, place(block))
        else:
            tomllib.loads(block.text)
            self._named_file(block)

    def _named_file(self, block: Block) -> None:
        """Write a block to the file that its first line names: `# district.toml`."""
        name = block.text.partition("\n")[0].removeprefix("# ")
        if name.endswith(f".{block.language}"):
            Path(name).write_text(block.text, encoding="utf-8")

    def _command(self, line: str, block: Block) -> str:
        """What a command prints, run as it stands."""
        self._meanwhile(line)
        for short, full in self._scene.stands_for.items():
            if short in line:
                line = line.replace(short, full())
        words = [word for pattern in shlex.split(line) for word in expanded(pattern)]
        program, *arguments = words
        if words[:2] == ["pprl", "demo"]:
            code, printed = demonstrated(line)
        elif program == "pprl":
            code, printed = run_here(arguments)
        else:
            code, printed = run_apart(program, arguments)
        refused = line.startswith(self._scene.refused) if self._scene.refused else False
        assert (code == 1) if refused else (code == 0), f"{place(block)}: {line}\n{printed}"
        return printed

    def _meanwhile(self, text: str) -> None:
        """Let happen what happens before this."""
        for beginning in [known for known in self._waiting if text.startswith(known)]:
            self._waiting.pop(beginning)()


def read_agreement(text: str) -> None:
    """Read an agreement, or what stands for one.

    Raises:
        AgreementError: it is none.
    """
    path = Path(tempfile.mkdtemp()) / "agreement.toml"
    path.write_text(text, encoding="utf-8")
    pprl.Agreement.load(path)


def place(block: Block) -> str:
    """Where a block stands."""
    return f"{block.page}:{block.line}"


def lines_of(text: str) -> list[str]:
    """The commands of a shell block: continued lines joined, remarks left out."""
    joined = text.replace("\\\n", " ")
    bare = (shlex.join(shlex.split(line, comments=True)) for line in joined.splitlines())
    return [line for line in bare if line]


def transcript_of(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what it shows below."""
    for part in f"\n{text}".split("\n$ ")[1:]:
        command, _, shown = part.partition("\n")
        while command.endswith("\\"):
            further, _, shown = shown.partition("\n")
            command = command.removesuffix("\\") + further
        yield command, shown


def expanded(word: str) -> list[str]:
    """A word of a command, or the files that it stands for."""
    return [str(path) for path in sorted(Path().glob(word))] if "*" in word else [word]


def run_here(arguments: list[str]) -> tuple[int, str]:
    """Run `pprl` in this process; its exit code and what it says."""
    said = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        warnings.simplefilter("ignore")
        return run_pprl(arguments), said.getvalue()


@functools.cache
def demonstration(line: str) -> tuple[Path, int, str]:
    """The folder that a `pprl demo` command makes, and what it says; run once for all pages.

    Its institutions encode in this process, one after the other, which spares starting Python eight
    times; that each has a process of its own is claimed in `tests/cli/test_demo.py`.
    """
    folder = Path(tempfile.mkdtemp()) / "pprl-demo"
    one_at_a_time = threading.Lock()

    def encode(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        with one_at_a_time:
            code = run_pprl(command[command.index("pprl") + 1 :])
        return subprocess.CompletedProcess(command, code, "", "")

    with unittest.mock.patch("pprl.cli.demo.subprocess.run", encode):
        return folder, *run_here([*shlex.split(line)[1:], "--out", str(folder)])


def demonstrated(line: str) -> tuple[int, str]:
    """Put what a `pprl demo` command makes into the current directory."""
    folder, code, printed = demonstration(line)
    shutil.copytree(folder, "pprl-demo")
    return code, printed.replace(str(folder), "pprl-demo")


def run_apart(program: str, arguments: list[str]) -> tuple[int, str]:
    """Run Python in the current directory, or look whether the Makefile knows the target."""
    if program == "make":
        known = f"\n{arguments[0]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
        return int(not known), ""
    assert program == "python", f"no test runs {program}"
    script, *rest = arguments
    path = script if script.startswith("-") else str(ROOT / script)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", path, *rest],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
