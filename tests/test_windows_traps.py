"""What goes wrong on Windows only, read off the code, since Windows is not where the tests run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "pprl").rglob("*.py"))

ABSENT_MODULES = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "curses", "syslog"}
"""Modules that Windows lacks. An import inside `try` is another matter."""

ABSENT_CALLS = {
    *("os.fork", "os.forkpty", "os.getuid", "os.geteuid", "os.getgid", "os.chown", "os.mkfifo"),
    *("os.setsid", "os.killpg", "os.nice", "os.sysconf", "signal.alarm", "signal.setitimer"),
}
BETTER = {
    "os.rename": "os.replace or Path.replace: a file in the way stops a rename",
    "os.system": "subprocess with a list: shells differ",
    "tempfile.mktemp": "tempfile.mkstemp",
    "tempfile.NamedTemporaryFile": "tempfile.mkstemp: an open file cannot be opened again",
    "locale.getpreferredencoding": "utf-8",
    "os.getcwdb": "Path.cwd: bytes are no paths there",
}


def faults_of(source: str) -> Iterator[tuple[int, str]]:
    """Line and fault of everything in a module that would go wrong."""
    tree = ast.parse(source)
    guarded = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.Try | ast.If)
        for node in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in guarded:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            for name in {part.partition(".")[0] for part in (*names, module)} & ABSENT_MODULES:
                yield node.lineno, f"imports {name}"
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if called in ABSENT_CALLS and id(node) not in guarded:
                yield node.lineno, f"calls {called}"
            if called in BETTER:
                yield node.lineno, f"calls {called}; use {BETTER[called]}"
            if options.get("shell") == "True":
                yield node.lineno, "starts a shell"
            if called.endswith("get_context") and "fork" in ast.unparse(node):
                yield node.lineno, "forks"
            if called.endswith("set_start_method"):
                yield node.lineno, "chooses how processes start"
            if called.endswith("to_csv") and "lineterminator" not in options:
                yield node.lineno, "writes CSV with the system's line ends"
            writes = any(
                isinstance(arg, ast.Constant) and arg.value in ("w", "a") for arg in node.args
            )
            if called.endswith("open") and writes and "newline" not in options:
                yield node.lineno, "writes text with the system's line ends"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.startswith(("/tmp", "/dev/", "/etc/", "/var/", "/home/", "/proc/")):
                yield node.lineno, "names a path that only POSIX has"
            if any(f"%-{letter}" in node.value for letter in "dHIjmMSy"):
                yield node.lineno, "formats dates as only glibc does"


@pytest.mark.parametrize(
    "source",
    [
        *("import fcntl", "from resource import getrusage", "os.fork()", "os.getuid() == 0"),
        *("os.rename(a, b)", "tempfile.NamedTemporaryFile()", "subprocess.run(x, shell=True)"),
        *("multiprocessing.get_context('fork')", "multiprocessing.set_start_method('spawn')"),
        *("table.to_csv(path)", "path.open('w', encoding='utf-8')", "Path('/tmp/x')"),
        *("day.strftime('%-d')", "os.system('ls')"),
    ],
)
def test_each_trap_is_seen(source: str) -> None:
    """The check below is not passed by looking away."""
    assert list(faults_of(source))


@pytest.mark.parametrize(
    "source",
    [
        "import os\nif hasattr(os, 'getuid'):\n    os.getuid()",
        "try:\n    import fcntl\nexcept ImportError:\n    fcntl = None",
        "table.to_csv(file, lineterminator='\\n')",
        "path.open('w', encoding='utf-8', newline='')",
        "path.open('rb')",
        "path.replace(other)",
    ],
)
def test_what_is_sound_is_not_accused(source: str) -> None:
    """Guarded calls and named line ends."""
    assert list(faults_of(source)) == []


def test_no_module_of_pprl_steps_into_one() -> None:
    """Every module, with the line of each fault."""
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{line} {fault}"
        for path in MODULES
        for line, fault in faults_of(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(["", *found])


def test_wheels_are_pure_python() -> None:
    """Nothing in the package is compiled, so that one wheel serves every machine."""
    compiled = {".so", ".pyd", ".dll", ".dylib", ".c", ".pyx"}
    assert [path for path in (ROOT / "pprl").rglob("*") if path.suffix in compiled] == []
