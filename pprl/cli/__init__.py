"""The command line: a thin shell over `pprl`, one module a noun.

Nothing heavy is imported until a command runs, and the hub's commands never import what sees names.
What commands say when they refuse, and their exit codes, stands in `pprl.cli.messages`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from pprl._version import __version__
from pprl.cli import (
    agreement,
    attachment,
    audit,
    closing,
    crosswalk,
    data_map,
    disclosures,
    inspection,
    key,
    layout,
    linkage,
    messages,
    payload,
    registry,
    report,
    results,
    schedule,
    store,
    submission,
)
from pprl.cli import demo as demonstration
from pprl.errors import PPRLError

# Typer brings its own copy of click or uses the installed one, by its version. What it exports
# leads to the class of everything that is wrong with a command line in either.
_Misspelt = typer.BadParameter.__mro__[1]

_app = typer.Typer(
    name="pprl",
    help="Privacy-preserving record linkage for school districts and colleges.",
    epilog="Example:\n\n\b\npprl demo",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _noun in (
    *(key, agreement, layout, inspection, submission, disclosures, attachment, payload, schedule),
    *(store, linkage, crosswalk, report, registry, results, audit, closing, data_map),
    demonstration,
):
    _noun.register(_app)


def main() -> None:
    """The console script `pprl`: run the process's own arguments and exit."""
    sys.exit(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what it refuses is said on standard error.

    Args:
        arguments: without the program's name; the process's own if not given.
    """
    messages.say_anything()
    command = typer.main.get_command(_app)
    try:
        code = command.main(
            args=None if arguments is None else list(arguments),
            prog_name="pprl",
            standalone_mode=False,
        )
    except PPRLError as error:
        return _fail(messages.refusal(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        if isinstance(error, _Misspelt):
            return _fail(_told_of_usage(error), 2)
        return _fail(messages.internal(error), 1)
    return code if isinstance(code, int) else 0


def _tell_version(asked: bool) -> None:
    """Print the version and end, if it was asked for."""
    if asked:
        typer.echo(f"pprl {__version__}")
        raise typer.Exit


@_app.callback()
def _start(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_tell_version,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def _told_of_usage(error: Exception) -> str:
    """The message of click's usage error."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "pprl"
    tell = getattr(error, "format_message", None)
    return messages.misspelt(tell() if callable(tell) else str(error), command)


def _fail(message: str, code: int) -> int:
    """Say why, and return the code."""
    typer.echo(message, err=True)
    return code
