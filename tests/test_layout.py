"""Claims about the source tree itself."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "pprl").rglob("*.py"))
NAMES_THAT_SAY_NOTHING = {
    "base",
    "common",
    "data",
    "handler",
    "handlers",
    "helper",
    "helpers",
    "info",
    "manager",
    "misc",
    "processor",
    "tools",
    "util",
    "utils",
}
MOST_LINES = 300
UNSAFE_TO_READ = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:work|farm|tmp)/")


def assert_none(faults: Iterable[str]) -> None:
    """Fail with every fault on a line of its own."""
    listing = "\n".join(sorted(faults))
    assert not listing, f"\n{listing}"


def name_of(path: Path) -> str:
    """A path as it is written from the root of the tree."""
    return path.relative_to(ROOT).as_posix()


def tree_of(module: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(module.read_text(encoding="utf-8"), filename=name_of(module))


def calls_in(module: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call in a module, and the name of what it calls: `open`, `os.open`, `(path / x).open`.

    An owner that is no dotted name stands in parentheses.
    """
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call):
            owner, _, function = ast.unparse(node.func).rpartition(".")
            is_dotted = re.fullmatch(r"[\w.]*", owner)
            called = f"{owner}.{function}" if owner else function
            yield node, called if is_dotted else f"({owner}).{function}"


def repository_files() -> list[Path]:
    """The files that git tracks or would track; in a tree without git, the modules alone."""
    git = shutil.which("git")
    if git is None:
        return MODULES
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    if listing.returncode:
        return MODULES
    paths = (ROOT / name for name in listing.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def opens_text_in_an_unnamed_encoding(call: ast.Call, called: str) -> bool:
    """Whether a call reads or writes text in whatever encoding the machine happens to prefer."""
    owner, _, function = called.rpartition(".")
    if any(keyword.arg == "encoding" for keyword in call.keywords):
        return False
    if function in ("read_text", "write_text", "TextIOWrapper"):
        return True
    if function not in ("open", "fdopen"):
        return False
    is_method = function == "open" and owner not in ("", "io")
    modes = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    modes += call.args[:1] if is_method else call.args[1:2]
    literal = [str(mode.value) for mode in modes if isinstance(mode, ast.Constant)]
    # A path's method takes a mode first. What takes anything else is os.open, an archive's member
    # or a constructor of the domain: no text file.
    if is_method and call.args and not (literal and set(literal[0]) <= set("rwxabt+")):
        return False
    return not any("b" in mode for mode in literal)


def test_the_tree_has_modules() -> None:
    """The claims below are not kept by looking at nothing."""
    assert MODULES


@pytest.mark.parametrize(
    ("source", "is_faulty"),
    [
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("open(path, 'rb')", False),
        ("open(path, mode='wb')", False),
        ("open(path, encoding='utf-8')", False),
        ("path.open()", True),
        ("path.open('rb')", False),
        ("Path(path).open()", True),
        ("Path(path).open('rb')", False),
        ("(folder / 'b').open('w')", True),
        ("os.fdopen(descriptor, 'wb')", False),
        ("os.fdopen(descriptor, 'w')", True),
        ("os.open(path, os.O_RDONLY)", False),
        ("Path('b').read_text()", True),
        ("path.write_text(text, encoding='utf-8')", False),
        ("pprl.Submission.open(path, identity=key)", False),
        ("cls.open(path)", False),
        ("archive.open('names.csv')", False),
    ],
)
def test_the_encoding_claim_knows_text_from_bytes(
    source: str, is_faulty: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of `test_every_text_file_is_opened_in_a_named_encoding` sees what it must."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(source, encoding="utf-8")
    faults = [opens_text_in_an_unnamed_encoding(*call) for call in calls_in(module)]
    assert any(faults) == is_faulty


def test_every_module_is_named_after_something() -> None:
    """No module or package is called after what any module is."""
    named = {path: path.parent.name if path.stem == "__init__" else path.stem for path in MODULES}
    assert_none(name_of(path) for path in named if named[path] in NAMES_THAT_SAY_NOTHING)


def test_no_class_is_a_manager_of_something() -> None:
    """No class is called by a word for doing something or other."""
    vague = re.compile(r"(?:Base|Common|Data|Handler|Helpers?|Info|Manager|Processor|Utils?)$")
    assert_none(
        f"{name_of(module)}:{node.lineno} {node.name}"
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ClassDef) and vague.search(node.name)
    )


def test_every_module_can_be_read_in_one_sitting() -> None:
    """No module of pprl is longer than 300 lines."""
    lengths = {
        name_of(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES
    }
    assert_none(
        f"{module}: {lines} lines" for module, lines in lengths.items() if lines > MOST_LINES
    )


def test_every_text_file_is_opened_in_a_named_encoding() -> None:
    """The same file is read alike on every machine."""
    assert_none(
        f"{name_of(module)}:{call.lineno} {called}"
        for module in MODULES
        for call, called in calls_in(module)
        if opens_text_in_an_unnamed_encoding(call, called)
    )


def test_nothing_that_runs_code_is_ever_read() -> None:
    """No module imports pickle or another format that runs what it reads, or lets NumPy do so."""
    faults = []
    for module in MODULES:
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.Import):
                imported = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported = {(node.module or "").partition(".")[0]}
            else:
                continue
            if imported & UNSAFE_TO_READ:
                faults.append(f"{name_of(module)}:{node.lineno}")
        for call, called in calls_in(module):
            allowed = any(keyword.arg == "allow_pickle" for keyword in call.keywords)
            if allowed or called.endswith(("read_pickle", "to_pickle")):
                faults.append(f"{name_of(module)}:{call.lineno} {called}")
    assert_none(faults)


def undocumented_in(node: ast.AST, name: str) -> Iterator[str]:
    """The names of what lacks a docstring, `node` and what it defines, functions' insides apart."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    decorators = [] if isinstance(node, ast.Module) else node.decorator_list
    is_overload = any(ast.unparse(decorator).endswith("overload") for decorator in decorators)
    if not is_overload and not ast.get_docstring(node):
        yield name
    if isinstance(node, ast.Module | ast.ClassDef):
        for part in node.body:
            yield from undocumented_in(part, f"{name}:{getattr(part, 'name', '')}")


def test_everything_says_what_it_is() -> None:
    """Every module, class, method and function of pprl has a docstring, private ones included."""
    assert_none(
        fault for module in MODULES for fault in undocumented_in(tree_of(module), name_of(module))
    )


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    """Paths hold on every machine. Tests are left out: they may need such a path as a value."""
    faults = []
    for path in repository_files():
        if ROOT / "tests" in path.parents:
            continue
        # Bytes that are no text become replacement characters, and name no path.
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        faults += [
            f"{name_of(path)}:{number}"
            for number, line in enumerate(lines, start=1)
            if MACHINE_PATH.search(line)
        ]
    assert_none(faults)
