"""The page `docs/errors.md`: every class of errors, and all that pprl says when it raises one."""

from __future__ import annotations

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pprl
from pprl import errors

_HEAD = """# Errors

Everything that `pprl` refuses on purpose is a `pprl.PPRLError`. Its message names the file, the row
and the field, never a student's value, and ends with the way out; commands print it on one line and
return exit code 1. The classes are split by whose hands the way out lies in. Below each stands what
it says, `…` being what differs from case to case: look a message up by its fixed words.

This page is made from the source (`python -m docs.make.pages`).
"""
_PACKAGE = Path(pprl.__file__).parent


def errors_page() -> str:
    """The page, as Markdown."""
    said = _messages()
    classes = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, pprl.PPRLError) and kind is not pprl.PPRLError
    ]
    classes.sort(key=lambda kind: inspect.getsourcelines(kind)[1])
    return "\n".join([_HEAD, *(line for kind in classes for line in _section(kind, said))])


def _section(kind: type, said: Mapping[str, Mapping[str, list[str]]]) -> Iterator[str]:
    """A class: what it means, and its messages by the module that raises them."""
    parent = kind.__mro__[1]
    yield f"## {kind.__name__}"
    yield ""
    about = (inspect.getdoc(kind) or "").partition("\n\nAttributes:")[0]
    above = "" if parent is pprl.PPRLError else f" A `{parent.__name__}`."
    yield f"{' '.join(about.split())}{above}"
    yield ""
    for message, modules in sorted(said.get(kind.__name__, {}).items()):
        yield f"- {message} ({', '.join(f'`{module}`' for module in modules)})"
    yield ""


def _messages() -> dict[str, dict[str, list[str]]]:
    """Class -> message -> the modules that say it, in their order."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(_PACKAGE.rglob("*.py")):
        place = path.relative_to(_PACKAGE).with_suffix("").as_posix().removesuffix("/__init__")
        module = f"pprl.{place.replace('/', '.')}"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                message = _shown(node.args[0], constants)
                if node.func.id.endswith("Error") and re.search(r"\w\w", message):
                    modules = found[node.func.id][message]
                    if module not in modules:
                        modules.append(module)
    return {name: dict(messages) for name, messages in found.items()}


def _shown(node: ast.expr, constants: Mapping[str, ast.expr]) -> str:
    """A message as it is written, with `…` for what is put in."""
    match node:
        case ast.Constant(value=str(text)):
            return re.sub(r"([*_<|`\\])", r"\\\1", re.sub(r"\s+", " ", text))
        case ast.JoinedStr(values=parts):
            return re.sub("…(?:…)+", "…", "".join(_shown(part, constants) for part in parts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _shown(left, constants) + _shown(right, constants)
        case ast.Name(id=name) if name in constants:
            return _shown(constants[name], {})
        case _:
            return "…"
