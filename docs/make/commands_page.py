"""The page `docs/commands.md`, from the functions that are the commands."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import typer

from pprl import cli

_HEAD = """# Commands

What `pprl --help` tells, on one page. This page is made from the commands
(`python -m docs.make.pages`). Every command's exit code is 0 if it did what was asked, 1 if it was
refused or failed (one line on standard error says why and what to do), 2 if the command line was
misspelt and 130 if it was interrupted.
"""


def commands_page() -> str:
    """The page, as Markdown."""
    return "\n".join([_HEAD, *_commands(cli._app, "pprl", 2)])


def _commands(app: typer.Typer, path: str, depth: int) -> Iterator[str]:
    """An application's commands, then its groups, each with what belongs to it."""
    for one in app.registered_commands:
        assert one.callback
        yield from _section(one.callback, f"{path} {one.name}", depth)
        yield from _example(str(one.epilog or ""))
    for group in app.registered_groups:
        inner = group.typer_instance
        assert inner
        name = group.name if isinstance(group.name, str) else inner.info.name
        begins = inner.registered_callback and inner.registered_callback.callback
        if begins and begins.__doc__:
            yield from _section(begins, f"{path} {name}", depth)
        else:
            yield from (f"{'#' * depth} {path} {name}", "", _sentences(str(inner.info.help)), "")
        yield from _commands(inner, f"{path} {name}", depth + 1)


def _section(command: Callable[..., Any], path: str, depth: int) -> Iterator[str]:
    """A command: its name, what it does, its arguments and options."""
    yield from (f"{'#' * depth} {path}", "", _sentences(inspect.getdoc(command) or ""), "")
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    known = [one for one in parameters if hasattr(one.annotation, "__metadata__")]
    rows = [_row(one) for one in sorted(known, key=lambda one: not _is_argument(one))]
    if rows:
        yield from ("| | |", "|---|---|", *rows, "")


def _row(parameter: inspect.Parameter) -> str:
    """An argument or option: how it is written, and what it is for."""
    kind = parameter.annotation.__origin__
    about = parameter.annotation.__metadata__[0]
    default = parameter.default
    if _is_argument(parameter):
        written = about.metavar or parameter.name.upper()
    else:
        # In Annotated, Typer keeps the first declaration where a default would stand.
        names = [name for name in (about.default, *about.param_decls) if isinstance(name, str)]
        written = next(iter(names), f"--{parameter.name.replace('_', '-')}")
        written += "" if kind is bool else f" {about.metavar or _value(kind)}"
    told = about.help or ""
    if default is inspect.Parameter.empty:
        told += "" if _is_argument(parameter) else " Required."
    elif default not in (None, False, ""):
        told += f" Otherwise `{getattr(default, 'value', default)}`."
    return f"| `{_cell(written)}` | {_cell(told)} |"


def _is_argument(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is told by its place, not by its name."""
    return isinstance(parameter.annotation.__metadata__[0], typer.models.ArgumentInfo)


def _value(kind: Any) -> str:
    """What an option takes: one of a few words, or a value of a kind."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "/".join(str(member.value) for member in kind)
    return "NUMBER" if kind in (int, float) else str(getattr(kind, "__name__", "TEXT")).upper()


def _example(epilog: str) -> Iterator[str]:
    """The example of a command, as a block to paste."""
    lines = [line for line in epilog.splitlines() if line.startswith("pprl ")]
    if lines:
        yield from ("```sh", *lines, "```", "")


def _sentences(text: str) -> str:
    """A help text, its paragraphs apart."""
    return "\n\n".join(re.sub(r"\s+", " ", part).strip() for part in text.split("\n\n"))


def _cell(text: str) -> str:
    """A text in a table's cell."""
    return re.sub(r"\s+", " ", text).replace("|", r"\|")
