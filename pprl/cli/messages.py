"""What a command says when it does not do what was asked.

The rules, for every command:

- one line on standard error that begins with `pprl: ` and ends with the way out; an agreement's
  faults and a file's are listed below it, one a line;
- no traceback, and nothing of a student: the text of an exception that pprl did not raise itself
  is never shown, since it may quote a cell;
- exit code 0 if it was done, 1 if it was refused or failed, 2 if the command was misspelt,
  130 if it was interrupted.
"""

from __future__ import annotations

import re
import sys
import traceback

from pprl.errors import PPRLError

_COLUMNS = re.compile(
    r"columns=\{(?:\"(?P<ours>\w+)\": (?:\"(?P<theirs>[^\"]*)\"|\.\.\.)|\.\.\.)\}"
)


def refusal(error: PPRLError) -> str:
    """What to say of an error that pprl raised on purpose."""
    return f"pprl: {as_options(str(error))}"


def misspelt(message: str, command: str) -> str:
    """What to say of a command line that cannot be read; `command` is such as "pprl encode"."""
    return f"pprl: {message.rstrip('.')}. See: {command} --help"


def internal(error: BaseException) -> str:
    """What to say of any other exception: its type and its place in pprl, not its text."""
    places = [
        f"{frame.f_globals.get('__name__', '')}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    ours = [place for place in places if place.startswith("pprl.")]
    place = f" in {ours[-1]}" if ours else ""
    return f"pprl: internal error ({type(error).__name__}{place}). Please report it."


def as_options(message: str) -> str:
    """A message of the library with its arguments spelt as the command's options.

    `on_error="skip"` becomes `--on-error skip`, and `columns={"zip": "Postal"}` becomes
    `--column "zip=Postal"`.
    """
    message = message.replace('on_error="skip"', "--on-error skip")
    message = message.replace("with_other_names takes", "--use-other-names takes")
    message = re.sub(r"^columns (?=names|gives)", "--column ", message)
    return _COLUMNS.sub(_as_column, message)


def say_anything() -> None:
    """Let standard output replace the letters that its encoding lacks, rather than fail."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _as_column(found: re.Match[str]) -> str:
    """One `columns={...}` as an option."""
    if not found["ours"]:
        return '--column "OUR=THEIRS"'
    return f'--column "{found["ours"]}={found["theirs"] or "THEIRS"}"'
