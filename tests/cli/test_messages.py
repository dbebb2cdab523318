"""Messages of the library, as a command says them."""

from __future__ import annotations

import pytest

from pprl.cli.messages import as_options, internal, misspelt, refusal
from pprl.errors import AgreementError, UsageError


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ('Fix them or pass on_error="skip".', "Fix them or pass --on-error skip."),
        ('pass columns={"zip": ...}.', 'pass --column "zip=THEIRS".'),
        ('pass columns={"our_name": "their header"}', 'pass --column "our_name=their header"'),
        ("or map it with columns={...}.", 'or map it with --column "OUR=THEIRS".'),
        ("columns names 'x'; known: zip", "--column names 'x'; known: zip"),
        ("The columns of the file are fine.", "The columns of the file are fine."),
    ],
)
def test_arguments_are_told_as_options(message: str, told: str) -> None:
    """Who types a command is not told to pass a keyword argument."""
    assert as_options(message) == told


def test_a_refusal_lists_the_faults_of_an_agreement_one_a_line() -> None:
    """Only the first line begins with the program's name."""
    error = AgreementError("a.toml: 2 faults:\n  title\n  party", ["title", "party"])
    assert refusal(error) == "pprl: a.toml: 2 faults:\n  title\n  party"
    assert refusal(UsageError("No.")) == "pprl: No."


def test_a_misspelt_command_points_to_its_help() -> None:
    """One full stop, then where to look."""
    assert misspelt("Missing option '--key'.", "pprl encode") == (
        "pprl: Missing option '--key'. See: pprl encode --help"
    )


def test_an_exception_from_nowhere_has_no_place() -> None:
    """Without a frame of pprl, the type alone is told."""
    assert internal(ValueError("x")) == "pprl: internal error (ValueError). Please report it."
