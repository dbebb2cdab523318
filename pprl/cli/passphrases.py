"""Passphrases of key files: from the environment, or asked for on a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pprl.errors import KeyFileError

if TYPE_CHECKING:
    from pprl import Identity, SigningKey

VARIABLE = "PPRL_PASSPHRASE"


def passphrase_of(path: Path) -> str | None:
    """What unlocks a key file; None if it is not locked.

    Raises:
        KeyFileError: it is locked, and there is neither the variable nor a terminal to ask on.
    """
    from pprl.exchange.key_file import is_locked

    if not is_locked(path):
        return None
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if not sys.stdin.isatty():
        raise KeyFileError(f"{path}: is locked. Set {VARIABLE}, or run this on a terminal.")
    return str(typer.prompt(f"Passphrase of {path}", hide_input=True, err=True))


def new_passphrase() -> str:
    """The passphrase for a new key file, asked for twice on a terminal.

    Raises:
        KeyFileError: there is neither the variable nor a terminal to ask on.
    """
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if not sys.stdin.isatty():
        raise KeyFileError(f"A passphrase is wanted. Set {VARIABLE}, or run this on a terminal.")
    return str(typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))


def signing_key_of(path: Path) -> SigningKey:
    """The signing key in a file, unlocked if it is locked.

    Raises:
        KeyFileError: it cannot be read or unlocked, or is something else.
    """
    import pprl

    return pprl.SigningKey.load(path, passphrase_of(path))


def identity_of(path: Path) -> Identity:
    """The private key in a file, unlocked if it is locked.

    Raises:
        KeyFileError: it cannot be read or unlocked, or is something else.
    """
    import pprl

    return pprl.Identity.load(path, passphrase_of(path))
