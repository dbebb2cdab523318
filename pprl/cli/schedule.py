"""`pprl run`: the commands of a scheduled job, from one file."""

from __future__ import annotations

import datetime
import inspect
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from pprl.errors import UsageError

COMMANDS = ("inspect", "encode", "attach", "payload")
"""What a job may do, in the order in which it is done."""

_EXAMPLE = "Example:\n\n\b\npprl run district.toml"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""

    def run(
        file: Annotated[
            Path, typer.Argument(metavar="FILE", help="A TOML file with a table a command.")
        ],
    ) -> None:
        """Run the commands of a file, for a scheduler: inspect, encode, attach, payload.

        Options are written as on the command line, without dashes in front; paths are seen from
        the file's folder. One that may be repeated is a list, such as
        column = ["local_id=Student No", "zip=Postal Code"]. {date} in a value is today's, as
        YYYY-MM-DD. It stops at the first command that is refused, with that command's exit code.
        """
        from pprl.cli import run as run_command

        for arguments in command_lines(file, typer.main.get_command(app)):
            typer.echo(f"pprl {arguments[0]}")
            if code := run_command(arguments):
                raise typer.Exit(code)

    app.command("run", epilog=_EXAMPLE)(run)


def command_lines(file: Path, group: Any, today: datetime.date | None = None) -> list[list[str]]:
    """The command lines that a job's file stands for.

    Args:
        file: the TOML file.
        group: click's group of all commands.
        today: what {date} stands for; the system's date if not given.

    Raises:
        UsageError: the file cannot be read, or holds what no command takes; all is told.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}). Check the path.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is not UTF-8 text. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        hint = " Write paths with backslashes in single quotes, such as 'C:\\exports\\senr.txt'."
        raise UsageError(
            f"{file}: is not TOML ({error}).{hint if chr(92) in text else ''}"
        ) from None
    known = [name for name in COMMANDS if name in group.commands]
    faults = [
        f"[{name}]: is no command of a job; known: {', '.join(known)}"
        for name, table in content.items()
        if name not in known or not isinstance(table, dict)
    ]
    if not content:
        faults.append("there is no command in it, such as [encode]")
    day = (today or datetime.date.today()).isoformat()
    lines = [
        _command_line(name, content[name], group.commands[name], file.resolve().parent, day, faults)
        for name in known
        if isinstance(content.get(name), dict)
    ]
    if faults:
        raise UsageError("\n  ".join([f"{file}: cannot be run:", *faults]))
    return lines


def _command_line(
    name: str, table: Mapping[str, Any], command: Any, folder: Path, day: str, faults: list[str]
) -> list[str]:
    """One command with its arguments."""
    paths = _paths_of(command)
    parameters = {_name_of(item): item for item in command.params if item.name != "help"}
    line = [name]
    for key, value in table.items():
        parameter = parameters.get(key)
        if parameter is None:
            known = ", ".join(sorted(parameters))
            faults.append(f"[{name}] {key}: is not known; known: {known}")
            continue
        for item in _items(value):
            text = str(item).replace("{date}", day)
            if text and parameter.name in paths:
                text = str(folder / Path(text).expanduser())
            if parameter.param_type_name == "argument":
                line.insert(1, text)
            elif getattr(parameter, "is_flag", False):
                if not isinstance(item, bool):
                    faults.append(f"[{name}] {key}: is true or false")
                line += [parameter.opts[0]] if item is True else []
            else:
                line += [parameter.opts[0], text]
    return line


def _name_of(parameter: Any) -> str:
    """What a job's file calls a parameter: the option without its dashes, the argument's name."""
    if parameter.param_type_name == "argument":
        return str(parameter.name)
    return str(parameter.opts[0]).lstrip("-")


def _paths_of(command: Any) -> set[str]:
    """The parameters of a command that are paths, by the annotations of its function."""
    signature = inspect.signature(inspect.unwrap(command.callback), eval_str=True)
    return {
        name
        for name, parameter in signature.parameters.items()
        if Path in _types_in(parameter.annotation)
    }


def _types_in(annotation: Any) -> list[Any]:
    """An annotation and all that it is made of."""
    return [annotation, *(kind for part in get_args(annotation) for kind in _types_in(part))]


def _items(value: Any) -> list[Any]:
    """A list's items, a table's items as OUR=THEIRS, or the value alone."""
    if isinstance(value, dict):
        return [f"{ours}={theirs}" for ours, theirs in value.items()]
    return value if isinstance(value, list) else [value]
